"""Cells in any number of variables: known counts, other enumerations, exact against float decisions."""

from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, UserError
from ratelab.exact import _patterns_bounds, _patterns_maps, _patterns_walls
from ratelab.exact._cells_of import Cells, LimitReached
from ratelab.exact._line import line_cells
from ratelab.exact._patterns import pattern_cells
from ratelab.exact._planar import planar_cells
from ratelab.networks import fraction, identity, maximum, resolve

RELU, PRELU = resolve("relu"), resolve("prelu(slope=0.1)")
ARITHMETICS = ("auto", "float", "rational")


def normal_network(seed: int, *sizes: int) -> Network:
    generator = np.random.default_rng(seed)
    weights = [generator.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    return Network.dense(weights, [generator.normal(size=b) for b in sizes[1:]])


def random_network(seed: int, dimension: int) -> tuple[Network, Any]:
    """A small network of one of several kinds, most of them degenerate, and a box or None."""
    generator = np.random.default_rng([seed, dimension])
    hidden = generator.integers(1, 5, generator.integers(1, 4)).tolist()
    sizes = [dimension, *hidden, int(generator.integers(1, 3))]
    weights = [generator.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [generator.normal(size=b) for b in sizes[1:]]
    kind = seed % 4
    if kind == 1:
        weights, biases = [np.round(w, 1) for w in weights], [np.round(b, 1) for b in biases]
    if kind >= 2:
        weights = [generator.integers(-2, 3, w.shape).astype(float) for w in weights]
        biases = [generator.integers(-2, 3, b.shape) * float(kind == 2) for b in biases]
    choice = [[RELU], [RELU, identity], [PRELU, RELU, identity]][generator.integers(3)]
    activations = [[choice[generator.integers(len(choice))] for _ in range(n)] for n in hidden]
    box = tuple((-int(a), int(b)) for a, b in generator.integers(1, 4, (dimension, 2)))
    return Network.dense(weights, biases, activations), box if generator.random() < 0.5 else None


def structure(cells: Cells) -> tuple[list[tuple[int, ...]], dict[frozenset[tuple[int, ...]], int]]:
    """Patterns in order, and which pairs of patterns are neighbours with equal maps or not."""
    rows = [tuple(row) for row in cells.patterns.tolist()]
    pairs = zip(cells.neighbours.tolist(), cells.equal.tolist(), strict=True)
    return sorted(rows), {frozenset((rows[i], rows[j])): same for (i, j), same in pairs}


def faces(n: int, d: int) -> int:
    """Pieces into which n hyperplanes in general position cut each other in R^d."""
    return n * sum(comb(n - 1, i) for i in range(d))


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize(("d", "n"), [(1, 9), (2, 7), (3, 7), (4, 6), (5, 6)])
def test_hyperplanes_in_general_position_make_a_sum_of_binomials(d: int, n: int, arithmetic: Any) -> None:
    found = pattern_cells(normal_network(d, d, n, 1), arithmetic=arithmetic)
    assert len(found) == sum(comb(n, i) for i in range(d + 1))
    assert len(found.neighbours) == faces(n, d)
    assert found.certain and found.count("pieces") == len(found)


@pytest.mark.parametrize(("d", "n"), [(2, 6), (3, 6), (4, 6)])
def test_hyperplanes_through_the_origin_make_twice_a_sum_of_binomials(d: int, n: int) -> None:
    network = normal_network(d, d, n, 1)
    central = Network.dense([a.weight for a in network.layers], [np.zeros(n), np.zeros(1)])
    found = pattern_cells(central)
    assert found.certain and len(found) == 2 * sum(comb(n - 1, i) for i in range(d))


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_the_norm_of_three_variables_has_eight_pieces(arithmetic: Any) -> None:
    signs = np.repeat(np.eye(3), 2, axis=0) * np.array([1, -1] * 3)[:, None]
    found = pattern_cells(Network.dense([signs, np.ones((1, 6))], [np.zeros(6), [0]]), arithmetic=arithmetic)
    assert (len(found), found.count("pieces"), found.count("maps"), len(found.neighbours)) == (8, 8, 8, 12)


def test_the_maximum_of_three_variables_has_three_pieces_and_more_cells() -> None:
    axes = [Network.dense([np.eye(3)[i : i + 1]], [[0.0]]) for i in range(3)]
    found = pattern_cells(maximum(*axes).rational(), arithmetic="rational")
    assert found.count("pieces") == found.count("maps") == 3
    assert len(found) > 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_float_and_rational_decisions_agree(seed: int, dimension: int) -> None:
    network, box = random_network(seed, dimension)
    automatic, exact = (pattern_cells(network, box, arithmetic=a) for a in ("auto", "rational"))
    assert automatic.certain and exact.certain
    assert structure(automatic) == structure(exact)
    rounded = pattern_cells(network, box, arithmetic="float")
    if rounded.certain:
        assert structure(rounded)[0] == structure(exact)[0]
        assert structure(rounded)[1].keys() == structure(exact)[1].keys()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 2))
