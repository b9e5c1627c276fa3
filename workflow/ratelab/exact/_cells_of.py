"""Cells of a continuous piecewise linear network, and how cells, pieces and maps are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import fraction, rational

Definition = Literal["pieces", "cells", "maps"]
Arithmetic = Literal["auto", "float", "rational"]
Domain = tuple[tuple[Fraction | float, Fraction | float], ...]

LIMIT = 1_000_000
EQUAL, DIFFERENT, UNDECIDED = 1, 0, -1


class Count(int):
    """A number of cells, pieces or maps that knows whether it is proved.

    Parameters
    ----------
    value
        The number.
    certain
        Whether every decision behind it was proved.
    arithmetic
        ``float`` or ``rational``: what the decisions were made in.
    """

    certain: bool
    arithmetic: str

    def __new__(cls, value: int, certain: bool, arithmetic: str) -> "Count":
        """Attach certainty and arithmetic to a number."""
        result = super().__new__(cls, value)
        result.certain = certain
        result.arithmetic = arithmetic
        return result

    def __getnewargs__(self) -> tuple[int, bool, str]:  # type: ignore[override]
        """Return what pickle and copy make it from."""
        return int(self), self.certain, self.arithmetic

    def __repr__(self) -> str:
        return f"{int(self)} ({self.arithmetic}, {'proved' if self.certain else 'not proved'})"

    def __str__(self) -> str:
        return str(int(self))


class LimitReached(UserError):  # noqa: N818
    """More cells than the caller allows.

    Parameters
    ----------
    limit
        What was allowed.
    counted
        How many had been found when the count stopped.
    """

    def __init__(self, limit: int, counted: int) -> None:
        super().__init__(
            f"the network has more than {limit} cells ({counted} were found before the count stopped); "
            "raise limit to count on"
        )
        self.limit = limit
        self.counted = counted

    def __reduce__(self) -> tuple[type["LimitReached"], tuple[int, int]]:
        """Return what pickle makes it from."""
        return LimitReached, (self.limit, self.counted)


@dataclass(frozen=True, eq=False)
class Cells:
    """Activation cells of a continuous piecewise linear network R^d → R^k, each with its affine map.

    A cell is a maximal open set on which every hidden neuron stays on one linear segment of its activation.

    Parameters
    ----------
    dimension
        d.
    domain
        One pair (lower, upper) per variable, or None for all of R^d.
    patterns
        (cells, neurons with a kink): which linear segment each neuron is on, counted from the left. A neuron that
        sits on a kink throughout a cell is on the segment to the right of it.
    gradients, offsets
        (cells, k, d) and (cells, k): on a cell the network is gradient · x + offset. float64, or fmpq objects.
    points
        (cells, d): a point inside each cell, in the same arithmetic.
    neighbours
        (pairs, 2): cells that share a facet, a piece of dimension d - 1.
    equal
        (pairs,): 1 if the two maps are equal, 0 if they differ, -1 if floats cannot tell (then counted as equal).
    exact
        Whether the arithmetic is rational.
    certain
        Whether it is proved that these are the cells and neighbours.
    walls
        (pairs, d + 1): the hyperplane a·x + b = 0 through the shared facet as (a, b), or None.
    polygons
        For d = 2 on a box: the corners (v, 2) of each cell in order, or None.
    errors
        In float64: bounds of the errors of gradients and offsets, of their shapes.
    """

    dimension: int
    domain: Domain | None
    patterns: NDArray[np.int16]
    gradients: NDArray[Any]
    offsets: NDArray[Any]
    points: NDArray[Any]
    neighbours: NDArray[np.int64]
    equal: NDArray[np.int8]
    exact: bool
    certain: bool
    walls: NDArray[Any] | None = None
    polygons: Sequence[NDArray[Any]] | None = None
    errors: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.patterns)

    def pieces(self) -> NDArray[np.int64]:
        """Return the number of the piece of each cell: cells that equal maps connect through facets."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        joined = self.neighbours[self.equal != DIFFERENT]
        graph = coo_array(
            (np.ones(len(joined), dtype=np.int8), (joined[:, 0], joined[:, 1])), (len(self),) * 2
        )
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    def maps(self) -> NDArray[np.int64]:
        """Return the number of the affine map of each cell; in floats maps within their bounds are one."""
        return self._maps()[0]

    def count(self, definition: Definition = "pieces") -> Count:
        """Count cells, pieces (maximal connected sets with one affine map) or maps (distinct affine maps).

        Raises
        ------
        UserError
            If the definition is none of these.
        """
        check_definition(definition)
        arithmetic = "rational" if self.exact else "float"
        if definition == "cells":
            return Count(len(self), self.certain, arithmetic)
        decided = self.certain and not (self.equal == UNDECIDED).any()
        if definition == "pieces":
            return Count(int(self.pieces().max(initial=-1)) + 1, decided, arithmetic)
        labels, proved = self._maps()
        return Count(int(labels.max(initial=-1)) + 1, decided and proved, arithmetic)

    def _maps(self) -> tuple[NDArray[np.int64], bool]:
        values = np.concatenate([self.gradients.reshape(len(self), -1), self.offsets], axis=1)
        if self.exact:
            seen: dict[tuple[Any, ...], int] = {}
            return np.array([seen.setdefault(tuple(row), len(seen)) for row in values], dtype=np.int64), True
        assert self.errors is not None
        bounds = np.concatenate([self.errors[0].reshape(len(self), -1), self.errors[1]], axis=1)
        pieces = self.pieces()
        # one cell stands for its piece: the one with the sharpest bounds
        order = np.lexsort((bounds.sum(axis=1), pieces))
        chosen = order[np.unique(pieces[order], return_index=True)[1]]
        labels, proved = _clusters(values[chosen], bounds[chosen])
        return labels[pieces], proved


