"""Where a dataset comes from: versions, parameters and plugin digests. No time, host or path."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING

from ratelab.registry import Registry

if TYPE_CHECKING:
    import xarray as xr

_PACKAGES = ("ratelab", "numpy", "scipy", "torch", "xarray", "netCDF4", "python-flint")
SPACES_PAPER = (
    "Gribonval, Kutyniok, Nielsen, Voigtlaender, Approximation spaces of deep neural networks, "
    "Constructive Approximation 55 (2022), doi:10.1007/s00365-021-09543-4"
)

LAYERS_PAPER = (
    "Zhang, Shen, Xu, Geometric layer-wise approximation rates for deep networks, 2026, arXiv:2604.20219"
)

RELU_PAPER = (
    "Arora, Basu, Mianjy, Mukherjee, Understanding deep neural networks with rectified linear units, "
    "ICLR 2018, arXiv:1611.01491"
)

SUPPORT_PAPER = (
    "Kratsios, Zamanlooy, Do ReLU networks have an edge when approximating compactly-supported functions?, "
    "Transactions on Machine Learning Research, 2022, arXiv:2204.11231"
)

PAPERS = {"A": SPACES_PAPER, "B": LAYERS_PAPER, "C": RELU_PAPER, "D": SUPPORT_PAPER}
"""By the letter of their claims."""


def provenance(
    title: str,
    parameters: str,
    registry: Registry,
    members: Iterable[tuple[str, str]],
    references: str = SPACES_PAPER,
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


def merged(*digests: str) -> str:
    """Return the union of several ``plugin_digests`` attributes, sorted."""
    return ", ".join(sorted({item for text in digests for item in text.split(", ") if item}))


def merged_digests(inputs: "Iterable[xr.Dataset]") -> str:
    """Return the plugin digests behind datasets that are gathered into one."""
    return merged(*(str(dataset.attrs.get("plugin_digests", "")) for dataset in inputs))
