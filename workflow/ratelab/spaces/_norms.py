"""Norms of approximation spaces from brackets of the error of best approximation.

‖f‖ in A^α_q is (Σ_{n≥1} [n^α·E(n−1)]^q/n)^(1/q), or sup n^α·E(n−1) for q = ∞, E(m) the error of best approximation by
size m, E(0) = ‖f‖ (Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, approximation spaces; definition recalled).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, nextafter, ulp
from sys import float_info
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ratelab._errors import UserError
from ratelab.spaces._norm_tables import StepTable, check_index, log_norm, log_power_mean, step_table
from ratelab.spaces._norm_tails import End, OneTail, Tail, all_tails

Status = Literal["truncated", "zero", "certificate", "model"]
Ends = tuple[float, float]


@dataclass(frozen=True)
class ApproximationNorm:
    """A quasi-norm in A^α_q: what a table sums to, and what that says about the whole sum.

    Parameters
    ----------
    truncated
        (low, high) of the sum over the terms n = 1 … `terms`, that is over the sizes 0 … `terms` − 1.
    full
        (low, high) of the norm itself; high is ∞ if nothing bounds the sizes beyond the table, both are if the norm
        is infinite.
    terms
        One more than the largest size of the table.
    alpha, q
        Of the space.
    enveloped
        Whether errors increased and their envelope was taken.
    status
        What `full` rests on: ``truncated`` (nothing: its low end is that of the truncated norm), ``zero`` (the error
        vanishes within the table), ``certificate`` or ``model`` (a tail).
    """

    truncated: Ends
    full: Ends
    terms: int
    alpha: float
    q: float
    enveloped: bool
    status: Status


@dataclass(frozen=True)
class DyadicNorm:
    """The norm over powers of two, and the bracket of the truncated norm that it gives.

    Parameters
    ----------
    dyadic
        (low, high) of (E(0)^q + Σ_j [2^(jα)·E(2^j)]^q)^(1/q), j ≥ 0, 2^j up to the table's largest size; q = ∞: the
        largest of these.
    truncated
        (low, high): the truncated norm of the table lies between.
    terms
        How many j.
    alpha, q
        Of the space.
    """

    dyadic: Ends
    truncated: Ends
    terms: int
    alpha: float
    q: float


def approximation_norm(
    n: ArrayLike,
    errors: ArrayLike,
    alpha: float,
    q: float,
    *,
    upper: ArrayLike | None = None,
    tail: Tail | None = None,
    envelope: bool = False,
) -> ApproximationNorm:
    """Bracket the norm in A^α_q of a function whose errors of best approximation are known at some sizes.

    Parameters
    ----------
    n
        (k,) whole sizes, increasing, the first one 0.
    errors
        (k,) errors at these sizes, E(0) = ‖f‖ first; with `upper` their lower ends. Without `upper` the error is
        constant from each size to the next; with it only monotone: between two sizes the upper end is that of the
        smaller one, the lower end that of the larger one.
    alpha, q
        α > 0 and 0 < q ≤ ∞.
    upper
        (k,) upper ends; ∞ where there is none.
    tail
        What is known of larger sizes; several tails hold all of them.
    envelope
        Take the running minimum of errors that increase, as those of trained networks may, and the running maximum
        from the right of lower ends.

    Returns
    -------
    ApproximationNorm
        Rounded outward, but for the truncated norm without `upper`, whose ends are equal and right to a relative
        1e-13·(1 + α + 1/q).

    Raises
    ------
    UserError
        If the sizes do not increase or do not begin with 0, an error is negative, NaN or increases, a lower end is
        above its upper end, α or q is out of range, or a tail contradicts the table.
    """
    check_index(alpha, q)
    table = step_table(n, errors, upper, envelope)
    tails = all_tails(tail)
    for one in tails:
        check_tail(table, one)
    return norm_of(table, alpha, q, tails)


def norm_of(table: StepTable, alpha: float, q: float, tails: Sequence[OneTail]) -> ApproximationNorm:
    """Return the norm of a table that has been checked."""
    low, high = table.log_norm(alpha, q, False), table.log_norm(alpha, q, True)
    outward = _outward(low, high, table.scale, alpha, q)
    truncated = outward
    if table.exact:
        value = _value(high, table.scale)
        truncated = (min(value, float_info.max), value)
    status: Status = "truncated"
    full = truncated[0], inf
    if table.upper[-1] == 0:
        status, full = "zero", truncated
    elif tails:
        status = "model" if any(one.certainty == "model" for one in tails) else "certificate"
        lows, highs = [low], [inf]
        for one in tails:
            lower_end, upper_end = one.ends
            if lower_end is not None:
                lows.append(log_power_mean([low, *_below(table, lower_end, one.first, alpha, q)], q))
            if upper_end is not None:
                highs.append(log_power_mean([high, *_above(table, upper_end, one.first, alpha, q)], q))
        ends = max(lows), min(highs)
        # where lower and upper end are the same power, rounding may put one above the other
        full = _outward(min(ends), max(ends), table.scale, alpha, q) if ends[0] < inf else (inf, inf)
    return ApproximationNorm(truncated, full, table.last + 1, alpha, q, table.enveloped, status)


def check_tail(table: StepTable, tail: OneTail) -> None:
    """Raise UserError if a tail contradicts the table at one of its sizes."""
    low, high = tail.ends
    for size, lower, upper in zip(
        table.sizes.tolist(), table.lower.tolist(), table.upper.tolist(), strict=True
    ):
        if size < tail.first:
            continue
        for end, value, wrong in ((low, upper, -1), (high, lower, 1)):
            if end is None or (value == 0 and wrong == 1) or value == inf:
                continue
            bound = end.log_at(size)
            distance = (log(value) - bound) * wrong if value > 0 else inf
            if (bound > -inf and distance > _CONTRADICTION) or (bound == -inf and value > 0):
                words = ("lower end", "upper") if wrong == -1 else ("upper end", "lower")
                raise UserError(
                    f"approximation norm: at size {size} the tail's {words[0]} is {_exp(bound):g}, but the table's "
                    f"{words[1]} end is {value:g}; allowed: tails that hold from their first size on"
                )


_CONTRADICTION = 1e-9


def _below(table: StepTable, end: End, first: int, alpha: float, q: float) -> list[float]:
    """Logarithms of what sizes beyond the table add at least: a constant up to `first`, then the tail."""
    begin, logarithm = max(table.last + 1, first), log(table.scale)
    level = np.array([_exp(end.log_at(begin) - logarithm)])
    between = log_norm(level, np.array([table.last + 1]), np.array([begin]), alpha, q)
    return [between, end.log_norm(begin, alpha, q, False) - logarithm]


def _above(table: StepTable, end: End, first: int, alpha: float, q: float) -> list[float]:
    """Logarithms of what sizes beyond the table add at most: its last error up to where the tail falls below it."""
    level, logarithm = table.upper[-1:] / table.scale, log(table.scale)
    crossing = end.crossing(log(float(table.upper[-1]))) if table.upper[-1] < inf else 0.0
    begin = int(max(table.last + 1, first, np.ceil(crossing)))
    between = log_norm(level, np.array([table.last + 1]), np.array([begin]), alpha, q)
    return [between, end.log_norm(begin, alpha, q, True) - logarithm]


def dyadic_norm(
    n: ArrayLike,
    errors: ArrayLike,
    alpha: float,
    q: float,
    *,
    upper: ArrayLike | None = None,
    envelope: bool = False,
) -> DyadicNorm:
    """Bracket the truncated norm by the errors at powers of two alone.

    With e_j = E(2^j), 2^j up to the largest size, m = min(1, 2^(αq−1)) and M = max(1, 2^(αq−1)):
    E(0)^q + m·2^(−αq)·Σ_{j≥1} (2^(jα)·e_j)^q ≤ norm^q ≤ E(0)^q + M·Σ_{j≥0} (2^(jα)·e_j)^q; for q = ∞
    max(E(0), sup 2^(jα)·e_j) ≤ norm ≤ max(E(0), 2^α·sup 2^(jα)·e_j). Derived: blocks of terms, errors do not increase.

    Parameters
    ----------
    n, errors, alpha, q, upper, envelope
        As for `approximation_norm`.

    Raises
    ------
    UserError
        As `approximation_norm`.
    """
    check_index(alpha, q)
    table = step_table(n, errors, upper, envelope)
    octaves = table.last.bit_length()
    step = alpha * log(2)
    sums = []
    for at in (table.lower_at, table.upper_at):
        values = np.array([at(2**j) for j in range(octaves)]) / table.scale
        logarithms = [_log(v) + j * step for j, v in enumerate(values.tolist())]
        sums.append((_log(at(0) / table.scale), logarithms))
    (low_start, low), (high_start, high) = sums
    whole = log_power_mean([low_start, *low], q), log_power_mean([high_start, *high], q)
    if q == inf:
        least = log_power_mean([low_start, *low], q)
        most = log_power_mean([high_start, *(value + step for value in high)], q)
    else:
        power = (alpha - 1 / q) * log(2)
        least = log_power_mean([low_start, *(v + min(0.0, power) - step for v in low[1:])], q)
        most = log_power_mean([high_start, *(v + max(0.0, power) for v in high)], q)
    return DyadicNorm(
        _outward(whole[0], whole[1], table.scale, alpha, q),
        _outward(least, most, table.scale, alpha, q),
        octaves,
        alpha,
        q,
    )


def _outward(low: float, high: float, scale: float, alpha: float, q: float) -> Ends:
    """Ends from their logarithms, moved apart by what rounding may have done."""
    slack = _SLACK * (1 + alpha + (0.0 if q == inf else 1 / q))
    least, most = _value(low, scale), _value(high, scale)
    return (
        max(nextafter(min(least, float_info.max) * (1 - slack), 0.0), 0.0),
        most if most == 0 else nextafter(most * (1 + slack), inf),
    )


_SLACK = 1e-13


def _value(logarithm: float, scale: float) -> float:
    return _exp(logarithm) * scale


def _exp(logarithm: float) -> float:
    return inf if logarithm > log(float_info.max) else max(exp(logarithm), ulp(0.0) * (logarithm > -inf))


def _log(value: float) -> float:
    return log(value) if value > 0 else -inf
