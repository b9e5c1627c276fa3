"""Adam in torch, all networks of one shape in one batch: for graphics processors, with thousands of fits in flight.

The backward pass is written out, so that no graph is kept, and nothing is read back before a run of steps is over. On a
processor without batches the products are taken network by network: batched ones give other last digits for other
numbers of networks. A batch holds as many networks as fit in a share of the memory.
"""

from collections.abc import Sequence
from math import cos, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ratelab.networks import FitProblem
from ratelab.registry import Activation, PiecewisePolynomial
from ratelab.training._adam_recipe import CONVERGED, DIVERGED, RUNNING, Group, zero_loss
from ratelab.training._stack import Data, Shape

if TYPE_CHECKING:
    import torch

_SHARE, _ROOM = 0.5, 2.0**30
_COPIES = 6


class Batched:
    """Run groups of networks on one device of torch.

    Parameters
    ----------
    problem, groups
        What to fit.
    device
        Of torch.
    batched
        Whether products of all networks are one call; by default everywhere but on ``cpu``.
    limit
        Most networks of a batch; by default as many as half of the free memory holds (on ``cpu``, a gibibyte).
    """

    def __init__(
        self,
        problem: FitProblem,
        groups: Sequence[Group],
        device: str,
        *,
        batched: bool | None = None,
        limit: int | None = None,
    ) -> None:
        import torch

        data = Data.of(problem)
        arrays = [torch.from_numpy(a).to(device) for a in (data.points, data.weights, data.values)]
        if batched is None:
            batched = torch.device(device).type != "cpu"
        memory = _SHARE * torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else _ROOM
        self._batches = []
        for group in groups:
            neurons = sum(rows for rows, _ in group.shape.sizes)
            bytes_each = 8.0 * (_COPIES * neurons * data.points.shape[1] + 6 * group.shape.count)
            most = limit or max(int(memory // bytes_each), 1)
            total = len(group.parameters)
            self._batches += [
                _Batch(group, slice(start, min(start + most, total)), problem.activation, arrays, batched)
                for start in range(0, total, most)
            ]
        self._ends = (float(np.sum(data.weights)), zero_loss(data))

    def advance(self, first: int, last: int) -> None:
        """See `Descent`."""
        import torch

        with torch.no_grad():
            for batch in self._batches:
                batch.advance(first, last, *self._ends)


class _Batch:
    """Some networks of a group: their parameters (S, P) and moments on the device."""

    def __init__(
        self,
        group: Group,
        which: slice,
        activation: Activation,
        arrays: "Sequence[torch.Tensor]",
        batched: bool,
    ) -> None:
        import torch

        self._group, self._which, self._activation, self._batched = group, which, activation, batched
        self._points, self._weights, self._values = arrays
        place = self._points.device
        self._parameters = torch.from_numpy(group.parameters[which]).to(place, copy=True)
        self._free = torch.from_numpy(group.shape.free).to(place)
        self._linear = [torch.from_numpy(rows).to(place) for rows in group.shape.linear]
        self._others = [
            [(other, torch.from_numpy(rows).to(place)) for other, rows in others]
            for others in group.shape.others
        ]
        self._first, self._second = torch.zeros_like(self._parameters), torch.zeros_like(self._parameters)
        self._slope, self._best = torch.zeros_like(self._parameters), self._parameters.clone()
        count = len(self._parameters)
        self._best_loss = torch.full((count,), float("inf"), dtype=torch.float64, device=place)
        self._evaluations = torch.zeros(count, dtype=torch.int64, device=place)
        self._outcome = torch.zeros(count, dtype=torch.int8, device=place)

    def advance(self, first: int, last: int, weight: float, zero: float) -> None:
        """Make evaluations, then copy to the group what became of them."""
        group, which, recipe = self._group, self._which, self._group.recipe
        if (group.outcome[which] != RUNNING).all():
            return
        for step in range(first, min(last, recipe.steps + 1)):
            self._evaluate(weight, zero)
            if step < recipe.steps:
                self._move(step)
        for array, tensor in (
            (group.parameters, self._parameters),
            (group.best, self._best),
            (group.best_loss, self._best_loss),
            (group.evaluations, self._evaluations),
            (group.outcome, self._outcome),
        ):
            array[which] = tensor.cpu().numpy()

    def _evaluate(self, weight: float, zero: float) -> None:
        loss = self._loss_and_slope()
        self._slope *= self._free
        largest = self._slope.abs().amax(dim=1)
        due = self._outcome == RUNNING
        self._evaluations += due
        fine = loss.isfinite() & largest.isfinite()
        better = due & fine & (loss < self._best_loss)
        self._best_loss.copy_(loss.where(better, self._best_loss))
        self._best.copy_(self._parameters.where(better[:, None], self._best))
        bound = self._group.recipe.tolerance * 2.0 * (loss * weight).sqrt()
        self._outcome.masked_fill_(due & fine & ((largest <= bound) | (loss <= zero)), CONVERGED)
        self._outcome.masked_fill_(due & ~fine, DIVERGED)

    def _move(self, step: int) -> None:
        recipe = self._group.recipe
        goes_on = (self._outcome == RUNNING)[:, None]
        slope = self._slope
        self._first.mul_(recipe.first).add_(slope, alpha=1.0 - recipe.first)
        self._second.mul_(recipe.second).addcmul_(slope, slope, value=1.0 - recipe.second)
        rate = float(recipe.rate)
        if recipe.cosine:
            rate *= 0.5 * (1.0 + cos(pi * step / recipe.steps))
        root = self._second.sqrt().mul_(1.0 / sqrt(1.0 - recipe.second ** (step + 1))).add_(recipe.epsilon)
        change = (self._first / root).mul_(rate / (1.0 - recipe.first ** (step + 1)))
        self._parameters.sub_(change.where(goes_on, change.new_zeros(())))

    def _loss_and_slope(self) -> "torch.Tensor":
        """Return the losses (S,), and write their derivatives by all parameters."""
        import torch

        shape, count = self._group.shape, len(self._parameters)
        blocks, slopes = _blocks(shape, self._parameters), _blocks(shape, self._slope)
        reads = [self._points[:-1].expand(count, -1, -1)]
        factors: list[torch.Tensor] = []
        multiplied: dict[int, torch.Tensor] = {}
        for level, block in enumerate(blocks):
            pre = self._product(block[:, :, :-1], reads[level]).add_(block[:, :, -1:])
            if level == shape.hidden:
                break
            value, factor = values_and_slopes(self._activation, pre)
            linear = self._linear[level]
            if len(linear):
                value[:, linear] = pre[:, linear]
                factor[:, linear] = 1.0
            for other, rows in self._others[level]:
                value[:, rows], factor[:, rows] = values_and_slopes(other, pre[:, rows])
            if shape.pooled[level]:
                multiplied[level] = value
                value = _pooled(value)
            reads.append(value)
            factors.append(factor)
        residual = pre.sub_(self._values)
        delta = residual * (2.0 * self._weights)
        loss = 0.5 * (delta * residual).flatten(1).sum(dim=1)
        for level in range(shape.hidden, -1, -1):
            slopes[level][:, :, :-1] = self._product(delta, reads[level].transpose(1, 2))
            slopes[level][:, :, -1] = delta.sum(dim=2)
            if level:
                weights = blocks[level][:, :, :-1].transpose(1, 2)
                delta = self._product(weights, delta)
                if level - 1 in multiplied:
                    delta = _unpooled(multiplied[level - 1], delta)
                delta.mul_(factors[level - 1])
        return loss

    def _product(self, left: "torch.Tensor", right: "torch.Tensor") -> "torch.Tensor":
        import torch

        if self._batched:
            return torch.bmm(left, right)
        result = left.new_empty((len(left), left.shape[1], right.shape[2]))
        for out, a, b in zip(result, left, right, strict=True):
            torch.mm(a, b, out=out)
        return result


def _blocks(shape: Shape, parameters: "torch.Tensor") -> "list[torch.Tensor]":
    count = len(parameters)
    return [
        parameters[:, span].view(count, *size) for span, size in zip(shape.spans, shape.sizes, strict=True)
    ]


def _pooled(values: "torch.Tensor") -> "torch.Tensor":
    """Products u ⊙ v of the rows (u, v), which are the second dimension; an odd number is filled up with ones."""
    import torch

    half, pairs = (values.shape[1] + 1) // 2, values.shape[1] // 2
    return torch.cat([values[:, :pairs] * values[:, half:], values[:, pairs:half]], dim=1)


def _unpooled(values: "torch.Tensor", above: "torch.Tensor") -> "torch.Tensor":
    """Return the derivative by the rows, given that by the products."""
    import torch

    half, pairs = (values.shape[1] + 1) // 2, values.shape[1] // 2
    first, second = above[:, :pairs] * values[:, half:], above[:, :pairs] * values[:, :pairs]
    return torch.cat([first, above[:, pairs:], second], dim=1)


def values_and_slopes(activation: Activation, x: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """Return values and derivatives (from the right at knots), elementwise and on the device of `x`."""
    import torch

    if activation.polynomial is not None:
        return _piecewise(activation.polynomial, x)
    if activation.derivative is not None:
        value = activation.function(x)
        return value, activation.derivative(x, value)
    with torch.enable_grad():
        point = x.detach().requires_grad_(True)
        value = activation.function(point)
        (slope,) = torch.autograd.grad(value.sum(), point)
    return value.detach(), slope


def _piecewise(polynomial: PiecewisePolynomial, x: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    pieces = [[float(value) for value in piece] for piece in polynomial.coefficients]
    if pieces[1:] == [[0.0, 1.0]] and not any(pieces[0]) and not any(polynomial.knots):
        return x.clamp(min=0.0), (x >= 0.0).to(x.dtype)
    value, slope = _horner(pieces[0], x)
    for knot, piece in zip(polynomial.knots, pieces[1:], strict=True):
        right = x >= float(knot)
        next_value, next_slope = _horner(piece, x)
        value, slope = next_value.where(right, value), next_slope.where(right, slope)
    return value, slope


def _horner(coefficients: Sequence[float], x: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    value = x.new_full((), coefficients[-1] if coefficients else 0.0).expand_as(x).clone()
    slope = x.new_zeros(x.shape)
    for coefficient in coefficients[-2::-1]:
        slope = slope * x + value
        value = value * x + coefficient
    return value, slope
