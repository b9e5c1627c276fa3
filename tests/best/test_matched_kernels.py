"""The pieces of the matched programme: intervals, slopes and charges hold for every place of the knots."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import legendre
from numpy.typing import NDArray

from ratelab.best import _matched_kernels as kernels
from ratelab.best._cells import Cells, merge
from ratelab.best._matched_programme import knot_cells, least, programme

Array = NDArray[np.float64]

NODES, WEIGHTS = legendre.leggauss(8)


class Function:
    """A random continuous function, a polynomial of degree 5 between breakpoints that lie inside cells."""

    def __init__(self, generator: np.random.Generator, breaks: int) -> None:
        self.breaks = np.concatenate([[0.0], np.sort(generator.random(breaks)), [1.0]])
        self.parts = generator.standard_normal((breaks + 1, 6))
        self.values = generator.standard_normal(breaks + 2)

    def __call__(self, x: Array) -> Array:
        index = np.clip(np.searchsorted(self.breaks, x, side="right") - 1, 0, len(self.parts) - 1)
        a, b = self.breaks[index], self.breaks[index + 1]
        u = (x - a) / (b - a)
        powers = u[..., None] ** np.arange(6)
        bump = (self.parts[index] * powers).sum(axis=-1) * u * (1 - u)
        return np.asarray(self.values[index] * (1 - u) + self.values[index + 1] * u + bump)

    def rule(self, a: float, b: float) -> tuple[Array, Array]:
        """Nodes and weights on [a, b], exact for products of the function and polynomials of degree 8."""
        inner = self.breaks[(self.breaks > a) & (self.breaks < b)]
        ends = np.concatenate([[a], inner, [b]])
        x = ends[:-1, None] + np.diff(ends)[:, None] * (NODES + 1) / 2
        return x.ravel(), (np.diff(ends)[:, None] / 2 * WEIGHTS).ravel()

    def line(self, a: float, b: float) -> tuple[float, float, float]:
        """Value at the middle, slope and squared error of the least squares line on [a, b]."""
        x, w = self.rule(a, b)
        f, s = self(x), x - (a + b) / 2
        value, slope = float((w * f).sum() / (b - a)), float((w * f * s).sum() * 12 / (b - a) ** 3)
        return value, slope, float((w * (f - value - slope * s) ** 2).sum())


def described(function: Function, edges: Array) -> tuple[Cells, Array]:
    lines = [function.line(a, b) for a, b in zip(edges, edges[1:], strict=False)]
    widths = np.diff(edges)
    coefficients = np.array(
        [[v * np.sqrt(w), s * w**1.5 / np.sqrt(12)] for (v, s, _), w in zip(lines, widths, strict=True)]
    )
    energy = np.array([e for *_, e in lines])
    return Cells(edges, np.ascontiguousarray(coefficients.T), energy), np.sqrt(energy)


@given(st.integers(0, 10**6), st.sampled_from([0, 3, 40]), st.integers(3, 40), st.booleans())
@settings(max_examples=60, deadline=None)
def test_ends_slopes_and_costs_of_a_piece_are_enclosed_wherever_its_knots_lie(
    seed: int, breaks: int, count: int, graded: bool
) -> None:
    generator = np.random.default_rng(seed)
    function = Function(generator, breaks)
    widths = generator.random(count) ** (3 if graded else 0.3) + 1e-3
    edges = np.concatenate([[0.0], np.cumsum(widths / widths.sum())])
    edges[-1] = 1.0
    cells, rough = described(function, edges)
    knots = knot_cells(cells, rough, max(1, count // 6))
    bins = 50
    lists = programme(cells, cells, 0.0, knots, 1e9, 1e9, bins, 10**6)
    assert lists is not None
    for _ in range(60):
        a = int(generator.integers(0, count))
        b = int(generator.integers(a + 2, count + 2))
        share = generator.choice([0.0, 1.0, generator.random()], 2)
        t = 0.0 if a == 0 else edges[a - 1] + share[0] * (edges[a] - edges[a - 1])
        u = 1.0 if b == count + 1 else edges[b - 1] + share[1] * (edges[b] - edges[b - 1])
        value, slope, _ = function.line(t, u)
        ends = value - slope * (u - t) / 2, value + slope * (u - t) / 2
        p = lists.row[a] + b - a - 2
        low = kernels._ends(edges[b - 1] - edges[a], *inner_line(cells, a, b), a, b, knots.table, 0.0)
        for side, (cell, place, end) in enumerate(((a, t, ends[0]), (b, u, ends[1]))):
            if cell in (0, count + 1):
                continue
            middle = (edges[cell - 1] + edges[cell]) / 2
            offset = end - knots.table[1, cell] - knots.table[3, cell] * (place - middle)
            assert low[2 * side] - 1e-13 <= offset <= low[2 * side + 1] + 1e-13
            steep = abs(slope - knots.table[3, cell])
            assert steep <= low[4 + side] * (1 + 1e-12) + 1e-12
            # the line on the knot cell is that far from the reference line plus the offset, at least
            x, w = function.rule(edges[cell - 1], edges[cell])
            rest = float(np.sqrt((w * (function(x) - end - slope * (x - place)) ** 2).sum()))
            origin, step = lists.bins[:, cell]
            q = int(np.clip(np.floor((offset - origin) / step), 0, bins - 1))
            assert lists.touched[p, 2 * side] <= q <= lists.touched[p, 2 * side + 1]
            assert rest >= lists.norms[cell, q] - lists.steep[p, side] - 1e-13
        inside = function.line(edges[a], edges[b - 1])[2]
        assert abs(np.sqrt(lists.cost[p]) - np.sqrt(inside)) <= 1e-12


def inner_line(cells: Cells, a: int, b: int) -> tuple[float, float]:
    state = cells.coefficients[:, a : a + 1]
    for cell in range(a + 1, b - 1):
        before, after = cells.edges[cell : cell + 1] - cells.edges[a], np.diff(cells.edges[cell : cell + 2])
        state = np.array(
            merge(
                list(state), list(cells.coefficients[:, cell : cell + 1]), before, after,
                cells.edges[cell + 1 : cell + 2] - cells.edges[a],
            )[0]
        )  # fmt: skip
    width = cells.edges[b - 1] - cells.edges[a]
    return float(state[0, 0] / np.sqrt(width)), float(state[1, 0] * np.sqrt(12) / width**1.5)


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(30, 80), st.sampled_from([1e-4, 1e-2, 1.0]))
@settings(max_examples=60, deadline=None)
def test_a_path_of_lines_that_meet_costs_at_most_its_error(
    seed: int, pieces: int, count: int, size: float
) -> None:
    generator = np.random.default_rng(seed)
    knots = np.cumsum(generator.random(pieces) + 0.5)
    ends = np.concatenate([[0.0], knots / knots[-1]])
    ends[-1] = 1.0
    # lines that meet, plus on each piece something that is orthogonal to lines there and vanishes at both ends
    function = Function(generator, pieces - 1)
    function.breaks, function.values = ends, generator.standard_normal(pieces + 1)
    bubble = size * generator.standard_normal((pieces, 2))
    even, odd = np.array([1.0, -5.0, 5.0]), np.array([-1.0, 9.0, -21.0, 14.0])
    function.parts = np.zeros((pieces, 6))
    function.parts[:, :3] += bubble[:, :1] * even
    function.parts[:, :4] += bubble[:, 1:] * odd
    for a, b, left, right in zip(ends, ends[1:], function.values, function.values[1:], strict=False):
        value, slope, _ = function.line(a, b)
        assert (
            abs(value - (left + right) / 2) < 1e-12 * (1 + size)
            and abs(slope * (b - a) - right + left) < 1e-11
        )
    error = sum(function.line(a, b)[2] for a, b in zip(ends, ends[1:], strict=False))
    edges = np.concatenate([[0.0], np.cumsum(generator.random(count) + 0.2)])
    edges /= edges[-1]
    cells, rough = described(function, edges)
    known = knot_cells(cells, rough, 1)
    # any slope of the reference lines will do; those of the neighbours put all turning on one side of a kink
    widths, own = known.table[0, 1:-1], known.table[2, 1:-1]
    slopes = np.where(generator.random(count) < 0.5, np.roll(own, 1), np.roll(own, -1))
    known.table[3, 1:-1] = slopes
    known.energy[1:-1] = cells.energy + (own - slopes) ** 2 * widths**3 / 12
    lists = programme(cells, cells, 0.0, known, 100.0, 100.0, 90, 10**6)
    assert lists is not None
    path = [0, *(np.searchsorted(edges, ends[1:-1])).tolist(), count + 1]
    kept = [int(lists.row[a]) + b - a - 2 for a, b in zip(path, path[1:], strict=False)]
    costs = lists.cost[kept].copy()
    lists.cost[:] = np.inf
    lists.cost[kept] = costs
    value, _ = least(lists, [pieces], {pieces: np.inf})[pieces]
    assert value**2 <= error * (1 + 1e-9) + 1e-20
    # and the charges of its knot cells are worth something
    assert value**2 >= costs.sum() * (1 - 1e-9) - 1e-10


def test_a_cell_about_which_nothing_is_known_lets_its_pieces_have_any_value() -> None:
    function = Function(np.random.default_rng(4), 2)
    cells, rough = described(function, np.linspace(0, 1, 41))
    values = []
    for unknown in ([], [20], range(40)):
        partly = rough.copy()
        partly[list(unknown)] = np.inf
        lists = programme(cells, cells, 0.0, knot_cells(cells, partly, 5), 10.0, 10.0, 60, 10**6)
        assert lists is not None
        values.append(least(lists, [3], {3: np.inf})[3][0])
    # with nothing known anywhere, what is left are pieces that need not join
    loose = np.sqrt(kernels.backward(lists.cost, lists.row, 3)[3, 0])
    assert values[0] >= values[1] >= values[2] > 0
    assert abs(values[2] - loose) < 1e-10
