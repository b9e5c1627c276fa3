"""A number that a network of piecewise polynomial activations cannot equal on an open set.

*Lemma.* Let R be a subring of the rationals that holds all weights, biases and coefficients of activations of a
network, with or without poolings. If η is not in R, then {x : g(x) + η = 0} is a null set.

*Proof.* Space is the union of finitely many sets on each of which every neuron stays on one piece of its activation,
and there g is a polynomial with coefficients in R: affine maps, pieces and products keep coefficients in R. If
{g + η = 0} had positive measure, so had its part in one of these sets. A polynomial that is 0 on a set of positive
measure is 0, so −η would be the constant coefficient of the polynomial of that set, which lies in R. ∎

So (g + η)·Ψ is 0 almost nowhere where Ψ > 0, and its essential support is exactly the closure of {Ψ > 0}.

The ring of all fractions with denominators m^k holds every network of which m is a multiple of all denominators;
1/(p·2^k) is outside if the odd prime p does not divide m. For a float64 network m = 2 and p = 3. A smaller set will do
as well: if the numbers of layer l are integer multiples of 2^-e_l, then coefficients of polynomials after it are
multiples of 2^-k_l with k_l = k_(l−1) + e_l after an affine map, r times that after a power r, and twice that after a
pooling. So η = 2^-(k+1) is outside, too, and is a float64 number for all networks but very deep ones.
"""

from fractions import Fraction
from math import lcm
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus_blocks import checked
from ratelab.networks._hat_layers import one_number
from ratelab.networks._network import Network

_DEEPEST = 1074
"""2^-1074 is the smallest positive float64 number."""


def generic_shift(network: Network, size: Any, form: Literal["ratio", "dyadic"] = "ratio") -> Fraction:
    """Return η, 0 < η ≤ size, such that g + η is 0 on a null set only, by the lemma of this module.

    Parameters
    ----------
    network
        g, with piecewise polynomial activations and any number of outputs: each is covered.
    size
        The largest η that is allowed, above 0.
    form
        ``ratio``: the largest 1/(p·2^k) ≤ size, k any integer, with the smallest odd prime p that divides no
        denominator (3 for float64 weights). ``dyadic``: the largest 2^-k ≤ size that is finer than all coefficients of
        the network; it is a float64 number, so that g + η stays a float64 network, exactly (see `masked`).

    Raises
    ------
    UserError
        If an activation is not piecewise polynomial, the size is not positive, or no float64 number is fine enough for
        ``dyadic``.
    """
    checked("generic_shift", [network])
    most = one_number("generic_shift: size", size)
    if form == "dyadic":
        return min(_largest_power(most), Fraction(1, 2 ** (_finest(network) + 1)))
    if form != "ratio":
        raise UserError(f"generic_shift: form is '{form}'; allowed: 'ratio', 'dyadic'")
    denominators = _denominators(network)
    prime = 3
    while any(prime % q == 0 for q in range(2, prime)) or any(d % prime == 0 for d in denominators):
        prime += 2
    return _largest_power(most * prime) / prime


def _largest_power(most: Fraction) -> Fraction:
    """Return the largest power of 2 that is at most a positive number."""
    exponent = most.numerator.bit_length() - most.denominator.bit_length()
    power = Fraction(2) ** exponent
    return power if power <= most else power / 2


def _denominators(network: Network) -> set[int]:
    """Return denominators of all rational weights, biases and coefficients; those of float64 are powers of 2."""
    found = {1}
    for layer in network.layers:
        if layer.exact:
            for values in (layer.weight, layer.bias):
                found |= {int(v.q) for v in values.flat}
        for pieces in _pieces(layer):
            found |= {c.denominator for piece in pieces for c in piece}
    return found


def _pieces(layer: Any) -> list[Any]:
    """Return the coefficients of the pieces of each activation of a layer, or raise UserError."""
    found = []
    for activation in dict.fromkeys(layer.activations):
        if activation.polynomial is None:
            raise UserError(
                f"generic_shift: activation '{activation.name}' is {activation.regularity}; allowed: piecewise "
                "polynomial activations with rational coefficients"
            )
        found.append(activation.polynomial.coefficients)
    return found


def _finest(network: Network) -> int:
    """Return k such that all polynomials of the network have coefficients in 2^-k Z."""
    finest = 0
    for index, layer in enumerate(network.layers):
        finest = max(finest + _layer_bits(layer.weight), _layer_bits(layer.bias))
        activated = [finest]
        for pieces in _pieces(layer):
            degree = max(len(piece) - 1 for piece in pieces)
            coarse = _bits(lcm(*(c.denominator for piece in pieces for c in piece)))
            activated.append(degree * finest + coarse)
        finest = max(activated)
        finest *= 2 if layer.pooled else 1
        if finest >= _DEEPEST:
            raise UserError(
                f"generic_shift: after layer {index + 1} coefficients may be multiples of 2^-{finest}, and no float64 "
                "number is finer; allowed: form='ratio'"
            )
    return finest


def _layer_bits(values: Any) -> int:
    """Return an e ≥ 0 such that all these numbers are integer multiples of 2^-e."""
    if _matrix.rational_kind(values):
        return _bits(lcm(*(int(v.q) for v in values.flat)))
    return _float_bits(values.data if _matrix.sparse(values) else values)


def _bits(denominator: int) -> int:
    if denominator & (denominator - 1):
        raise UserError(
            f"generic_shift: a weight has the denominator {denominator}; allowed for form='dyadic': dyadic numbers"
        )
    return denominator.bit_length() - 1


def _float_bits(values: Any) -> int:
    """Return the least e ≥ 0 such that all these float64 numbers are integer multiples of 2^-e."""
    values = np.ravel(values)
    values = values[values != 0]
    if not values.size:
        return 0
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return max(0, int((53 - exponent - trailing).max()))
