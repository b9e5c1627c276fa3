"""Experiments: what their datasets say is true, checked by hand, by brute force and in rationals."""

from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, best, datasets, exact, load_plugins
from ratelab.networks import FitResult, Network
from ratelab.studies import _experiment
from ratelab.studies._jobs import ExperimentJob
from ratelab.studies.experiments import _depth_gap, _global_training, _hard_functions
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from small_experiments import SMALL


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def results(registry):
    """Every experiment's dataset, as its job returns it."""
    return {
        name: _experiment.run(
            ExperimentJob(version="0", experiment=name, parameters=given), registry, lambda *_: None
        )
        for name, given in SMALL.items()
    }


def test_every_experiment_is_tried_here():
    assert set(SMALL) == set(EXPERIMENTS)


@pytest.mark.parametrize("name", SMALL)
def test_every_variable_says_what_it_is_and_survives_netcdf(results, tmp_path, name):
    dataset = results[name]
    assert dataset.attrs["experiment"] == name
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "experiment.nc")
    assert datasets.read(tmp_path / "experiment.nc").identical(dataset)


@pytest.mark.parametrize("name", SMALL)
def test_an_experiment_gives_the_same_numbers_twice(results, registry, name):
    again = EXPERIMENTS[name].run(parameters_of(name, SMALL[name]), registry, lambda *_: None)
    for variable in again.variables:
        np.testing.assert_array_equal(again[variable].values, results[name][variable].values)


# the functions with many pieces


def tent(breakpoints, x):
    """h_a(x) on [0, 1] by interpolation, independent of networks."""
    knots = [Fraction(0), *breakpoints, Fraction(1)]
    for i, (a, b) in enumerate(zip(knots, knots[1:], strict=False)):
        if a <= x <= b:
            share = (x - a) / (b - a)
            return share if i % 2 == 0 else 1 - share
    raise ValueError(x)


def graph(dataset, name):
    one = dataset.sel(function=name)
    texts = zip(one["graph_x_exact"].values, one["graph_y_exact"].values, strict=True)
    return [(Fraction(x), Fraction(y)) for x, y in texts if x]


def slopes(points):
    return [(d - b) / (c - a) for (a, b), (c, d) in zip(points, points[1:], strict=False)]


def test_the_tents_have_three_and_two_pieces_and_their_composition_six(results):
    dataset = results["hard-functions"]
    counts = dataset["function_pieces"].sel(function=["first", "second", "composed"])
    assert counts.values.tolist() == [3, 2, 6]
    first, second = _hard_functions.FIRST, _hard_functions.SECOND
    functions = {
        "first": lambda x: tent(first, x),
        "second": lambda x: tent(second, x),
        "composed": lambda x: tent(second, tent(first, x)),
    }
    for name, function in functions.items():
        points = graph(dataset, name)
        for (x, y), (after, _) in zip(points, points[1:], strict=False):
            assert y == function(x)
            for share in (Fraction(1, 3), Fraction(1, 2), Fraction(4, 5)):
                inside = x + share * (after - x)
                assert function(inside) == y + share * (function(after) - y)
        steep = slopes(points)
        assert len(steep) == int(dataset["function_pieces"].sel(function=name))
        assert all(a != b for a, b in zip(steep, steep[1:], strict=False))


def test_a_relu_on_top_is_the_positive_part_and_adds_a_kink_to_a_piece_at_most(results):
    dataset = results["hard-functions"]
    before, after = graph(dataset, "before"), graph(dataset, "after")
    shift = _hard_functions.SHIFT
    for a, b in zip(after, after[1:], strict=False):
        for x in (a[0], (a[0] + b[0]) / 2, b[0]):
            value = Fraction(float(np.interp(float(x), *np.array(before, dtype=float).T)))
            expected = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])
            assert float(expected) == pytest.approx(max(0.0, float(value + shift)), abs=1e-14)
    counts = dataset["function_pieces"]
    ups = slopes(after)
    assert int(counts.sel(function="before")) == len(before) - 1 == 5
    assert int(counts.sel(function="after")) == len(ups) == 8 <= 10
    assert all(a != b for a, b in zip(ups, ups[1:], strict=False))


