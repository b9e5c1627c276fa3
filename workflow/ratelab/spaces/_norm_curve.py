"""Norms of approximation spaces against α, and how truncated norms grow with the size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.spaces._norm_tables import StepTable, check_index, step_table
from ratelab.spaces._norm_tails import Tail, all_tails, critical_alpha
from ratelab.spaces._norms import Status, check_tail, norm_of

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NormCurve:
    """Norms in A^α_q for several α and one q.

    Parameters
    ----------
    alphas
        (a,) increasing or not, as given.
    q
        Of the spaces.
    truncated_low, truncated_high, low, high
        (a,) ends of the truncated and of the full norm; see `ApproximationNorm`.
    critical
        (low, high): the full norm is finite for α below `low`, infinite for α above `high`; (0, ∞) without a tail,
        (∞, ∞) if the error vanishes.
    status
        What full norms rest on.
    """

    alphas: Array
    q: float
    truncated_low: Array
    truncated_high: Array
    low: Array
    high: Array
    critical: tuple[float, float]
    status: Status


def norm_curve(
    n: ArrayLike,
    errors: ArrayLike,
    alphas: ArrayLike,
    q: float,
    *,
    upper: ArrayLike | None = None,
    tail: Tail | None = None,
    envelope: bool = False,
) -> NormCurve:
    """Return the norm in A^α_q against α.

    Parameters
    ----------
    alphas
        (a,) all above 0, increasing.
    n, errors, q, upper, tail, envelope
        As for `approximation_norm`.

    Raises
    ------
    UserError
        As `approximation_norm`.
    """
    given = np.asarray(alphas, dtype=np.float64)
    if given.ndim != 1 or not len(given) or not (np.diff(given) > 0).all():
        raise UserError(f"norm curve: alphas are {given.tolist()}; allowed: one row of numbers that increase")
    table = step_table(n, errors, upper, envelope)
    tails = all_tails(tail)
    for one in tails:
        check_tail(table, one)
    for alpha in given.tolist():
        check_index(alpha, q)
    norms = [norm_of(table, alpha, q, tails) for alpha in given.tolist()]
    truncated, full = (np.array([getattr(norm, name) for norm in norms]).T for name in ("truncated", "full"))
    critical = (inf, inf) if table.upper[-1] == 0 else critical_alpha(tail)
    return NormCurve(given, q, truncated[0], truncated[1], full[0], full[1], critical, norms[0].status)


def norm_table(
    n: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    alphas: Sequence[float],
    qs: Sequence[float],
    tail: Tail | None = None,
) -> Mapping[str, Array]:
    """Return the norms of one bracket for several α and q, envelopes of both ends taken.

    Parameters
    ----------
    n
        (k,) sizes, the first one 0.
    lower, upper
        (k,) ends of the error; NaN where there is none, but the norm of the target at size 0.
    alphas, qs
        Of the spaces.
    tail
        What is known of larger sizes.

    Returns
    -------
    ``norm_truncated_low``, ``norm_truncated_high``, ``norm_low``, ``norm_high``: (q, alpha) each.

    Raises
    ------
    UserError
        As `approximation_norm`.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), inf, high)
    shape = (len(qs), len(alphas))
    tables = {name: np.zeros(shape) for name in ("truncated_low", "truncated_high", "low", "high")}
    for row, q in enumerate(qs):
        curve = norm_curve(n, low, alphas, q, upper=high, tail=tail, envelope=True)
        for name, table in tables.items():
            table[row] = getattr(curve, name)
    return {f"norm_{name}": table for name, table in tables.items()}


def norm_growth(n: ArrayLike, errors: ArrayLike, alpha: float, q: float, *, octaves: int = 3) -> float:
    """Return the slope of the logarithm of the truncated norm against that of the largest size, over the last octaves.

    For errors that decay like n^(−α*) it tends to α − α* for α > α* and to 0 for α < α*: where it leaves 0 shows the
    critical α, as far as the sizes reach. It is a measurement and proves nothing.

    Parameters
    ----------
    n, errors
        A step table, as for `approximation_norm`.
    alpha, q
        Of the space.
    octaves
        The norm is truncated at the largest size divided by 1, 2, 4 … 2^octaves.

    Raises
    ------
    UserError
        As `approximation_norm`, or if the table has fewer octaves.
    """
    check_index(alpha, q)
    table = step_table(n, errors, None, False)
    if octaves < 1 or table.last < 2**octaves:
        raise UserError(
            f"norm growth: {octaves} octaves up to size {table.last}; allowed: 1 or more, that begin at size 1 or later"
        )
    if table.upper[0] == 0:
        return 0.0
    sizes = [max(1, round(table.last / 2**j)) for j in range(octaves + 1)]
    norms = [_cut(table, size).log_norm(alpha, q, True) for size in sizes]
    return float(np.polyfit(np.log(sizes), norms, 1)[0])


def _cut(table: StepTable, size: int) -> StepTable:
    """The table up to a size."""
    kept = table.sizes < size
    errors = np.append(table.upper[kept], table.upper_at(size))
    return StepTable(np.append(table.sizes[kept], size), errors, errors, True, table.enveloped)
