"""Masses of networks on the annuli between nested cubes, and weights that tell a sequence from compact supports."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._breakpoints import breakpoints, piecewise_polynomial, transition_points
from ratelab.exact._leak_lower import LeakBound, leak_lower_bound
from ratelab.exact._regions import check_network
from ratelab.exact._support_quadrature import TensorRule, block_size, network_values, norms
from ratelab.networks import Network
from ratelab.registry import Box
from ratelab.registry._shapes import finite_number

Array = NDArray[np.float64]

_CELLS = {1: 400, 2: 60, 3: 12}
_ORDER = 8
_LEAST_BLOCK = 1 << 12


@dataclass(frozen=True, eq=False)
class AnnularMasses:
    """Masses a_n = ∫_{K_n∖K_(n−1)} |f̂| for n = 1, 2 …, K_n = [−scale·n, scale·n]^d.

    Parameters
    ----------
    scale
        Half side of K_1.
    masses
        (count,) numerical.
    bounds
        Proved ends of each, or an empty tuple if none were asked for.
    """

    scale: float
    masses: Array
    bounds: tuple[LeakBound, ...]

    @property
    def lower(self) -> Array:
        """Proved lower ends (count,); empty without bounds."""
        return np.array([bound.lower for bound in self.bounds])

    @property
    def upper(self) -> Array:
        """Proved upper ends (count,); empty without bounds."""
        return np.array([bound.upper for bound in self.bounds])


def annular_masses(
    network: Network,
    scale: float | Box = 1.0,
    count: int = 8,
    *,
    certified: bool = False,
    cells: int | None = None,
    tolerance: float = 0.1,
    most: int = 400,
) -> AnnularMasses:
    """Return the masses of a network on the annuli between nested cubes.

    Parameters
    ----------
    network
        d = 1, 2, 3; with several outputs |·| is the Euclidean norm.
    scale
        Half side of the first cube, or this cube [−a, a]^d as a `Box`.
    count
        Number of annuli; the first is the cube itself.
    certified
        Whether to bound each mass in balls, see `leak_lower_bound`, which takes `tolerance` and `most` per annulus.
    cells
        Cells of the numerical masses per axis and annulus' width; None for 400, 60, 12 in one, two, three variables.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    check_network(network)
    scale = _half_side(scale, network.inputs)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UserError(f"count is {count!r}; allowed: whole numbers of annuli from 1 on")
    if network.inputs not in _CELLS:
        raise UserError(f"the network has {network.inputs} inputs; masses are for 1, 2 and 3 variables")
    number = _CELLS[network.inputs] if cells is None else cells
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UserError(f"cells is {cells!r}; allowed: whole numbers from 1 on, or None")
    masses = (
        _line(network, scale, count, number) if network.inputs == 1 else _grid(network, scale, count, number)
    )
    bounds = []
    if certified:
        for n in range(1, count + 1):
            low, high = annulus_boxes(network.inputs, scale * (n - 1), scale * n)
            bounds.append(leak_lower_bound(network, low, high, tolerance=tolerance, most=most))
    return AnnularMasses(scale, masses, tuple(bounds))


def _half_side(scale: Any, dimension: int) -> float:
    if isinstance(scale, Box):
        (lower, upper), *others = scale.bounds
        if scale.dimension != dimension or lower != -upper or any(side != (lower, upper) for side in others):
            raise UserError(
                f"scale is {scale}; allowed: a cube [-a, a]^{dimension} as a Box, or a number above 0"
            )
        return float(upper)
    if not finite_number(scale) or scale <= 0:
        raise UserError(
            f"scale is {scale!r}; allowed: a number above 0, finite, or a cube [-a, a]^d as a Box"
        )
    return float(scale)


def annulus_boxes(dimension: int, inner: float, outer: float) -> tuple[Array, Array]:
    """Return boxes (low, high), each (m, d), that make up [−outer, outer]^d without (−inner, inner)^d; 3^d − 1 of them.

    For inner = 0 they are the 2^d orthants of the cube.
    """
    ends = [-outer, -inner, inner, outer] if inner > 0 else [-outer, 0.0, outer]
    parts = list(zip(ends, ends[1:], strict=False))
    boxes = [
        box for box in product(parts, repeat=dimension)
        if not (inner > 0 and all(part == (-inner, inner) for part in box))
    ]  # fmt: skip
    corners = np.array(boxes)
    return corners[:, :, 0], corners[:, :, 1]


def _line(network: Network, scale: float, count: int, cells: int) -> Array:
    reach = scale * count
    edges = np.concatenate([-scale * np.arange(count, 0, -1), scale * np.arange(count + 1)])
    fine = np.unique(
        np.concatenate([np.linspace(a, b, cells + 1) for a, b in zip(edges, edges[1:], strict=False)])
    )
    find = breakpoints if piecewise_polynomial(network) else transition_points
    every = np.unique(np.concatenate([fine, edges, find(network, ((-reach, reach),))]))
    return _summed(network, scale, count, TensorRule.on_cells([every], _ORDER))


def _grid(network: Network, scale: float, count: int, cells: int) -> Array:
    reach = scale * count
    edge = np.linspace(-reach, reach, 2 * count * cells + 1)
    return _summed(network, scale, count, TensorRule.on_cells([edge] * network.inputs, 1))


def _summed(network: Network, scale: float, count: int, rule: TensorRule) -> Array:
    result = np.zeros(count)
    for points, weights in rule.blocks(max(block_size(network), _LEAST_BLOCK)):
        annulus = np.clip(np.ceil(np.abs(points).max(axis=1) / scale).astype(int) - 1, 0, count - 1)
        sizes = norms(network_values(network, points))
        result += np.bincount(annulus, weights=sizes * weights, minlength=count)
    return result


def witness_weights(masses: Any) -> Array:
    """Return w_n = 1/min_{k ≤ n} a_(n,k), rounded up, for functions g_1, g_2 … with masses a_(n,k) on annuli.

    Each term w_n·a_(n,k) with n ≥ k is at least 1, so that p_w(g_k) is infinite for every k; for f with compact support
    so is p_w(f − g_k). From lower bounds of the masses follow weights that do the same.

    Parameters
    ----------
    masses
        (k, n): a row for each function, a column for each annulus; above 0.

    Raises
    ------
    UserError
        If they are not like this.
    """
    table = np.asarray(masses, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise UserError(f"masses have shape {table.shape}; allowed: (functions, annuli), neither 0")
    if not (np.isfinite(table) & (table > 0)).all():
        raise UserError(
            "masses must be finite and above 0; where the certified lower end is 0, raise the work bound: a "
            "function without mass on an annulus has no witness there"
        )
    running = np.minimum.accumulate(table, axis=0)
    last = np.minimum(np.arange(table.shape[1]), table.shape[0] - 1)
    return np.asarray(np.nextafter(1 / running[last, np.arange(table.shape[1])], np.inf))  # never below 1/a


def partial_sums(weights: Any, masses: Any) -> Array:
    """Return Σ_{n ≤ N} w_n·a_n for N = 1 …, along the last axis of the masses."""
    return np.asarray(np.cumsum(np.asarray(weights) * np.asarray(masses), axis=-1))