def same_maps(
    gradients: NDArray[Any], offsets: NDArray[Any], neighbours: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return which pairs of cells have equal rational maps, as `Cells.equal`."""
    maps = np.concatenate([gradients.reshape(len(gradients), -1), offsets], axis=1)
    rows = [tuple(row) for row in maps]
    return np.array([EQUAL if rows[i] == rows[j] else DIFFERENT for i, j in neighbours], dtype=np.int8)


def check_definition(definition: str) -> None:
    """Raise a `UserError` unless this is a definition of what is counted."""
    if definition not in ("pieces", "cells", "maps"):
        raise UserError(f"definition is '{definition}'; allowed: pieces, cells, maps")


def check_arithmetic(arithmetic: str) -> None:
    """Raise a `UserError` unless this is an arithmetic."""
    if arithmetic not in ("auto", "float", "rational"):
        raise UserError(f"arithmetic is '{arithmetic}'; allowed: auto, float, rational")


def check_limit(limit: Any) -> None:
    """Raise a `UserError` unless this is a positive whole number."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise UserError(f"limit is {limit!r}; allowed: whole numbers from 1 on")


def check_domain(
    domain: Sequence[Sequence[Any]] | None, inputs: int, what: str = "a network"
) -> Domain | None:
    """Return a box as pairs of numbers (floats as they are, everything else as Fraction), or None for all of R^d.

    Raises
    ------
    UserError
        Unless there is one pair lower < upper of finite numbers per variable.
    """
    if domain is None:
        return None
    try:
        pairs = [tuple(_end(v) for v in pair) for pair in domain]
    except (TypeError, ValueError):
        pairs = []
    except UserError as error:
        raise UserError(f"domain is {domain!r}: {error}") from None
    if len(pairs) != inputs or any(len(pair) != 2 or not pair[0] < pair[1] for pair in pairs):
        raise UserError(
            f"domain is {domain!r}; {what} of {inputs} variable{'s' * (inputs > 1)} needs {inputs} "
            f"pair{'s' * (inputs > 1)} (lower, upper) of finite numbers with lower < upper, or None for the whole space"
        )
    return tuple((pair[0], pair[1]) for pair in pairs)


def _end(value: Any) -> Fraction | float:
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise ValueError
        return float(value)
    return fraction(rational(value))


def _clusters(values: NDArray[np.float64], bounds: NDArray[np.float64]) -> tuple[NDArray[np.int64], bool]:
    """Number rows of intervals so that rows with different numbers are disjoint; tell if the rest are equal."""
    labels = np.zeros(len(values), dtype=np.int64)
    with np.errstate(all="ignore"):
        lower, upper = np.nextafter(values - bounds, -np.inf), np.nextafter(values + bounds, np.inf)
    lower, upper = np.where(np.isnan(lower), -np.inf, lower), np.where(np.isnan(upper), np.inf, upper)
    exact = bounds == 0
    lower[exact], upper[exact] = values[exact], values[exact]
    for column in range(values.shape[1]):
        order = np.lexsort((lower[:, column], labels))
        low, high, label = lower[order, column], upper[order, column], labels[order]
        # rows of one label lie together; the highest end so far is taken within a label only
        rank = np.argsort(np.argsort(high, kind="stable"), kind="stable")
        reach = np.sort(high)[np.maximum.accumulate(rank + label * len(label)) - label * len(label)]
        fresh = np.ones(len(label), dtype=bool)
        fresh[1:] = (label[1:] != label[:-1]) | (low[1:] > reach[:-1])
        labels[order] = np.cumsum(fresh) - 1
    first = np.unique(labels, return_index=True)[1][labels]
    same = (values == values[first]).all(axis=1) & exact.all(axis=1) & exact[first].all(axis=1)
    alone = np.bincount(labels, minlength=1)[labels] == 1
    return labels, bool((same | alone).all())
