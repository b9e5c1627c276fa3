# Outputs are marked `update`: if a job fails, Snakemake puts the earlier file back.
# Target functions, and two-sided errors of the best free-knot splines for them.


rule target:
    input:
        plugins=lambda wildcards: PLAN.targets[wildcards.name].plugins,
    output:
        update("results/targets/{name}.nc"),
    log:
        "logs/targets/{name}.log",
    benchmark:
        "logs/targets/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        job=lambda wildcards: PLAN.targets[wildcards.name].text,
    message:
        "target {wildcards.name}: nodes, values and certified moments"
    shell:
        "ratelab target --job {params.job:q} --plugins {input.plugins:q} --output {output:q} 2> {log:q}"


rule spline:
    input:
        plugins=lambda wildcards: PLAN.splines[wildcards.name].plugins,
        target=lambda wildcards: PLAN.spline_target(wildcards.name),
    output:
        update("results/splines/{name}.nc"),
    log:
        "logs/splines/{name}.log",
    benchmark:
        "logs/splines/{name}.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        job=lambda wildcards: PLAN.splines[wildcards.name].text,
    message:
        "free-knot splines {wildcards.name}: lower and upper ends"
    shell:
        "ratelab spline --job {params.job:q} --plugins {input.plugins:q} --target {input.target:q}"
        " --output {output:q} 2> {log:q}"
