"""Errors of best approximation by a family, from size 0 on: what norms and rates are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._bracket import bracket, brackets
from ratelab.best._class_ends import Certainty, ClassEnds, SplineEnd, class_ends
from ratelab.best._classes import joins, pieces_bound
from ratelab.exact import certified_error, error, target_norm
from ratelab.networks import Network, strict
from ratelab.registry import Construction, Target
from ratelab.spaces import ApproximationFamily

_MOST_PIECES = 65
"""Splines of more pieces are not computed; bounds that hold for all sizes serve instead."""

_ROUNDING = 1e-9
"""Of numerical ends, where the lower and the upper one are the same number."""

_Candidate = tuple[float, Certainty, Network | None]


@dataclass(frozen=True, eq=False)
class FamilyErrors:
    """Brackets of E(f, Σ_n), nested in n.

    Parameters
    ----------
    sizes
        (m,) n, the first one 0.
    lower, upper
        (m,) E(f, Σ_n) lies between; a lower end of 0 says nothing.
    certainty, upper_certainty
        Of each end: ``rigorous``, ``numerical`` or, where no method exists, ``none``.
    networks
        The network behind each upper end; None for the zero function and for limits that no network reaches.
    """

    sizes: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    certainty: tuple[Certainty, ...]
    upper_certainty: tuple[Certainty, ...]
    networks: tuple[Network | None, ...]


def approximation_errors(
    target: Target,
    family: ApproximationFamily,
    sizes: Sequence[int],
    constructions: Iterable[Construction] = (),
    networks: Iterable[Network] = (),
) -> FamilyErrors:
    """Bracket the errors of best approximation by a family, Σ_0 = {0} first.

    Parameters
    ----------
    target
        One value, on the family's domain. Errors are in L_p with the family's p: certified for p = 2 in one
        variable; p = 1 and ∞ have lower ends where the networks are continuous and piecewise linear; elsewhere
        upper ends only.
    family
        Its depth may grow with n.
    sizes
        Whole numbers from 1 on, increasing; 0 is put before them.
    constructions
        Tried at every size they accept; in strict families their networks are made strict.
    networks
        Further networks in hand, trained ones for example; those that do not belong to the family are left out.

    Returns
    -------
    FamilyErrors
        Upper ends are running minima, lower ends running maxima from the right: larger sets approximate better.

    Raises
    ------
    UserError
        If sizes, domain or p are not like this.
    """
    wanted = list(sizes)
    increasing = all(a < b for a, b in zip([0, *wanted], wanted, strict=False))
    if not wanted or not increasing or any(isinstance(n, bool) or n != int(n) for n in wanted):
        raise UserError(f"sizes are {wanted}; allowed: whole numbers from 1 on, increasing")
    if family.p < 1:
        raise UserError(f"p is {family.p}; errors are measured for p from 1 on")
    whole = family.zero_error(target)
    first: tuple[float, float, Certainty] = (whole, whole, "numerical")
    if family.p == 2 and target.dimension == 1:
        norm = target_norm(target)
        first = (norm.lower, norm.upper, norm.certainty)
    lower, upper = [first[0]], [first[1]]
    certainty, upper_certainty = [first[2]], [first[2]]
    found: list[Network | None] = [None]
    sizes_of = ((family.least_budget(net), net) for net in networks)
    offered = [(least, *_error(net, target, family.p), net) for least, net in sizes_of if least < inf]
    best: _Candidate = (first[1], first[2], None)
    for n, end in zip(wanted, _lower_ends(target, family, wanted), strict=True):
        candidates: list[_Candidate] = [(e, c, net) for least, e, c, net in offered if least <= n]
        candidates += [
            (*_error(net, target, family.p), net) for net in _built(target, family, n, constructions)
        ]
        if not (np.isnan(end.closure) or family.strict):
            # limits that are no proved zeros are errors of best polynomials, by quadrature
            candidates.append((end.closure, "rigorous" if end.status == "exact" else "numerical", None))
        best = min([best, *candidates], key=lambda item: item[0])
        lower.append(end.lower)
        certainty.append(end.certainty)
        upper.append(best[0])
        upper_certainty.append(best[1])
        found.append(best[2])
    ends = np.nan_to_num(lower)
    for index in range(len(ends) - 2, -1, -1):  # what bounds a larger set bounds this one
        if ends[index + 1] > ends[index]:
            ends[index], certainty[index] = ends[index + 1], certainty[index + 1]
    if (ends > np.array(upper) * (1 + _ROUNDING)).any():
        worst = int(np.argmax(ends - upper))
        raise RuntimeError(
            f"{family.name}, size {[0, *wanted][worst]}: lower end {float(ends[worst])!r} above upper end "
            f"{upper[worst]!r}; this is a bug in ratelab, or the target's declarations are not true"
        )
    return FamilyErrors(
        np.array([0, *wanted]),
        np.minimum(ends, upper),
        np.array(upper),
        tuple(certainty),
        tuple(upper_certainty),
        tuple(found),
    )


def _built(
    target: Target, family: ApproximationFamily, n: int, constructions: Iterable[Construction]
) -> list[Network]:
    """Networks of all constructions, each at the largest depth that it takes and this size allows."""
    deepest = _layers(family, n)
    result: list[Network] = []
    for construction in constructions:
        kind: Any = {"target": target, "activation": family.activation}
        depths = (d for d in range(deepest, 1, -1) if construction.accepts(**kind, depth=d) is None)
        depth = next(depths, None)
        if depth is None:
            continue
        try:
            network = construction.build(budget=n, complexity=family.complexity, depth=depth, **kind)
        except UserError:  # below the smallest network of this construction
            continue
        if family.strict and not family.contains(network, n):
            network = strict(network)
        if family.contains(network, n):
            result.append(network)
    return result


def _error(network: Network, target: Target, p: float) -> tuple[float, Certainty]:
    if p == 2 and target.dimension == 1:
        found = certified_error(network, target)
        return found.upper, found.certainty
    return error(network, target, p), "numerical"


def _lower_ends(target: Target, family: ApproximationFamily, sizes: Sequence[int]) -> list[ClassEnds]:
    """Lower ends, and errors of limits of networks, at every size."""
    polynomial = family.activation.polynomial
    degree = -1 if polynomial is None else polynomial.degree
    reach = {n: _reach(target, family, n) for n in sizes}
    wanted = sorted(
        {r[0] for r in reach.values() if r is not None and r[0] <= _MOST_PIECES and r[1] == degree <= 3}
    )
    if family.p != 2:
        usable = set(wanted) if family.p in (1, inf) and degree <= 1 and joins(family.activation) else set()
        return [_in_other_norm(target, family, reach[n], usable) for n in sizes]
    splines = {
        pieces: SplineEnd(end.lower, end.certainty, end.status == "trivial")
        for pieces, end in (brackets(target, wanted, degree) if wanted else {}).items()
    }
    return [
        class_ends(target, family.activation, _layers(family, n), family.complexity, n, splines)
        for n in sizes
    ]


def _in_other_norm(
    target: Target, family: ApproximationFamily, reach: tuple[int, int] | None, usable: set[int]
) -> ClassEnds:
    if reach is None or reach[0] not in usable:
        return ClassEnds(nan, "none", "no_method", nan, False)
    assert family.activation.polynomial is not None
    end = bracket(target, reach[0], family.p, family.activation.polynomial.degree)
    return ClassEnds(end.lower, end.certainty, end.status, nan, False)


def _reach(target: Target, family: ApproximationFamily, n: int) -> tuple[int, int] | None:
    """Most pieces and their degree."""
    if target.dimension > 1:
        return None
    return pieces_bound(family.activation, _layers(family, n), family.complexity, n)


def _layers(family: ApproximationFamily, n: int) -> int:
    """Affine layers that a network of size n may have: without empty layers there are at most n + 1."""
    return int(min(family.depth(n), n + 1))
