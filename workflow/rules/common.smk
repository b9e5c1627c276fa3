# Config and plan.
import os
import re
import sys
from pathlib import Path

from ratelab import UserError
from ratelab.studies import forget_restored, plan_from, preflight, read_config
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.current_basedir).parents[1]
CACHE = Path(".snakemake/ratelab")

# A config given on the command line replaces the default one: merging would still run the default studies.
if not workflow.configfiles:
    DEFAULT = ROOT / "config/config.yaml"
    try:
        read_config(DEFAULT)
    except UserError as error:
        raise WorkflowError(str(error)) from None

    configfile: str(DEFAULT)


# `.venv/bin/snakemake` without an activated environment leaves `ratelab` off the PATH of shell commands.
shell.prefix(
    f"set -euo pipefail; export PATH={str(Path(sys.executable).parent)!r}:$PATH; "
)

try:
    PLAN = plan_from(
        config,
        config_folders=[
            *(Path(file).resolve().parent for file in workflow.configfiles[:1]),
            ROOT,
        ],
        source=os.path.relpath(workflow.configfiles[0]),
        cache=CACHE,
    )
except UserError as error:
    raise WorkflowError(str(error)) from None

for warning in PLAN.warnings:
    logger.warning(warning)


wildcard_constraints:
    study="|".join(map(re.escape, PLAN.names)),
    name="[^/]+",
