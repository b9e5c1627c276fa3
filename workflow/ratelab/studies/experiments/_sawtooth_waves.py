"""The sawtooth Δ_j: its graph, the smallest networks of every depth, the cliff of its error, and its Besov size."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab import best, exact
from ratelab.networks import power, sawtooth, sawtooth_blocks, sawtooth_bound
from ratelab.registry import Complexity, Progress, Registry
from ratelab.studies.claims._space_depth import besov_size
from ratelab.studies.experiments._space_parameters import SawtoothWaves

if TYPE_CHECKING:
    import xarray as xr

COMPLEXITIES: tuple[Complexity, ...] = ("connections", "neurons")
WAVES = (1, 2, 3)
_UNIT = ((Fraction(0), Fraction(1)),)
_COUNTED = 1 << 10
"""Pieces up to which they are counted, not only known."""

_LONG_NAMES = {
    "wave": "j of the sawtooth functions that are drawn",
    "wave_x": "breakpoint of the sawtooth, or an end of [0, 1]",
    "wave_y": "value of the sawtooth there",
    "level": "j of the sawtooth of 2^j pieces",
    "complexity": "what is counted and made as small as can be",
    "depth": "affine layers allowed",
    "pieces": "affine pieces of the sawtooth",
    "pieces_counted": "maximal affine pieces of the smallest network on [0, 1], counted exactly (-1: not counted)",
    "size": "connections or neurons of the smallest network of composed blocks that equals the sawtooth on [0, 1]",
    "size_least": "no network of that depth with fewer connections or neurons has so many pieces",
    "budget": "connections allowed",
    "cliff_error": "L2 error of the network in hand for the sawtooth of attribute cliff",
    "besov": "sup of t^(-s) times the L2 norm of the difference of step t, over dyadic t",
    "besov_lower": "the step of half a tooth alone: sqrt((1 - 2^-j) / 3) 2^(js)",
    "besov_upper": "from the slope and the variance: 3^((s - 1) / 2) 2^(js)",
}


def run(parameters: SawtoothWaves, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Count, measure and return everything."""
    import xarray as xr

    levels = np.arange(1, parameters.levels + 1)
    shape = (len(COMPLEXITIES), len(parameters.depths), len(levels))
    size, least, counted = (np.full(shape, -1, np.int64) for _ in range(3))
    for i, complexity in enumerate(COMPLEXITIES):
        for j, depth in enumerate(parameters.depths):
            for k, level in enumerate(map(int, levels)):
                blocks = sawtooth_blocks(level, depth, complexity)
                counts = sawtooth_bound(level, blocks.levels, blocks.merged)
                size[i, j, k] = counts.connections if complexity == "connections" else counts.neurons
                least[i, j, k] = _least(2**level, depth, complexity, int(size[i, j, k]))
                if 2**level <= _COUNTED:
                    network = sawtooth(level, blocks.levels, blocks.merged)
                    counted[i, j, k] = int(exact.count_pieces(network, _UNIT))
            progress(i * len(parameters.depths) + j + 1, 2 * len(parameters.depths) + 1)
    budgets, errors = _cliff(parameters, registry)
    s = parameters.smoothness
    cell = ("complexity", "depth", "level")
    x, y = _waves()
    dataset = xr.Dataset(
        {
            "wave_x": (("wave", "wave_point"), x),
            "wave_y": (("wave", "wave_point"), y),
            "pieces": ("level", 2**levels),
            "pieces_counted": (cell, counted),
            "size": (cell, size),
            "size_least": (cell, least),
            "cliff_error": (("depth", "budget"), errors),
            "besov": ("level", np.array([besov_size(int(j), s) for j in levels])),
            "besov_lower": ("level", np.sqrt((1 - 2.0**-levels) / 3) * 2.0 ** (levels * s)),
            "besov_upper": ("level", 3 ** ((s - 1) / 2) * 2.0 ** (levels * s)),
        },
        coords={
            "wave": list(WAVES),
            "level": levels,
            "complexity": np.array(COMPLEXITIES, dtype=object),
            "depth": list(parameters.depths),
            "budget": budgets,
        },
        attrs={"cliff": parameters.cliff, "smoothness": s},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    progress(2 * len(parameters.depths) + 1, 2 * len(parameters.depths) + 1)
    return dataset


def _waves() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = (np.full((len(WAVES), 2 ** WAVES[-1] + 1), np.nan) for _ in range(2))
    for row, level in enumerate(WAVES):
        function = exact.piecewise_linear(sawtooth(level, level), _UNIT, arithmetic="rational")
        knots = [Fraction(0), *function.knots, Fraction(1)]
        x[row, : len(knots)] = [float(v) for v in knots]
        y[row, : len(knots)] = [float(function(v)) for v in knots]
    return x, y


def _least(pieces: int, depth: int, complexity: Complexity, enough: int) -> int:
    """Return the smallest size whose bound on pieces reaches `pieces`; `enough` does."""
    low, high = 0, enough
    while high - low > 1:
        middle = (low + high) // 2
        bound = best.pieces_bound(power(1), depth, complexity, middle)
        assert bound is not None
        low, high = (low, middle) if bound[0] >= pieces else (middle, high)
    return high


def _cliff(parameters: SawtoothWaves, registry: Registry) -> tuple[Any, NDArray[np.float64]]:
    target = registry.targets[f"sawtooth(levels={parameters.cliff})"]
    construction: Any = registry.constructions["sawtooth_wave"]
    budgets = np.unique(
        np.geomspace(2, 2 ** (parameters.cliff + 2), 24 * parameters.cliff).round().astype(int)
    )
    errors = np.full((len(parameters.depths), len(budgets)), np.nan)
    for i, depth in enumerate(parameters.depths):
        for j, budget in enumerate(map(int, budgets)):
            asked: dict[str, Any] = {"budget": budget, "complexity": "connections", "depth": depth}
            promise = construction.promise(**asked, target=target, activation=power(1))
            errors[i, j] = promise.error
    return budgets, errors
