"""Masses of networks on the annuli between nested cubes, and weights that tell a sequence from compact supports."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._breakpoints import breakpoints, piecewise_polynomial, transition_points
from ratelab.exact._leak_lower import LeakBound, leak_lower_bound
from ratelab.exact._leak_regions import Grid, norms, width_of
from ratelab.exact._quadrature import gauss
from ratelab.networks import Network

Array = NDArray[np.float64]

_CELLS = {1: 400, 2: 60, 3: 12}
_ORDER = 8


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
    scale: float = 1.0,
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
        Half side of the first cube.
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
    if not 0 < float(scale) < np.inf:
        raise UserError(f"scale is {scale}; allowed: above 0, finite")
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
    return AnnularMasses(float(scale), masses, tuple(bounds))


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
    nodes, weights = gauss(_ORDER)
    middle, half = 0.5 * (every[1:] + every[:-1]), 0.5 * np.diff(every)
    places = (middle[:, None] + half[:, None] * nodes).reshape(-1, 1)
    step = max(4_000_000 // width_of(network), 256)
    sizes = np.concatenate([norms(network(places[i : i + step])) for i in range(0, len(places), step)])
    parts = sizes.reshape(-1, _ORDER) @ weights * half
    annulus = np.clip(np.ceil(np.abs(middle) / scale).astype(int) - 1, 0, count - 1)
    return np.asarray(np.bincount(annulus, weights=parts, minlength=count), dtype=np.float64)


def _grid(network: Network, scale: float, count: int, cells: int) -> Array:
    reach = scale * count
    edge = np.linspace(-reach, reach, 2 * count * cells + 1)
    result = np.zeros(count)
    for points, volumes in Grid((edge,) * network.inputs).midpoints(width_of(network)):
        annulus = np.clip(np.ceil(np.abs(points).max(axis=1) / scale).astype(int) - 1, 0, count - 1)
        result += np.bincount(annulus, weights=norms(network(points)) * volumes, minlength=count)
    return result


def witness_weights(masses: Any) -> Array:
    """Return w_n = 1/min_{k ≤ n} a_(n,k) for a sequence of functions g_1, g_2 … with masses a_(n,k) on annuli.

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
    return np.asarray(1 / running[last, np.arange(table.shape[1])])


def partial_sums(weights: Any, masses: Any) -> Array:
    """Return Σ_{n ≤ N} w_n·a_n for N = 1 …, along the last axis of the masses."""
    return np.asarray(np.cumsum(np.asarray(weights) * np.asarray(masses), axis=-1))
