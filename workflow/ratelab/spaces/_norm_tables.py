"""Tables of errors at some sizes, as steps, and the norm of runs of equal errors."""

from dataclasses import dataclass
from math import fsum, inf, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.spaces._power_sums import power_sums

Array = NDArray[np.float64]

_ROUNDING = 1e-9
"""A lower end above its upper end by less than this share of it is rounding, and is put on it."""


@dataclass(frozen=True, eq=False)
class StepTable:
    """Errors of nested classes by size, from size 0 on.

    Parameters
    ----------
    sizes
        (k,) whole numbers, increasing, the first one 0.
    lower, upper
        (k,) ends of the error at these sizes, non-increasing.
    exact
        Whether the error is known at all sizes up to the last one: equal to `lower` and `upper`, and constant from
        each given size to the next.
    enveloped
        Whether the given numbers increased somewhere, and monotone ones were put in their place.
    """

    sizes: NDArray[np.int64]
    lower: Array
    upper: Array
    exact: bool
    enveloped: bool

    @property
    def last(self) -> int:
        """The largest size."""
        return int(self.sizes[-1])

    @property
    def scale(self) -> float:
        """The largest error, from which all others are measured; 1 if it is 0."""
        return float(self.upper[0]) or 1.0

    def log_norm(self, alpha: float, q: float, upper: bool) -> float:
        """Logarithm of one end of the truncated norm, divided by `scale`."""
        if upper or self.exact:
            ends = np.append(self.sizes[1:], self.last + 1)
            return log_norm(self.upper / self.scale, self.sizes, ends, alpha, q)
        begins = np.append(0, self.sizes[:-1] + 1)  # sizes between take the next lower end
        return log_norm(self.lower / self.scale, begins, self.sizes + 1, alpha, q)

    def lower_at(self, size: int) -> float:
        """Lower end at any size; 0 beyond the last one."""
        if self.exact:
            return self.upper_at(size) if size <= self.last else 0.0
        return float(self.lower[int(np.searchsorted(self.sizes, size))]) if size <= self.last else 0.0

    def upper_at(self, size: int) -> float:
        """Upper end at any size."""
        return float(self.upper[int(np.searchsorted(self.sizes, size, "right")) - 1])


def step_table(n: ArrayLike, errors: ArrayLike, upper: ArrayLike | None, envelope: bool) -> StepTable:
    """Check sizes and errors, and return them as steps."""
    sizes, low = _sizes(n), _numbers("errors", errors)
    high = low if upper is None else _numbers("upper ends", upper)
    if low.shape != sizes.shape or high.shape != sizes.shape:
        raise UserError(
            f"approximation norm: {len(sizes)} sizes, errors {low.shape}, upper ends {high.shape}; allowed: one "
            "number for each size"
        )
    enveloped = False
    for name, values in (("lower end" if upper is not None else "error", low), ("upper end", high)):
        rises = np.flatnonzero(np.diff(values) > 0)
        if len(rises) and not envelope:
            i = int(rises[0])
            raise UserError(
                f"approximation norm: the {name} rises from {values[i]:g} at size {sizes[i]} to {values[i + 1]:g} at "
                f"size {sizes[i + 1]}; errors of best approximation do not increase: ask for the envelope if "
                "these are errors in hand"
            )
        enveloped = enveloped or len(rises) > 0
    if enveloped:
        high = np.minimum.accumulate(high)
        low = high if upper is None else np.maximum.accumulate(low[::-1])[::-1]
    above = np.flatnonzero(low > high)
    if len(above):
        i = int(above[np.argmax(low[above] - high[above])])
        if low[i] > high[i] * (1 + _ROUNDING):
            raise UserError(
                f"approximation norm: at size {sizes[i]} the lower end is {low[i]:g} and the upper end {high[i]:g}; "
                "allowed: lower ends up to the upper ones"
            )
        low = np.minimum(low, high)
    if not np.isfinite(low[0]) or high[0] == inf:
        raise UserError("approximation norm: the error at size 0, which is the target's norm, must be finite")
    return StepTable(sizes, low, high, upper is None, enveloped)


def check_index(alpha: float, q: float) -> None:
    """Raise UserError unless α and q name an approximation space."""
    if not _is_number(alpha) or not 0 < alpha <= _LARGEST_ORDER:
        raise UserError(f"approximation norm: alpha is {alpha!r}; allowed: above 0, at most {_LARGEST_ORDER}")
    if not _is_number(q) or not (q >= _SMALLEST_Q or q == inf):
        raise UserError(
            f"approximation norm: q is {q!r}; allowed: above 0 (from {_SMALLEST_Q} on), or infinity"
        )


_LARGEST_ORDER, _SMALLEST_Q = 1000, 1e-3
"""Beyond these, norms of any table are out of the range of floats."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def log_norm(level: Array, a: NDArray[np.int64], b: NDArray[np.int64], alpha: float, q: float) -> float:
    """Logarithm of (Σ over runs and n = a+1 … b of [n^α·level]^q/n)^(1/q), or of the supremum; −∞ for zeros."""
    used = (level > 0) & (b > a)
    if not used.any():
        return -inf
    errors, ends = level[used], b[used].astype(np.float64)
    logarithms = np.log(errors) + alpha * np.log(ends)
    if q == inf:
        return float(logarithms.max())
    shares = power_sums(a[used], ends, alpha * q)
    return log_power_mean((logarithms + (np.log(shares) - np.log(ends)) / q).tolist(), q)


def log_power_mean(logarithms: list[float], q: float) -> float:
    """Logarithm of (Σ v^q)^(1/q), or of the largest v, from those of all v."""
    largest = max(logarithms, default=-inf)
    if q == inf or largest in (inf, -inf):
        return largest
    return largest + log(fsum(np.exp(q * (np.array(logarithms) - largest)).tolist())) / q


def _sizes(n: ArrayLike) -> NDArray[np.int64]:
    given = np.asarray(n, dtype=np.float64)
    if given.ndim != 1 or not len(given):
        raise UserError(f"approximation norm: sizes have shape {given.shape}; allowed: one row of them")
    if not (np.isfinite(given) & (given == np.floor(given)) & (given <= 1e15)).all():
        raise UserError(f"approximation norm: sizes are {given.tolist()}; allowed: whole numbers up to 10^15")
    if given[0] != 0:
        raise UserError(
            f"approximation norm: the first size is {given[0]:g}; allowed: 0, whose error is the target's norm"
        )
    stops = np.flatnonzero(np.diff(given) <= 0)
    if len(stops):
        i = int(stops[0])
        raise UserError(
            f"approximation norm: size {given[i + 1]:g} comes after {given[i]:g}; allowed: sizes that increase"
        )
    return given.astype(np.int64)


def _numbers(name: str, values: ArrayLike) -> Array:
    given = np.asarray(values, dtype=np.float64)
    bad = np.flatnonzero(~(given >= 0).ravel())
    if len(bad):
        raise UserError(
            f"approximation norm: {name} hold {given.ravel()[bad[0]]}; allowed: numbers from 0 on, one for each size"
        )
    return given
