"""Layer-wise rates as formulas: bounds for given moduli, sizes of the network, and what an accuracy takes."""

import numbers
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, inf, log, log2

from ratelab._errors import UserError
from ratelab.exact import check_exponent
from ratelab.networks import layerwise_parameters, layerwise_width

Real = float | int | Fraction

_SLACK = Fraction(1, 1 << 48)
_MOST_GRADES = 4096


@dataclass(frozen=True)
class LayerwiseSizes:
    """What the network with grades 1 … ℓ costs: real coefficients, not bits.

    Parameters
    ----------
    width
        W = 2dN + d + 2 neurons in every hidden layer, two of them sines.
    hidden_layers
        ℓ + 2.
    neurons
        W(ℓ + 2).
    parameters
        Weights and biases of the hidden layers, taken as full matrices: (d + 1)W + (ℓ + 1)W(W + 1).
    parameters_with_head
        With one affine readout, W + 1 more.
    cells
        N^(dℓ), the values that the last grade stores.
    """

    width: int
    hidden_layers: int
    neurons: int
    parameters: int
    parameters_with_head: int
    cells: int


@dataclass(frozen=True)
class LayerwisePlan:
    """What a network of prescribed accuracy takes, in real coefficients and, beside them, in bits.

    Parameters
    ----------
    dimension, base
        d and N.
    grades
        ℓ, the least from 1 on whose bound is at most the accuracy.
    bound
        (2d + 1)·λ·N^(−αℓ).
    sizes
        Counts of real coefficients, not bits.
    bits_closed_form
        At most so many bits has the longest parameter, if the closed form decodes all cells to 2^(−40) of the largest:
        about 42 for each cell.
    bits_per_parameter_needed
        Independent cell values need of the order of N^(dℓ)/(ℓW²) bits a parameter, whatever the method.
    """

    dimension: int
    base: int
    grades: int
    bound: float
    sizes: LayerwiseSizes
    bits_closed_form: int
    bits_per_parameter_needed: float

    @property
    def width(self) -> int:
        """W = 2dN + d + 2."""
        return self.sizes.width

    @property
    def hidden_layers(self) -> int:
        """ℓ + 2."""
        return self.sizes.hidden_layers

    @property
    def neurons(self) -> int:
        """W(ℓ + 2)."""
        return self.sizes.neurons

    @property
    def parameters(self) -> int:
        """Real coefficients without a head."""
        return self.sizes.parameters

    @property
    def parameters_with_head(self) -> int:
        """Real coefficients with one head."""
        return self.sizes.parameters_with_head

    @property
    def cells(self) -> int:
        """Values that the last grade stores."""
        return self.sizes.cells


def layerwise_sizes(dimension: int, base: int, grades: int) -> LayerwiseSizes:
    """Return width, layers, neurons and real coefficients of the network up to a grade (0: Φ_0 alone).

    Raises
    ------
    UserError
        Unless d ≥ 1, N ≥ 2 and the number of grades is at least 0.
    """
    d, n = checked_whole("dimension d", dimension, 1), checked_whole("base N", base, 2)
    level = checked_whole("number of grades", grades, 0)
    width, parameters = layerwise_width(d, n), layerwise_parameters(d, n, level)
    return LayerwiseSizes(
        width, level + 2, width * (level + 2), parameters, parameters + width + 1, n ** (d * level)
    )


def layerwise_bound(modulus: float, dimension: int) -> float:
    """Return (2d + 1)·ω, which bounds the L_p error of a readout; ω is the modulus at the side of its cells.

    Raises
    ------
    UserError
        Unless ω is finite and at least 0, and d ≥ 1.
    """
    d = checked_whole("dimension d", dimension, 1)
    return (2 * d + 1) * _checked_modulus(modulus)


def averages_bound(modulus: float, dimension: int, p: float) -> float:
    """Return 2^(1/p)·d·ω, which bounds the L_p distance of a function from its averages over cells (derived).

    Raises
    ------
    UserError
        Unless ω is finite and at least 0, d ≥ 1 and 1 ≤ p < ∞.
    """
    d = checked_whole("dimension d", dimension, 1)
    return float(2 ** (1 / check_exponent(p)) * d * _checked_modulus(modulus))


def hoelder_bound(constant: Real, exponent: Real, dimension: int, base: int, level: int) -> float:
    """Return (2d + 1)·λ·N^(−αℓ), the bound for functions with ω_f(t)_p ≤ λ·t^α.

    Parameters
    ----------
    constant, exponent
        λ > 0 and 0 < α ≤ 1.
    dimension, base, level
        d ≥ 1, N ≥ 2, ℓ ≥ 0.

    Raises
    ------
    UserError
        If a number is out of range.
    """
    _checked_hoelder(constant, exponent)
    d, n = checked_whole("dimension d", dimension, 1), checked_whole("base N", base, 2)
    steps = checked_whole("level", level, 0)
    power = (_simple(exponent) or Fraction(0)) * steps
    if steps and (not power or power.denominator > 1):
        return float((2 * d + 1) * float(constant) * exp(-float(exponent) * steps * log(n)))
    # a power of N itself, so that accuracies on such powers are met without rounding
    return _quotient(
        (2 * d + 1) * Fraction(constant).numerator, Fraction(constant).denominator * n**power.numerator
    )


