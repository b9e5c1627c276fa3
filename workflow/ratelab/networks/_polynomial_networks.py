"""Polynomials as shallow networks of a power ρ_r: t^r = ρ_r(t) + (−1)^r ρ_r(−t), in shifted arguments.

A polynomial of degree r is a sum of powers (x + b_i)^r with distinct shifts b_i: r + 1 of them, r if a constant is
free (the output bias), fewer for special polynomials. On the whole line each power costs two neurons; on a bounded
interval that lies on one side of −b_i it costs one. Everything is solved in rationals.
"""

from collections.abc import Sequence
from math import comb
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, is_exact, rational
from ratelab.networks._powers import power
from ratelab.registry import Activation

_ZERO = fmpq(0)


class Term(NamedTuple):
    """A neuron c·ρ(w x + b), in rationals."""

    outer: Any
    weight: Any
    bias: Any


def power_exponent(activation: Activation) -> int | None:
    """Return r ≥ 0 if the activation is ρ_r(x) = max(x, 0)^r (ρ_0 the Heaviside function), else None."""
    pieces = activation.polynomial
    if pieces is None or pieces.degree > 20:
        return None
    return pieces.degree if pieces == power(pieces.degree).polynomial else None


def as_power(operation: str, activation: int | Activation, least: int = 1) -> tuple[int, Activation]:
    """Return (r, ρ_r) for a number r or an activation that is ρ_r.

    Raises
    ------
    UserError
        If it is neither, or r is below `least` or above 20.
    """
    if isinstance(activation, Activation):
        exponent = power_exponent(activation)
        if exponent is None:
            raise UserError(f"{operation}: activation '{activation.name}' is no power max(x, 0)^r")
    else:
        if isinstance(activation, bool) or not isinstance(activation, int | np.integer):
            raise UserError(
                f"{operation}: activation is {activation!r}; allowed: a whole number r, or an activation "
                "that is max(x, 0)^r"
            )
        exponent = int(activation)
    if not least <= exponent <= 20:
        raise UserError(f"{operation}: the power is {exponent}; allowed: whole numbers from {least} to 20")
    return exponent, activation if isinstance(activation, Activation) else power(exponent)


def polynomial(
    coefficients: Sequence[Any],
    activation: int | Activation,
    *,
    domain: tuple[Any, Any] | None = None,
    shifts: Sequence[Any] | None = None,
    output_bias: bool = True,
) -> Network:
    """Return a shallow network of ρ_r that equals Σ p_k x^k.

    Parameters
    ----------
    coefficients
        p_0, p_1, …; one Fraction (or fmpq), there or in the domain or the shifts, makes the network rational, else its
        weights are the exact ones rounded to float64.
    activation
        r ≥ 1, at least the degree, or an activation that is ρ_r.
    domain
        (lower, upper): the network equals the polynomial there, with one neuron for each power; None: on all of R,
        with two.
    shifts
        b_i of the powers (x + b_i)^r that are used: distinct, r + 1 of them (r with an output bias). None means as few
        as suffice among: one suitable power, and 2, 3, … equispaced shifts, which lie in [−1, 1], or on a domain of
        length s outside it within a distance of s on both sides.
    output_bias
        Whether the constant may be the output bias, which costs no connection; False leaves it at 0.

    Raises
    ------
    UserError
        If the degree exceeds r, a number is not finite, the shifts are too few, equal or inside the domain.

    Notes
    -----
    See *Approximation spaces of deep neural networks* (Gribonval, Kutyniok, Nielsen, Voigtlaender 2022), polynomials
    as networks, recalled there with 2(r + 1) neurons.
    """
    exponent, chosen = as_power("polynomial", activation)
    values = _numbers("coefficients", coefficients)
    ends = None if domain is None else _interval(domain)
    given = None if shifts is None else _numbers("shifts", shifts)
    while values and not values[-1]:
        values.pop()
    if len(values) > exponent + 1:
        raise UserError(
            f"polynomial: the degree is {len(values) - 1}; allowed with max(x, 0)^{exponent}: up to {exponent}"
        )
    values += [_ZERO] * (exponent + 1 - len(values))
    terms, constant = _terms(values, exponent, ends, given, output_bias)
    exact = any(is_exact(list(part)) for part in (coefficients, domain or (), shifts or ()))
    network = shallow(terms, constant, chosen)
    bound = polynomial_bound(exponent, bounded=domain is not None, output_bias=output_bias)
    return kept("polynomial", network if exact else network.float64(), bound)


def polynomial_bound(exponent: int, *, bounded: bool = False, output_bias: bool = True) -> Counts:
    """Return the promise of `polynomial`: depth 2, m neurons, 2m connections, m = 2(r + 1).

    r + 1 powers become r with an output bias, and each costs 1 neuron, not 2, on a bounded domain.
    """
    powers = exponent + (not output_bias)
    neurons = powers if bounded else 2 * powers
    return Counts(2, 2 * neurons, neurons)


def shallow(terms: Sequence[Term], constant: Any, activation: Activation) -> Network:
    """Return the rational network Σ c·ρ(w x + b) + constant; without terms an affine map of depth 1."""
    if not terms:
        return Network.dense([_row([_ZERO])], [[constant]]).rational()
    inner, outer = _row([t.weight for t in terms]).T, _row([t.outer for t in terms])
    return Network.dense([inner, outer], [[t.bias for t in terms], [constant]], activation).rational()


