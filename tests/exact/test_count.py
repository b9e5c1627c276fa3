"""Counting cells, pieces and maps: what is allowed, and how cells become pieces and maps."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from ratelab import UserError
from ratelab.exact import Cells, Count, LimitReached, cells, count_pieces, lattice, represent_cells
from ratelab.exact._cells_of import check_domain, same_maps
from ratelab.exact._count import relevant
from ratelab.exact._line_hinges import float_layer
from ratelab.exact._linear_activation import linear_layers, linear_pieces
from ratelab.networks import Layer, Network, identity, power
from ratelab.registry import Activation, PiecewisePolynomial

F = Fraction


def piecewise(knots, *pieces):
    data = PiecewisePolynomial(tuple(map(F, knots)), tuple(tuple(map(F, p)) for p in pieces))
    return Activation("bend", lambda x: x, regularity="piecewise polynomial", degree=1, pieces=data)


BUMP = Network.dense([[[1]] * 3, [[1, -2, 1]]], [[F(0), -1, -2], [0]])


def test_a_count_is_a_number_that_knows_its_certainty():
    count = count_pieces(BUMP)
    assert isinstance(count, Count)
    assert count + 1 == 5
    assert (count.certain, count.arithmetic) == (True, "float")


def test_cells_count_in_three_ways():
    found = cells(BUMP, [(-1, 3)], arithmetic="rational")
    assert [found.count(d) for d in ("cells", "pieces", "maps")] == [4, 4, 3]
    assert len(set(found.maps().tolist())) == 3
    assert found.maps()[0] == found.maps()[3]


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_sum_of_moduli_has_a_piece_for_every_orthant(dimension):
    unit = np.eye(dimension, dtype=int)
    network = Network.dense(
        [np.concatenate([unit, -unit]).tolist(), [[F(1)] * (2 * dimension)]], [[0] * (2 * dimension), [0]]
    )
    for domain in (None, [(-1, 2)] * dimension):
        for definition in ("pieces", "cells", "maps"):
            count = count_pieces(network, domain, definition)
            assert (count, count.certain) == (2**dimension, True)
    assert count_pieces(network, [(F(1, 3), 2)] * dimension) == 1


def line_of(offsets, equal, error=0.0):
    n = len(offsets)
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    return Cells(
        1, None, np.zeros((n, 0), np.int16), np.zeros((n, 1, 1)), np.array(offsets)[:, None], np.zeros((n, 1)), pairs,
        np.array(equal, np.int8), False, True, errors=(np.zeros((n, 1, 1)), np.full((n, 1), error)),
    )  # fmt: skip


def test_float_maps_within_their_bounds_count_as_one_but_are_not_certain():
    sharp = line_of([0.0, 1.0, 0.0, 1.0 + 1e-15], [0, 0, 0])
    assert (sharp.count("maps"), sharp.count("maps").certain) == (3, True)
    blurred = line_of([0.0, 1.0, 0.0, 1.0 + 1e-15], [0, 0, 0], error=1e-14)
    assert (blurred.count("maps"), blurred.count("maps").certain) == (2, False)
    assert blurred.count("pieces").certain
    undecided = line_of([0.0, 0.0, 1.0], [-1, 0])
    assert (undecided.count("pieces"), undecided.count("pieces").certain) == (2, False)


def test_a_wide_bound_reaches_over_several_maps():
    found = line_of([0.0, 1.0, 2.0, 3.0], [0, 0, 0])
    wide = Cells(**{**vars(found), "errors": (found.errors[0], np.array([[2.5], [0.0], [0.0], [0.0]]))})
    assert (wide.count("maps"), wide.count("maps").certain) == (2, False)


def test_rational_maps_are_compared_exactly():
    gradients = np.array([fmpq(1, 3), fmpq(2, 6), fmpq(1, 3)], dtype=object).reshape(3, 1, 1)
    offsets = np.array([fmpq(0), fmpq(0), fmpq(1, 10**30)], dtype=object).reshape(3, 1)
    assert same_maps(gradients, offsets, np.array([[0, 1], [1, 2]])).tolist() == [1, 0]


def test_a_neuron_that_stays_on_its_kink_is_on_the_segment_to_the_right():
    network = Network.dense([[[0], [-1]], [[1, 1]]], [[F(0), 0], [0]])
    for arithmetic in ("float", "rational"):
        assert cells(network, arithmetic=arithmetic).patterns.tolist() == [[1, 1], [1, 0]]


def test_rows_whose_quotients_round_alike_are_not_taken_for_proportional():
    third = 1 / 3
    weight, bias = np.array([[3.0, 1.0], [1.0, third], [-6.0, -2.0]]), np.zeros(3)
    layer = Layer(weight, bias, (power(1),) * 3)
    found = float_layer(layer, layer, [linear_pieces(power(1))] * 3)
    assert [g.tolist() for g in found.members] == [[0, 2]]
    assert found.orientation.tolist() == [1, 1, -1]


@pytest.mark.parametrize("sparse", [False, True])
def test_dropping_neurons_without_a_path_keeps_the_function(sparse):
    build = Network.sparse if sparse else Network.dense
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal(s) * (rng.random(s) < 0.3) for s in ((9, 2), (9, 9), (2, 9))]
    network = build(weights, [rng.standard_normal(n) for n in (9, 9, 2)])
    small = relevant(network)
    assert small.neurons < network.neurons
    assert small.depth == network.depth
    points = rng.standard_normal((50, 2))
    assert np.allclose(small(points), network(points), rtol=1e-14)


def test_knots_without_a_kink_belong_to_no_pattern():
    bend = linear_pieces(piecewise([-1, 0, 1], (0, 1), (0, 1), (0, 2), (1, 1)))
    assert bend.knots == (0, 1)
    assert [bend.segment(fmpq(x)) for x in (-2, 0, 1)] == [0, 1, 2]
    assert bend(fmpq(1, 2)) == 1
    assert linear_pieces(identity).knots == ()


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (power(2), "'relu2' is not piecewise linear"),
        (power(0), r"'power\(exponent=0\)' jumps at 0"),
        (Activation("tanh", lambda x: x.tanh(), regularity="analytic"), "'tanh' is not piecewise linear"),
    ],
)
def test_activations_without_affine_pieces_are_refused_by_name(activation, message):
    with pytest.raises(UserError, match=message):
        count_pieces(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation))


def test_poolings_are_refused():
    first = Layer(np.ones((2, 1)), np.zeros(2), (power(1),) * 2, pooled=True)
    last = Layer(np.ones((1, 1)), np.zeros(1), (identity,))
    with pytest.raises(UserError, match="poolings multiply"):
        linear_layers(Network([first, last]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domain": [(1, 0)]}, "lower < upper"),
        ({"domain": [(0, 1), (0, 1)]}, "needs 1 pair "),
        ({"domain": [(0, float("inf"))]}, "finite"),
        ({"domain": 3}, "domain is 3"),
        ({"definition": "regions"}, "allowed: pieces, cells, maps"),
        ({"arithmetic": "double"}, "allowed: auto, float, rational"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        count_pieces(BUMP, **options)


def test_domains_keep_floats_and_take_other_numbers_as_fractions():
    assert check_domain([(0, 0.5), (fmpq(1, 3), F(1, 2))], 2) == ((F(0), 0.5), (F(1, 3), F(1, 2)))
    assert check_domain(None, 2) is None


def test_counts_survive_copies_and_pickles_and_show_their_certainty() -> None:
    found = count_pieces(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]]))
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (again, again.certain, again.arithmetic) == (2, True, "float")
    assert repr(found) == "2 (float, proved)" and f"{found}" == "2"
    limit = pickle.loads(pickle.dumps(LimitReached(3, 4)))
    assert (limit.limit, limit.counted) == (3, 4)


def test_cells_of_a_rational_network_are_rational_by_default() -> None:
    gauge = Network.dense([[[Fraction(1, 3)], [-1]], [[1, 1]]], [[0, 0], [0]])
    assert cells(gauge).exact and not cells(gauge.float64()).exact
    assert count_pieces(represent_cells(gauge)) == count_pieces(lattice(gauge)) == 2


def test_maps_that_floats_cannot_tell_apart_are_told_in_rationals():
    # two far cells have equal maps, and the bounds of their float maps overlap with others
    generator = np.random.default_rng(1)
    for _ in range(294):
        dimension = int(generator.integers(1, 4))
        widths = [dimension, *generator.integers(2, 5, int(generator.integers(1, 4))), 1]
        shapes = list(zip(widths, widths[1:], strict=False))
        weights = [
            np.where(generator.random((b, a)) < 0.7, generator.standard_normal((b, a)), 0) for a, b in shapes
        ]
        biases = [generator.standard_normal(b) for b in widths[1:]]
    network = relevant(Network.dense(weights, biases))
    assert not cells(network).count("maps").certain
    found = count_pieces(network, definition="maps")
    assert found.certain and found == count_pieces(network, definition="maps", arithmetic="rational")
