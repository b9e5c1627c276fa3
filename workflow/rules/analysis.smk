# What a study is for: brackets, rates, figures.


rule bracket:
    input:
        plugins=lambda wildcards: PLAN.studies[wildcards.study].plugins,
        splines=lambda wildcards: PLAN.spline_files(wildcards.study),
        constructed=lambda wildcards: PLAN.constructed_files(wildcards.study),
        trained=lambda wildcards: PLAN.trained_files(wildcards.study),
    output:
        curves=update("results/{study}/curves.nc"),
        networks=update("results/{study}/networks.nc"),
    log:
        "logs/{study}/bracket.log",
    benchmark:
        "logs/{study}/bracket.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        job=lambda wildcards: PLAN.bracket_text(wildcards.study),
    message:
        "{wildcards.study}: lower and upper ends of the errors of best approximation"
    shell:
        "ratelab bracket --job {params.job:q} --plugins {input.plugins:q} --splines {input.splines:q}"
        " --constructed {input.constructed:q} --trained {input.trained:q}"
        " --curves {output.curves:q} --networks {output.networks:q} 2> {log:q}"


rule rate:
    input:
        plugins=lambda wildcards: PLAN.studies[wildcards.study].plugins,
        curves="results/{study}/curves.nc",
    output:
        update("results/{study}/rates.nc"),
    log:
        "logs/{study}/rate.log",
    benchmark:
        "logs/{study}/rate.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        job=lambda wildcards: PLAN.studies[wildcards.study].text,
    message:
        "{wildcards.study}: slopes, models and theory"
    shell:
        "ratelab rate --job {params.job:q} --plugins {input.plugins:q} --curves {input.curves:q}"
        " --output {output:q} 2> {log:q}"


rule figures:
    input:
        curves=lambda wildcards: PLAN.curve_file(wildcards.study, "curves"),
        rates=lambda wildcards: PLAN.curve_file(wildcards.study, "rates"),
        claims=lambda wildcards: PLAN.claims_file(wildcards.study),
        experiments=lambda wildcards: PLAN.experiment_files(wildcards.study),
    output:
        update(directory("results/{study}/figures")),
    log:
        "logs/{study}/figures.log",
    benchmark:
        "logs/{study}/figures.tsv"
    conda:
        "../../envs/ratelab.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "{wildcards.study}: figures and tables"
    shell:
        "ratelab figures --curves {input.curves:q} --rates {input.rates:q} --claims {input.claims:q}"
        " --experiments {input.experiments:q} --folder {output:q} > {log:q} 2>&1"