def power_sum(
    coefficients: Sequence[Any], exponent: int, shifts: Sequence[Any], output_bias: bool
) -> tuple[list[Any], Any] | None:
    """Return (c, constant) with Σ c_i (x + b_i)^r + constant = Σ p_k x^k, or None if these shifts do not suffice.

    Parameters
    ----------
    coefficients
        r + 1 rationals.
    exponent, shifts
        r, and any number of distinct rationals b_i.
    output_bias
        Whether the constant may differ from 0.
    """
    # Σ c_i b_i^m = p_{r−m} / C(r, m): as many of these conditions as there are shifts determine the c_i
    conditions = exponent + (not output_bias)
    moments = [coefficients[exponent - m] / comb(exponent, m) for m in range(conditions)]
    count = min(len(shifts), conditions)
    used = list(shifts)[:count]
    rows = [[b**m for b in used] for m in range(conditions)]
    if count:
        solved = fmpq_mat(rows[:count]).solve(fmpq_mat([[m] for m in moments[:count]]))
        outer = [solved[i, 0] for i in range(count)]
    else:
        outer = []
    for row, moment in zip(rows[count:], moments[count:], strict=True):
        if _dot(row, outer) != moment:
            return None
    constant = coefficients[0] - _dot([b**exponent for b in used], outer) if output_bias else _ZERO
    return outer, constant


def two_sided(outer: Any, weight: Any, bias: Any, exponent: int) -> list[Term]:
    """Return c·(w x + b)^r as two neurons ρ_r."""
    return [Term(outer, weight, bias), Term((-1) ** exponent * outer, -weight, -bias)]


def equispaced(count: int, reach: Any = 1) -> list[Any]:
    """Return that many rationals, equispaced and symmetric in [−reach, reach]; 0 for one."""
    if count == 1:
        return [_ZERO]
    return [rational(reach) * fmpq(2 * i - count + 1, count - 1) for i in range(count)]


def _terms(
    values: list[Any], exponent: int, ends: tuple[Any, Any] | None, given: list[Any] | None, output_bias: bool
) -> tuple[list[Term], Any]:
    """Choose shifts and solve; powers with coefficient 0 are left out."""
    conditions = exponent + (not output_bias)
    if given is not None:
        candidates = [_checked_shifts(given, conditions, ends)]
    else:
        candidates = [[], *_single(values, exponent, ends)]
        candidates += [_spread(count, ends) for count in range(1, conditions + 1)]
    for shifts in candidates:
        found = power_sum(values, exponent, shifts, output_bias)
        if found is None:
            continue
        outer, constant = found
        terms: list[Term] = []
        for c, b in zip(outer, shifts, strict=False):
            if not c:
                continue
            if ends is None:
                terms += two_sided(c, fmpq(1), b, exponent)
            elif ends[0] + b >= 0:
                terms.append(Term(c, fmpq(1), b))
            else:
                terms.append(Term((-1) ** exponent * c, fmpq(-1), -b))
        return terms, constant
    raise AssertionError("polynomial: distinct shifts as many as conditions always suffice")


def _single(values: list[Any], exponent: int, ends: tuple[Any, Any] | None) -> list[list[Any]]:
    """Return the shift b for which the polynomial could be c·(x + b)^r + constant, if it is free to be used."""
    if not values[exponent]:
        return []
    shift = values[exponent - 1] / (exponent * values[exponent])
    free = ends is None or ends[0] + shift >= 0 or ends[1] + shift <= 0
    return [[shift]] if free else []


def _spread(count: int, ends: tuple[Any, Any] | None) -> list[Any]:
    """Return shifts for all of R, or such that −b lies outside the domain, half of them on each side."""
    if ends is None:
        return equispaced(count)
    lower, upper = ends
    left = (count + 1) // 2
    step = (upper - lower) / max(left - 1, 1)
    return [-(lower - i * step) for i in range(left)] + [-(upper + i * step) for i in range(count - left)]


def _checked_shifts(given: list[Any], conditions: int, ends: tuple[Any, Any] | None) -> list[Any]:
    if len(given) != conditions or len(set(given)) != len(given):
        raise UserError(
            f"polynomial: {len(set(given))} different shifts were given; allowed here: {conditions} "
            "different ones"
        )
    if ends is not None:
        for shift in given:
            if ends[0] < -shift < ends[1]:
                raise UserError(f"polynomial: shift {shift} puts a knot at {-shift}, inside the domain")
    return given


def _numbers(what: str, values: Sequence[Any]) -> list[Any]:
    try:
        result = list(exact_array(list(values)))
    except (TypeError, ValueError) as error:
        raise UserError(f"polynomial: {what} must be a list of numbers ({error})") from None
    if not all(isinstance(value, fmpq) for value in result):
        raise UserError(f"polynomial: {what} must be a list of numbers; found {values!r}")
    return result


def _interval(domain: tuple[Any, Any]) -> tuple[Any, Any]:
    ends = _numbers("domain", domain)
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise UserError(f"polynomial: domain is {domain!r}; allowed: (lower, upper), lower < upper")
    return ends[0], ends[1]


def _row(values: Sequence[Any]) -> Any:
    result = np.empty((1, len(values)), dtype=object)
    result[0] = values
    return result


def _dot(first: Sequence[Any], second: Sequence[Any]) -> Any:
    return sum((a * b for a, b in zip(first, second, strict=True)), _ZERO)
