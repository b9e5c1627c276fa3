# Networks: written down from theory, or trained.


rule construct:
    input:
        plugins=lambda wildcards: PLAN.constructs[
            wildcards.study, wildcards.name
        ].plugins,
        splines=lambda wildcards: PLAN.construct_splines(
            wildcards.study, wildcards.name
        ),
    output:
        update("results/{study}/constructed/{name}.nc"),
    log:
        "logs/{study}/constructed/{name}.log",
    benchmark:
        "logs/{study}/constructed/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        job=lambda wildcards: PLAN.constructs[wildcards.study, wildcards.name].text,
    message:
        "constructing {wildcards.name}"
    shell:
        "ratelab construct --job {params.job:q} --plugins {input.plugins:q} --splines {input.splines:q}"
        " --output {output:q} 2> {log:q}"


rule train:
    input:
        plugins=lambda wildcards: PLAN.trains[wildcards.study, wildcards.name].plugins,
        target=lambda wildcards: PLAN.train_target(wildcards.study, wildcards.name),
        starts=lambda wildcards: PLAN.train_starts(wildcards.study, wildcards.name),
    output:
        update("results/{study}/trained/{name}.nc"),
    log:
        "logs/{study}/trained/{name}.log",
    benchmark:
        "logs/{study}/trained/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        job=lambda wildcards: PLAN.trains[wildcards.study, wildcards.name].text,
    message:
        "training {wildcards.name}"
    shell:
        "ratelab train --job {params.job:q} --plugins {input.plugins:q} --target {input.target:q}"
        " --starts {input.starts:q} --output {output:q} 2> {log:q}"
