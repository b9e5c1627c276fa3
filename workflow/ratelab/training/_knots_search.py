"""The search for good knots: dynamic programmes over many arrangements, Newton's method, exchange of knots."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem
from ratelab.training._interpolant import Interpolant

Array = NDArray[np.float64]

_NO_TILT = np.empty(0)
_OFFSETS = 0.75 * np.arange(-4, 5)
_GRID, _PER_PIECE = 96, 5
_SHORT, _LONG = 10, 60


@dataclass(frozen=True, eq=False)
class Candidate:
    """A continuous piecewise linear function on the domain.

    Parameters
    ----------
    knots, heights
        (K + 2,) knots, ends of the domain included, and values there.
    loss
        Integral of the squared difference to the interpolant.
    converged
        Whether Newton's method has come to an end.
    """

    knots: Array
    heights: Array
    loss: float
    converged: bool


class Search:
    """Candidates for one fit; what they cost is entered by `spend`.

    Parameters
    ----------
    data
        The interpolant.
    random
        Moves the grids of the dynamic programmes.
    spend
        Called with the evaluations of losses and derivatives of each step of the search (a gradient and a Jacobian
        each); returns whether the budget is spent.
    left
        Returns how many evaluations are left.
    unit
        Transitions of a dynamic programme that count as one evaluation.

    Attributes
    ----------
    cut
        Whether anything was left out or cut short because the work did not suffice.
    """

    def __init__(
        self,
        data: Interpolant,
        random: np.random.Generator,
        spend: Callable[[float], None],
        left: Callable[[], float],
        unit: float,
    ) -> None:
        self.data, self.random, self.spend, self.left, self.unit = data, random, spend, left, unit
        self.lower, self.upper = float(data.points[0]), float(data.points[-1])
        gaps = np.diff(data.points) / 3
        value = data.values
        self.energy = float(
            np.sum(data.density * gaps * (value[1:] ** 2 + value[1:] * value[:-1] + value[:-1] ** 2))
        )
        self.floor = 1e-30 * self.energy
        self.cut = False

    def quantiles(self, count: int, shift: float = 0.0) -> Array:
        """Return `count` knots spread by the data's bending, ends added; `shift` in (−½, ½) moves them all."""
        x, share = self.data.bending()
        inner = np.interp((np.arange(1, count + 1) + shift) / (count + 1), share, x)
        return self._apart(inner)

    def polish(self, knots: Array, tilt: Array = _NO_TILT, steps: int = _LONG) -> Candidate | None:
        """Return what Newton's method makes of knots (ends included), as far as the budget allows."""
        from ratelab.training._knots_kernels import descend

        affordable = (self.left() - 1.0) / 3.0
        self.cut |= affordable < steps
        if affordable < 0.0:
            return None
        steps = int(min(float(steps), affordable))
        data = self.data
        found, heights, loss, losses, slopes, ended = descend(
            data.points, data.values, data.density, knots, tilt, steps, self.floor
        )
        self.spend(float(losses + 2 * slopes))
        if not (np.isfinite(loss) and np.isfinite(heights).all()):
            return None
        return Candidate(found, heights, float(loss), bool(ended) or steps == 0)

    def programme(self, most: int, guess: dict[int, Candidate]) -> dict[int, Array]:
        """Return starts with up to `most` pieces, by pieces: the best splines with knots and values on a grid.

        Parameters
        ----------
        guess
            Candidates by pieces; the one with the most pieces gives the scale of the values, and all give grid
            points.
        """
        from ratelab.training._knots_programme_kernels import programme

        size = max(_GRID, _PER_PIECE * most)
        grid = self._apart(
            np.sort(
                np.concatenate(
                    [
                        self.quantiles(size, self.random.uniform(-0.5, 0.5))[1:-1],
                        *[c.knots[1:-1] for c in guess.values()],
                    ]
                )
            )
        )
        transitions = len(grid) ** 2 / 2 * len(_OFFSETS) ** 2 * most
        if most not in guess:
            return {}
        if transitions / self.unit >= self.left():
            self.cut = True
            return {}
        loss = guess[most].loss
        length = self.data.density @ np.diff(self.data.points)
        scale = float(np.sqrt(loss / length))
        rows, weighed = programme(
            grid,
            self.data.at(grid),
            self.data.sums(grid),
            np.asarray(scale * _OFFSETS, dtype=np.float64),
            most,
            loss,
        )
        self.spend(weighed / self.unit)
        return {n: grid[rows[n - 1, : n + 1]] for n in range(1, most + 1) if rows[n - 1, 0] == 0}

    def affords(self, evaluations: float) -> bool:
        """Return whether that much work is left, and note if not."""
        able = evaluations <= self.left()
        self.cut |= not able
        return able

    def inserted(self, start: Candidate) -> Array:
        """Return the knots with one more in the middle of the piece of largest loss."""
        from ratelab.training._knots_kernels import normal_equations

        data, knots, heights = self.data, start.knots, start.heights
        products, sides = normal_equations(data.points, data.values, data.density, knots)
        sums = self.data.sums(knots)
        energy = np.diff(sums[:, 5])
        left, right = heights[:-1], heights[1:]
        losses = (
            energy
            + products[:, 0] * left**2
            + 2 * products[:, 1] * left * right
            + products[:, 2] * right**2
            - 2 * (sides[:, 0] * left + sides[:, 1] * right)
        )
        self.spend(1.0)
        place = int(np.argmax(losses))
        return np.insert(knots, place + 1, 0.5 * (knots[place] + knots[place + 1]))

    def removed(self, start: Candidate) -> Array:
        """Return the knots without the one that is missed least."""
        from ratelab.training._knots_kernels import fit_heights

        data, knots = self.data, start.knots
        inner = range(1, len(knots) - 1)
        losses = [
            fit_heights(data.points, data.values, data.density, np.delete(knots, j), _NO_TILT)[0]
            for j in inner
        ]
        self.spend(float(len(losses)))
        return np.delete(knots, 1 + int(np.argmin(losses)))

    def _apart(self, inner: Array) -> Array:
        """Return sorted knots with the ends, without those that nearly coincide."""
        least = 1e-8 * (self.upper - self.lower)
        full = np.concatenate([[self.lower], np.sort(inner), [self.upper]])
        kept = np.append(np.diff(full) > least, True)
        kept[0] = True
        kept[-2] = kept[-2] or len(full) == 2
        return np.asarray(full[kept])


