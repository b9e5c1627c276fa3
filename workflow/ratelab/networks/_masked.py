"""Networks times masks: exact zeros outside the mask, by one pooling or by a gate of ReLUs.

``masked`` is (g + η)·Ψ through one pooling, with the support of Ψ if g + η vanishes on a null set only
(`generic_shift`). ``gated`` needs no pooling: with c = min(max(g, −M), M) and M′ = M(1 + 2^-20),
f̂ = ρ(c − M′(1 − Ψ)) − ρ(−c − M′(1 − Ψ)) is c where Ψ = 1, and where Ψ = 0 both arguments are at most −2^-20·M, so that
rounding cannot lift them above 0.

The clip is nested, c = M − ρ(2M − ρ(g + M)): for every value of g, unbounded enclosures included, ρ(2M − u) is in
[0, 2M] and the gate shuts. The difference ρ(g + M) − ρ(g − M) − M is the same function, but for |g| > 2^32·M its
rounding errors exceed 2^-20·M, and an enclosure of g that is not bounded gives one of c that is not.
"""

from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus import compose, parallel
from ratelab.networks._calculus_blocks import checked
from ratelab.networks._calculus_counts import kept
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._hat_layers import held, one_number, refuse_large
from ratelab.networks._hat_shift import shifted, with_constant
from ratelab.networks._layers import Layer
from ratelab.networks._multiply import (
    beside_width,
    copied_outputs,
    deepened,
    multiply,
    multiply_bound,
)
from ratelab.networks._network import Network
from ratelab.networks._powers import identity

SLACK = Fraction(1, 2**20)
"""Share of the bound by which a shut gate stays below 0."""
_BITS = 24
"""Binary digits of the bound of a gate, so that float64 holds M, M′ and M + M′."""


def masked(network: Network, mask: Network, shift: Any = None, exact: bool | None = None) -> Network:
    """Return (g + η)·Ψ through one pooling, which is the last layer: exactly 0 where Ψ is, for all finite values of g.

    With g + η ≠ 0 almost everywhere (`generic_shift`) the essential support is that of Ψ, exactly; it always lies in
    supp Ψ. Values of g that overflow give no number, as ∞·0 is none: `clip` g where points may be that far out.

    Parameters
    ----------
    network
        g, with D outputs, any activations and poolings.
    mask
        Ψ, with one output, such as a `box_mask`. The shallower of the two is padded with identity neurons, at its input
        or its output; beside a pooling every other value needs a constant 1.
    shift
        η, one number; None: 0. In a float64 network it joins the last biases if that rounds nothing, else it is the
        weight of one constant neuron, so that the weights stay exact.
    exact
        True: rational weights. False: float64 weights, and what they do not hold is rounded: then only supp ⊂ supp Ψ is
        certain. None: rational if g, Ψ or η is no float64 number, else float64; nothing is rounded.

    Raises
    ------
    UserError
        If the sizes do not fit, η is no finite number, or rational matrices get too large.
    """
    _fit("masked", network, mask)
    eta = one_number("masked: shift", 0 if shift is None else shift, positive=False)
    if exact is None:
        exact = network.exact or mask.exact or not held(eta)
    if exact:
        refuse_dense("masked", [network, mask], "a float64 shift such as generic_shift(…, form='dyadic')")
        network, mask = network.rational(), mask.rational()
    else:
        network, mask = network.float64(), mask.float64()
    values, factor = map(Network, deepened(network, mask))
    amount = eta if exact else Fraction(float(eta))
    result = multiply(shifted(values, [amount] * network.outputs), _copies(factor, network.outputs))
    return kept("masked", result, masked_bound(network, mask, bool(eta)))


def masked_bound(network: Network, mask: Network, shift: bool = True) -> PooledCounts:
    """Return the promise of `masked`: max(L_g, L_Ψ) affine maps, one pooling more at most, width about the sum.

    A network that ends in a pooling first gets an affine map. Layer by layer widths add up, an identity layer of
    padding having min(inputs, outputs) neurons, so that without inner poolings the width is at most
    width(Ψ) + max(width(g), min(d, D)); the shift takes at most one neuron and D connections. A value beside a pooling
    takes one neuron more.
    """
    _fit("masked", network, mask)
    values, factor = map(Network, deepened(network, mask))
    if shift:
        values = with_constant(values, np.ones(network.outputs))
    return multiply_bound(values, _copies(factor, network.outputs))


def clip(network: Network, bound: Any, form: Literal["nested", "difference"] = "nested") -> Network:
    """Return min(max(g, −M), M), output by output.

    Parameters
    ----------
    network
        g.
    bound
        M > 0; if float64 does not hold it, the network is rational.
    form
        ``nested``: M − ρ(2M − ρ(g + M)), two layers of one neuron an output, in [−M, M] under any rounding and for
        unbounded enclosures. ``difference``: ρ(g + M) − ρ(g − M) − M, one layer of two neurons an output.

    Raises
    ------
    UserError
        If M is no positive finite number.
    """
    checked("clip", [network])
    most = one_number("clip: bound", bound)
    if form not in ("nested", "difference"):
        raise UserError(f"clip: form is '{form}'; allowed: 'nested', 'difference'")
    if not held(most):
        refuse_dense("clip", [network], "a bound that float64 holds")
    count, unit = network.outputs, np.eye(network.outputs)
    if form == "nested":
        below = shifted(network, [most] * count)
        weights = [unit, -unit, -unit]
        biases = [[0] * count, [_number(2 * most)] * count, [_number(most)] * count]
    else:
        twice = copied_outputs(network, np.tile(np.arange(count), 2))
        below = shifted(twice, [most] * count + [-most] * count)
        weights = [np.eye(2 * count), np.concatenate([unit, -unit], axis=1)]
        biases = [[0] * (2 * count), [_number(-most)] * count]
    return compose(_relu(weights, biases, _sparse(network)), below)


