"""Lower ends of random targets against an exhaustive search for the best continuous piecewise linear function.

Run by hand: python benchmarks/lower_bounds.py [instances]

Prints how many lower ends lie above an upper end (none may), the ratios, and what matching gains over pieces that need
not join. The search tries all sets of knots on a grid, jumps included, and polishes the best few.
"""

import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
from numpy.typing import NDArray

from ratelab import Target
from ratelab.best import lower_bounds
from ratelab.best._matched import matched_bounds
from ratelab.exact import cell_moments
from ratelab.registry import PiecewisePolynomial

Array = NDArray[np.float64]

GRID = {1: 2, 2: 256, 3: 48, 4: 20}


@dataclass(frozen=True, eq=False)
class Instance:
    """A piecewise cubic target on [0, 1] with rational data, and uneven cells."""

    target: Target
    knots: Array
    parts: Array
    edges: Array


def instance(seed: int) -> Instance:
    """Draw a target that is continuous, or jumps at one knot (every fourth)."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 9))
    size = 720
    places = np.sort(generator.choice(np.arange(1, size), count - 1, replace=False))
    ends = [Fraction(0), *(Fraction(int(k), size) for k in places), Fraction(1)]
    heights = [Fraction(int(v), 16) for v in generator.integers(-16, 17, count + 1)]
    bends = [Fraction(int(v), 4) for v in generator.integers(-16, 17, count)]
    twists = (
        [Fraction(int(v), 4) for v in generator.integers(-64, 65, count)]
        if seed % 3
        else [Fraction(0)] * count
    )
    jump = int(generator.integers(1, count)) if seed % 4 == 3 and count > 1 else count
    lift = Fraction(int(generator.integers(1, 9)), 8)
    rows = []
    for i in range(count):
        a, b = ends[i], ends[i + 1]
        slope = (heights[i + 1] - heights[i]) / (b - a)
        # line + (x − a)(b − x)(bend + twist (x − a)), lifted from the jump on
        line = [heights[i] - slope * a + (lift if i >= jump else 0), slope]
        bump = [-a * b, a + b, Fraction(-1)]
        factor = [bends[i] - twists[i] * a, twists[i]]
        row = [Fraction(0)] * 4
        for j, c in enumerate(line):
            row[j] += c
        for j, c in enumerate(bump):
            for k, d in enumerate(factor):
                row[j + k] += c * d
        rows.append(tuple(row))
    pieces = PiecewisePolynomial(tuple(ends[1:-1]), tuple(rows))
    values = np.array([[float(c) for c in row] for row in rows])
    inner = np.array([float(e) for e in ends[1:-1]])
    target = Target(
        f"random-{seed}",
        lambda x: (values[np.searchsorted(inner, x[:, 0], side="right")] * x ** np.arange(4)).sum(axis=1),
        pieces=pieces,
    )
    cells = int(generator.integers(8, 161))
    widths = generator.random(cells) ** generator.choice([0.2, 1.0]) + 0.05
    edges = np.concatenate([[0.0], np.cumsum(widths / widths.sum())])
    edges[-1] = 1.0
    return Instance(target, np.concatenate([[0.0], inner, [1.0]]), values, edges)


class Search:
    """Errors of continuous piecewise linear fits by normal equations; two equal knots make a jump."""

    def __init__(self, case: Instance) -> None:
        self.case = case
        first = np.concatenate([case.parts / np.arange(1, 5)], axis=0)
        second = case.parts / np.arange(2, 6)
        self.tables = []
        for table, shift in ((first, 1), (second, 2)):
            sums = [0.0]
            for row, a, b in zip(table, case.knots, case.knots[1:], strict=False):
                powers = np.arange(4) + shift
                sums.append(sums[-1] + float((row * (b**powers - a**powers)).sum()))
            self.tables.append((table, shift, np.array(sums)))
        square = 0.0
        for row, a, b in zip(case.parts, case.knots, case.knots[1:], strict=False):
            integral = np.polynomial.polynomial.polyint(np.polynomial.polynomial.polymul(row, row))
            square += float(np.diff(np.polynomial.polynomial.polyval(np.array([a, b]), integral))[0])
        self.square = square

    def tails(self, t: Array) -> tuple[Array, Array]:
        """∫_t^1 f and ∫_t^1 x f."""
        index = np.clip(np.searchsorted(self.case.knots, t, side="right") - 1, 0, len(self.case.parts) - 1)
        found = []
        for table, shift, sums in self.tables:
            powers = np.arange(4) + shift
            a = self.case.knots[index]
            local = (table[index] * (t[..., None] ** powers - a[..., None] ** powers)).sum(axis=-1)
            found.append(sums[-1] - sums[index] - local)
        return found[0], found[1]

    def squares(self, knots: Array) -> Array:
        """Squared errors for rows of ascending knots (k, n − 1)."""
        rows, count = knots.shape
        step = np.zeros((rows, count), bool)
        step[:, 1:] = knots[:, 1:] == knots[:, :-1]
        points = np.concatenate([np.zeros((rows, 2)), knots], axis=1)
        kind = np.concatenate([np.tile([True, False], (rows, 1)), step], axis=1)
        zero, one = self.tails(points)
        right = np.where(kind, zero, one - points * zero)
        last = np.maximum(points[:, :, None], points[:, None, :])
        length = 1 - last
        p, q = last - points[:, :, None], last - points[:, None, :]
        ramps = p * q * length + (p + q) * length**2 / 2 + length**3 / 3
        mixed_p, mixed_q = p * length + length**2 / 2, q * length + length**2 / 2
        k, j = kind[:, :, None], kind[:, None, :]
        gram = np.where(k & j, length, np.where(k, mixed_q, np.where(j, mixed_p, ramps)))
        scale = 1 / np.sqrt(np.maximum(np.einsum("kii->ki", gram), 1e-30))
        gram = gram * scale[:, :, None] * scale[:, None, :] + 1e-12 * np.eye(count + 2)
        solved = np.linalg.solve(gram, (right * scale)[:, :, None])[:, :, 0]
        # the error of any coefficients is an upper end, however they were found
        quadratic = np.einsum("ki,kij,kj->k", solved, gram - 1e-12 * np.eye(count + 2), solved)
        return np.maximum(self.square - 2 * (solved * right * scale).sum(axis=1) + quadratic, 0.0)

    def best(self, pieces: int) -> float:
        """Return the least error found with that many pieces."""
        if pieces == 1:
            return float(np.sqrt(self.squares(np.empty((1, 0)))[0]))
        grid = np.unique(np.concatenate([np.linspace(0, 1, GRID[pieces] + 1)[1:-1], self.case.knots[1:-1]]))
        knots = np.array(list(combinations_with_replacement(grid, pieces - 1)))
        if pieces > 3:
            knots = knots[~(knots[:, 2:] == knots[:, :-2]).any(axis=1)]
        squares = self.squares(knots)
        best = float(squares.min())
        for index in np.argsort(squares)[:4]:
            best = min(best, self.polished(knots[index], 1 / GRID[pieces]))
        return float(np.sqrt(best))

    def polished(self, knots: Array, reach: float) -> float:
        """Least squared error around these knots, on ever finer grids; jumps stay jumps."""
        joined = np.concatenate([[False], knots[1:] == knots[:-1]])
        free = knots[~joined]
        best = np.inf
        steps = np.array(list(product(np.linspace(-1, 1, 7), repeat=len(free))))
        for _ in range(9):
            tried = free + reach * steps
            tried = tried[
                (tried > 0).all(axis=1) & (tried < 1).all(axis=1) & (np.diff(tried) > 0).all(axis=1)
            ]
            squares = self.squares(tried[:, np.cumsum(~joined) - 1])
            free, best = tried[squares.argmin()], min(best, float(squares.min()))
            reach *= 0.4
        return best


def compare(seed: int) -> list[tuple[int, float, float, float, float]]:
    """Return pieces, lower end without and with matching, upper end, and the tolerance of the upper end."""
    case = instance(seed)
    search = Search(case)
    wanted = [2, 3, 4] if seed % 5 == 0 else [2, 3]
    uppers = {n: search.best(n) for n in wanted}
    moments = cell_moments(case.target, case.edges, 1)
    # normal equations know squares up to rounding
    tolerance = 1e-13 * search.square
    reached = {n: float(np.sqrt(uppers[n] ** 2 + tolerance)) * 1.5 for n in wanted}
    loose = lower_bounds(moments, wanted, 1)
    found = matched_bounds(case.target, moments, wanted, reached if seed % 2 else None)
    return [(n, loose[n].value, found[n].value, uppers[n], tolerance) for n in wanted]


def main(count: int) -> None:
    """Compare, count, print."""
    start = time.process_time()
    above, ratios, gains = [], [], []
    for seed in range(count):
        for pieces, loose, lower, upper, tolerance in compare(seed):
            if lower**2 > upper**2 + tolerance:
                above.append((seed, pieces, lower, upper))
            if upper**2 > 1e3 * tolerance:
                ratios.append(lower / upper)
                gains.append(lower / loose if loose > 0 else 1.0)
    print(f"{count} random targets, {len(ratios)} positive errors, {time.process_time() - start:.0f} s")
    print(f"lower ends above an upper end: {len(above)} {above[:5]}")
    parts = np.quantile(ratios, [0.0, 0.1, 0.5, 0.9, 1.0])
    print(
        "lower / upper: least {:.3f}, tenth {:.3f}, median {:.4f}, ninth tenth {:.4f}, largest {:.6f}".format(
            *parts
        )
    )
    print(f"matched / pieces that need not join: median {np.median(gains):.4f}, largest {max(gains):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
