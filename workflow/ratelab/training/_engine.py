"""One network's loss and its derivatives by compiled loops."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem
from ratelab.registry import Activation, PiecewisePolynomial
from ratelab.training._elementwise import one_thread
from ratelab.training._stack import Data, Shape

Array = NDArray[np.float64]

_VECTOR = 8
_PLACES = np.concatenate([np.geomspace(1e-6, 30.0, 200), np.linspace(0.013, 3.9, 100)])
_ROUNDING = 4e-15


@dataclass(frozen=True, eq=False)
class Formula:
    """An activation that compiled loops know.

    Parameters
    ----------
    kind
        One of the names in `_engine_activation_kernels`.
    knots, table
        (K,) and (K + 1, degree + 1): a piecewise polynomial, ascending coefficients.
    """

    kind: int
    knots: Array
    table: Array


def formula(activation: Activation) -> Formula | None:
    """Return how compiled loops evaluate an activation, or None if they cannot.

    Piecewise polynomials are known by their pieces. An analytic activation is known if its values and derivatives
    are those of tanh, the logistic function, x · logistic, exp(−x²), log(1 + e^x) or sine, up to roundoff at
    600 places; its name says nothing.
    """
    if activation.polynomial is not None:
        return _piecewise(activation.polynomial)
    return _analytic(activation) if activation.regularity == "analytic" else None


def _piecewise(polynomial: PiecewisePolynomial) -> Formula:
    from ratelab.training import _engine_activation_kernels as kernels

    degree = max(polynomial.degree, 1)
    table = np.zeros((len(polynomial.coefficients), degree + 1))
    for row, piece in zip(table, polynomial.coefficients, strict=True):
        row[: len(piece)] = [float(value) for value in piece[: degree + 1]]
    knots = np.array([float(knot) for knot in polynomial.knots])
    kind = kernels.PIECES
    if knots.tolist() == [0.0]:
        one = table[1, -1] == 1.0 and not table[1, :-1].any() and not table[0].any()
        if one:
            kind = kernels.RELU if degree == 1 else kernels.POWER
        elif degree == 1 and not table[:, 0].any():
            kind = kernels.BENT
    return Formula(kind, knots, table)


def _analytic(activation: Activation) -> Formula | None:
    from ratelab.training import _engine_activation_kernels as kernels

    places = np.concatenate([-_PLACES, _PLACES])
    with one_thread(activation):
        given = activation.with_derivative(places)
    for kind in (
        kernels.TANH,
        kernels.SIGMOID,
        kernels.SILU,
        kernels.GAUSSIAN,
        kernels.SOFTPLUS,
        kernels.SINE,
    ):
        known = Formula(kind, np.zeros(0), np.zeros((1, 1)))
        if all(
            np.allclose(a, b, rtol=_ROUNDING, atol=_ROUNDING)
            for a, b in zip(evaluate(known, places), given, strict=True)
        ):
            return known
    return None


def evaluate(known: Formula, x: Array) -> tuple[Array, Array]:
    """Return values and derivatives at points (m,)."""
    from ratelab.training import _engine_activation_kernels as kernels

    point = np.concatenate([x, np.zeros(-len(x) % kernels.TILE)])
    value = np.empty_like(point)
    rows, first = np.uint64(len(point) // kernels.TILE), np.uint64(0)
    kinds, tile = np.full(int(rows), known.kind), np.uint64(kernels.TILE)
    kernels.activate(kinds, known.knots, known.table, first, point, value, rows, tile)
    return value[: len(x)], point[: len(x)]


@dataclass(frozen=True, eq=False)
class Formulas:
    """The activations of a layout's neurons.

    Parameters
    ----------
    kinds
        (rows of all layers,) as in `Formula`, or `IDENTITY`.
    knots, table
        Of the piecewise polynomial that needs them, if any does: there is one at most.
    """

    kinds: NDArray[np.int64]
    knots: Array
    table: Array


def formulas(shape: Shape, known: Formula) -> Formulas | None:
    """Return what compiled loops need to know of a layout's activations, or None if they cannot evaluate them all.

    Parameters
    ----------
    known
        The network's own activation, which the other neurons have.
    """
    from ratelab.training import _engine_activation_kernels as kernels

    with_table = (kernels.BENT, kernels.POWER, kernels.PIECES)
    tabled, kinds = known, []
    for layer, others in zip(shape.layout.layers, shape.others, strict=True):
        row = np.where(layer.linear, kernels.IDENTITY, known.kind)
        for activation, rows in others:
            own = formula(activation)
            if own is None:
                return None
            if own.kind in with_table:
                if tabled.kind in with_table and not _same(own, tabled):
                    return None
                tabled = own
            row[rows] = own.kind
        kinds.append(row)
        if layer.pooled:  # the products have rows of their own, which are not activated
            kinds.append(np.full(layer.outputs, kernels.IDENTITY))
    return Formulas(np.concatenate(kinds), tabled.knots, tabled.table)


def _same(one: Formula, other: Formula) -> bool:
    return (
        one.kind == other.kind
        and np.array_equal(one.knots, other.knots)
        and np.array_equal(one.table, other.table)
    )


class Engine:
    """Loss Σ weights · |network − values|² of networks of one shape, and its derivatives, compiled.

    Results depend on the parameters and the problem alone. An engine has scratch of its own: one thread at a time.

    Parameters
    ----------
    problem
        Its nodes, weights and values are copied.
    shape
        Of the parameters.
    known
        From `formula`; `formulas` must know all activations of the layout.
    """

    def __init__(self, problem: FitProblem, shape: Shape, known: Formula) -> None:
        from ratelab.training._engine_activation_kernels import TILE

        layers = shape.layout.layers
        neurons = np.array([len(layer.linear) for layer in layers])
        reads = np.array([layers[0].free.shape[1], *(layer.outputs for layer in layers)])
        pooled = np.array(shape.pooled)
        room = neurons + np.where(pooled, reads[1:], 0)  # the products after what they are made of
        rows = np.concatenate([[0], np.cumsum(room)[:-1]])
        gives = rows + np.where(pooled, neurons, 0)
        begins = np.array([span.start for span in shape.spans])
        all_known = formulas(shape, known)
        assert all_known is not None
        self.shape = (*(a.astype(np.uint64) for a in (reads, rows, gives, begins)), all_known.kinds)
        nodes = len(problem.nodes) + -len(problem.nodes) % _VECTOR
        data = Data.of(problem)
        tiled = [_tiled(a, TILE) for a in (data.points[:-1], data.weights[None], data.values)]
        self.data = (*tiled, np.uint64(nodes))
        self.formula = (all_known.knots, all_known.table)
        total = int(room.sum()) * TILE
        self.rooms = (np.zeros(total), np.zeros(total), np.zeros(int(reads.max()) * TILE))

    def loss_and_slope(self, parameters: Array, slope: Array) -> float:
        """Return the loss at the parameters (P,), and write its derivatives by all of them, free or not.

        Parameters
        ----------
        parameters, slope
            Contiguous (P,), in the order of `Shape`.
        """
        from ratelab.training._engine_kernels import loss_and_slope

        return float(loss_and_slope(parameters, slope, self.shape, self.data, self.formula, self.rooms))


def _tiled(rows: Array, tile: int) -> Array:
    """Lay (r, m) out as tiles (r, tile) one after the other; what the last tile lacks is 0."""
    count, nodes = rows.shape
    padded = np.zeros((count, nodes + -nodes % tile))
    padded[:, :nodes] = rows
    return np.ascontiguousarray(padded.reshape(count, -1, tile).swapaxes(0, 1)).ravel()
