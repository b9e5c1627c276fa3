"""Interior wavelet coefficients of samples, and how fast the best n-term sums of wavelets converge."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError, suggestion
from ratelab.spaces._differences import ROUNDING, checked_samples

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WaveletLevels:
    """Wavelet coefficients whose filters lie inside the samples, normalised in L2.

    Parameters
    ----------
    scales
        Of each level, coarsest last: 2^l cells of the grid, l = 1, 2, …, in units of the domain.
    details
        One array a level.
    rest
        Scaling coefficients of the coarsest level.
    floor
        Coefficients below it are rounding.
    moments
        Vanishing moments of the wavelet.
    """

    scales: Array
    details: Sequence[Array]
    rest: Array
    floor: float
    moments: int


def wavelet_levels(values: ArrayLike, spacing: float = 1.0, wavelet: str = "db4") -> WaveletLevels:
    """Return the coefficients of an orthogonal wavelet that see samples only, no continuation past the ends.

    Any continuation makes coefficients of its own at the ends, which decay like those of its worst derivative and
    spoil the decay of smooth functions. So a level keeps the coefficients whose filter lies inside what is left, and is
    nearly half as long as the level before; time and memory are linear.

    Parameters
    ----------
    values
        (m,), finite; taken for scaling coefficients, times the root of the spacing.
    spacing
        Of the grid.
    wavelet
        An orthogonal wavelet of PyWavelets, by name.

    Raises
    ------
    UserError
        If samples are not finite or the wavelet is unknown or not orthogonal.
    """
    import pywt

    chosen = _wavelet(wavelet)
    length = chosen.dec_len
    samples = checked_samples(values)
    if not 0 < spacing < inf:
        raise UserError(f"the spacing of the samples is {spacing}; allowed: positive finite numbers")
    rest = samples * sqrt(spacing)
    largest = float(np.abs(rest).max(initial=0.0))
    details, scales = [], []
    while len(rest) >= 2 * length:
        smooth, detail = pywt.dwt(rest, chosen, mode="zero")
        inside = slice((length - 1) // 2, len(rest) // 2)
        rest = np.ascontiguousarray(smooth[inside])
        details.append(np.ascontiguousarray(detail[inside]))
        scales.append(spacing * 2.0 ** len(details))
    return WaveletLevels(
        np.array(scales), tuple(details), rest, ROUNDING * largest, int(chosen.vanishing_moments_psi)
    )


@dataclass(frozen=True, eq=False)
class WaveletDecay:
    """The L2 error of the best sums of n wavelets, from the coefficients of samples.

    Parameters
    ----------
    terms
        n: powers of two, as many as there are.
    error
        Root of the sum of squares of all but the n largest coefficients.
    coefficient
        The n-th largest coefficient.
    """

    terms: NDArray[np.int64]
    error: Array
    coefficient: Array


def wavelet_decay(values: ArrayLike, spacing: float = 1.0, wavelet: str = "db4") -> WaveletDecay:
    """Return how the best n-term sums of interior wavelets converge in L2.

    Parameters and errors are those of `wavelet_levels`; coefficients below rounding count as 0.
    """
    levels = wavelet_levels(values, spacing, wavelet)
    if not levels.details:
        raise UserError(f"{len(levels.rest)} samples are too few for the wavelet '{wavelet}'")
    everything = np.abs(np.concatenate([*levels.details, levels.rest]))
    everything = everything[everything > levels.floor]
    order = np.sort(everything)[::-1]
    beyond = np.concatenate([np.cumsum((order**2)[::-1])[::-1], [0.0]])
    terms = 2 ** np.arange(max(len(order), 1).bit_length(), dtype=np.int64)
    terms = terms[terms <= len(order)]
    return WaveletDecay(terms, np.sqrt(beyond[terms]), order[terms - 1])


def _wavelet(name: str):  # type: ignore[no-untyped-def]
    import pywt

    if name not in pywt.wavelist(kind="discrete"):
        raise UserError(f"no wavelet is called '{name}'; {suggestion(name, pywt.wavelist(kind='discrete'))}")
    chosen = pywt.Wavelet(name)
    if not chosen.orthogonal:
        raise UserError(f"the wavelet '{name}' is not orthogonal; allowed: haar, db1 to db38, sym, coif")
    return chosen
