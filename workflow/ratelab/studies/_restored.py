"""After a failed run: outputs that Snakemake put back are not what the next run should find finished."""

from typing import Any


def forget_restored(dag: Any, persistence: Any) -> int:
    """Mark the outputs of jobs that could run and did not finish as incomplete, so that the next run makes them anew.

    When a job fails, Snakemake copies the earlier output back and records it as made by this run: newer than its inputs
    and with the new parameters. The same command would then find nothing to do.

    Parameters
    ----------
    dag
        Snakemake's graph of jobs.
    persistence
        Snakemake's record of jobs.

    Returns
    -------
    int
        How many jobs there were.
    """
    left = {job for job in dag.needrun_jobs() if not dag.finished(job)}
    failed = [job for job in left if not left & set(dag.dependencies[job])]
    for job in failed:
        persistence.started(job)
    return len(failed)
