"""Networks that approximate at every layer, with the account of each readout.

One network of width 2dN + d + 2 satisfies the paper's bound ‖f − Φ_ℓ‖_p ≤ (2d + 1)·ω_f(N^(−ℓ))_p at all its readouts;
it is our own construction. Averages over cells cost 2^(1/p)·d·ω of it; what remains, at least ω, pays for the decoder
and for the ramps, whose accuracy and width are fixed beforehand from the least modulus.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor, log2
from numbers import Real
from typing import TYPE_CHECKING

from ratelab._errors import UserError
from ratelab.exact import check_exponent, largest_grid
from ratelab.networks import Decoder, LayerwiseNetwork, layerwise_network
from ratelab.networks import decoder as decoder_of
from ratelab.registry import Target
from ratelab.spaces._layerwise_accounts import LayerwiseGrade, accounts
from ratelab.spaces._layerwise_levels import CellLevels, cell_levels, check_levels, unit_cube
from ratelab.spaces._layerwise_plan import checked_whole

if TYPE_CHECKING:
    from flint import fmpq

_FINE = 40
_COARSEST = 3
_ROOM = 1 + 2.0**-10
_EXACT_NAMES = ("closed-form", "table")
_MOST_CELLS = 1 << 17
_MOST_GRADES = 16


@dataclass(frozen=True, eq=False)
class LayerwiseApproximation:
    """A network that approximates at every layer, and the account of every readout.

    Parameters
    ----------
    target
        On the unit cube.
    p
        Exponent of the norm, 1 ≤ p < ∞.
    network
        With its readouts Φ_0 … Φ_L.
    grades
        The accounts of ℓ = 0 … L, or of the last of these levels.
    levels
        Averages of the target on all levels.
    """

    target: Target
    p: float
    network: LayerwiseNetwork
    grades: tuple[LayerwiseGrade, ...]
    levels: CellLevels = field(repr=False)

    @property
    def constant(self) -> bool:
        """Whether the target is constant to rounding: then Φ_ℓ is its mean and no grade is coded."""
        return self.levels.constant

    @property
    def holds(self) -> bool:
        """Whether the upper end of every error is within (2d + 1)·ω, ω a lower end; to rounding for constants."""
        room = 2.0**-40 * abs(float(self.network.mean)) if self.constant else 0.0
        return all(grade.error[1] <= grade.bound + room for grade in self.grades)

    def in_norm(self, p: float, *, certify: bool = False) -> "LayerwiseApproximation":
        """Return the same network with its accounts in another norm, 1 ≤ p < ∞; `certify` as in `layerwise`."""
        exponent = check_exponent(p)
        first = self.grades[0].level
        found = accounts(self.target, self.network, self.levels, exponent, first, certify=certify)
        return replace(self, p=exponent, grades=found)


@dataclass(frozen=True, eq=False)
class LayerwiseStop:
    """Where refinement stopped.

    Parameters
    ----------
    approximation
        The network as far as it was built, with its accounts.
    level
        ℓ of the readout that was asked for: the first whose error is at most `accuracy`, or the best one.
    accuracy
        ε.
    reached
        Whether its error is, by the upper end of the bracket.
    """

    approximation: LayerwiseApproximation
    level: int
    accuracy: float
    reached: bool


@dataclass(frozen=True, eq=False)
class _Design:
    """What is fixed before the first grade is coded, so that prefixes do not depend on how many follow."""

    levels: CellLevels
    decoder: Decoder
    accuracy: float
    ramp: "Fraction | fmpq | float"
    offset: Fraction


def layerwise(
    target: Target,
    base: int,
    grades: int,
    *,
    p: float = 2,
    decoder: str | Decoder = "closed-form",
    depth_max: int | None = None,
    decoder_accuracy: float | None = None,
    ramp: "Fraction | fmpq | float | None" = None,
    certify: bool = False,
) -> LayerwiseApproximation:
    """Build a network whose readout Φ_ℓ approximates a target at scale N^(−ℓ), ℓ = 1 … L, and account for each.

    Parameters
    ----------
    target
        On [0, 1]^d, integrable to the power p.
    base, grades
        N ≥ 2 and L ≥ 1.
    p
        1 ≤ p < ∞; see `LayerwiseApproximation.in_norm` for further norms of the same network.
    decoder
        Its name (``closed-form``, ``lattice``, ``float64``, ``table``) or a `Decoder`.
    depth_max
        Grades for which ramps and decoder are dimensioned, from averages on all these levels, so that more can be
        appended and none changes those before; by default L.
    decoder_accuracy
        Relative to the largest value of a grade. By default what costs at most a quarter of the least
        modulus; at most 2^(−40) for the decoders to which it is cheap, the closed form and the table.
    ramp
        δ, the width of a ramp in units of its cell. By default a power of 2 with which all ramps cost at most a quarter
        of the least modulus, and at most 2^(−40). Evaluation in float64 wants about 2^(−24).
    certify
        d = 1: also bound the moduli from above, where the target has an enclosure.

    Raises
    ------
    UserError
        If a number is out of range, the target does not live on the unit cube or is not integrable, or the decoder does
        not take that many cells or cannot be that accurate.
    """
    exponent = check_exponent(p)
    longest = _checked(target, base, grades, depth_max)
    chosen = _checked_decoder(decoder, base, target.dimension, longest)
    levels = cell_levels(target, base, longest)
    design = _design(levels, longest, exponent, chosen, decoder_accuracy, ramp)
    network = _network(design, base, grades, longest)
    found = accounts(target, network, levels, exponent, certify=certify)
    return LayerwiseApproximation(target, exponent, network, found, levels)


def layerwise_of_levels(
    target: Target, levels: CellLevels, grades: int, p: float, decoder: str | Decoder, first: int = 0
) -> LayerwiseApproximation:
    """Return what `layerwise` does, from averages at hand and with accounts from level `first` on only."""
    base = levels.averages[1].shape[0]
    chosen = _checked_decoder(decoder, base, target.dimension, grades)
    network = _network(_design(levels.up_to(grades), grades, p, chosen, None, None), base, grades, grades)
    return LayerwiseApproximation(target, p, network, accounts(target, network, levels, p, first), levels)


def layerwise_until(
    target: Target,
    accuracy: float,
    *,
    base: int,
    p: float = 2,
    most_grades: int | None = None,
    decoder: str | Decoder = "closed-form",
    ramp: "Fraction | fmpq | float | None" = None,
) -> LayerwiseStop:
    """Append grades until the upper end of the error is at most the accuracy.

    A grade that brings nothing does not stop it: the correction of one grade may vanish and the next one may not. Every
    prefix is, bit for bit, that of the network that `layerwise` builds with `most_grades` grades.

    Parameters
    ----------
    target, base, p, decoder, ramp
        As for `layerwise`.
    accuracy
        ε > 0, for ‖f − Φ_ℓ‖_p.
    most_grades
        Where to give up; by default as many as the decoder's cells allow, at most 16 and 131,072 cells.

    Raises
    ------
    UserError
        As `layerwise`, and if the accuracy is not positive.
    """
    exponent = check_exponent(p)
    if not isinstance(accuracy, Real) or not accuracy > 0:
        raise UserError(f"accuracy is {accuracy!r}; allowed: numbers above 0")
    _checked(target, base, 1, None)
    chosen = _checked_decoder(decoder, base, target.dimension, 1)
    most = most_grades if most_grades is not None else _affordable(chosen, base, target.dimension)
    _checked(target, base, most, None)
    _checked_decoder(chosen, base, target.dimension, most)
    design = _design(cell_levels(target, base, most), most, exponent, chosen, None, ramp)
    averages = design.levels.averages
    network = _network(design, base, 1, most)
    found = list(accounts(target, network, design.levels, exponent))
    while found[-1].error[1] > accuracy and found[0].error[1] > accuracy and network.grades < most:
        network = network.append(averages[network.grades + 1])
        found += accounts(target, network, design.levels, exponent, network.grades)
    approximation = LayerwiseApproximation(target, exponent, network, tuple(found), design.levels)
    fine = [grade.level for grade in found if grade.error[1] <= accuracy]
    best = min(found, key=lambda grade: (grade.error[1], grade.level)).level
    return LayerwiseStop(approximation, fine[0] if fine else best, float(accuracy), bool(fine))


def _network(design: _Design, base: int, grades: int, longest: int) -> LayerwiseNetwork:
    return layerwise_network(
        design.levels.averages[: grades + 1],
        dimension=design.levels.dimension,
        base=base,
        decoder=design.decoder,
        accuracy=design.accuracy,
        depth_max=longest,
        ramp=design.ramp,
        offset=design.offset,
    )


def _design(
    levels: CellLevels,
    longest: int,
    p: float,
    decoder: Decoder,
    accuracy: float | None,
    ramp: "Fraction | fmpq | float | None",
) -> _Design:
    if accuracy is not None and (not isinstance(accuracy, Real) or not 0 < accuracy < 1):
        raise UserError(f"decoder_accuracy is {accuracy!r}; allowed: numbers between 0 and 1")
    changes = levels.changes()
    moduli = [levels.modulus(level, p) for level in range(1, len(levels.averages))]
    least = min(moduli)
    if accuracy is None:
        accuracy = _accuracy(moduli, changes, decoder.name in _EXACT_NAMES)
    accuracy = float(accuracy)
    # grade g corrects what grade g − 1 decoded wrongly, too
    largest, before = [], 0.0
    for change in changes:
        before = change + accuracy * before
        largest.append(before * _ROOM)
    total = sum(largest)
    if ramp is None:
        ramp = Fraction(1, 1 << _ramp_bits(least, total, p, levels.dimension * longest))
    offset = Fraction(ceil(256 * (abs(float(levels.averages[0].ravel()[0])) + total + 1)), 256)
    return _Design(levels, decoder, accuracy, ramp, offset)


def _accuracy(moduli: list[float], changes: list[float], exact: bool) -> float:
    """Return a power of 2 with which decoding costs at most about a quarter of the modulus on every level."""
    ratios = [
        omega / change for omega, change in zip(moduli, changes, strict=True) if omega > 0 and change > 0
    ]
    bits = max((ceil(2 - log2(ratio)) for ratio in ratios), default=_COARSEST)
    return 2.0 ** -max(bits, _FINE if exact else _COARSEST)


def _ramp_bits(least: float, total: float, p: float, count: int) -> int:
    """Return m from 40 on with 2·total·(count·2^(−m))^(1/p) ≤ least/4."""
    if not least or not total:
        return _FINE
    return max(_FINE, floor(p * (3 + log2(total / least)) + log2(count)) + 1)


def _affordable(decoder: Decoder, base: int, dimension: int) -> int:
    most = min(decoder.most_cells, _MOST_CELLS, largest_grid(dimension) ** dimension)
    grades = 1
    while base ** (dimension * (grades + 1)) <= most and grades < _MOST_GRADES:
        grades += 1
    return grades


def _checked(target: Target, base: int, grades: int, depth_max: int | None) -> int:
    """Check whole numbers and the domain; return the largest number of grades."""
    unit_cube(target)
    base, grades = checked_whole("base N", base, 2), checked_whole("number of grades L", grades, 1)
    longest = grades if depth_max is None else checked_whole("largest number of grades", depth_max, grades)
    check_levels(target, base, longest)
    return longest


def _checked_decoder(decoder: str | Decoder, base: int, dimension: int, grades: int) -> Decoder:
    chosen = decoder_of(decoder)
    # logarithms, since the number itself may be too long to write
    if dimension * grades * log2(base) > log2(chosen.most_cells) + 2.0**-20:
        raise UserError(
            f"{grades:,} grades of base {base:,} have {base:,}^{dimension * grades:,} cells; the decoder "
            f"'{chosen.name}' takes at most {chosen.most_cells:,}"
        )
    return chosen
