# What a study checks and measures beside its curves.


rule claim:
    input:
        plugins=lambda wildcards: PLAN.claims[wildcards.study, wildcards.name].plugins,
    output:
        update("results/{study}/claims/{name}.nc"),
    log:
        "logs/{study}/claims/{name}.log",
    benchmark:
        "logs/{study}/claims/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        job=lambda wildcards: PLAN.claims[wildcards.study, wildcards.name].text,
    message:
        "claim {wildcards.name}"
    shell:
        "ratelab claim --job {params.job:q} --plugins {input.plugins:q} --output {output:q} 2> {log:q}"


rule claims:
    input:
        lambda wildcards: PLAN.claim_files(wildcards.study),
    output:
        update("results/{study}/claims.nc"),
    log:
        "logs/{study}/claims.log",
    benchmark:
        "logs/{study}/claims.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "{wildcards.study}: all claims with measured value, bound and verdict"
    shell:
        "ratelab claims --study {wildcards.study:q} --parts {input:q} --output {output:q} > {log:q} 2>&1"


rule experiment:
    input:
        plugins=lambda wildcards: PLAN.experiments[
            wildcards.study, wildcards.name
        ].plugins,
    output:
        update("results/{study}/experiments/{name}.nc"),
    log:
        "logs/{study}/experiments/{name}.log",
    benchmark:
        "logs/{study}/experiments/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        job=lambda wildcards: PLAN.experiments[wildcards.study, wildcards.name].text,
    message:
        "experiment {wildcards.name}"
    shell:
        "ratelab experiment --job {params.job:q} --plugins {input.plugins:q} --output {output:q} 2> {log:q}"
