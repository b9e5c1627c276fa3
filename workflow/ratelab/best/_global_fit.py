"""Global training of a network with one hidden ReLU layer."""

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.best._class_ends import Certainty
from ratelab.best._global_convex import ConvexObjective
from ratelab.best._global_data import Data
from ratelab.best._global_losses import Loss, loss_of
from ratelab.best._global_partitions import checked_points, distinct
from ratelab.best._global_patterns import Objective, SquaredObjective
from ratelab.best._global_search import Incumbent, Search
from ratelab.best._global_starts import descend, local_optima
from ratelab.networks import Network, identity, power
from ratelab.registry import Progress
from ratelab.spaces import hyperplane_partitions

Array = NDArray[np.float64]
Log = dict[str, NDArray[np.float64]]

_MOST_PATTERNS = 100_000_000
_FEW_PATTERNS = 5_000
"""Up to here the search is faster than a local search before it."""
_MOST_CELLS = 20_000
_NARROW = {True: 1e-7, False: 1e-5}
"""Relative distances of data below which a lower bound means nothing, for squared and other losses."""
_LARGEST = 1e152
_STARTS = 32


@dataclass(frozen=True, eq=False)
class GlobalFit:
    """A network with one hidden layer, and how far it can be from the best one.

    Parameters
    ----------
    network
        Depth 2: `width` ReLU neurons, then the identity neurons of a skip term.
    value
        Loss of this network at the data, evaluated at the network itself.
    lower_bound
        No network of this shape has a smaller loss, up to the certainty.
    certainty
        ``numerical``: partitions are exact, programmes are solved in float64.
    status
        ``optimal``: the gap is within the tolerance; ``stopped early`` by the limit or an interrupt; ``rounding
        limit``: all patterns are settled, but float64 leaves a larger gap, all of it where data nearly coincide.
        The bracket holds in every case.
    log
        After each batch ``programmes``, ``relaxations``, ``lower_bound`` and ``value``, arrays of one length.
    patterns
        Choices of a partition and a sign for each neuron, in any order and without neurons that are zero on
        all data.
    programmes
        Convex programmes solved over patterns.
    relaxations
        Spans of patterns, on all or part of the data, that bounded the loss from below.
    """

    network: Network
    value: float
    lower_bound: float
    certainty: Certainty
    status: Literal["optimal", "stopped early", "rounding limit"]
    log: Log
    patterns: int
    programmes: int
    relaxations: int

    @property
    def gap(self) -> float:
        """Value minus lower bound."""
        return self.value - self.lower_bound