def test_the_three_zonotope_functions_have_their_cells_and_pieces(results):
    dataset = results["hard-functions"]
    assert dataset["surface_cells"].values.tolist() == [20, 40, 72]
    assert dataset["surface_pieces"].values.tolist() == [17, 33, 65]
    assert dataset["surface_pieces_inside"].values.tolist() == [16, 32, 64]
    assert dataset["surface_size"].values.tolist() == [8, 12, 14]
    assert dataset["surface_depth"].values.tolist() == [4, 4, 5]


def test_the_cells_tile_the_box_and_carry_the_values_of_the_function(results):
    dataset = results["hard-functions"]
    for row, (generators, count) in enumerate(_hard_functions.SURFACES):
        one = dataset.isel(surface=row)
        x, y, value = (one[f"corner_{axis}"].values for axis in ("x", "y", "value"))
        area = 0.0
        for a, b in zip(x, y, strict=True):
            a, b = a[np.isfinite(a)], b[np.isfinite(b)]
            area += abs(np.sum(a * np.roll(b, -1) - b * np.roll(a, -1))) / 2
        assert area == pytest.approx(9.0, rel=1e-13)
        gauge = sum(abs(float(p) * x + float(q) * y) for p, q in generators)
        expected = gauge
        for _ in range(count):
            expected = np.maximum(0, np.minimum(2 * expected, 2 - 2 * expected))
        np.testing.assert_allclose(value, expected, atol=1e-13)
        piece, inside = one["cell_piece"].values, one["cell_inside"].values
        low = np.array([np.min(g[np.isfinite(g)], initial=9) < 1 - 1e-12 for g in gauge])
        np.testing.assert_array_equal(inside[piece >= 0] == 1, low[piece >= 0])
        assert len(set(piece[inside == 1])) == int(one["surface_pieces_inside"])


def test_a_count_that_differs_from_theory_stops_the_experiment(monkeypatch):
    monkeypatch.setattr(_hard_functions.spaces, "tents_pieces", lambda widths: 7)
    with pytest.raises(RuntimeError, match="3 and 7 must be equal"):
        _hard_functions._tents()


# the gap between depths


def test_the_bracket_of_the_least_size_is_ordered_and_compared_exactly(results):
    dataset = results["depth-gap"]
    lower, upper = dataset["size_lower"].values, dataset["size_upper"].values
    assert (lower <= upper).all() and (dataset["verified"] > 0).all()
    assert (dataset["size_envelope"].values <= lower + 1e-9).all()
    assert (dataset["size_paper"].values <= lower).all()
    assert dataset["family_pieces"].values.tolist() == [27, 64]
    assert (np.diff(upper, axis=1) <= 0).all()
    np.testing.assert_array_equal(upper[:, -1], dataset["family_size"])


def test_the_lower_ends_are_those_of_all_ways_to_place_the_neurons(results):
    dataset = results["depth-gap"]
    for row, pieces in enumerate([27, 64]):
        for hidden in (2, 3):
            size = next(
                sum(widths)
                for widths in sorted(combinations_with_replacement(range(1, 64), hidden), key=sum)
                if np.prod([w + 1 for w in widths]) >= pieces
            )
            assert int(dataset["size_lower"][row, hidden - 1]) == size


def test_brackets_close_for_one_hidden_layer_and_for_zigzags_at_full_depth(results):
    dataset = results["depth-gap"]
    gap = dataset["size_upper"] - dataset["size_lower"]
    assert (gap.sel(hidden=1) == 0).all()
    assert dataset["size_lower"].sel(hidden=1).values.tolist() == [27, 63]
    assert int(gap.sel(family="zigzags", hidden=3)) == 0


@pytest.mark.parametrize("name", ["tents", "zigzags"])
@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_networks_in_hand_are_the_composition_at_random_points_of_the_interval(name, hidden):
    family = _depth_gap._Family(name, 4, 3)
    whole = family.block(3)
    function = exact.piecewise_linear(whole, ((0, 1),), arithmetic="rational")
    network = _depth_gap._in_hand(family, hidden, function).network
    assert network.depth == hidden + 1 and network.exact
    generator = np.random.default_rng(hidden)
    points = np.array([[Fraction(int(n), 10007)] for n in generator.integers(0, 10008, 60)], dtype=object)
    assert (network(points) == whole(points)).all()


