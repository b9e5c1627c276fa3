# Entry point: `snakemake --cores all` runs every study of the config.
include: "workflow/Snakefile"


rule all:
    default_target: True
    input:
        rules.studies.input,
