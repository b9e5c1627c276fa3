"""Free knots on data: dynamic programming and Newton's method for shallow piecewise linear networks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Activation, Progress
from ratelab.training._elementwise import one_thread
from ratelab.training._generator import generator
from ratelab.training._interpolant import Interpolant
from ratelab.training._knots_search import Candidate, Search, lines_meet
from ratelab.training._knots_signs import Faces, likely_faces, tilt
from ratelab.training._stack import Data, Pass, Shape, check_accepted, one_activation
from ratelab.training._varpro import VariableProjection
from ratelab.training._work import Ledger, check_work, work_units

Array = NDArray[np.float64]

_ONLY = np.zeros(1, np.intp)
_NEGLIGIBLE_LOSS = 1e-6


@dataclass(eq=False)
class FreeKnots:
    """Shallow networks of one variable and value whose activation has one bend, as splines with free knots.

    The loss is integrated against the linear interpolant of the data (`Interpolant`). Dynamic programmes over knots
    and values on a grid, which the seed moves, see all arrangements of the knots; Newton's method polishes. N neurons
    are tried as N − 1 knots with an affine neuron, and as N knots whose slopes satisfy the subset-sum condition, with
    the most promising choices of faces (`likely_faces`). Where the data lie in the class the knots are the points
    where the lines through the nodes of neighbouring pieces meet. All other fits are those of `VariableProjection`,
    with the same budget. A fit has *converged* when Newton's method came to an end for the network returned.
    Source: Hudson 1966, fitting segmented curves; Jupp 1978, the lethargy of free knots; Bellman 1961, segments by
    dynamic programming.

    Parameters
    ----------
    rounds
        Dynamic programmes, each on a new grid that holds the knots found so far.
    work
        Work units after which a fit ends; a dynamic programme counts its transitions.
    """

    rounds: int = 2
    work: float = np.inf
    name: str = field(default="knots", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.rounds < 0:
            raise UserError(f"trainer 'knots': rounds is {self.rounds}; allowed: 0 or more")
        check_work("knots", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if all neurons have the network's activation or none, else why the layout is not served."""
        return one_activation(layout)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        check_accepted(self.name, self.accepts, problem)
        slopes = _slopes(problem.activation)
        data = None
        if slopes is not None and problem.nodes.shape[1] == 1 and problem.values.shape[1] == 1:
            data = Interpolant.of(problem)
        results: dict[int, FitResult] = {}
        others = []
        done, total = 0, len(problem.fits)
        with one_thread(problem.activation), np.errstate(all="ignore"):
            for position, (layout, seed) in enumerate(problem.fits):
                if data is None or slopes is None or not _is_sum(layout):
                    others.append(position)
                    continue
                results[position] = _Fit(self, problem, layout, seed, data, slopes).run()
                done += 1
                if progress is not None:
                    progress(done, total)
        if others:
            fits = tuple(problem.fits[i] for i in others)
            part = FitProblem(
                problem.nodes,
                problem.weights,
                problem.values,
                problem.activation,
                fits,
                problem.domain,
                problem.milestones,
            )

            def further(now: int, _: int) -> None:
                if progress is not None:
                    progress(done + now, total)

            found = VariableProjection(work=self.work).fit(part, further)
            results |= dict(zip(others, found, strict=True))
        return [results[i] for i in range(total)]


