"""Any convex loss: dual bounds of many patterns at once, then conic programmes one by one."""

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import nnls

from ratelab.best._global_data import Data, Level
from ratelab.best._global_losses import Loss
from ratelab.best._global_patterns import Index, Signs, Solved, ray_table
from ratelab.best._global_spans import residuals

Array = NDArray[np.float64]

_STEPS = 8
_NEWTON = 60
_SHARP = 40
_CHUNK = 1_000_000
_ACCURACY = 1e-10
_EXPONENTIAL_ACCURACY = 1e-8
"""Of programmes with exponential cones. Their minimum need not be attained: bounds come from `_newton`."""


class ConvexObjective:
    """A loss by name; relaxations are bounded by duality, programmes are solved by an interior-point method."""

    def __init__(self, data: Data, loss: Loss) -> None:
        self.data, self.loss = data, loss
        self._accuracy = _EXPONENTIAL_ACCURACY if loss.name == "logistic" else _ACCURACY
        self.accuracy = 10.0 * self._accuracy
        self._settings = clarabel.DefaultSettings()
        self._settings.verbose = False
        self._settings.max_threads = 1
        for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas", "tol_ktratio"):
            setattr(self._settings, name, self._accuracy)

    def bounds(self, level: Level, choice: Index) -> Array:
        """Bound the loss over the spans of the cells, by duality at a few weighted least-squares solutions."""
        if self.loss.name == "hinge":  # whose dual vectors have prescribed signs, which least squares miss
            return np.zeros(len(choice))
        step = max(1, _CHUNK // (level.bases.shape[1] * choice.shape[1] * len(level.data)))
        found = [np.zeros(0)]
        for begin in range(0, len(choice), step):
            found.append(self._duals(level, choice[begin : begin + step]))
        return np.concatenate(found)

    def _duals(self, level: Level, choice: Index) -> Array:
        y, weights = self.data.y[level.data], self.data.weights[level.data]
        _, span = residuals(level.bases, choice, level.y)
        span = np.concatenate([np.repeat(level.free[None], len(span), axis=0), span], axis=1)
        ridge = 1e-9 * np.eye(span.shape[1])
        outputs = np.einsum("bkn,bk->bn", span, np.einsum("bkn,n->bk", span, y))
        best = np.zeros(len(choice))
        for step in range(_STEPS):
            gradient, curvature = self.loss.majorant(y, weights, outputs, step)
            matrix = (span * curvature[:, None, :]) @ span.transpose(0, 2, 1)
            trace = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
            matrix += ridge * np.where(trace > 0, trace, 1.0)
            right = np.einsum("bkn,bn->bk", span, gradient)
            move = -np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
            change = np.einsum("bkn,bk->bn", span, move)
            u = gradient + curvature * change
            for _ in range(2):
                u = u - np.einsum("bkn,bk->bn", span, np.einsum("bkn,bn->bk", span, u))
            best = np.maximum(best, self.loss.dual(y, weights, u))
            outputs = outputs + change
        return best

    def programmes(self, choice: Index, signs: Signs, enough: float) -> Solved:
        """Solve relaxed programmes, then those of the signs, where bounds are below `enough`."""
        rays, used = ray_table(self.data, choice)
        values, lower = np.full(len(choice), np.inf), np.zeros(len(choice))
        coefficients = np.zeros(rays.shape)
        y, weights = self.data.y, self.data.weights
        outputs, columns = self.data.rays, self.data.columns
        count = 0
        begins = np.flatnonzero(np.concatenate([[True], (choice[1:] != choice[:-1]).any(axis=1)]))
        for group in np.split(np.arange(len(choice)), begins[1:]):
            if len(group) > 1:
                bound = self._relaxed(choice[group[0]])
                count += 1
                if bound >= enough:
                    lower[group] = bound
                    continue
            for row in group:
                places = np.nonzero(used[row])
                chosen = outputs[rays[row][places]] * signs[row][places[0], None]
                design = np.concatenate([chosen.T, columns], axis=1)
                x, lower[row] = self._solve(design, len(chosen))
                count += 1
                c = np.maximum(x[: len(chosen)], 0.0)
                coefficients[row][places] = c
                values[row] = self.loss.total(y, weights, design @ np.concatenate([c, x[len(chosen) :]]))
                enough = min(enough, values[row])
        return Solved(values, np.minimum(lower, values), rays, coefficients, count)

    def _relaxed(self, choice: Index) -> float:
        level = self.data.levels[-1]
        _, span = residuals(level.bases, choice[None], level.y)
        span = np.concatenate([level.free, span[0]])
        return self._solve(span[(span != 0).any(axis=1)].T, 0)[1]

    def _solve(self, design: Array, positive: int) -> tuple[Array, float]:
        """Return the minimiser, the first entries non-negative, and a lower bound of the minimum."""
        y, weights = self.data.y, self.data.weights
        size = design.shape[1]
        if not size:
            return np.zeros(0), float(self.loss.total(y, weights, np.zeros(len(y))))
        conic = self.loss.conic(y, weights, design)
        equations, inequalities, exponential = conic.cones
        bound = np.zeros((positive, conic.matrix.shape[1]))
        bound[:, :positive] = -np.eye(positive)
        head = equations + inequalities
        matrix = np.concatenate([conic.matrix[:head], bound, conic.matrix[head:]])
        right = np.concatenate([conic.right[:head], np.zeros(positive), conic.right[head:]])
        cones = [clarabel.ZeroConeT(equations)] if equations else []
        if inequalities + positive:
            cones.append(clarabel.NonnegativeConeT(inequalities + positive))
        cones += [clarabel.ExponentialConeT()] * exponential
        quadratic = sparse.diags_array(conic.diagonal, format="csc")
        solver = clarabel.DefaultSolver(
            quadratic, conic.linear, sparse.csc_array(matrix), right, cones, self._settings
        )
        found = solver.solve()
        x = np.array(found.x)[:size]
        if not np.isfinite(x).all():
            return np.zeros(size), 0.0
        if str(found.status) != "Solved" or self.loss.name == "logistic":
            return self._newton(
                design, positive, np.concatenate([np.maximum(x[:positive], 0.0), x[positive:]])
            )
        least = min(found.obj_val, found.obj_val_dual)
        return x, max(float(least) - self._accuracy * (1.0 + abs(least)), 0.0)

    def _newton(self, design: Array, positive: int, x: Array) -> tuple[Array, float]:
        """Improve a solution by Newton steps over the cone; return it and the best dual bound met.

        Each step is a non-negative least-squares problem whose weighted residual lies in the dual cone.
        """
        y, weights = self.data.y, self.data.weights
        whole = np.concatenate([design, -design[:, positive:]], axis=1)
        outputs = design @ x
        value, bound = float(self.loss.total(y, weights, outputs)), 0.0
        for _ in range(_NEWTON):
            slope, curvature = self.loss.majorant(y, weights, outputs[None], _SHARP)
            metric = np.sqrt(curvature[0])
            target = metric * outputs - slope[0] / metric
            size = float(np.abs(target).max()) or 1.0
            try:
                c = size * nnls(whole * metric[:, None], target / size)[0]
            except RuntimeError:  # its iterations ran out
                break
            goal = c[: len(x)]
            goal[positive:] -= c[len(x) :]
            change = design @ goal - outputs
            bound = max(bound, float(self.loss.dual(y, weights, slope + curvature * change)[0]))
            length = 1.0
            while length > 1e-3 and self.loss.total(y, weights, outputs + length * change) >= value:
                length /= 2.0
            trial = x + length * (goal - x)
            after = float(self.loss.total(y, weights, design @ trial))
            if after < value:
                x, value, outputs = trial, after, design @ trial
            if value - bound <= self._accuracy * (1.0 + value) or after >= value + self._accuracy:
                break
        return x, bound

    def total(self, outputs: Array) -> float:
        """Return the loss of a network's outputs."""
        return float(self.loss.total(self.data.y, self.data.weights, outputs))

    def solution(self, rays: Index, signs: Signs, coefficients: Array) -> tuple[Array, Array]:
        """Solve the programme of a pattern once more; return coefficients of its rays and of the free columns."""
        flat = rays.reshape(-1)
        chosen = self.data.rays[flat] * np.repeat(signs, rays.shape[1])[:, None]
        used = (chosen != 0).any(axis=1)
        design = np.concatenate([chosen[used].T, self.data.columns], axis=1)
        x, _ = self._solve(design, int(used.sum()))
        found = np.zeros(len(flat))
        found[used] = np.maximum(x[: int(used.sum())], 0.0)
        return found.reshape(rays.shape), x[int(used.sum()) :]
