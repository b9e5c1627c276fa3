"""What depth buys for T_a = Σ 2^(−aj) Δ_j: composed zigzags, counted and compared with certified lower ends.

By connections k = ⌊L/2⌋ blocks of P = 2^q neurons with neurons between them, by neurons L − 1 merged blocks; where
depth is unbounded, one level in each block. Counts and errors are closed forms; the errors of small networks are
integrated too. A lower end holds for every network of that depth and size.
"""

from dataclasses import dataclass
from math import log, nan
from typing import TYPE_CHECKING

import numpy as np

from ratelab import best, exact, networks, spaces
from ratelab.networks import Counts, SelfSimilarFunction, folded_error, folded_network, folded_network_bound
from ratelab.registry import Complexity, Progress, Registry, Target
from ratelab.spaces import SelfSimilarBound
from ratelab.studies.experiments._space_parameters import SelfSimilarDepth

if TYPE_CHECKING:
    import xarray as xr

DEPTHS = (2, 3, 4, 6)
UNBOUNDED = "unbounded"
COMPLEXITIES: tuple[Complexity, ...] = ("connections", "neurons")
_WINDOW = (4, 6, 8, 12)
"""Pieces whose certified lower ends sharpen those of all larger numbers."""
_CLOSED_FORM, _EXHAUSTIVE = 4, 8000
"""In deeper networks bounds on pieces are of the right order up to this size only, and left out beyond it."""
_STRICT_BLOCKS, _STRICT_WIDTHS = (1, 2, 3), (1, 2, 3, 4)

_LONG_NAMES = {
    "exponent": "exponent a of T_a",
    "complexity": "what the networks are chosen for",
    "depth": "affine layers allowed",
    "width": "levels q in every block, of 2^q neurons; number of levels where depth is unbounded",
    "levels": "levels of the partial sum, over all blocks",
    "connections": "connections of the composed network, dead neurons removed",
    "neurons": "hidden neurons of the composed network, dead neurons removed",
    "error": "L2 error of the composed network, closed form 2^(-a levels) / sqrt(12 (4^a - 1))",
    "error_measured": "upper end of the L2 error of the network as it is written down, integrated in ball arithmetic",
    "error_lower": "certified lower end of the error of all networks of that depth and size",
    "slope": "secant slope of the errors of composed networks from the size before, on logarithmic axes",
    "rate": "proved rate: a floor(L/2) by connections, a (L - 1) by neurons",
    "strict_blocks": "unmerged blocks of a network, depth is twice as much",
    "strict_width": "levels in every block",
    "strict_connections": "connections with identity neurons, and as many with ReLU in their place, on [0, 1]",
    "strict_connections_anywhere": "connections after two ReLU have replaced every identity neuron, on the whole line",
    "strict_ratio": "connections without identity neurons on the whole line over those with them",
}


@dataclass(frozen=True)
class _Row:
    """One composed network."""

    levels: int
    counts: Counts
    blocks: int
    merged: bool


