"""What each grade of a layer-wise network costs and reaches: error, what it is made of, the bound, and sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan, nextafter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact import StepError, step_error
from ratelab.networks import LayerwiseNetwork
from ratelab.registry import Target
from ratelab.spaces._layerwise_levels import CellLevels
from ratelab.spaces._layerwise_moduli import distance_of_averages
from ratelab.spaces._layerwise_plan import averages_bound, layerwise_bound, layerwise_sizes
from ratelab.spaces._moduli_upper import upper_modulus

_ROUNDING = 2.0**-50
_CLOSE = 1e-7


@dataclass(frozen=True)
class LayerwiseGrade:
    """The account of one readout Φ_ℓ.

    Parameters
    ----------
    level, cells
        ℓ and N^(dℓ).
    error
        Bracket of ‖f − Φ_ℓ‖_p: the integral over all cells of decoded values, give or take its own radius and what
        the ramps may change.
    averages_error
        Bracket of ‖f − A_ℓ f‖_p, which no decoder and no ramp enters.
    averages_bound
        2^(1/p)·d·ω, its bound (derived).
    decoder_error
        Largest |decoded − average| over the cells.
    trifling
        The ramps change the L_p error by at most this: Σ_g 2·u_g·|Ω_g|^(1/p) over g ≤ ℓ.
    region, region_bound
        Measure of the union Ω_ℓ of the ramps of levels up to ℓ (exact where ramps of different levels do not meet, else
        an upper end), and d·ℓ·δ.
    modulus
        Lower end of ω_f(N^(−ℓ))_p by averages over a fine grid, so that comparisons with it are strict.
    modulus_upper
        Certified upper end of it; NaN where there is none, or none was asked for.
    bound
        (2d + 1)·`modulus`.
    certainty
        Of `error`: ``rigorous`` or ``numerical``.
    width, hidden_layers, neurons, parameters
        Of the network up to this readout; real coefficients of full matrices, one head included, bits not counted.
    bits
        Of the longest of these parameters.
    """

    level: int
    cells: int
    error: tuple[float, float]
    averages_error: tuple[float, float]
    averages_bound: float
    decoder_error: float
    trifling: float
    region: float
    region_bound: float
    modulus: float
    modulus_upper: float
    bound: float
    certainty: str
    width: int
    hidden_layers: int
    neurons: int
    parameters: int
    bits: int

    @property
    def ratio(self) -> float:
        """Upper end of the error over the bound; NaN for constants, whose bound is 0."""
        return self.error[1] / self.bound if self.bound else nan


def accounts(
    target: Target,
    network: LayerwiseNetwork,
    levels: CellLevels,
    p: float,
    first: int = 0,
    *,
    certify: bool = False,
) -> tuple[LayerwiseGrade, ...]:
    """Return the accounts of grades `first` … L of a network in the L_p norm, 1 ≤ p < ∞."""
    chosen = range(first, network.grades + 1)
    upper = upper_ends(target, network.base, chosen, p) if certify else [nan] * len(chosen)
    return tuple(
        _account(target, network, levels, p, level, end) for level, end in zip(chosen, upper, strict=True)
    )


def _account(
    target: Target, network: LayerwiseNetwork, levels: CellLevels, p: float, level: int, upper: float
) -> LayerwiseGrade:
    d, base = network.dimension, network.base
    values = network.cell_values(level)
    found = _distance(target, levels, values, p)
    ramp = network.ramp
    scales = [_up(network.codes[g].scale) for g in range(level)]
    measures = [region(d, base, g + 1, ramp) for g in range(level)]
    trifling = sum(2 * u * measure ** (1 / p) for u, measure in zip(scales, measures, strict=True))
    # what float64 values of cells, and the sums that gave them, may be off
    off = _ROUNDING * float(np.abs(values).max()) if any(scales) else 0.0
    room = (trifling + off) * (1 + _ROUNDING)
    decoder_error = float(network.decoder_error(level))
    modulus = levels.modulus(level, p)
    sizes = layerwise_sizes(d, base, level)
    return LayerwiseGrade(
        level,
        base ** (d * level),
        _bracket(float(found.value), float(found.radius) + room),
        _averages_error(target, levels, p, level, found, decoder_error + off),
        averages_bound(modulus, d, p),
        decoder_error,
        trifling,
        measures[-1] if measures else 0.0,
        float(d * level * ramp),
        modulus,
        upper,
        layerwise_bound(modulus, d),
        str(found.certainty),
        sizes.width,
        sizes.hidden_layers,
        sizes.neurons,
        sizes.parameters_with_head,
        max((int(network.codes[g].bits) for g in range(level)), default=0),
    )


def region(dimension: int, base: int, level: int, ramp: Fraction) -> float:
    """Return the measure of all ramps of levels 1 … ℓ: 1 − (1 − ℓδ(N − 1)/N)^d.

    Level g has (N − 1)N^(g−1) ramps of length δN^(−g) an axis, that end at different points for different g; for
    δ ≤ N^(1−ℓ) none meets another, and the measure is exact; otherwise it is an upper end.
    """
    line = min(Fraction(1), level * ramp * Fraction(base - 1, base))
    return float(1 - (1 - line) ** dimension)


def _averages_error(
    target: Target, levels: CellLevels, p: float, level: int, decoded: Any, distance: float
) -> tuple[float, float]:
    if distance <= _CLOSE * decoded.value:
        # nearer than anyone reads: no second integral
        return _bracket(float(decoded.value), float(decoded.radius) + distance + levels.radius)
    found = _distance(target, levels, levels.averages[level], p)
    return _bracket(float(found.value), float(found.radius) + levels.radius)


def _distance(target: Target, levels: CellLevels, values: NDArray[np.float64], p: float) -> StepError:
    """Return the distance from a step function, looked at once more where averages over a fine grid say it is larger.

    Raises
    ------
    UserError
        If it stays smaller than those averages allow.
    """
    found = step_error(target, values, p)
    if found.certainty == "rigorous":
        return found
    least = distance_of_averages(levels.fine, values, p, levels.radius)
    if found.value + found.radius < least:
        found = step_error(target, values, p, levels.fine.shape[0] // values.shape[0])
    if found.value + found.radius < least:
        raise UserError(
            f"target '{target.name}': its distance from averages over {values.shape[0]} cells per side does not "
            "settle, since it varies in places that the rules do not see; let it declare singular points or a grid"
        )
    return found


def upper_ends(target: Target, base: int, levels: Sequence[int], p: float) -> list[float]:
    """Return certified upper ends of ω_f(N^(−ℓ))_p; NaN where the target has no enclosure that is finite."""
    if target.dimension > 1 or (target.pieces is None and target.enclosure is None) or not levels:
        return [nan] * len(levels)
    try:
        found = upper_modulus(target, np.array([float(base) ** -level for level in levels]), p, 1)
        return [float(value) for value in found]
    except UserError:  # an enclosure that is infinite somewhere
        return [nan] * len(levels)


def _bracket(middle: float, radius: float) -> tuple[float, float]:
    low, high = nextafter(middle - radius, -inf), nextafter(middle + radius, inf)
    return max(0.0, low), high if radius or middle else 0.0


def _up(value: Any) -> float:
    """Return a float not below a rational."""
    return nextafter(float(Fraction(int(value.p), int(value.q))), inf) if value else 0.0
