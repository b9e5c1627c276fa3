"""Products (g + η)·Ψ whose support is that of the mask Ψ, exactly, and the reason why.

Three reasons are known. *Vertex values*: hats are multilinear on cells, so g = −η on an open set only where all vertex
values of a cell are −η. *Ring*: a piecewise polynomial network with numbers in a ring R of rationals equals −η on an
open set only if η is in R (`networks.generic_shift`). *Analytic*: a network of analytic activations that is not the
zero function vanishes on a null set only, and one ball without 0 proves that it is none (`exact.nonzero`).

A rational η = a/(p·2^k), p odd, is no float64 number, but the network need not be rational for it: with a float64
number c next to 1/p,

    p·(g·cΨ) + a·2^(−k)·(cΨ) = pc·(g + η)·Ψ

has float64 weights and in real arithmetic exactly the zeros of (g + η)·Ψ; the factor pc is 1 up to 2^(−53).
"""

from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ratelab._errors import UserError
from ratelab.exact import nonzero, vanishing_class
from ratelab.networks import Layer, Network, generic_shift, identity, masked, parallel
from ratelab.networks._calculus_blocks import rows_of
from ratelab.networks._hat_layers import held
from ratelab.spaces._supported_grid import Floats


def product(
    network: Network, mask: Network, shift: Fraction | None, size: Fraction, heights: Floats | None
) -> tuple[Network, Fraction, bool, str]:
    """Return (g + η)·Ψ, η, whether its support is that of Ψ, and why.

    Parameters
    ----------
    network, mask
        g with D outputs and Ψ with one.
    shift
        η; None: one for which the support is known, at most `size` in modulus, 0 for analytic networks.
    size
        A power of 2.
    heights
        Values at nodes if g are tensor hats, (J, D); else None.
    """
    if heights is not None:
        used = _apart(size, heights) if shift is None else shift
        if held(used):
            equal = bool(used) and not (heights == -float(used)).any()
            reason = (
                "0 and the vertex values of g all differ from −η" if equal else "−η is a vertex value of g"
            )
            return masked(network, mask, used), used, equal, reason
        shift = used
    activations = {a for layer in network.layers for a in layer.activations}
    if any(a.polynomial is None for a in activations):
        used = shift or Fraction(0)
        if not used and all(vanishing_class(a) == "analytic" for a in activations) and nonzero(network):
            reason = "g is analytic and not the zero function, so that it vanishes on a null set"
            return masked(network, mask), used, True, reason
        return _product(network, mask, used), used, False, "nothing is known of the zeros of g + η"
    used = _generic(network, size) if shift is None else shift
    equal = bool(used) and is_generic(used, network)
    reason = "η is outside the ring of the weights of g" if equal else "−η may be a value of g on an open set"
    return _product(network, mask, used), used, equal, reason


def is_generic(shift: Fraction, network: Network) -> bool:
    """Return whether it is proved that a piecewise polynomial network is −η on no open set.

    A prime factor of the denominator divides no denominator of the network; or η is a power of 2 that is finer than all
    coefficients.
    """
    modulus = 2
    for layer in network.layers:
        for activation in dict.fromkeys(layer.activations):
            assert activation.polynomial is not None
            for piece in activation.polynomial.coefficients:
                modulus = lcm(modulus, *(Fraction(c).denominator for c in piece))
        if layer.exact:
            modulus = lcm(modulus, *(int(v.q) for part in (layer.weight, layer.bias) for v in part.flat))
    rest = shift.denominator
    while (common := gcd(rest, modulus)) > 1:
        rest //= common
    if rest > 1:
        return True
    try:
        return shift > 0 and generic_shift(network, shift, form="dyadic") == shift
    except UserError:
        return False


def _generic(network: Network, size: Fraction) -> Fraction:
    """Return a float64 shift if one is fine enough, else one with an odd denominator."""
    try:
        return generic_shift(network, size, form="dyadic")
    except UserError:
        return generic_shift(network, size)


def _apart(size: Fraction, heights: Floats) -> Fraction:
    """Return a dyadic number in (0, size] whose negative is no value."""
    numerator = 1 << 20
    while (heights == -float(size * numerator / (1 << 20))).any():
        numerator -= 1
    return size * numerator / (1 << 20)


def _product(network: Network, mask: Network, shift: Fraction) -> Network:
    if held(shift) or network.exact or mask.exact:
        return masked(network, mask, shift or None)
    return _float_product(network, mask, shift)


def _float_product(network: Network, mask: Network, shift: Fraction) -> Network:
    """Return pc·(g + η)·Ψ, see the module: float64, one pooling and one affine map after it.

    Raises
    ------
    UserError
        If a·2^(−k) or p is no float64 number.
    """
    count, denominator = network.outputs, shift.denominator
    power = denominator & -denominator
    odd, numerator = denominator // power, Fraction(shift.numerator, power)
    if not (held(Fraction(odd)) and held(numerator)):
        raise UserError(
            f"shift is {shift}; allowed: a/(p·2^k) with a·2^(-k) and p float64 numbers, such as 1/(3·2^40)"
        )
    *hidden, last = parallel(network, mask).layers
    rows = np.array([*range(count), *[count] * (count + 1)])
    scale = np.array([1.0] * count + [1 / odd] * (count + 1))
    pooled = Layer(
        rows_of(last.weight, rows, scale), last.bias[rows] * scale, (identity,) * len(rows), pooled=True
    )
    weight = np.hstack([np.eye(count) * odd, np.full((count, 1), float(numerator))])
    return Network([*hidden, pooled, Layer(weight, np.zeros(count), (identity,) * count)])