def global_fit(
    x: ArrayLike,
    y: ArrayLike,
    width: int,
    *,
    loss: str | Loss = "squared",
    bias: bool = False,
    skip: bool = False,
    limit: int | None = None,
    tolerance: float = 1e-6,
    starts: int = _STARTS,
    seed: int = 0,
    weights: ArrayLike | None = None,
    progress: Progress | None = None,
) -> GlobalFit:
    """Return a best network f(x) = Σ_i s_i max(0, a_i·x + b_i) of some width for given data, with a bracket.

    Every pattern, a partition of the data by a hyperplane and a sign for each neuron, leaves a convex programme
    over a cone (C10). Branch and bound over patterns, on growing subsets of the data and with the cone relaxed to
    its span, leaves few of them; squared losses are solved in batches, other losses one by one. The time is
    exponential in width and dimension in the worst case, which is unavoidable (C19). Arora, Basu, Mianjy and
    Mukherjee 2018, exact training by enumeration; the bounds are ours.

    Parameters
    ----------
    x
        (D, d), or (D,) for one variable; d ≤ 3.
    y
        (D,); for hinge and logistic −1 or 1.
    width
        Number of ReLU neurons.
    loss
        ``squared`` Σ r², ``absolute`` Σ |r|, ``maximum`` max |r|, ``huber(threshold=1)``, ``quantile(level=0.5)``,
        ``hinge`` or ``logistic``, r = y − f; the label may name the parameter.
    bias, skip
        Whether a free output bias, a free affine term (which includes a bias) belongs to the network.
    limit
        Most convex programmes and relaxations in all, checked between batches; None means no limit.
    tolerance
        The search ends when value − lower_bound ≤ tolerance · value, or within the accuracy of the
        programmes (relative to the loss of the zero function 1e-12 for squares, 1e-9 else, 1e-7 logistic).
    starts, seed
        Random patterns for the local search that comes first, unless there are few patterns.
    weights
        (D,) non-negative, one factor per datum; None means 1.
    progress
        Called after each batch with the programmes and relaxations so far, and the same plus what is open. A
        KeyboardInterrupt there or elsewhere in the search ends it with its bracket.

    Where some data nearly coincide, or nearly lie on one hyperplane with others (closer than 1e-7 of the data's extent
    for squares, 1e-5 for other losses), float64 cannot tell apart what a network can still do: `lower_bound` is then 0
    and `status` is ``rounding limit``. Merge such data.

    Raises
    ------
    UserError
        For data, shapes, losses or sizes that are not allowed, for too many patterns without a `limit`, and for more
        partitions than can be listed.
    """
    points, values, factors = _data(x, y, weights)
    chosen = loss_of(loss)
    if chosen.labels and not np.isin(values, (-1.0, 1.0)).all():
        raise UserError(
            f"loss '{chosen.name}' needs y = -1 or 1; found {values[~np.isin(values, (-1.0, 1.0))][0]:g}"
        )
    width, starts = _whole(width, "width", 1), _whole(starts, "starts", 0)
    limit = None if limit is None else _whole(limit, "limit", 1)
    if not 0 <= tolerance < 1:
        raise UserError(f"tolerance is {tolerance}; allowed: from 0 to below 1")
    points, values, factors = points[factors > 0], values[factors > 0], factors[factors > 0]
    _affordable(points, width, skip, limit)
    if np.abs(values).max(initial=0.0) > _LARGEST:
        raise UserError(f"y reaches {np.abs(values).max():.3g}; allowed: moduli up to {_LARGEST:.0e}")
    unit = _unit(values) if chosen.degree else 1.0
    common = _unit(factors)
    problem = _Problem(points, values / unit, factors / common, chosen.scaled(unit), width, bias, skip)
    restore = common * unit**chosen.degree
    search = problem.search(tolerance, limit, starts, seed, progress)
    network = problem.network(search.incumbent, unit)
    outputs = np.asarray(network(points))[:, 0]
    # in the scale of the search, where squares of tiny numbers do not underflow
    scaled = chosen.scaled(unit).total(values / unit, factors / common, outputs / unit)
    value = float(scaled) * restore
    narrowest = problem.data.arrangement.narrowest * float(np.sqrt((factors / common).min()))
    # below this, rounding drops directions in which the loss could still fall: only the trivial bound is left
    settled = narrowest >= _NARROW[chosen.name == "squared"]
    lower = min(search.lower_bound * restore, value) if settled else 0.0
    status: Literal["optimal", "stopped early", "rounding limit"] = "optimal"
    if value - lower > tolerance * value + search.floor * restore:
        status = "rounding limit" if search.complete else "stopped early"
    log = np.array(search.rows, dtype=np.float64).reshape(-1, 4)
    return GlobalFit(
        network=network,
        value=value,
        lower_bound=lower,
        certainty="numerical",
        status=status,
        log={
            "programmes": log[:, 0],
            "relaxations": log[:, 1],
            "lower_bound": log[:, 2] * restore * settled,
            "value": log[:, 3] * restore,
        },
        patterns=problem.patterns,
        programmes=search.programmes,
        relaxations=search.relaxations,
    )


