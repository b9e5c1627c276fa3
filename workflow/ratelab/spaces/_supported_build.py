"""How supported networks are put together, with what is promised and proved of each."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, nextafter, sqrt
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.exact import Cover, CubeUnion, cover, network_values
from ratelab.networks import (
    Network,
    PooledCounts,
    box_mask,
    gated,
    kuhn_hats,
    kuhn_hats_bound,
    tensor_hats,
    tensor_hats_bound,
)
from ratelab.networks._hat_layers import held
from ratelab.registry import Target
from ratelab.spaces._support_sizes import dyadic_below
from ratelab.spaces._supported_grid import Floats, Integers, active_nodes, cells_around, dilated_cells
from ratelab.spaces._supported_measure import lattice
from ratelab.spaces._supported_shift import product

Method = Literal["hats", "mask", "gate", "kuhn"]
Certainty = Literal["rigorous", "numerical"]
METHODS: tuple[Method, ...] = ("hats", "mask", "gate", "kuhn")
SHIFT = Fraction(1, 1 << 40)
"""Default size of η, relative to the largest value and to the error bound, the smaller one."""
KUHN_MARGIN = Fraction(1, 8)
"""Distance from the cells of Kuhn's hats, in spacings, from which on intervals prove zeros."""
_MOST_PARTS = 1 << 14


@dataclass(frozen=True, eq=False)
class Recipe:
    """A network with all that is known of it before it is checked; fields as of `SupportedNetwork`."""

    network: Network
    base: Network | None
    mask: Network | None
    support: CubeUnion
    neighbourhood: CubeUnion
    equal: bool
    reason: str
    error_bound: float
    certainty: Certainty
    promised: PooledCounts
    shift: Fraction
    excess_bound: Fraction
    nodes: Integers
    undecided: int


def lipschitz_bound(target: Target, spacing: Fraction) -> float:
    """Return L·h·√d/2, rounded up; infinite without a Lipschitz constant.

    An interpolant whose weights at the vertices of a cell have mean x, product hats and Kuhn's alike, has weights of
    variance at most h²/4 per axis, so |f(x) − Σ λ_v f(v)| ≤ L·Σ λ_v |x − v| ≤ L·h·√d/2.
    """
    if target.lipschitz is None:
        return inf
    return nextafter(target.lipschitz * float(spacing) * sqrt(target.dimension) / 2 * (1 + 2.0**-50), inf)


def hats(target: Target, spacing: Fraction, kuhn: bool, limit: int) -> Recipe:
    """Return the interpolant by hats at the nodes where the target is not 0.

    On a cell tensor hats give a multilinear function with given values at the vertices, so it is 0 there only if these
    are all 0: the support is the union of all other cells. Kuhn's hats are affine on simplices, some of which may be 0
    in such a cell, so that the union only contains the support.
    """
    nodes, heights = active_nodes(target, spacing, limit)
    if not len(nodes):
        raise UserError(
            f"target '{target.name}' is 0 at all points of the grid of spacing {float(spacing):.4g}, so that hats "
            "miss it; allowed: finer spacings, or method 'mask', which misses nothing"
        )
    union = CubeUnion(spacing, cells_around(nodes))
    if kuhn:
        network = kuhn_hats(nodes, heights, spacing, margin=KUHN_MARGIN)
        promised = kuhn_hats_bound(target.dimension, len(nodes), outputs=heights.shape[1])
        # intervals prove zeros a little farther out only
        around = CubeUnion(
            spacing, union.cubes, KUHN_MARGIN * spacing if target.dimension > 1 else Fraction(0)
        )
        reason = (
            "Kuhn's hats are 0 beyond the cells around their nodes, and perhaps on some simplices of these"
        )
    else:
        network, around = tensor_hats(nodes, heights, spacing), union
        lines = sum(len(np.unique(nodes[:, axis])) for axis in range(target.dimension))
        promised = tensor_hats_bound(target.dimension, len(nodes), lines, heights.shape[1])
        reason = (
            "a multilinear function that is 0 on a cell is 0 at its vertices, and no such cell is counted"
        )
    return Recipe(
        network, None, None, union, around, not kuhn, reason, lipschitz_bound(target, spacing), "rigorous",
        promised, Fraction(0), spacing, nodes, 0,
    )  # fmt: skip