class _Fit:
    """One network on its way."""

    def __init__(
        self,
        options: FreeKnots,
        problem: FitProblem,
        layout: Layout,
        seed: int,
        data: Interpolant,
        slopes: tuple[float, float],
    ) -> None:
        self.options, self.problem, self.layout, self.slopes = options, problem, layout, slopes
        self.shape, self.nodes = Shape(layout), Data.of(problem)
        self.ledger = Ledger([work_units(problem, layout)], options.work, problem.milestones)
        self.random = generator("knots", layout.key, seed)
        self.bent = np.flatnonzero(~layout.layers[0].linear)
        self.straight = np.flatnonzero(layout.layers[0].linear)
        self.best: Array | None = None
        self.chosen: tuple[Candidate, Faces | None] | None = None
        self.loss, self.converged, self.steps = np.inf, False, 0
        self.search = Search(data, self.random, self._spend, self._left, float(self.ledger.units[0]))
        # more pieces than gaps between nodes cannot lower the loss
        self.most = len(data.points) - 1

    def run(self) -> FitResult:
        """Search and return the best network."""
        bent = len(self.bent)
        plain = min(bent if len(self.straight) else bent - 1, self.most - 1)
        found: dict[int, Candidate] = {}
        for pieces in dict.fromkeys((plain + 1, min(bent + 1, self.most))):
            self._keep(found, pieces, self.search.quantiles(pieces - 1), plain)
        for _ in range(self.options.rounds):
            for pieces, knots in self.search.programme(max(found, default=0), found).items():
                if pieces in found and len(knots) == pieces + 1:
                    self._keep(found, pieces, knots, plain)
        if not len(self.straight):
            self._exchange(found, plain)
            if bent + 1 in found:
                self._turn(found[bent + 1])
        self._meet(found, plain)
        return self._result()

    def _keep(self, found: dict[int, Candidate], pieces: int, knots: Array, plain: int) -> None:
        """Polish knots, and keep them if they are the best of their number."""
        candidate = self.search.polish(knots)
        if candidate is None:
            return
        if pieces not in found or candidate.loss < found[pieces].loss:
            found[pieces] = candidate
            if len(candidate.knots) - 2 <= plain:
                self._offer(candidate, None)

    def _exchange(self, found: dict[int, Candidate], plain: int) -> None:
        """Carry knots between the splines of N and N + 1 pieces, as long as this helps."""
        low, high = plain + 1, len(self.bent) + 1
        for _ in range(3):
            if not (low in found and high in found and low < high):
                return
            if not self.search.affords(high + 1.0):
                return
            before = found[low].loss, found[high].loss
            self._keep(found, low, self.search.removed(found[high]), plain)
            self._keep(found, high, self.search.inserted(found[low]), plain)
            if found[low].loss > 0.998 * before[0] and found[high].loss > 0.998 * before[1]:
                return

    def _turn(self, start: Candidate) -> None:
        """Write N kinks with N neurons: choose which way they face, and move the knots to where that is possible."""
        if start.loss >= self.loss:
            return
        count = 24 if len(self.bent) <= 8 else 8
        choices = likely_faces(start.knots, start.heights, self.slopes, count, self.random)
        tried: list[tuple[float, int, Candidate, Faces]] = []
        for place, faces in enumerate(choices):
            candidate = self.search.polish(start.knots, tilt(faces, self.slopes), 10)
            if candidate is not None:
                tried.append((candidate.loss, place, candidate, faces))
        for _, _, candidate, faces in sorted(tried, key=lambda t: t[:2])[:3]:
            full = self.search.polish(candidate.knots, tilt(faces, self.slopes))
            if full is not None:
                self._offer(full, faces)

    def _offer(self, candidate: Candidate, faces: Faces | None) -> None:
        """Make a candidate the best network if it is."""
        if candidate.loss >= self.loss:
            return
        parameters = self._parameters(candidate, faces)
        if np.isfinite(parameters).all():
            self.best, self.loss, self.converged = parameters, candidate.loss, candidate.converged
            self.chosen = candidate, faces

    def _meet(self, found: dict[int, Candidate], plain: int) -> None:
        """Move the knots to where the lines through the nodes of neighbouring pieces meet, if the data are such lines.

        The interpolant cuts the corners of a target that has kinks between nodes.
        """
        candidates = [(c, None) for c in found.values() if len(c.knots) - 2 <= plain]
        limit = _NEGLIGIBLE_LOSS * self._at_nodes(self.best)
        for candidate, faces in [*candidates, *([self.chosen] if self.chosen else [])]:
            met = lines_meet(self.problem, candidate)
            if met is None or not self.search.affords(1.0):
                continue
            parameters = self._parameters(met, faces)
            self._spend(1.0)
            loss = self._at_nodes(parameters)
            if loss < limit:
                self.best, self.converged, limit = parameters, True, loss

    def _at_nodes(self, parameters: Array | None) -> float:
        """Return the loss at the nodes."""
        if parameters is None:
            return np.inf
        passed = Pass([(self.shape, parameters[None])], self.nodes, self.problem.activation).forward()
        rest = passed.parts[0].output[0] - self.nodes.values
        return float(np.sum(self.nodes.weights * rest * rest))

    def _parameters(self, candidate: Candidate, faces: Faces | None) -> Array:
        """Write a candidate as a network: all kinks sums of neurons, or as many as there are kinks and a line."""
        low, high = self.slopes
        knots, heights = candidate.knots, candidate.heights
        pieces = np.diff(heights) / np.diff(knots)
        inner = knots[1:-1]
        lower, upper = knots[0], knots[-1]
        right = inner >= 0.5 * (lower + upper) if faces is None else faces
        weight = np.diff(pieces) / (high - low)
        rest = float(pieces[0] - np.sum(weight * np.where(right, low, -high)))
        bend = _bend(self.problem.activation)
        shape, layer = self.shape, self.layout.layers[0]
        first, last = np.zeros(shape.sizes[0]), np.zeros((1, shape.sizes[1][1]))
        neurons = self.bent[: len(inner)]
        sign = np.where(right, 1.0, -1.0)
        first[:, 1] = bend
        first[neurons, 0], first[neurons, 1] = sign, bend - sign * inner
        last[0, neurons] = weight
        if len(self.straight):
            one = self.straight[0]
            first[self.straight] = 0.0
            factor = float(np.where(layer.free[one, 0], 1.0, layer.fixed[one, 0]))
            first[self.straight, 0] = np.where(
                layer.free[self.straight, 0], 1.0, layer.fixed[self.straight, 0]
            )
            last[0, one] = rest / factor
        elif faces is None and len(inner) < len(self.bent):
            one = self.bent[len(inner)]
            end, own = (lower, high) if high else (upper, low)
            first[one] = 1.0, bend - end
            last[0, one] = rest / own
        parameters = shape.flat([first, last])
        stack = parameters[None]
        at_end = Data(np.array([[lower] * 8, [1.0] * 8]), np.zeros(8), np.zeros((1, 8)))
        begin = Pass([(shape, stack)], at_end, self.problem.activation).forward().parts[0].output[0, 0, 0]
        parameters[-1] = heights[0] - begin
        return parameters

    def _result(self) -> FitResult:
        work = float(self.ledger.work[0])
        if self.best is None:
            return FitResult(
                None, float("nan"), "diverged", self.steps, work, (None,) * len(self.problem.milestones)
            )
        status: Status = "converged" if self.converged else "step limit"
        if self.search.cut:
            status = "work limit"
        network = self._network(self.best)
        loss = self._at_nodes(self.best)
        kept = self.ledger.snapshots(0, network, self._network)
        return FitResult(network, loss, status, self.steps, work, kept)

    def _network(self, parameters: Array) -> Network:
        return self.shape.network(parameters, self.problem.activation)

    def _spend(self, evaluations: float) -> None:
        self.ledger.spend(_ONLY, evaluations, self._present)
        self.steps += 1

    def _present(self, _: int) -> Array:
        """Return the best parameters so far: zeros before the first candidate."""
        return np.zeros(self.shape.count) if self.best is None else self.best

    def _left(self) -> float:
        return float((self.options.work - self.ledger.work[0]) / self.ledger.units[0])


def _slopes(activation: Activation) -> tuple[float, float] | None:
    """Return the two slopes of a continuous piecewise linear activation with one bend, else None."""
    pieces = activation.polynomial
    if pieces is None or pieces.degree != 1 or len(pieces.knots) != 1:
        return None
    left, right = (float(row[1]) if len(row) > 1 else 0.0 for row in pieces.coefficients)
    jumps = pieces.jumps(0)
    return None if (jumps and jumps[0] != 0) or left == right else (left, right)


def _bend(activation: Activation) -> float:
    pieces = activation.polynomial
    assert pieces is not None
    return float(pieces.knots[0])


def _is_sum(layout: Layout) -> bool:
    """Return whether a layout is a sum of freely placed neurons, perhaps beside affine ones."""
    if layout.depth != 2 or layout.widths[0] != 1 or layout.widths[-1] != 1:
        return False
    first, last = layout.layers
    bent = ~first.linear
    through = first.free[:, 0] | (first.fixed[:, 0] != 0)
    free = first.free[bent].all() and first.free_bias[bent].all() and last.free.all() and last.free_bias.all()
    return bool(bent.any() and free and through.all())
