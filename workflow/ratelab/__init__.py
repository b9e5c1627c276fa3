"""ratelab, a laboratory of approximation rates.

The rooms, from the top: `cli`; `figures`, `report`; `studies`; `training`, `best`; `spaces`; `exact`;
`networks`; `registry`, `datasets`. A room imports only from its own row or lower ones.
"""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

__version__ = "0.1.0"

_ROOMS = ["best", "datasets", "exact", "figures", "networks", "registry", "spaces", "studies", "training"]
_NAMES = {
    "Activation": ".registry",
    "Family": ".registry",
    "Network": ".networks",
    "Registry": ".registry",
    "SelfSimilar": ".registry",
    "Smoothness": ".registry",
    "Target": ".registry",
    "UserError": "._errors",
    "hookimpl": ".registry",
    "load_plugins": ".registry",
}

__getattr__, __dir__ = exports(__name__, {**{room: f".{room}" for room in _ROOMS}, **_NAMES})

if TYPE_CHECKING:
    from ratelab import best, datasets, exact, figures, networks, registry, spaces, studies, training
    from ratelab._errors import UserError
    from ratelab.networks import Network
    from ratelab.registry import (
        Activation,
        Family,
        Registry,
        SelfSimilar,
        Smoothness,
        Target,
        hookimpl,
        load_plugins,
    )

__all__ = [
    "Activation",
    "Family",
    "Network",
    "Registry",
    "SelfSimilar",
    "Smoothness",
    "Target",
    "UserError",
    "__version__",
    "best",
    "datasets",
    "exact",
    "figures",
    "hookimpl",
    "load_plugins",
    "networks",
    "registry",
    "spaces",
    "studies",
    "training",
]