def test_one_and_two_variables_agree_with_their_own_methods(seed: int, dimension: int) -> None:
    network, box = random_network(seed, dimension)
    other = (line_cells if dimension == 1 else planar_cells)(network, box, arithmetic="rational")
    found = pattern_cells(network, box, arithmetic="rational")
    assert structure(found) == structure(other)
    for definition in ("cells", "pieces", "maps"):
        assert found.count(definition) == other.count(definition)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_maps_and_walls_hold_exactly(seed: int, dimension: int) -> None:
    network, box = random_network(seed, dimension)
    found = pattern_cells(network, box, arithmetic="rational")
    values = network.rational()(found.points)
    for cell, point in enumerate(found.points):
        for k in range(network.outputs):
            expected = sum(
                (a * x for a, x in zip(found.gradients[cell, k], point, strict=True)), found.offsets[cell, k]
            )
            assert fraction(expected) == values[cell, k]
    assert found.walls is not None
    for (i, j), wall in zip(found.neighbours, found.walls, strict=True):
        sides = [sum((a * x for a, x in zip(wall, p, strict=False)), wall[-1]) for p in found.points[[i, j]]]
        assert sides[0] > 0 > sides[1]
        # the maps of neighbours agree on the wall: their difference is a multiple of it
        for k in range(network.outputs):
            change = [
                *(found.gradients[i, k] - found.gradients[j, k]),
                found.offsets[i, k] - found.offsets[j, k],
            ]
            pivot = next(t for t, a in enumerate(wall) if a)
            assert all(a * wall[pivot] == b * change[pivot] for a, b in zip(change, wall, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 3))
def test_sampled_patterns_are_all_found(seed: int, dimension: int) -> None:
    network, _ = random_network(seed, dimension)
    found = {tuple(row) for row in pattern_cells(network, ((-2, 2),) * dimension).patterns.tolist()}
    for point in np.random.default_rng(seed).integers(-999, 1000, (60, dimension)):
        value = [Fraction(2 * int(x) + 1, 1001) for x in point]
        pattern, inside = [], True
        for layer in network.rational().layers[:-1]:
            after = []
            for row, bias, activation in zip(layer.weight, layer.bias, layer.activations, strict=True):
                z = sum((fraction(a) * x for a, x in zip(row, value, strict=True)), fraction(bias))
                inside &= z != 0
                if activation is not identity:
                    pattern.append(int(z > 0))
                slope = Fraction(1) if z > 0 or activation is identity else Fraction(0)
                slope = activation.polynomial.coefficients[0][1] if activation is PRELU and z < 0 else slope
                after.append(slope * z)
            value = after
        assert not inside or tuple(pattern) in found