def lines_meet(problem: FitProblem, candidate: Candidate) -> Candidate | None:
    """Return the function whose pieces are the lines through the nodes well inside the candidate's pieces.

    Nodes next to a knot are left out; None where a piece has fewer than two others, or where lines do not meet in the
    gap of their knot.
    """
    x, y, weight = problem.nodes[:, 0], problem.values[:, 0], problem.weights
    order = np.argsort(x, kind="stable")
    order = order[weight[order] > 0]
    x, y, weight = x[order], y[order], weight[order]
    knots = candidate.knots
    place = np.searchsorted(x, knots[1:-1])
    ends = np.concatenate([[-1], place, [len(x) + 1]])
    centres, middles, slopes = np.empty((3, len(ends) - 1))
    for k, (first, last) in enumerate(zip(ends[:-1] + 1, ends[1:] - 1, strict=True)):
        inside = slice(first, last)
        if last - first < 2:
            return None
        mass = float(weight[inside].sum())
        centres[k] = weight[inside] @ x[inside] / mass
        middles[k] = weight[inside] @ y[inside] / mass
        apart = x[inside] - centres[k]
        slopes[k] = weight[inside] @ (apart * y[inside]) / (weight[inside] @ (apart * apart))
    bends = np.diff(slopes)
    rise = np.diff(middles) - slopes[1:] * centres[1:] + slopes[:-1] * centres[:-1]
    inner = -rise / np.where(bends == 0, np.nan, bends)
    before, after = x[np.maximum(place - 2, 0)], x[np.minimum(place + 1, len(x) - 1)]
    if not ((inner >= before) & (inner <= after)).all():
        return None
    full = np.concatenate([knots[:1], inner, knots[-1:]])
    if not (np.diff(full) > 0).all():
        return None
    heights = np.append(
        middles + slopes * (full[:-1] - centres), middles[-1] + slopes[-1] * (full[-1] - centres[-1])
    )
    return Candidate(full, heights, candidate.loss, True)
