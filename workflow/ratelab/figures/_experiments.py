"""The figures of experiments, by the experiment's name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ratelab.figures._style import save

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_MODULES: Mapping[str, str] = {
    "hard-functions": "._hard_functions",
    "depth-gap": "._depth_gap",
    "global-training": "._global_training",
    "calculus": "._calculus",
    "sawtooth-waves": "._sawtooth_waves",
    "activation-table": "._activation_table",
    "self-similar": "._self_similar",
    "powers": "._powers",
    "indicators": "._indicators",
    "measured-smoothness": "._measured_smoothness",
    "embeddings": "._embeddings",
    "free-knots": "._free_knots",
    "layerwise-rates": "._layerwise_rates",
    "decoders": "._decoders",
    "trained-readouts": "._trained_readouts",
    "multigrade": "._multigrade",
    "supported-networks": "._supported_networks",
    "nested-cubes": "._nested_cubes",
    "leaks": "._leaks",
    "support-verdicts": "._support_verdicts",
}


def draw_experiment(dataset: "xr.Dataset", folder: str | Path) -> list[Path]:
    """Draw the figures of one experiment into `folder` as SVG and PDF, and return the files written.

    Parameters
    ----------
    dataset
        As the experiment wrote it; its attribute ``experiment`` says which one.
    folder
        Made if need be.
    """
    module = import_module(_MODULES[str(dataset.attrs["experiment"])], __package__)
    figures: Callable[[xr.Dataset], Mapping[str, Figure]] = module.figures
    files: list[Path] = []
    for name, figure in figures(dataset).items():
        files += save(figure, Path(folder) / name)
    return files