def test_large_networks_are_compared_block_by_block(monkeypatch):
    family = _depth_gap._Family("tents", 2, 4)
    function = exact.piecewise_linear(family.block(4), ((0, 1),), arithmetic="rational")
    assert _depth_gap._in_hand(family, 2, function).verified == "as_a_whole"
    monkeypatch.setattr(_depth_gap, "_WHOLE_COST", 10)
    assert _depth_gap._in_hand(family, 2, function).verified == "by_blocks"


def test_a_network_that_differs_is_not_taken_in_hand(monkeypatch):
    family = _depth_gap._Family("tents", 2, 4)
    function = exact.piecewise_linear(family.block(4), ((0, 1),), arithmetic="rational")
    true = exact.represent

    def wrong(part):
        found = true(part)
        hidden, output = found.network.layers
        bias = hidden.bias.copy()
        bias[0] = bias[0] + fmpq(1, 10**9)
        network = Network.dense([hidden.weight, output.weight], [bias, output.bias])
        return type(found)(network, found.nodes, found.minimal, found.reason)

    monkeypatch.setattr(exact, "represent", wrong)
    with pytest.raises(RuntimeError, match="differs"):
        _depth_gap._in_hand(family, 2, function)


numbers = st.fractions(-3, 3, max_denominator=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=6), numbers)
def test_the_quick_form_of_a_shallow_network_is_its_exact_form(neurons, shift):
    a, b, c = (list(column) for column in zip(*neurons, strict=True))
    network = Network.dense([[[v] for v in a], [c]], [b, [shift]])
    domain = (Fraction(-1), Fraction(2, 3))
    quick = _depth_gap.one_layer(network, domain)
    assert quick == exact.piecewise_linear(network, (domain,), arithmetic="rational")
    for x in (domain[0], Fraction(0), Fraction(1, 7), domain[1]):
        value = sum(w * max(Fraction(0), u * x + v) for u, v, w in neurons) + shift
        assert quick(x) == value


def test_widths_without_zigzags_and_sizes_beyond_the_limit(registry):
    narrow = _depth_gap.run(parameters_of("depth-gap", {"width": 2, "layers": 3}), registry, lambda *_: None)
    assert narrow["family"].values.tolist() == ["tents"]
    assert narrow["size_upper"].sel(family="tents").values.tolist() == [8, 6, 6]
    with pytest.raises(UserError, match="allowed: 65536"):
        parameters_of("depth-gap", {"width": 4, "layers": 9})


# training against the global optimum


def test_no_seed_is_below_the_lower_end_and_shares_are_counted_from_the_losses(results):
    dataset = results["global-training"]
    lower, upper = dataset["loss_lower"], dataset["loss_upper"]
    assert (lower <= upper).all()
    assert (dataset["loss"] >= upper).all()
    np.testing.assert_allclose(upper, lower, rtol=1e-6)
    np.testing.assert_allclose(dataset["ratio"], dataset["loss"] / upper)
    shares = (dataset["loss"] <= 1.0001 * upper).mean("seed")
    np.testing.assert_array_equal(dataset["reached"], shares)


def test_the_data_are_those_of_the_reference_and_so_are_the_optima(results):
    reference = {(1, 10, 1): 2.528483, (2, 8, 1): 2.422306}
    found = results["global-training"]["loss_upper"].values
    np.testing.assert_allclose(
        found, [reference[tuple(row)] for row in SMALL["global-training"]["data"]], atol=6e-7
    )


