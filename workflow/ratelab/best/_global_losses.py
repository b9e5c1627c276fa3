"""Convex losses: values, multiples of a dual vector as lower bounds, and conic programmes.

A loss is Σ_j ℓ_j(f_j) over the outputs f (for `maximum`, a maximum). For every u orthogonal to a space of
outputs, Fenchel's inequality gives Σ_j ℓ_j(f_j) ≥ −Σ_j ℓ_j*(u_j) on that space, ℓ* the convex conjugate; the same
holds on a cone where ⟨u, f⟩ ≥ 0. `dual` returns the best such bound over the positive multiples of u that are
feasible. `majorant` gives gradient and curvature of a quadratic step, from which good u come. All losses are
non-negative.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError, suggestion
from ratelab.registry import parse_label

Array = NDArray[np.float64]

_ROUNDOFF = 1e-9


@dataclass(eq=False)
class Conic:
    """min ½ xᵀPx + qᵀx with A x + s = b, s in a product of cones; the first columns of x are the design's.

    `cones` counts, in the order of the rows: equations, inequalities, exponential cones (3 rows each).
    """

    diagonal: Array
    linear: Array
    matrix: Array
    right: Array
    cones: tuple[int, int, int]


class Loss(ABC):
    """A convex, non-negative loss."""

    name: ClassVar[str]
    labels: ClassVar[bool]
    """Whether values are −1 and 1."""
    degree: ClassVar[int]
    """Power of a factor of y and f that the loss scales with; 0 where it does not."""

    def scaled(self, unit: float) -> "Loss":
        """Return the loss of y/unit and f/unit, up to the factor unit^degree."""
        return self

    @abstractmethod
    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        """Return the loss over the last axis of outputs (…, n)."""

    @abstractmethod
    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        """Return gradient and positive curvature (B, n) of a quadratic model of the loss."""

    @abstractmethod
    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        """Return lower bounds (B,) of the loss on the orthogonal complements of u (B, n)."""

    @abstractmethod
    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        """Return min over x of the loss of outputs design @ x."""


@dataclass(frozen=True)
class Squared(Loss):
    """Σ (y − f)²."""

    name: ClassVar[str] = "squared"
    labels: ClassVar[bool] = False
    degree: ClassVar[int] = 2

    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        return np.asarray(np.sum(weights * (y - outputs) ** 2, axis=-1))

    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        return 2.0 * weights * (outputs - y), np.broadcast_to(2.0 * weights, outputs.shape)

    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        # the maximum over t of −t u·y − t² Σ u²/(4w)
        return _positive(u @ -y) ** 2 / _nonzero(np.sum(u**2 / weights, axis=-1))

    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        n, m = design.shape
        matrix = np.concatenate([design, np.eye(n)], axis=1)
        return Conic(np.concatenate([np.zeros(m), 2.0 * weights]), np.zeros(m + n), matrix, y, (n, 0, 0))


class _Pinball(Loss):
    """Σ c·max(q r, (q − 1) r), r = y − f, with a level q per datum."""

    factor: ClassVar[float] = 1.0

    @abstractmethod
    def levels(self, y: Array) -> Array:
        """Return the level of each datum."""

    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        q, r = self.levels(y), y - outputs
        return np.asarray(np.sum(self.factor * weights * np.maximum(q * r, (q - 1.0) * r), axis=-1))

    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        q, r = self.levels(y), y - outputs
        size = np.sqrt(np.mean(r**2, axis=-1, keepdims=True))
        curvature = 0.5 / np.sqrt(r**2 + (0.3 * 0.5**step * size + 1e-9) ** 2)
        scale = self.factor * weights
        return scale * (-curvature * r - (q - 0.5)), scale * curvature

    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        q, scale = self.levels(y), self.factor * weights
        room = np.where(u > 0, (1.0 - q) * scale, q * scale) / _nonzero(np.abs(u))
        return _positive(np.min(np.where(u == 0, np.inf, room), axis=-1, initial=1e300) * (u @ -y))

    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        n, m = design.shape
        q, slack = self.levels(y), -np.eye(n)
        upper = np.concatenate([-q[:, None] * design, slack], axis=1)
        lower = np.concatenate([(1.0 - q)[:, None] * design, slack], axis=1)
        cost = np.concatenate([np.zeros(m), self.factor * weights])
        right = np.concatenate([-q * y, (1.0 - q) * y])
        return Conic(np.zeros(m + n), cost, np.concatenate([upper, lower]), right, (0, 2 * n, 0))


@dataclass(frozen=True)
class Absolute(_Pinball):
    """Σ |y − f|."""

    name: ClassVar[str] = "absolute"
    labels: ClassVar[bool] = False
    degree: ClassVar[int] = 1
    factor: ClassVar[float] = 2.0

    def levels(self, y: Array) -> Array:
        return np.full(len(y), 0.5)


@dataclass(frozen=True)
class Quantile(_Pinball):
    """Σ max(level·(y − f), (level − 1)·(y − f)), 0 < level < 1."""

    level: float = 0.5
    name: ClassVar[str] = "quantile"
    labels: ClassVar[bool] = False
    degree: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _number(self.level, "loss 'quantile': level", below=1.0)

    def levels(self, y: Array) -> Array:
        return np.full(len(y), float(self.level))


@dataclass(frozen=True)
class Hinge(_Pinball):
    """Σ max(0, 1 − y f), y = ±1: the pinball loss with level 1 where y = 1 and 0 where y = −1."""

    name: ClassVar[str] = "hinge"
    labels: ClassVar[bool] = True
    degree: ClassVar[int] = 0

    def levels(self, y: Array) -> Array:
        return (1.0 + y) / 2.0


@dataclass(frozen=True)
class Maximum(Loss):
    """max weight·|y − f|."""

    name: ClassVar[str] = "maximum"
    labels: ClassVar[bool] = False
    degree: ClassVar[int] = 1

    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        return np.asarray(np.max(weights * np.abs(y - outputs), axis=-1))

    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        r = outputs - y
        size = weights * np.abs(r) / _nonzero(np.max(weights * np.abs(r), axis=-1, keepdims=True))
        curvature = weights**2 * np.maximum(size, 1e-3) ** (2.0 * step)
        return curvature * r, curvature

    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        return _positive(u @ -y) / _nonzero(np.sum(np.abs(u) / weights, axis=-1))

    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        n, m = design.shape
        scaled, slack = weights[:, None] * design, -np.ones((n, 1))
        matrix = np.concatenate([np.concatenate([s * scaled, slack], axis=1) for s in (-1.0, 1.0)])
        right = np.concatenate([-weights * y, weights * y])
        return Conic(np.zeros(m + 1), np.append(np.zeros(m), 1.0), matrix, right, (0, 2 * n, 0))


@dataclass(frozen=True)
class Huber(Loss):
    """Σ r²/2 where |r| ≤ threshold, else threshold·(|r| − threshold/2), r = y − f."""

    threshold: float = 1.0
    name: ClassVar[str] = "huber"
    labels: ClassVar[bool] = False
    degree: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _number(self.threshold, "loss 'huber': threshold", below=np.inf)

    def scaled(self, unit: float) -> "Huber":
        return Huber(float(self.threshold) / unit)

    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        size = np.abs(y - outputs)
        inner = np.minimum(size, self.threshold)
        return np.asarray(np.sum(weights * inner * (size - inner / 2.0), axis=-1))

    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        r = outputs - y
        curvature = weights * np.minimum(1.0, self.threshold / _nonzero(np.abs(r)))
        return curvature * r, curvature

    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        # the maximum of −t u·y − t² Σ u²/(2w) over 0 ≤ t ≤ the largest feasible multiple
        room = np.min(weights * self.threshold / _nonzero(np.abs(u)), axis=-1)
        gain, cost = _positive(u @ -y), np.sum(u**2 / weights, axis=-1)
        t = np.minimum(room, gain / _nonzero(cost))
        return np.asarray(t * gain - 0.5 * t**2 * cost)

    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        n, m = design.shape
        one = np.eye(n)
        equal = np.concatenate([design, one, one, -one], axis=1)
        outer = np.zeros((2 * n, m + 3 * n))
        outer[:, m + n :] = -np.eye(2 * n)
        diagonal = np.concatenate([np.zeros(m), weights, np.zeros(2 * n)])
        cost = np.concatenate([np.zeros(m + n), weights * self.threshold, weights * self.threshold])
        right = np.concatenate([y, np.zeros(2 * n)])
        return Conic(diagonal, cost, np.concatenate([equal, outer]), right, (n, 2 * n, 0))


@dataclass(frozen=True)
class Logistic(Loss):
    """Σ log(1 + exp(−y f)), y = ±1; its infimum need not be attained."""

    name: ClassVar[str] = "logistic"
    labels: ClassVar[bool] = True
    degree: ClassVar[int] = 0

    def total(self, y: Array, weights: Array, outputs: Array) -> Array:
        return np.asarray(np.sum(weights * np.logaddexp(0.0, -y * outputs), axis=-1))

    def majorant(self, y: Array, weights: Array, outputs: Array, step: int) -> tuple[Array, Array]:
        chance = 0.5 * (1.0 - np.tanh(0.5 * y * outputs))
        floor = 1e-3 if step < 20 else 1e-9  # flat far out: early steps would be too long
        return -weights * y * chance, weights * np.maximum(chance * (1.0 - chance), floor)

    def dual(self, y: Array, weights: Array, u: Array) -> Array:
        part = -y * u / weights
        part = np.where((part < 0) & (part > -_ROUNDOFF), 0.0, part)
        best = np.zeros(u.shape[:-1])
        for multiple in (1.0, 0.9, 0.7, 0.4):
            a = multiple * part
            with np.errstate(divide="ignore", invalid="ignore"):
                entropy = -(a * np.log(a) + (1.0 - a) * np.log1p(-a))
            entropy = np.where((a == 0) | (a == 1), 0.0, entropy)
            bound = np.sum(weights * entropy, axis=-1)
            best = np.maximum(best, np.where(((a >= 0) & (a <= 1)).all(axis=-1), bound, 0.0))
        return best

    def conic(self, y: Array, weights: Array, design: Array) -> Conic:
        # t ≥ log(1 + exp(−yf)) if exp(−yf − t) ≤ z, exp(−t) ≤ z', z + z' ≤ 1
        n, m = design.shape
        size = m + 3 * n
        matrix, right = np.zeros((7 * n, size)), np.zeros(7 * n)
        j = np.arange(n)
        matrix[j, m + n + j] = matrix[j, m + 2 * n + j] = 1.0
        right[:n] = 1.0
        first, second = n + 6 * j, n + 6 * j + 3
        matrix[first, :m] = y[:, None] * design
        matrix[first, m + j] = matrix[second, m + j] = 1.0
        right[first + 1] = right[second + 1] = 1.0
        matrix[first + 2, m + n + j] = matrix[second + 2, m + 2 * n + j] = -1.0
        cost = np.concatenate([np.zeros(m), weights, np.zeros(2 * n)])
        return Conic(np.zeros(size), cost, matrix, right, (0, n, 2 * n))


LOSSES: dict[str, type[Any]] = {
    kind.name: kind for kind in (Squared, Absolute, Maximum, Huber, Quantile, Hinge, Logistic)
}


def loss_of(given: object) -> Loss:
    """Return a loss from its label, such as ``quantile(level=0.3)``, or the loss itself."""
    if isinstance(given, Loss):
        return given
    if not isinstance(given, str):
        raise UserError(f"loss is {given!r}; allowed: a name such as 'squared' or one of the loss classes")
    name, parameters = parse_label(given)
    if name not in LOSSES:
        raise UserError(f"loss '{name}' is unknown; {suggestion(name, list(LOSSES))}")
    known = [f.name for f in fields(LOSSES[name])]
    for key in parameters:
        if key not in known:
            raise UserError(f"loss '{name}' has no parameter '{key}'; allowed: {', '.join(known) or 'none'}")
    made: Loss = LOSSES[name](**parameters)
    return made


def _number(value: object, what: str, below: float) -> None:
    try:
        fine = 0.0 < float(value) < below  # type: ignore[arg-type]
    except (TypeError, ValueError):
        fine = False
    if not fine:
        limit = "positive numbers" if below == np.inf else f"numbers above 0 and below {below:g}"
        raise UserError(f"{what} is {value!r}; allowed: {limit}")


def _positive(value: Array) -> Array:
    return np.maximum(value, 0.0)


def _nonzero(value: Array) -> Array:
    return np.maximum(value, 1e-300)