def test_every_pattern_that_a_solver_finds_feasible_is_a_cell() -> None:
    from scipy.optimize import linprog

    network = normal_network(4, 3, 4, 3, 1)
    count = 0
    for signs in product((-1, 1), repeat=7):
        first, second = np.array(signs[:4]), np.array(signs[4:])
        one = np.c_[network.layers[0].weight, network.layers[0].bias]
        two = network.layers[1].weight @ (one * (first > 0)[:, None])
        two[:, -1] += network.layers[1].bias
        rows = np.concatenate([one * first[:, None], two * second[:, None]])
        size = np.linalg.norm(rows[:, :3], axis=1)
        if (size > 0).all():
            bounds = [(None, None)] * 3 + [(None, 1)]
            best = linprog([0, 0, 0, -1], np.c_[-rows[:, :3], size], rows[:, 3], bounds=bounds)
            count += best.status == 0 and best.x[3] > 1e-9
        else:
            count += bool((rows[size == 0, 3] > 0).all())
    assert len(pattern_cells(network)) == count


def test_looser_error_bounds_leave_the_result_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = [random_network(seed, 3) for seed in range(12)]
    before = [structure(pattern_cells(network, box)) for network, box in networks]
    for module in (_patterns_bounds, _patterns_maps, _patterns_walls):
        monkeypatch.setattr(module, "UNIT", 2.0**-6)
    assert [structure(pattern_cells(network, box)) for network, box in networks] == before


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_bounds_hold_the_errors_of_maps(seed: int, dimension: int) -> None:
    network, box = random_network(seed, dimension)
    thirds = [[[Fraction(w) / 3 for w in row] for row in a.weight.tolist()] for a in network.layers]
    network = Network.dense(
        thirds, [a.bias for a in network.layers], [a.activations for a in network.layers[:-1]]
    )
    rounded, exact = (pattern_cells(network, box, arithmetic=a) for a in ("auto", "rational"))
    place = {tuple(row): cell for cell, row in enumerate(exact.patterns.tolist())}
    assert rounded.errors is not None
    for cell, row in enumerate(rounded.patterns.tolist()):
        other = place[tuple(row)]
        for index in np.ndindex(rounded.gradients.shape[1:]):
            error = abs(Fraction(rounded.gradients[cell][index]) - fraction(exact.gradients[other][index]))
            assert error <= Fraction(rounded.errors[0][cell][index])
        for k in range(network.outputs):
            error = abs(Fraction(rounded.offsets[cell, k]) - fraction(exact.offsets[other, k]))
            assert error <= Fraction(rounded.errors[1][cell, k])