def mask(
    target: Target,
    spacing: Fraction,
    margin: Fraction,
    given: Network | None,
    shift: Fraction | None,
    gate: bool,
    limit: int,
) -> Recipe:
    """Return a network g times the mask Ψ of the cubes that meet the support, or gated by it."""
    assert target.support is not None
    found = cover(target.support, spacing)
    cubes = found.union.cubes
    if len(cubes) > limit:
        raise UserError(
            f"spacing {float(spacing):.3g} takes {len(cubes):,} cubes to cover the support of '{target.name}'; "
            f"allowed: {limit:,}, or a larger limit"
        )
    support = CubeUnion(spacing, cubes, margin, "sum")
    neighbourhood = CubeUnion(spacing, cubes, margin, "max")
    lower, upper = found.union.boxes()
    psi = box_mask(lower * float(spacing), upper * float(spacing), float(margin))
    nodes, heights = active_nodes(target, spacing, limit)
    if given is not None:
        base, bound = given, _measured(given, target, spacing, margin, cubes)
        certainty: Certainty = "numerical"
    else:
        if not len(nodes):  # the support lies between the grid points: g = 0
            nodes, heights = cubes[:1], np.zeros((1, target(np.zeros((1, target.dimension))).shape[1]))
        build: Any = kuhn_hats if gate else tensor_hats
        base, bound = build(nodes, heights, spacing), lipschitz_bound(target, spacing)
        certainty = "rigorous"
    largest = float(np.abs(heights).max(initial=0.0))
    outputs, deep = base.outputs, base.depth + base.layers[-1].pooled
    # poolings of g beside the wide layers of the mask pair its neurons with ones
    crowded = 2 if any(layer.pooled for layer in base.layers[:2]) else 1
    width = crowded * 2 * target.dimension * len(cubes) + max(base.width, target.dimension, 2 * outputs)
    if gate:
        # interpolants are means of values at nodes
        ceiling = (largest if given is None else max(largest, _largest(base, spacing, cubes))) or 1.0
        network, used = gated(base, psi, ceiling), Fraction(0)
        equal, reason = (
            False,
            "a gate is 0 where its mask is; whether it is 0 elsewhere depends on the network",
        )
        promised = PooledCounts(max(deep + 2, 4) + 1, width + 1, base.poolings)
    else:
        scale = min((v for v in (largest, lipschitz_bound(target, spacing)) if 0 < v < inf), default=1.0)
        size = SHIFT * dyadic_below(Fraction(scale))
        network, used, equal, reason = product(base, psi, shift, size, None if given is not None else heights)
        if given is None and held(used):
            width = 2 * target.dimension * len(cubes) + base.width
        promised = PooledCounts(
            max(deep, 4) + (not held(used)), width + 2 * (given is not None), base.poolings + 1
        )
        # a shift that is no float64 number comes with a factor 1 up to 2^(−53)
        factor = 0.0 if held(used) else 2.0**-52 * (largest + abs(float(used)))
        bound = nextafter(bound + abs(float(used)) + factor, inf) if bound < inf else inf
    return Recipe(
        network, base, psi, support, neighbourhood, equal, reason, bound, certainty, promised, used, spacing + margin,
        nodes, _without_witness(found),
    )  # fmt: skip


def _without_witness(found: Cover) -> int:
    """Return how many cubes of a cover have no known point of the support: the others reach beyond it by h at most."""
    step = float(found.union.spacing)
    low, high = found.union.cubes * step, (found.union.cubes + 1) * step
    return int((~((found.witnesses >= low) & (found.witnesses <= high)).all(axis=1)).sum())


def _near(target: Target, spacing: Fraction, margin: Fraction, cubes: Integers) -> Floats:
    """Return grid points of the neighbourhood of the mask."""
    rings = min(ceil(margin / spacing), 4)
    points = lattice(spacing, dilated_cells(cubes, rings), _MOST_PARTS)
    return points[CubeUnion(spacing, cubes, margin, "max").contains(points)]


def _measured(
    network: Network, target: Target, spacing: Fraction, margin: Fraction, cubes: Integers
) -> float:
    points = _near(target, spacing, margin, cubes)
    with np.errstate(over="ignore", invalid="ignore"):
        found = network_values(network, points)
    if not np.isfinite(found).all():
        raise UserError(
            f"the network is not finite in float64 near the support of '{target.name}' (largest weight "
            f"{network.largest_weight:.3g}); allowed: networks of moderate size there"
        )
    return float(np.abs(found - target(points)).max(initial=0.0))


def _largest(network: Network, spacing: Fraction, cubes: Integers) -> float:
    return float(np.abs(network_values(network, lattice(spacing, cubes, _MOST_PARTS))).max(initial=0.0))