def gated(network: Network, mask: Network, bound: Any, slack: Any = SLACK) -> Network:
    """Return the network without pooling that is g where Ψ = 1 and |g| ≤ M, and exactly 0 where Ψ = 0.

    Between, where 0 < Ψ < 1, its modulus is at most min(|g|, M); its support lies in supp Ψ.

    Parameters
    ----------
    network
        g, with D outputs; without poolings the result has none.
    mask
        Ψ, with one output in [0, 1], such as a `box_mask`.
    bound
        At least |g| where Ψ = 1, above 0. M is this, rounded up to 24 binary digits, which keeps the weights float64
        numbers and exact.
    slack
        M′ = M(1 + slack), 2^-28 to 1, a dyadic number of few digits.

    Raises
    ------
    UserError
        If the sizes do not fit, or a number is none of these.
    """
    _fit("gated", network, mask)
    most, share = rounded_up(one_number("gated: bound", bound)), one_number("gated: slack", slack)
    if not Fraction(1, 2**28) <= share <= 1:
        raise UserError(f"gated: slack is {slack}; allowed: 2^-28 to 1")
    outer = most * (1 + share)
    if not all(map(held, (most, outer, most + outer, most * share))):
        raise UserError(
            f"gated: float64 does not hold the products of bound {bound} and slack {slack}; allowed: bounds of "
            "moderate size, slacks that are powers of 2"
        )
    clipped = clip(network, most)
    both = parallel(*map(Network, deepened(clipped, mask)))
    count, sparse = network.outputs, _sparse(network) or _sparse(mask)
    unit, gate = np.eye(count), np.full((count, 1), float(outer))
    weights = [np.block([[unit, gate], [-unit, gate]]), np.block([[unit, -unit]])]
    gadget = _relu(weights, [[-float(outer)] * (2 * count), [0.0] * count], sparse)
    return kept("gated", compose(gadget, both), gated_bound(network, mask))


def gated_bound(network: Network, mask: Network) -> PooledCounts:
    """Return the promise of `gated`: max(L_g + 2, L_Ψ) + 1 affine maps, no more poolings than g and Ψ have.

    Width at most width(Ψ) + max(width(g) + 1, D) or 2D, if neither has poolings. A last map of at most N hidden neurons
    before it enters the clip once, the clip and Ψ enter the gate twice.
    """
    _fit("gated", network, mask)
    outputs = network.outputs
    unit = Layer(np.eye(outputs), np.zeros(outputs), (identity,) * outputs)
    clipped = Network([*with_constant(network, np.ones(outputs)).layers, unit, unit])
    *hidden, (value, factor) = zip(*deepened(clipped, mask), strict=True)
    connections = 2 * outputs + 2 * _matrix.nonzeros(value.weight)
    connections += 2 * outputs * _matrix.nonzeros(factor.weight)
    connections += sum(_matrix.nonzeros(layer.weight) for beside in hidden for layer in beside)
    widths = [2 * outputs, *map(beside_width, hidden)]
    poolings = sum(any(layer.pooled for layer in beside) for beside in hidden)
    return PooledCounts(len(hidden) + 2, max(widths), poolings, connections, sum(widths))


def rounded_up(value: Fraction) -> Fraction:
    """Return the least number of 24 binary digits that is at least a positive one."""
    unit = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length() + 1 - _BITS)
    return -(-value // unit) * unit


def refuse_dense(operation: str, networks: list[Network], hint: str) -> None:
    """Raise UserError if rational copies of these networks side by side would be too large."""
    if not all(network.exact for network in networks):
        shapes = [(layer.neurons, layer.inputs) for network in networks for layer in network.layers]
        refuse_large(operation, shapes, hint)


def _fit(operation: str, network: Network, mask: Network) -> None:
    checked(operation, [network, mask])
    if mask.outputs != 1:
        raise UserError(f"{operation}: the mask has {mask.outputs} outputs; allowed: one")


def _copies(network: Network, count: int) -> Network:
    return copied_outputs(network, np.zeros(count, dtype=np.int64))


def _sparse(network: Network) -> bool:
    return any(_matrix.sparse(layer.weight) for layer in network.layers)


def _number(value: Fraction) -> Any:
    return float(value) if held(value) else value


def _relu(weights: list[Any], biases: list[Any], sparse: bool) -> Network:
    if sparse:
        from scipy.sparse import csr_array

        weights = [csr_array(w) for w in weights]
    return Network.dense(weights, biases)
