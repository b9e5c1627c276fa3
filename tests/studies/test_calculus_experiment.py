"""Drawn networks: rebuilt from nodes and edges alone they are the networks, and origins tell blocks apart."""

from fractions import Fraction

import numpy as np
import pytest

from ratelab import UserError, datasets
from ratelab.networks import Network
from ratelab.studies.experiments import _calculus
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._space_parameters import Calculus

BIASES = {"first": _calculus.FIRST[1], "second": _calculus.SECOND[1]}


@pytest.fixture(scope="module")
def dataset():
    return _calculus.run(Calculus(levels=3), None, lambda *_: None)


def edges(one):
    chosen = one["edge_from"].values >= 0
    names = ("edge_from", "edge_to", "edge_weight", "edge_origin")
    return list(zip(*(one[name].values[chosen].tolist() for name in names), strict=True))


def matrices(one):
    """The weight matrices from the edges alone."""
    layer = one["node_layer"].values
    start = [int(np.flatnonzero(layer == k)[0]) for k in range(layer.max() + 1)]
    sizes = [int((layer == k).sum()) for k in range(layer.max() + 1)]
    result = [np.zeros((b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    for source, target, weight, _ in edges(one):
        level = int(layer[target])
        assert layer[source] == level - 1
        result[level - 1][target - start[level], source - start[level - 1]] = weight
    return result


@pytest.mark.parametrize("name", ["first", "second", "sum", "inner", "outer", "unmerged", "merged"])
def test_drawn_edges_and_nodes_are_counted_as_the_network_counts(dataset, name):
    one = dataset.sel(graph=name)
    drawn = edges(one)
    layer, kind = one["node_layer"].values, one["node_kind"].values
    assert len(drawn) == int(one["graph_connections"])
    assert int(layer.max()) == int(one["graph_depth"])
    hidden = np.isin(kind, [_calculus.KIND["activation"], _calculus.KIND["identity"]])
    assert int(hidden.sum()) == int(one["graph_neurons"])
    for count in ("depth", "connections", "neurons"):
        assert int(one[f"graph_{count}"]) <= int(one[f"bound_{count}"])
    assert float(one["largest_difference"]) == 0


def test_the_sum_is_made_of_both_networks_and_padding(dataset):
    first, second, total = (matrices(dataset.sel(graph=g)) for g in ("first", "second", "sum"))
    np.testing.assert_array_equal(total[0], np.vstack([first[0], second[0]]))
    np.testing.assert_array_equal(total[1][:1, :3], first[1])
    np.testing.assert_array_equal(total[1][1:, 3:], second[1])
    np.testing.assert_array_equal(total[1][1:, :3], 0)
    np.testing.assert_array_equal(total[2][0], [1, 0, 0, 0])
    np.testing.assert_array_equal(total[3], np.hstack([[[1.0]], second[3]]))
    one = dataset.sel(graph="sum")
    counts = {name: sum(e[3] == flag for e in edges(one)) for name, flag in _calculus.ORIGIN.items()}
    assert counts == {"shared": 0, "first": 9, "second": 14, "added": 2, "product": 0}
    kinds = one["node_kind"].values == _calculus.KIND["identity"]
    added = one["node_origin"].values == _calculus.ORIGIN["added"]
    np.testing.assert_array_equal(kinds, added)
    assert kinds.sum() == 2


def test_the_promise_of_the_sum_is_padding_times_the_narrower_side(dataset):
    """δ = min(2, 1)·(4 − 2) = 2."""
    one = dataset.sel(graph="sum")
    assert [int(one[f"bound_{c}"]) for c in ("depth", "connections", "neurons")] == [4, 9 + 14 + 2, 3 + 7 + 2]


def test_merging_multiplies_the_matrices_that_meet(dataset):
    inner, outer, merged, unmerged = (
        matrices(dataset.sel(graph=g)) for g in ("inner", "outer", "merged", "unmerged")
    )
    np.testing.assert_array_equal(merged[1], outer[0] @ inner[1])
    for found, expected in zip(unmerged, [*inner, *outer], strict=True):
        np.testing.assert_array_equal(found, expected)
    one = dataset.sel(graph="merged")
    assert int(one["bound_connections"]) == 9 + max(3, 2) * 7
    assert sum(e[3] == _calculus.ORIGIN["product"] for e in edges(one)) == np.count_nonzero(merged[1])


def test_the_sum_has_the_values_of_both_networks(dataset):
    """Rebuilt from edges and biases, at points that the experiment has not seen."""
    networks = {}
    for name, biases in BIASES.items():
        networks[name] = Network.dense(matrices(dataset.sel(graph=name)), biases)
    total = _calculus.add(networks["first"], networks["second"])
    for drawn, layer in zip(matrices(dataset.sel(graph="sum")), total.layers, strict=True):
        np.testing.assert_array_equal(drawn, layer.matrix)
    points = [[Fraction(1, 3), Fraction(-2, 7)], [Fraction(5), Fraction(9, 4)]]
    np.testing.assert_array_equal(total(points), networks["first"](points) + networks["second"](points))


def test_composed_tents_have_the_counts_of_the_closed_forms(dataset):
    for blocks in (2, 3):
        for levels in (1, 2, 3):
            pieces = 2**levels
            one = dataset.sel(blocks=blocks, levels=levels)
            assert one["tent_pieces"].values.tolist() == [pieces**blocks] * 2
            assert one["tent_depth"].values.tolist() == [2 * blocks, blocks + 1]
            assert one["tent_neurons"].values.tolist() == [blocks * pieces + blocks - 1, blocks * pieces]
            expected = [2 * blocks * pieces, 2 * pieces + (blocks - 1) * pieces**2]
            assert one["tent_connections"].values.tolist() == expected == one["tent_formula"].values.tolist()
            assert (one["tent_bound"] >= one["tent_connections"]).all()


def test_everything_is_described_repeats_and_survives_netcdf(dataset, tmp_path):
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "calculus.nc")
    assert datasets.read(tmp_path / "calculus.nc").identical(dataset)
    again = EXPERIMENTS["calculus"].run(parameters_of("calculus", {"levels": 3}), None, lambda *_: None)
    assert again.identical(dataset)


def test_too_many_pieces_are_refused():
    with pytest.raises(UserError, match=r"3 tents of 2\^8 pieces have 2\^24 pieces; allowed: 65536"):
        parameters_of("calculus", {"levels": 8})
