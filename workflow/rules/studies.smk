# The targets that people name on the command line: every study, or one.


# What can be found wrong without a long computation is found before the first job.
onstart:
    try:
        preflight(PLAN, CACHE)
    except UserError as error:
        raise WorkflowError(str(error)) from None


# What was put back after a failure is not finished: the next run makes it anew.
onerror:
    forget_restored(workflow.dag, workflow.persistence)


rule studies:
    input:
        [file for study in PLAN.names for file in PLAN.files(study)],
    localrule: True


for _study in PLAN.names:

    rule:
        name:
            _study
        input:
            PLAN.files(_study),
        localrule: True
