"""Where a dataset comes from: versions, parameters and plugin digests. No time, host or path."""

from collections.abc import Iterable
from importlib.metadata import version

from ratelab.registry import Registry

_PACKAGES = ("ratelab", "numpy", "scipy", "torch", "xarray", "netCDF4", "python-flint")
REFERENCES = (
    "Gribonval, Kutyniok, Nielsen, Voigtlaender, Approximation spaces of deep neural networks, "
    "Constructive Approximation 55 (2022), doi:10.1007/s00365-021-09543-4"
)


def provenance(
    title: str,
    parameters: str,
    registry: Registry,
    members: Iterable[tuple[str, str]],
    references: str = REFERENCES,
) -> dict[str, str]:
    """Return global attributes: title, references, parameters (JSON), package versions and plugin digests.

    Parameters
    ----------
    title
        What the dataset holds.
    parameters
        The job as JSON.
    registry
        Where the members are registered.
    members
        (kind, label) of every plugin behind the data.
    """
    digests = {}
    for kind, label in members:
        name = label.partition("(")[0]
        digests[f"{kind[:-1]} {name}"] = registry.catalogue(kind).entry(name).digest
    return {
        "title": title,
        "references": references,
        "parameters": parameters,
        "software": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "plugin_digests": ", ".join(f"{name}: {mark}" for name, mark in sorted(digests.items())),
    }