def layerwise_plan(
    accuracy: Real, *, exponent: Real = 1.0, constant: Real = 1.0, dimension: int, base: int
) -> LayerwisePlan:
    """Say how many grades, neurons and real coefficients an accuracy takes, and how many bits that hides.

    Comparisons are exact in rationals where exponents are; floats are trusted to 2^(−48), so that accuracies that are
    meant to lie on a power of N do.

    Parameters
    ----------
    accuracy
        ε > 0.
    exponent, constant
        ω_f(t)_p ≤ λ·t^α with 0 < α ≤ 1 and λ > 0; the default holds for functions with Lipschitz constant 1.
    dimension, base
        d ≥ 1 and N ≥ 2.

    Raises
    ------
    UserError
        If a number is out of range, or more than 4096 grades would be needed.
    """
    _checked_hoelder(constant, exponent)
    d, n = checked_whole("dimension d", dimension, 1), checked_whole("base N", base, 2)
    if not isinstance(accuracy, numbers.Real) or not 0 < accuracy < inf:
        raise UserError(f"accuracy is {accuracy!r}; allowed: finite numbers above 0")
    ratio = (2 * d + 1) * Fraction(constant) / Fraction(accuracy)
    rounded = isinstance(accuracy, float) or isinstance(constant, float)
    grades = _grades(ratio * (1 - _SLACK) if rounded else ratio, exponent, n)
    sizes = layerwise_sizes(d, n, grades)
    return LayerwisePlan(
        d,
        n,
        grades,
        # rounding aside it is no more, as comparisons without rounding say
        min(
            hoelder_bound(constant, exponent, d, n, grades), _quotient(*Fraction(accuracy).as_integer_ratio())
        ),
        sizes,
        closed_form_bits(sizes.cells),
        _quotient(sizes.cells, grades * sizes.width**2),
    )


def layerwise_base(
    accuracy: Real,
    *,
    exponent: Real = 1.0,
    constant: Real = 1.0,
    dimension: int,
    largest: int = 64,
    fewest: str = "parameters",
) -> LayerwisePlan:
    """Return the plan of the base N that takes fewest real coefficients, or fewest bits in the longest of them.

    Parameters
    ----------
    accuracy, exponent, constant, dimension
        As in `layerwise_plan`.
    largest
        Bases 2 … largest are tried; the smallest of equally good ones is taken.
    fewest
        ``parameters`` or ``bits``; the two pull apart, since a finer last grade has more cells.

    Raises
    ------
    UserError
        If a number is out of range, or `fewest` is neither.
    """
    if fewest not in ("parameters", "bits"):
        raise UserError(f"fewest is {fewest!r}; allowed: 'parameters' and 'bits'")
    plans = [
        layerwise_plan(accuracy, exponent=exponent, constant=constant, dimension=dimension, base=n)
        for n in range(2, checked_whole("largest base", largest, 2) + 1)
    ]
    if fewest == "parameters":
        return min(plans, key=lambda plan: (plan.parameters, plan.base))
    return min(plans, key=lambda plan: (plan.cells, plan.parameters))


def closed_form_bits(cells: int, accuracy: float = 2.0**-40) -> int:
    """Return how many bits v has at most in u·sin(v·sin(wk)) = r_k, k = 1 … K, by the closed form.

    (K − 1)(b + 2) + b + ⌊log2 K⌋ + 9 with 2^(−b) the accuracy relative to the largest value.
    """
    k = checked_whole("number of cells", cells, 1)
    if not 0 < accuracy < 1:
        raise UserError(f"the accuracy of the decoder is {accuracy}; allowed: numbers between 0 and 1")
    bits = ceil(-log2(accuracy))
    return (k - 1) * (bits + 2) + bits + k.bit_length() + 8


def _grades(ratio: Fraction, exponent: Real, base: int) -> int:
    """Return the least ℓ ≥ 1 with N^(αℓ) ≥ ratio."""
    if ratio <= 1:
        return 1
    magnitude = log(ratio.numerator) - log(ratio.denominator)
    guess = magnitude / (float(exponent) * log(base))
    if guess > _MOST_GRADES:
        raise UserError(f"that accuracy takes about {guess:.3g} grades; allowed: at most {_MOST_GRADES}")
    level = max(1, ceil(guess) - 1)
    while not _reaches(level, ratio, exponent, base, magnitude):
        level += 1
    return level


def _reaches(level: int, ratio: Fraction, exponent: Real, base: int, magnitude: float) -> bool:
    power = _simple(exponent)
    if power is not None:
        # N^(pℓ/q) ≥ r  ⇔  N^(pℓ) ≥ r^q
        return bool(base ** (power.numerator * level) >= ratio**power.denominator)
    return float(exponent) * level * log(base) >= magnitude * (1 - 2.0**-48)


def _simple(exponent: Real) -> Fraction | None:
    """Return the exponent as a fraction of small numbers, if it is one, or the float nearest to one."""
    exact = Fraction(exponent)
    near = exact.limit_denominator(64)
    if near == exact or (isinstance(exponent, float) and float(near) == exponent):
        return near
    return None


def _checked_modulus(modulus: float) -> float:
    if not isinstance(modulus, numbers.Real) or not 0 <= modulus < inf:
        raise UserError(f"the modulus of continuity is {modulus!r}; allowed: finite numbers from 0 on")
    return modulus


def _checked_hoelder(constant: Real, exponent: Real) -> None:
    if not isinstance(constant, numbers.Real) or not 0 < constant < inf:
        raise UserError(f"the Hölder constant is {constant!r}; allowed: finite numbers above 0")
    if not isinstance(exponent, numbers.Real) or not 0 < exponent <= 1:
        raise UserError(
            f"the Hölder exponent is {exponent!r}; allowed: above 0 and at most 1, as only constants have a larger one"
        )


def _quotient(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return inf


def checked_whole(name: str, value: int, least: int) -> int:
    """Return a whole number that is at least `least`, or raise a `UserError`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise UserError(f"the {name} is {value!r}; allowed: whole numbers from {least} on")
    return int(value)