def run(parameters: SelfSimilarDepth, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Count the networks, take their errors, and bound all networks from below."""
    import xarray as xr

    labels = [*map(str, DEPTHS), UNBOUNDED]
    most = max(parameters.width, parameters.levels)
    shape = (len(parameters.exponents), len(COMPLEXITIES), len(labels), most)
    tables = {
        name: np.full(shape, nan)
        for name in ("levels", "connections", "neurons", "error", "error_measured", "error_lower", "slope")
    }
    rates = np.full(shape[:3], np.inf)
    for i, a in enumerate(parameters.exponents):
        target = registry.targets[f"takagi(exponent={a!r})"]
        function = SelfSimilarFunction.of(target)
        if function is None:
            raise RuntimeError(f"T_{a:g} is not self-similar; this is a bug in ratelab")
        bound = _lower(target)
        for j, complexity in enumerate(COMPLEXITIES):
            for k, label in enumerate(labels):
                depth = None if label == UNBOUNDED else int(label)
                if depth is not None:
                    rates[i, j, k] = a * _growth(depth, complexity)
                before: tuple[float, float] | None = None
                for place, row in enumerate(_rows(function, depth, complexity, parameters)):
                    at = (i, j, k, place)
                    error, size = folded_error(function, row.levels), getattr(row.counts, complexity)
                    tables["levels"][at], tables["error"][at] = row.levels, error
                    tables["connections"][at], tables["neurons"][at] = (
                        row.counts.connections,
                        row.counts.neurons,
                    )
                    if 2**row.levels * row.counts.connections <= parameters.measured:
                        tables["error_measured"][at] = _measured(function, row, target)
                    if depth is not None and (depth <= _CLOSED_FORM or size <= _EXHAUSTIVE):
                        pieces = best.pieces_bound(networks.power(1), depth, complexity, size)
                        assert pieces is not None
                        tables["error_lower"][at] = bound(pieces[0])
                    if before is not None:
                        tables["slope"][at] = log(before[1] / error) / log(size / before[0])
                    before = size, error
        progress(i + 1, len(parameters.exponents) + 1)
    cell = ("exponent", "complexity", "depth", "width")
    dataset = xr.Dataset(
        {name: (cell, table) for name, table in tables.items()}
        | {"rate": (cell[:3], rates)}
        | _strict_tables(parameters),
        coords={
            "exponent": list(parameters.exponents),
            "complexity": np.array(COMPLEXITIES, dtype=object),
            "depth": np.array(labels, dtype=object),
            "width": np.arange(1, most + 1),
            "strict_blocks": list(_STRICT_BLOCKS),
            "strict_width": list(_STRICT_WIDTHS),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    progress(len(parameters.exponents) + 1, len(parameters.exponents) + 1)
    return dataset


def _growth(depth: int, complexity: Complexity) -> int:
    return depth // 2 if complexity == "connections" else depth - 1


def _rows(
    function: SelfSimilarFunction, depth: int | None, complexity: Complexity, parameters: SelfSimilarDepth
) -> list[_Row]:
    """Return the networks of equal blocks, by the levels in a block; of one level in each where depth is unbounded."""
    rows = []
    for q in range(1, (parameters.levels if depth is None else parameters.width) + 1):
        blocks = q if depth is None else _growth(depth, complexity)
        levels, merged = (q if depth is None else q * blocks), depth is None or complexity == "neurons"
        if levels <= parameters.levels:
            rows.append(_Row(levels, folded_network_bound(function, levels, blocks, merged), blocks, merged))
    return rows


def _measured(function: SelfSimilarFunction, row: _Row, target: Target) -> float:
    network = folded_network(function, row.levels, row.blocks, row.merged)
    if Counts.of(network) != row.counts:
        raise RuntimeError(f"{network} has not the promised {row.counts}; this is a bug in ratelab")
    return exact.certified_error(network, target).upper


def _lower(target: Target) -> SelfSimilarBound:
    bound = spaces.self_similar_bound(target, 1)
    if bound is None:
        raise RuntimeError(f"target '{target.name}' has no lower bound; this is a bug in ratelab")
    return bound.sharpened({n: found.lower for n, found in best.brackets(target, _WINDOW, 1).items()})


def _strict_tables(parameters: SelfSimilarDepth) -> dict[str, object]:
    """Count networks with identity neurons, and without them on [0, 1] and on the line."""
    shape = (len(parameters.exponents), len(_STRICT_BLOCKS), len(_STRICT_WIDTHS))
    here, anywhere = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i, a in enumerate(parameters.exponents):
        function = SelfSimilarFunction.takagi(a)
        for j, k in enumerate(_STRICT_BLOCKS):
            for place, q in enumerate(_STRICT_WIDTHS):
                network = folded_network(function, k * q, k)
                free = folded_network(function, k * q, k, strict=True)
                if Counts.of(free) != Counts.of(network):
                    raise RuntimeError(f"{free} and {network} differ in size; this is a bug in ratelab")
                here[i, j, place] = network.connections
                anywhere[i, j, place] = networks.strict(network).connections
    cell = ("exponent", "strict_blocks", "strict_width")
    return {
        "strict_connections": (cell, here),
        "strict_connections_anywhere": (cell, anywhere),
        "strict_ratio": (cell, anywhere / here),
    }