class _Problem:
    """A fit with scaled values."""

    def __init__(
        self, points: Array, y: Array, weights: Array, loss: Loss, width: int, bias: bool, skip: bool
    ) -> None:
        self.width, self.dimension, self.skip = width, points.shape[1], skip
        squared = loss.name == "squared"
        self.data = Data(points, y, weights, bias=bias, skip=skip, width=width, scaled=squared)
        self.objective: Objective = (
            SquaredObjective(self.data) if squared else ConvexObjective(self.data, loss)
        )
        self.cells = len(self.data.cells)
        self.patterns = comb(2 * self.cells + width - 1, width)
        # more neurons than signed cells would only repeat each other
        self.used = min(width, 2 * self.cells)

    def search(
        self, tolerance: float, limit: int | None, starts: int, seed: int, progress: Progress | None
    ) -> Search:
        """Search and return its state, whether it was interrupted or not."""
        none = (
            np.full((self.used, 1), len(self.data.rays) - 1),
            np.zeros((self.used, 1)),
            np.ones(self.used, np.int8),
        )
        incumbent = Incumbent(np.inf, *none)
        incumbent.value = self._value(incumbent)
        search = Search(self.objective, self.used, incumbent, tolerance, self._size, limit, progress)
        try:
            if starts and self.patterns > _FEW_PATTERNS:
                self._start(search, starts, seed)
            search.run()
        except KeyboardInterrupt:
            search.record(quiet=True)
        return search

    def _start(self, search: Search, starts: int, seed: int) -> None:
        squares = SquaredObjective(self.data)
        budget = np.inf if search.limit is None else search.limit / 4
        choice, signs, search.programmes = local_optima(squares, self.used, starts, seed, budget)
        if isinstance(self.objective, SquaredObjective):
            solved = self.objective.programmes(choice, signs, np.inf)
        else:
            choice, signs, solved, count = descend(self.objective, choice[:3], signs[:3])
            search.programmes += count
        search.incumbent.offer(solved, signs)

    @property
    def _size(self) -> float:
        return self.objective.total(np.zeros(len(self.data.y))) or float(np.sum(self.data.weights))

    def _value(self, incumbent: Incumbent) -> float:
        _, free = self.objective.solution(incumbent.rays, incumbent.signs, incumbent.coefficients)
        return self.objective.total(self.data.columns @ free)

    def network(self, incumbent: Incumbent, unit: float) -> Network:
        """Return the network of a solution, its outputs times `unit`."""
        data = self.data
        coefficients, free = self.objective.solution(incumbent.rays, incumbent.signs, incumbent.coefficients)
        neurons = np.zeros((self.width, self.dimension + 1))
        for row in range(self.used):
            neurons[row] = data.neuron(incumbent.rays[row], coefficients[row]) * unit
        outer = np.ones(self.width)
        outer[: self.used] = incumbent.signs
        weights, biases = neurons[:, 1:], neurons[:, 0]
        kinds = [power(1)] * self.width
        constant = 0.0
        if self.skip:
            affine = data.affine(free) * unit
            weights = np.concatenate([weights, np.eye(self.dimension)])
            biases = np.concatenate([biases, np.zeros(self.dimension)])
            outer = np.concatenate([outer, affine[1:]])
            kinds += [identity] * self.dimension
            constant = float(affine[0])
        elif len(free):
            constant = float(free[0]) * unit
        return Network.dense([weights, outer[None]], [biases, [constant]], [kinds])


def _data(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array, Array]:
    points = checked_points(x)
    if points.shape[1] > 3:
        raise UserError(f"x has {points.shape[1]} variables; allowed: 1, 2 or 3")
    values = _vector(y, "y", len(points))
    factors = np.ones(len(points)) if weights is None else _vector(weights, "weights", len(points))
    if (factors < 0).any() or not factors.any():
        raise UserError(
            "weights are negative or all zero; allowed: non-negative numbers, one of them positive"
        )
    return points, values, factors


def _vector(given: ArrayLike, name: str, count: int) -> Array:
    try:
        vector = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(
            f"{name} holds something that is not a number; allowed: an array ({count},)"
        ) from None
    if vector.shape != (count,):
        raise UserError(f"{name} has shape {vector.shape}, but x holds {count} points; allowed: ({count},)")
    if not np.isfinite(vector).all():
        raise UserError(f"{name} holds values that are not finite; allowed: finite numbers")
    return vector


def _whole(value: object, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UserError(f"{name} is {value!r}; allowed: whole numbers from {least}")
    return int(value)


def _affordable(points: Array, width: int, skip: bool, limit: int | None) -> None:
    """Refuse what would not end in reasonable time; counts are those of general position, which are the largest."""
    count, dimension = len(distinct(points)[0]), points.shape[1]
    cells = hyperplane_partitions(count, dimension) // (2 if skip else 1) - 1
    patterns = comb(2 * cells + width - 1, width)
    if cells > _MOST_CELLS:
        raise UserError(
            f"{count} points in {dimension} variables have up to {cells:,} partitions; allowed: {_MOST_CELLS:,}; "
            "take fewer points or variables"
        )
    if limit is None and patterns > _MOST_PATTERNS:
        raise UserError(
            f"{count} points in {dimension} variables and width {width} have up to {patterns:,} patterns; allowed: "
            f"{_MOST_PATTERNS:,}, or any number with a limit on the programmes, such as limit=1_000_000"
        )


def _unit(values: Array) -> float:
    """Return a power of two near the largest modulus."""
    largest = float(np.abs(values).max(initial=0.0))
    return float(2.0 ** np.clip(np.round(np.log2(largest)), -1000, 1000)) if largest > 0 else 1.0
