# The targets that people name on the command line: every study, or one.


rule studies:
    input:
        [file for study in PLAN.studies for file in study_files(study)],
    localrule: True


for _study in PLAN.studies:

    rule:
        name:
            _study
        input:
            study_files(_study),
        localrule: True