def test_one_neuron_in_one_variable_does_no_better_on_a_dense_set_of_kinks(results):
    x, y = _global_training.samples(1, 10)
    kinks = np.linspace(-2, 2, 40001)
    losses = []
    for sign in (1.0, -1.0):
        columns = np.maximum(0.0, sign * (x[:, 0] - kinks[:, None]))
        norm = np.sum(columns**2, axis=1)
        fit = np.divide(columns @ y, norm, out=np.zeros_like(norm), where=norm > 0)
        losses.append(np.min(np.sum((fit[:, None] * columns - y) ** 2, axis=1)))
    optimum = float(results["global-training"]["loss_upper"][0])
    assert optimum <= min(losses) + 1e-12 and min(losses) <= optimum * (1 + 1e-4)


def test_losses_are_those_of_networks_without_an_output_bias(registry):
    x, y = _global_training.samples(1, 6)
    fits = _global_training.trained(x, y, 2, "varpro(steps=20)", 3, registry)
    for fit in fits:
        assert fit.network is not None and not fit.network.layers[-1].bias.any()
        assert np.sum((fit.network(x)[:, 0] - y) ** 2) == pytest.approx(fit.loss, rel=1e-9)


def test_the_logs_close_on_the_bracket(results):
    dataset = results["global-training"]
    for row in range(dataset.sizes["data"]):
        one = dataset.isel(data=row)
        lower, upper, problems = (
            one[f"log_{name}"].values[np.isfinite(one["log_problems"].values)]
            for name in ("lower", "upper", "problems")
        )
        assert (lower <= upper * (1 + 1e-9)).all()
        assert (np.diff(lower) >= 0).all() and (np.diff(upper) <= 0).all() and (np.diff(problems) >= 0).all()
        assert problems[-1] == one["programmes"] + one["relaxations"]
        assert lower[-1] == pytest.approx(float(one["loss_lower"])) and upper[-1] == pytest.approx(
            float(one["loss_search"])
        )


def test_a_search_that_stops_early_leaves_an_open_bracket_around_trained_networks(registry):
    given = {"data": [(1, 20, 2)], "trainers": ["varpro(steps=60)"], "seeds": 6, "limit": 300}
    dataset = _global_training.run(parameters_of("global-training", given), registry, lambda *_: None)
    assert int(dataset["complete"][0]) == 0
    assert float(dataset["loss_lower"][0]) < 1.9591 <= float(dataset["loss_upper"][0])
    assert float(dataset["loss_upper"][0]) <= float(dataset["loss"].min())
    assert 0 < float(dataset["ratio_lower"][0]) < 1


def test_an_optimum_of_zero_gives_no_infinite_ratio(registry):
    given = {"data": [(1, 2, 2)], "trainers": ["varpro(steps=60)"], "seeds": 3}
    dataset = _global_training.run(parameters_of("global-training", given), registry, lambda *_: None)
    assert np.isfinite(dataset["ratio"]).all() and (dataset["ratio"] >= 1).all()
    assert float(dataset["ratio_lower"][0]) == 1


def test_a_loss_below_the_lower_end_stops_the_experiment(monkeypatch, registry):
    def lucky(x, y, width, trainer, seeds, registry):
        return [FitResult(None, 0.1, "converged", 1)] * seeds

    monkeypatch.setattr(_global_training, "trained", lucky)
    with pytest.raises(RuntimeError, match=r"has loss .*0\.1.* below the lower end"):
        _global_training.run(
            parameters_of("global-training", SMALL["global-training"]), registry, lambda *_: None
        )


def test_diverged_fits_stay_as_missing_numbers(monkeypatch, registry):
    def failing(x, y, width, trainer, seeds, registry):
        loss = best.global_fit(x, y, width).value
        return [FitResult(None, loss, "converged", 1), FitResult(None, float("nan"), "diverged", 1)]

    monkeypatch.setattr(_global_training, "trained", failing)
    given = {**SMALL["global-training"], "seeds": 2}
    dataset = _global_training.run(parameters_of("global-training", given), registry, lambda *_: None)
    assert dataset["loss"].isnull().sum("seed").values.tolist() == [[1, 1], [1, 1]]
    assert (dataset["reached"] == 0.5).all()


@pytest.mark.parametrize("data", [[(4, 10, 1)], [(1, 0, 1)], []])
def test_data_sets_that_no_search_can_do_are_refused(data):
    with pytest.raises(UserError, match="data"):
        parameters_of("global-training", {"data": data})
