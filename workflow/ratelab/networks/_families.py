"""Families of ReLU networks with many pieces: tents, zigzags, and both behind the gauge of a zonotope.

Tents and zonotopes follow Arora, Basu, Mianjy, Mukherjee 2018 (arXiv 1611.01491) on the gap between depths; zigzags
attain the bound Π(w_l + 1) on the pieces of a network of one variable. Rational parameters (Fraction, fmpq, dyadics)
give rational networks, floats give float64 networks whose weights are the rational ones, rounded once.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus import joined
from ratelab.networks._calculus_blocks import Layers
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, is_exact, rational

Breakpoints = Sequence[Any]
"""0 < a_1 < … < a_{w−1} < M."""


def tents(breakpoints: Breakpoints, height: Any = 1) -> Network:
    """Return h_a with w neurons: 0 for x ≤ 0, the values M, 0, M, … at a_1, a_2, …, and the other of 0 and M at M.

    Parameters
    ----------
    breakpoints
        a: w − 1 ≥ 1 numbers, 0 < a_1 < … < a_{w−1} < M.
    height
        M > 0. The last of the w pieces on [0, M] goes on to the right.

    Raises
    ------
    UserError
        If the parameters are not like this.
    """
    return composed_tents([breakpoints], height)


def composed_tents(parameters: Sequence[Breakpoints], height: Any = 1) -> Network:
    """Return H = h_{a^k} ∘ … ∘ h_{a^1}: depth k + 1, Σ w_l neurons, Π w_l pieces on [0, M].

    Each h maps each of its w pieces on [0, M] onto all of [0, M], so the pieces multiply.

    Parameters
    ----------
    parameters
        a^1, …, a^k, the innermost first, each as in `tents`; their lengths may differ.
    height
        M > 0, common to all.

    Raises
    ------
    UserError
        If the parameters are not like this.
    """
    layers, exact = _tent_layers(parameters, height)
    network = Network(layers)
    return network if exact else network.float64()


def zigzag(width: int) -> Network:
    """Return a rational network R → R of w ≥ 3 neurons whose w + 1 pieces each cover [0, 1] on [0, 1].

    Its kinks t_i = i/(w + 1) have the values 0, 1, 0, 1, …; its slopes are −q, q, −q, …, ±2q with q = w + 1. The jumps
    of slope are such that the neurons that look right add up to the last slope (one neuron does: the first for odd w,
    the second for even w), so that w neurons and an output bias are enough. No network of two neurons can do this.

    Raises
    ------
    UserError
        If the width is not at least 3.
    """
    return composed_zigzag([width])


def composed_zigzag(widths: Sequence[int]) -> Network:
    """Return the composition of zigzags, the innermost first: Π(w_l + 1) pieces, on R and on [0, 1].

    No network with these widths has more, since a neuron adds at most one kink to each piece that it reads.

    Raises
    ------
    UserError
        If there is no width or one is not at least 3.
    """
    if not len(widths):
        raise UserError("composed_zigzag needs at least one width; none was given")
    layers: Layers = []
    for width in widths:
        layers = joined(_zigzag(width).layers, layers) if layers else list(_zigzag(width).layers)
    return Network(layers)


def zonotope(generators: Any) -> Network:
    """Return the gauge γ(r) = Σ |⟨r, b_i⟩| = max of ⟨r, x⟩ over the zonotope {Σ λ_i b_i : |λ_i| ≤ 1}.

    Two neurons per generator, no biases. Generic generators give 2·Σ_{i<n} C(m − 1, i) pieces.

    Parameters
    ----------
    generators
        b: (m, n), m ≥ 1 vectors of R^n, none of them zero.

    Raises
    ------
    UserError
        If they are not like this.
    """
    try:
        rows = _matrix.matrix(generators)
        rows = _matrix.dense(rows)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"zonotope: generators must be m vectors of numbers of one length ({error})"
        ) from None
    if rows.ndim != 2 or 0 in rows.shape or not _matrix.finite(rows):
        raise UserError(f"zonotope: generators must be finite, of shape (m, n); found shape {rows.shape}")
    for index, row in enumerate(rows):
        if not (row != 0).any():
            raise UserError(f"zonotope: generator {index + 1} is zero; allowed: non-zero vectors")
    count = len(rows)
    return Network.dense(
        [np.concatenate([rows, -rows]), np.ones((1, 2 * count))], [np.zeros(2 * count), np.zeros(1)]
    )


def zonotope_family(generators: Any, parameters: Sequence[Breakpoints], height: Any = 1) -> Network:
    """Return H ∘ γ, tents behind the gauge of a zonotope: depth k + 2, 2m + Σ w_l neurons.

    Parameters
    ----------
    generators
        b as in `zonotope`, m vectors of R^n.
    parameters, height
        As in `composed_tents`; the network is rational if one of the three is.

    Raises
    ------
    UserError
        If the parameters are not like this.
    """
    gauge = zonotope(generators)
    layers, exact = _tent_layers(parameters, height)
    network = Network(joined(layers, gauge.rational().layers))
    return network if exact or gauge.exact else network.float64()


def random_simplex(
    width: int,
    count: int,
    generator: np.random.Generator | int,
    height: int | Fraction = 1,
    denominator: int = 1000,
) -> list[tuple[Fraction, ...]]:
    """Draw random rational parameters for `composed_tents`.

    Parameters
    ----------
    width
        w ≥ 2: each parameter has w − 1 breakpoints.
    count
        Number of parameters (tents to compose).
    generator
        NumPy's, or the seed of one; the draws depend on its state alone.
    height
        M > 0.
    denominator
        The breakpoints are different multiples of M/denominator; at least w.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    if width != int(width) or width < 2:
        raise UserError(f"random_simplex: width is {width}; allowed: whole numbers from 2 on")
    if count != int(count) or count < 1:
        raise UserError(f"random_simplex: count is {count}; allowed: whole numbers from 1 on")
    if denominator != int(denominator) or denominator < width:
        raise UserError(
            f"random_simplex: denominator is {denominator}; allowed: whole numbers from {width} on"
        )
    step = fraction(rational(height)) / int(denominator)
    if step <= 0:
        raise UserError(f"random_simplex: height is {height}; allowed: positive numbers")
    generator = np.random.default_rng(generator)
    draws = [
        generator.choice(int(denominator) - 1, size=int(width) - 1, replace=False) for _ in range(int(count))
    ]
    return [tuple(step * (int(j) + 1) for j in np.sort(draw)) for draw in draws]


