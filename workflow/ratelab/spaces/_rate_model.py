"""A model of the error curve, C·n^(−α)·(1 + b·n^(−β)): a fit, labelled as one, never a theorem."""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab.spaces._slopes import envelope

Array = NDArray[np.float64]

_EXPONENTS = (0.5, 1.0, 2.0)
_ROUNDOFF = 1e-13
_CORRECTION = np.log(10.0)


@dataclass(frozen=True)
class RateModel:
    """A fitted error curve constant·n^(−alpha)·(1 + correction·n^(−exponent)).

    Parameters
    ----------
    alpha
        Rate of the model.
    low, high
        Smallest and largest rate over all ways to fit that were tried: with and without the correction, with
        the first points left out, the last octave's slope and its extrapolation.
    constant, correction, exponent
        The other parameters; correction 0 is a plain power law.
    residual
        Largest |log(error / model)| over the points used.
    points
        How many errors were used; below four every number is NaN.
    """

    alpha: float
    low: float
    high: float
    constant: float
    correction: float
    exponent: float
    residual: float
    points: int


@dataclass(frozen=True)
class _Fit:
    alpha: float
    log_constant: float
    shift: float  # log(1 + b·n0^(−β))
    exponent: float
    residual: Array


def rate_model(n: ArrayLike, error: ArrayLike) -> RateModel:
    """Fit C·n^(−α)·(1 + b·n^(−β)), β in {½, 1, 2}, by least squares of logarithms.

    Parameters
    ----------
    n
        Budgets, increasing.
    error
        (n,) errors ≥ 0; the running minimum is taken first. NaN and roundoff (below 1e-13 of the largest) are
        left out. An exact zero ends the curve: no power law holds, and the model is NaN.

    Returns
    -------
    The model. The correction is kept only if it halves the root mean square of the residual.
    """
    _, values = envelope(np.full(np.shape(error), nan), error)
    if (values == 0).any():
        return _nothing(int((values > 0).sum()))
    keep = np.isfinite(np.asarray(error)) & (values > _ROUNDOFF * np.nanmax(values, initial=0.0))
    x, y = np.log(np.asarray(n, dtype=np.float64)[keep]), np.log(values[keep])
    if len(x) < 4:
        return _nothing(len(x))

    plain = _plain(x, y)
    corrected = [_corrected(x, y, beta) for beta in _EXPONENTS] if len(x) >= 5 else []
    best = min(corrected, key=_size, default=plain)
    fit = best if _size(best) < 0.5 * _size(plain) and _size(plain) > 1e-9 else plain

    fits = [plain, *corrected]
    fits += [_plain(x[k:], y[k:]) for k in range(1, len(x) - 3)]
    if len(x) >= 6:
        fits += [_corrected(x[1:], y[1:], beta) for beta in _EXPONENTS]
    rates = [f.alpha for f in fits] + _extrapolations(x, y)
    correction = float(np.expm1(fit.shift) * np.exp(fit.exponent * x[0]))
    return RateModel(
        alpha=max(fit.alpha, 0.0),  # nested classes: errors never grow
        low=max(min(rates), 0.0),
        high=max(*rates, 0.0),
        constant=float(np.exp(fit.log_constant)),
        correction=correction,
        exponent=fit.exponent,
        residual=float(np.abs(fit.residual).max()),
        points=len(x),
    )


def _size(fit: _Fit) -> float:
    return float(np.sqrt((fit.residual**2).mean()))


def _plain(x: Array, y: Array) -> _Fit:
    centred = x - x.mean()
    alpha = -float((centred * y).sum() / (centred**2).sum())
    log_constant = float(y.mean() + alpha * x.mean())
    return _Fit(alpha, log_constant, 0.0, 1.0, y - log_constant + alpha * x)


def _corrected(x: Array, y: Array, beta: float) -> _Fit:
    """Search the one parameter in which the model is not linear: log of the correction at the first point."""

    def fit(shift: float) -> _Fit:
        bend = np.log1p(np.expm1(shift) * np.exp(-beta * (x - x[0])))
        line = _plain(x, y - bend)
        return _Fit(line.alpha, line.log_constant, shift, beta, line.residual)

    grid = np.linspace(-_CORRECTION, _CORRECTION, 81)
    sizes = [_size(fit(float(s))) for s in grid]
    k = int(np.argmin(sizes))
    a, b = float(grid[max(k - 1, 0)]), float(grid[min(k + 1, len(grid) - 1)])
    ratio = (np.sqrt(5.0) - 1) / 2
    for _ in range(60):
        c, d = b - ratio * (b - a), a + ratio * (b - a)
        if _size(fit(c)) < _size(fit(d)):
            b = d
        else:
            a = c
    return fit((a + b) / 2)


def _extrapolations(x: Array, y: Array) -> list[float]:
    """Slope of the last octave, and its limit if the slopes of octaves approach it like 1/n."""

    def before(position: float) -> int:
        return int(np.argmin(np.abs(x - (position - np.log(2.0)))))

    last = len(x) - 1
    middle = before(x[last])
    if middle == last:
        return []
    late = -float((y[last] - y[middle]) / (x[last] - x[middle]))
    first = before(x[middle])
    if first == middle:
        return [late]
    early = -float((y[middle] - y[first]) / (x[middle] - x[first]))
    return [late, late + (late - early)]


def _nothing(points: int) -> RateModel:
    return RateModel(nan, nan, nan, nan, nan, nan, nan, points)
