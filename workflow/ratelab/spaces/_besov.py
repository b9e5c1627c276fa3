"""Besov norms of samples: by moduli of smoothness, and by wavelet coefficients."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.spaces._differences import checked_norm, checked_order, checked_samples, power_mean
from ratelab.spaces._moduli import modulus_of_samples
from ratelab.spaces._wavelets import wavelet_levels

Array = NDArray[np.float64]


_SMALLEST = 1e-2
"""Least p and q: norms for smaller ones leave the range of floats."""


@dataclass(frozen=True, eq=False)
class BesovNorm:
    """The norm of B^s_{p,q} over the scales that samples resolve.

    Parameters
    ----------
    norm
        ‖f‖ in L_p, plus `seminorm`.
    seminorm
        (Σ part^q)^(1/q), the largest part for q = ∞.
    scales
        One for each octave, finest first.
    parts
        What each octave contributes. If they grow towards fine scales, the function is not in the space, and
        the norm of more samples is larger without bound.
    """

    norm: float
    seminorm: float
    scales: Array
    parts: Array


def besov_norm_by_moduli(
    values: ArrayLike, s: float, p: float, q: float, order: int = 4, spacing: float | None = None
) -> BesovNorm:
    """Return ‖f‖_p + (Σ_j [t_j^(−s) ω_r(f, t_j)_p]^q)^(1/q) with t_j = length/(r 2^j), down to the grid.

    Parameters
    ----------
    values
        (m,), finite, on a uniform grid.
    s
        Smoothness, 0 < s < order.
    p, q
        0 < p, q ≤ ∞.
    order
        r, of the differences.
    spacing
        Of the grid; by default 1/(m − 1), so that the samples stand on [0, 1].

    Raises
    ------
    UserError
        If samples are not finite, or a parameter is out of range.
    """
    samples, step = _checked(values, spacing)
    r = checked_order(order)
    _check_indices(s, p, q, r, f"the order {r} of the differences")
    scales: list[float] = []
    scale = (len(samples) - 1) // r * step
    while scale >= step * (1 - 1e-9):
        scales.append(scale)
        scale /= 2
    scales.reverse()
    if not scales:
        raise UserError(f"{len(samples)} samples are too few for differences of order {r}")
    sizes = modulus_of_samples(samples, step, scales, p, r).value
    return _norm(samples, step, p, q, np.array(scales), np.array(scales) ** -s * sizes)


def besov_norm_by_wavelets(
    values: ArrayLike, s: float, p: float, q: float, wavelet: str = "db4", spacing: float | None = None
) -> BesovNorm:
    """Return ‖f‖_p + (Σ_l [2^(l(s + ½ − 1/p)) ‖d_l‖_p]^q)^(1/q), d_l the wavelet coefficients at scale 2^(−l).

    Coefficients are normalised in L2, those that would see a continuation past the ends are left out (see
    `wavelet_levels`). The sum is a norm of f's interior for s below the number of vanishing moments; it is
    equivalent to the one by moduli if s is also below the smoothness of the wavelet (1.6 for db4, 2.1 for db6, 3 for
    db10, in the sup norm) and above 1/p − 1.

    Parameters
    ----------
    values, p, q, spacing
        As for `besov_norm_by_moduli`.
    s
        Smoothness, above 0 and below the vanishing moments.
    wavelet
        An orthogonal wavelet of PyWavelets: ``haar``, ``db2`` … ``db38``, ``sym4``, ``coif2`` and so on.

    Raises
    ------
    UserError
        If samples are not finite, or a parameter is out of range.
    """
    samples, step = _checked(values, spacing)
    levels = wavelet_levels(samples, step, wavelet)
    _check_indices(s, p, q, levels.moments, f"the {levels.moments} vanishing moments of '{wavelet}'")
    if not levels.details:
        raise UserError(f"{len(samples)} samples are too few for the wavelet '{wavelet}'")
    exponent = s + 0.5 - (0.0 if p == inf else 1 / p)
    sizes = np.array([_sequence_norm(detail, p) for detail in levels.details])
    return _norm(samples, step, p, q, levels.scales, levels.scales**-exponent * sizes)


def _norm(samples: Array, step: float, p: float, q: float, scales: Array, parts: Array) -> BesovNorm:
    length = 1.0 if p == inf else ((len(samples) - 1) * step) ** (1 / p)
    seminorm = _sequence_norm(parts, q)
    return BesovNorm(power_mean(samples, p) * length + seminorm, seminorm, scales, parts)


def _sequence_norm(values: Array, q: float) -> float:
    largest = float(np.abs(values).max(initial=0.0))
    if q == inf or largest == 0:
        return largest
    return float(largest * float(((np.abs(values) / largest) ** q).sum()) ** (1 / q))


def _checked(values: ArrayLike, spacing: float | None) -> tuple[Array, float]:
    samples = checked_samples(values)
    if len(samples) < 2:
        raise UserError(f"a Besov norm needs at least two samples, found {len(samples)}")
    step = 1 / (len(samples) - 1) if spacing is None else spacing
    if not 0 < step < inf:
        raise UserError(f"the spacing of the samples is {spacing}; allowed: positive finite numbers")
    return samples, step


def _check_indices(s: float, p: float, q: float, limit: int, what: str) -> None:
    for name, value in (("p", p), ("q", q)):
        if checked_norm(value, name) < _SMALLEST:
            raise UserError(f"{name} is {value}; allowed: from {_SMALLEST} on")
    if not 0 < s < limit:
        raise UserError(f"the smoothness s is {s}; allowed: above 0 and below {limit}, {what}")