def test_a_cell_thinner_than_float_spacing_is_found() -> None:
    gap = Fraction(1, 10**25)
    rows = [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    network = Network.dense([rows, [[1, 1, 1]]], [[-1, -1 - gap, 0], [0]])
    for arithmetic in ("auto", "rational"):
        found = pattern_cells(network, arithmetic=arithmetic)
        assert found.certain and (len(found), len(found.neighbours)) == (6, 7)
    thin = found.patterns.tolist().index([1, 0, 1])
    assert 1 < fraction(found.points[thin, 0]) < 1 + gap
    assert not pattern_cells(network, arithmetic="float").certain
    assert len(pattern_cells(network, ((1, 1 + 2 * gap), (-1, 1), (0, 1)))) == 4


@pytest.mark.parametrize(
    "factor", [Fraction(1, 10**400), Fraction(1, 10**310), Fraction(10**150), Fraction(10**400)]
)
def test_weights_of_any_size_are_counted(factor: Fraction) -> None:
    generator = np.random.default_rng(0)
    weights = [
        [[int(v) * factor for v in row] for row in generator.integers(-9, 10, (5, 3))],
        [[Fraction(1)] * 5],
    ]
    biases = [[Fraction(int(v)) for v in generator.integers(1, 9, 5)], [Fraction(0)]]
    for arithmetic in ("auto", "rational"):
        assert len(pattern_cells(Network.dense(weights, biases), arithmetic=arithmetic)) == 1 + 5 + 10 + 10


def test_several_knots_cut_several_times() -> None:
    from ratelab.registry import Activation, PiecewisePolynomial

    zero, one = Fraction(0), Fraction(1)
    pieces = PiecewisePolynomial((zero, one), ((zero, zero), (zero, one), (one, zero)))
    clip = Activation("clip", lambda x: x.clamp(0, 1), "piecewise polynomial", degree=1, pieces=pieces)
    found = pattern_cells(Network.dense([np.eye(3), np.ones((1, 3))], [np.zeros(3), [0]], clip))
    assert (len(found), found.count("pieces"), len(found.neighbours)) == (27, 27, 54)
    twice = Network.dense([np.eye(3)[:1], [[2]], [[1]]], [[0], [-1], [0]], clip)
    assert len(pattern_cells(twice)) == 4


def test_dead_zero_and_repeated_neurons_cut_nothing() -> None:
    rows = np.array([[1.0, 1, 0], [2, 2, 0], [-1, -1, 0], [0, 0, 0]])
    found = pattern_cells(
        Network.dense([rows, np.ones((2, 4)), np.ones((1, 2))], [[1, 2, -1, 0], [-9, 0], [0]])
    )
    # with u = x + y + 1 the second layer sees 3 max(u, 0) + max(-u, 0) - 9 and the same + 9: walls u = 0, 3, -9
    assert found.certain
    assert len({tuple(row[:4]) for row in found.patterns.tolist()}) == 2
    assert len(found) == 4 and len(found.neighbours) == 3
    assert len(pattern_cells(Network.dense([np.zeros((2, 3)), np.ones((1, 2))], [[0, 0], [0]]))) == 1
    assert len(pattern_cells(Network.dense([[[1.0, 2, 3]]], [[0]]))) == 1


def test_sparse_networks_are_their_dense_ones() -> None:
    generator = np.random.default_rng(2)
    weights = [generator.normal(size=s) * (generator.random(s) < 0.4) for s in ((6, 4), (5, 6), (1, 5))]
    biases = [generator.normal(size=len(w)) for w in weights]
    one, two = (pattern_cells(build(weights, biases)) for build in (Network.sparse, Network.dense))
    assert structure(one) == structure(two)


def test_points_lie_in_a_box_and_on_their_cells() -> None:
    network = normal_network(1, 3, 5, 4, 2)
    found = pattern_cells(network, ((0, 1), (-1, 0.5), (2, 3)))
    assert found.certain and found.domain == ((0, 1), (-1, 0.5), (2, 3))
    assert ((found.points > [0, -1, 2]) & (found.points < [1, 0.5, 3])).all()
    expected = (found.gradients @ found.points[:, :, None])[:, :, 0] + found.offsets
    assert network(found.points) == pytest.approx(expected, abs=1e-12)


def test_the_limit_stops_the_count() -> None:
    with pytest.raises(LimitReached) as caught:
        pattern_cells(normal_network(0, 3, 8, 1), limit=40)
    assert caught.value.limit == 40 < caught.value.counted <= 93


def test_progress_counts_neurons_and_cells() -> None:
    seen: list[tuple[int, int]] = []
    found = pattern_cells(
        normal_network(0, 3, 4, 2, 1), progress=lambda done, cells: seen.append((done, cells))
    )
    assert [done for done, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert [cells for _, cells in seen][:4] == [2, 4, 8, 15] and seen[-1][1] == len(found)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(UserError, match="not piecewise linear"):
        pattern_cells(Network.dense([np.eye(3), np.ones((1, 3))], [np.zeros(3), [0]], "relu2"))
    with pytest.raises(UserError, match="domain"):
        pattern_cells(normal_network(0, 3, 2, 1), ((0, 1), (0, 1)))
    with pytest.raises(UserError, match="domain"):
        pattern_cells(normal_network(0, 3, 2, 1), ((0, 1), (0, 1), (1, 1)))
    with pytest.raises(UserError, match="arithmetic"):
        pattern_cells(normal_network(0, 3, 2, 1), arithmetic="exact")  # type: ignore[arg-type]
