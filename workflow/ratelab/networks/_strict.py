"""Identity neurons (skip connections) into activations and back: strict and generalized networks, without readouts."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus_blocks import checked, columns_of, nonzero_lines, rows_of
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._calculus_identity import IdentityForm, identity_form
from ratelab.networks._calculus_ranges import Range, input_box, read_ranges
from ratelab.networks._layers import Layer, resolve
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, rational
from ratelab.networks._powers import identity, power
from ratelab.registry import Activation

_ONE, _ZERO = Fraction(1), Fraction(0)


def strict(
    network: Network,
    domain: Sequence[Sequence[Any]] | None = None,
    activation: str | Activation | None = None,
    form: IdentityForm | None = None,
) -> Network:
    """Return the same function without identity neurons.

    On all of R^d every identity neuron becomes the n terms of x = Σ cᵢ ρ(wᵢ x + bᵢ) + c; relu has n = 2,
    x = ρ(x) − ρ(−x). On a domain, one neuron is enough if ρ(x) = x for x ≥ t, as for relu with t = 0: with a lower
    bound l of what the neuron reads, x = ρ(x + B) − B for B = max(t − l, 0). So the result then computes the function
    on the domain only.

    Parameters
    ----------
    network
        With rational weights the function stays the same exactly, else to rounding.
    domain
        One pair (low, high) per input; the bounds follow by interval arithmetic, rounded outward in float64. Where
        none follows (an activation without exact pieces or ball), the n terms are used.
    activation
        The ρ that takes the place of identities; None means that of the network (the one with the fewest terms), or
        relu if it has none.
    form
        The representation of the identity by ρ. None means a proved one (`identity_form`), known for relu, the powers
        ρ_r and leaky units; gelu, silu and softplus need ``IdentityForm.odd()``, which is checked in samples.

    Raises
    ------
    UserError
        If no activation of the network is known to represent the identity, the form does not hold, or an identity
        neuron that may read negative values is multiplied in a pooled layer.
    """
    checked("strict", [network])
    if network.strict:
        return network
    unit, form = _choice(network, activation, form)
    box = None if domain is None else input_box(domain, network.inputs)
    ranges = [None] * network.depth if box is None else read_ranges(network, box)
    layers = list(network.layers)
    for index in range(network.depth - 1):
        if identity not in layers[index].activations:
            continue
        lower = _lower(layers[index], ranges[index])
        layers[index : index + 2] = _split(layers[index], layers[index + 1], unit, form, lower, index)
    return kept("strict", Network(layers), strict_bound(network, activation, form))


def strict_bound(
    network: Network, activation: str | Activation | None = None, form: IdentityForm | None = None
) -> Counts:
    """Return the promise of `strict`: W ≤ n²·W and N ≤ n·N with the n terms of the identity, 4 and 2 for relu.

    An edge is copied once per term at each of its ends, and only identity neurons are copied. A domain gives no more.
    """
    counts = Counts.of(network)
    if network.strict:
        return counts
    terms = len(_choice(network, activation, form)[1].terms)
    return Counts(counts.depth, terms**2 * counts.connections, terms * counts.neurons)


def generalized(network: Network) -> Network:
    """Return the same function with every pair ρ(v), ρ(−v) of opposite outgoing weights as one identity neuron.

    The inverse of `strict`. Merged are neurons of one activation with ρ(x) − ρ(−x) = slope · x (relu, leaky units)
    whose incoming weights, biases and outgoing weights are exactly opposite. Pooled layers stay as they are.
    """
    checked("generalized", [network])
    layers = list(network.layers)
    for index in range(network.depth - 1):
        if not layers[index].pooled:
            layers[index : index + 2] = _merge(layers[index], layers[index + 1])
    return kept("generalized", Network(layers), generalized_bound(network))


def generalized_bound(network: Network) -> Counts:
    """Return the promise of `generalized`: no count grows."""
    return Counts.of(network)


def _choice(
    network: Network, activation: str | Activation | None, form: IdentityForm | None
) -> tuple[Activation, IdentityForm]:
    """Return the activation that replaces identities, and how."""
    if activation is not None:
        candidates = [resolve(activation)]
        if candidates[0] is identity:
            raise UserError("strict: the identity cannot take its own place; allowed: any other activation")
    else:
        used = dict.fromkeys(a for layer in network.layers[:-1] for a in layer.activations)
        candidates = [a for a in used if a is not identity] or [power(1)]
    if form is not None:
        for unit in candidates:
            if form.holds(unit):
                return unit, form
        names = ", ".join(f"'{unit.name}'" for unit in candidates)
        raise UserError(f"strict: the form {form} does not give the identity for {names}")
    known = [(unit, found) for unit in candidates if (found := identity_form(unit)) is not None]
    if not known:
        names = ", ".join(f"'{unit.name}'" for unit in candidates)
        raise UserError(
            f"strict: no representation of the identity by {names} is known; give one as form=IdentityForm(...), or "
            "another activation=..."
        )
    # relu's coefficients are ±1, so that nothing is rounded
    return min(known, key=lambda pair: (len(pair[1].terms), pair[0] is not power(1)))


def _threshold(unit: Activation) -> Fraction | None:
    """Return t with ρ(x) = x for x ≥ t, or None."""
    polynomial = unit.polynomial
    if polynomial is None or not polynomial.knots:
        return None
    slopes = list(polynomial.coefficients[-1])
    while slopes and not slopes[-1]:
        slopes.pop()
    return polynomial.knots[-1] if slopes == [_ZERO, _ONE] else None


def _lower(layer: Layer, within: Range | None) -> list[Fraction | None]:
    """Return what each neuron reads at least, where it is known; without incoming weights it is the bias."""
    if within is not None:
        return [fraction(rational(v)) for v in within[0]]
    fed = nonzero_lines(layer.weight, axis=1)
    return [None if f else fraction(rational(b)) for f, b in zip(fed, layer.bias, strict=True)]


def _split(
    layer: Layer,
    following: Layer,
    unit: Activation,
    form: IdentityForm,
    lower: Sequence[Fraction | None],
    index: int,
) -> list[Layer]:
    """Return the two layers after the identities of the first have been replaced."""
    threshold = _threshold(unit)
    rows, scales, shifts, factors = [], [], [], []
    constants = [_ZERO] * layer.neurons
    for row, activation in enumerate(layer.activations):
        terms: Sequence[tuple[Fraction, Fraction, Fraction]] = form.terms
        bound = lower[row]
        if activation is not identity:
            terms = [(_ONE, _ONE, _ZERO)]
        elif bound is not None and threshold is not None:
            shift = max(threshold - bound, _ZERO)
            if not layer.exact and rational(float(shift)) < rational(shift):
                shift = Fraction(float(np.nextafter(float(shift), np.inf)))
            terms, constants[row] = [(_ONE, _ONE, shift)], -shift
        else:
            constants[row] = form.constant
        if layer.pooled and (len(terms) > 1 or constants[row]):
            raise UserError(
                f"strict: layer {index + 1} multiplies the value of identity neuron {row + 1} in a pooling, which may "
                f"be negative; give a domain on which it reads at least {threshold or 0}"
            )
        for c, w, b in terms:
            rows.append(row)
            scales.append(w)
            shifts.append(b)
            factors.append(c)
    places = np.array(rows)
    weight = rows_of(layer.weight, places, _numbers(scales, layer.exact))
    bias = rows_of(layer.bias, places, _numbers(scales, layer.exact)) + _numbers(shifts, layer.exact)
    activations = tuple(
        unit if layer.activations[row] is identity else layer.activations[row] for row in rows
    )
    split = Layer(weight, bias, activations, layer.pooled)
    if layer.pooled:
        return [split, following]
    moved = _matrix.product(following.weight, _numbers(constants, layer.exact))
    return [
        split,
        replace(
            following,
            weight=columns_of(following.weight, places, _numbers(factors, layer.exact)),
            bias=following.bias + moved,
        ),
    ]


def _merge(layer: Layer, following: Layer) -> list[Layer]:
    """Return the two layers with opposite pairs of the first merged."""
    incoming = [_keys(layer.weight, layer.bias, sign) for sign in (1, -1)]
    outgoing = [_keys(following.weight.T, None, sign) for sign in (1, -1)]
    waiting: dict[Any, list[int]] = {}
    partner: dict[int, int] = {}
    for row, activation in enumerate(layer.activations):
        if _odd_slope(activation) is None:
            continue
        matching = waiting.get((activation, incoming[1][row], outgoing[1][row]))
        if matching:
            partner[matching.pop()] = row
        else:
            waiting.setdefault((activation, incoming[0][row], outgoing[0][row]), []).append(row)
    gone = set(partner.values())
    stay = np.array([row for row in range(layer.neurons) if row not in gone])
    factors = [(_odd_slope(layer.activations[row]) or _ONE) if row in partner else _ONE for row in stay]
    activations = tuple(identity if row in partner else layer.activations[row] for row in stay)
    return [
        Layer(rows_of(layer.weight, stay), layer.bias[stay], activations),
        replace(following, weight=columns_of(following.weight, stay, _numbers(factors, layer.exact))),
    ]


def _odd_slope(activation: Activation) -> Fraction | None:
    """Return s with ρ(x) − ρ(−x) = s·x, or None."""
    form = None if activation is identity else identity_form(activation)
    if form is None or len(form.terms) != 2:
        return None
    return 1 / form.terms[0][0] if form == IdentityForm.odd(1 / form.terms[0][0]) else None


def _keys(weight: Any, bias: Any, sign: int) -> list[Any]:
    """Return for each row of a matrix, with its bias, times the sign, something that equals for equal rows only."""
    if _matrix.sparse(weight):
        rows = weight.tocsr()
        rows.sort_indices()
        ends = rows.indptr
        parts: list[Any] = [
            (rows.indices[a:b].tobytes(), _bytes(sign * rows.data[a:b]))
            for a, b in zip(ends, ends[1:], strict=False)
        ]
    elif _matrix.rational_kind(weight):
        parts = [tuple(str(sign * value) for value in row) for row in weight]
    else:
        parts = [_bytes(row) for row in sign * weight]
    if bias is None:
        return parts
    return list(zip(parts, (str(sign * value + 0 * value) for value in bias), strict=True))


def _bytes(values: Any) -> bytes:
    return (np.ascontiguousarray(values) + 0.0).tobytes()  # 0.0 and −0.0 are equal


def _numbers(values: Sequence[Fraction], exact: bool) -> Any:
    return exact_array(values) if exact else np.array([float(value) for value in values])
