"""Config models, the plan of jobs, and what each job does (row 5; plan and config import neither torch nor xarray)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "Config": "._config",
    "Plan": "._plan",
    "forget_restored": "._restored",
    "load_config": "._config",
    "make_plan": "._planner",
    "plan_from": "._planner",
    "preflight": "._preflight",
    "read_config": "._config",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.studies._config import Config, load_config, read_config
    from ratelab.studies._plan import Plan
    from ratelab.studies._planner import make_plan, plan_from
    from ratelab.studies._preflight import preflight
    from ratelab.studies._restored import forget_restored

__all__ = [
    "Config",
    "Plan",
    "forget_restored",
    "load_config",
    "make_plan",
    "plan_from",
    "preflight",
    "read_config",
]