def _tent_layers(parameters: Sequence[Breakpoints], height: Any) -> tuple[Layers, bool]:
    """Return the rational layers of composed tents, and whether a parameter was rational."""
    try:
        rows = [list(row) for row in parameters]
        numbers = [*(value for row in rows for value in row), height]
        exact = is_exact(numbers)
        (top,) = exact_array([height])
        arrays = [exact_array(row) for row in rows]
    except (TypeError, ValueError) as error:
        raise UserError(f"tents need lists of numbers as breakpoints ({error})") from None
    if not rows:
        raise UserError("composed tents need at least one list of breakpoints; none was given")
    if not top > 0:
        raise UserError(f"tents: the height is {height}; allowed: positive numbers")
    layers: Layers = []
    for index, (row, knots) in enumerate(zip(rows, arrays, strict=True)):
        ends = [_matrix.ZERO, *knots, top]
        if knots.ndim != 1 or not len(knots) or any(not a < b for a, b in zip(ends, ends[1:], strict=False)):
            raise UserError(
                f"tents: parameter {index + 1} is {row}; allowed: at least one breakpoint, 0 < a_1 < a_2 < … < {height}"
            )
        values = [top * (i % 2) for i in range(len(ends))]
        slopes = [(values[i + 1] - values[i]) / (ends[i + 1] - ends[i]) for i in range(len(ends) - 1)]
        jumps = [b - a for a, b in zip([_matrix.ZERO, *slopes], slopes, strict=False)]
        ones = [[1]] * len(slopes)
        tent = Network.dense([ones, [jumps]], [[-t for t in ends[:-1]], [_matrix.ZERO]]).rational().layers
        layers = joined(tent, layers) if layers else list(tent)
    return layers, exact


def _zigzag(width: int) -> Network:
    if width != int(width) or width < 3:
        raise UserError(f"zigzag: width is {width}; allowed: whole numbers from 3 on")
    q = int(width) + 1
    slopes = [-q * (-1) ** i for i in range(q)]
    slopes[-1] *= 2
    right = 0 if width % 2 else 1
    signs = [1 if i == right else -1 for i in range(width)]
    jumps = [b - a for a, b in zip(slopes, slopes[1:], strict=False)]
    knots = [Fraction(i, q) for i in range(1, q)]
    at_first = sum(
        (c * max(s * (knots[0] - t), Fraction(0)) for c, s, t in zip(jumps, signs, knots, strict=True))
    )
    return Network.dense(
        [[[s] for s in signs], [jumps]],
        [[-s * t for s, t in zip(signs, knots, strict=True)], [Fraction(-at_first)]],
    ).rational()
