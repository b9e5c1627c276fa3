"""The experiment on leaks: certified measures against hand counts, errors against another quadrature."""

from fractions import Fraction
from math import inf, pi

import numpy as np
import pytest

from ratelab import UserError, exact, load_plugins
from ratelab.exact import CubeUnion
from ratelab.registry import Ball, Box, Boxes, LevelSet, Target
from ratelab.spaces import supported
from ratelab.studies.experiments import _leaks
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._leaks_measures import BoxMeasures, certain_support
from ratelab.studies.experiments._leaks_networks import Maker, least_squares_polynomial
from ratelab.studies.experiments._leaks_quadrature import quadrature

GIVEN = {
    "targets": ["tent"],
    "activations": ["relu", "tanh", "gaussian"],
    "widths": [8, 16, 32],
    "degrees": [2, 4, 8],
    "boxes": [1.5, 2.0, 6.0],
    "thresholds": [1, 3, 9, 30, 300],
    "seeds": 2,
}

PLUGIN = """
import numpy as np
from ratelab import hookimpl
from ratelab.registry import Activation, Ball, Target


def _cone(x):
    return np.maximum(0, 0.75 - np.sqrt((x**2).sum(axis=1)))


def _pair(x):
    return np.stack([_cone(x), -2 * _cone(x)], axis=1)


@hookimpl
def ratelab_targets():
    given = {"domain": ((-1.25, 1.25),) * 2, "support": Ball((0, 0), 0.75)}
    return [
        Target("one", _cone, lipschitz=1.0, **given),
        Target("pair", _pair, lipschitz=5.0**0.5, **given),
    ]


@hookimpl
def ratelab_activations():
    return [Activation("noball", lambda x: x / (1 + x * x).sqrt(), regularity="analytic")]
"""


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return EXPERIMENTS["leaks"].run(parameters_of("leaks", GIVEN), registry, lambda *_: None)


def test_analytic_networks_leak_everywhere_by_certificate_whatever_their_width_or_window(dataset):
    analytic = dataset.sel(network=["tanh", "gaussian", "tanh × window"])
    assert (analytic["certificate"] == _leaks.CERTIFICATES["nonzero"]).all()
    assert (analytic["leak_low"] == 1).all() and (analytic["leak_high"] == 1).all()
    assert (analytic["hausdorff"] == inf).all()


def test_the_masked_network_leaks_into_the_collar_of_its_cubes_only(dataset):
    """Cubes of side 1/4, 1/8, 1/16 over [−0.7, 0.7], a quarter of a side more; the box without S measures 1.6."""
    masked = dataset.sel(target="tent", network="relu × mask")
    assert (masked["certificate"] == _leaks.CERTIFICATES["zero_outside"]).all()
    reach = np.array([0.75 + 1 / 16, 0.75 + 1 / 32, 0.75 + 1 / 64])
    for name in ("leak_low", "leak_high"):
        np.testing.assert_allclose(
            masked[name].values, (2 * (reach - 0.7) / 1.6)[:, None] * [1, 1], rtol=1e-9
        )
    np.testing.assert_allclose(masked["hausdorff"].values, (reach - 0.7)[:, None] * [1, 1], rtol=1e-9)
    np.testing.assert_allclose(masked["spacing"], [1 / 4, 1 / 8, 1 / 16])
    np.testing.assert_allclose(masked["leak_l1"].sel(box=6.0), masked["leak_l1"].sel(box=1.5), rtol=1e-12)


def test_errors_and_leaks_are_those_of_a_fine_midpoint_rule(dataset, registry):
    parameters = parameters_of("leaks", GIVEN)
    target = registry.targets["tent"]
    maker = Maker(target, parameters, registry)
    x = (np.arange(120_000) + 0.5) / 30_000 - 2
    tent = np.maximum(0, 1 - np.abs(x) / 0.7)
    for label in ("relu", "tanh", "tanh × window", "relu × mask"):
        values = maker.found(label, 2, 1).network(x[:, None])[:, 0]
        one = dataset.sel(target="tent", network=label, width=32, seed=1)
        inner = np.abs(x) < 1.5
        apart = np.abs(values - tent)[inner]
        assert float(one["l1_error"]) == pytest.approx(apart.sum() / 30_000, rel=5e-3)
        assert 0.9 * apart.max() <= float(one["sup_error"]) <= apart.max() * (1 + 1e-9)
        for radius in (1.5, 2.0):
            there = (np.abs(x) > 0.7) & (np.abs(x) < radius)
            expected = np.abs(values[there]).sum() / 30_000
            assert float(one["leak_l1"].sel(box=radius)) == pytest.approx(expected, rel=1e-2)


def test_a_fitted_relu_network_leaks_no_less_than_its_exact_zeros_allow(dataset, registry):
    """Its zeros on [−3/2, 3/2] from its own breakpoints: pieces with two zero ends."""
    maker = Maker(registry.targets["tent"], parameters_of("leaks", GIVEN), registry)
    for seed in range(2):
        network = maker.found("relu", 0, seed).network
        knots = np.array([-1.5, *sorted(exact.breakpoints(network, [(-1.5, 1.5)])), 1.5])
        ends = network(knots[:, None])[:, 0]
        flat = (ends[1:] == 0) & (ends[:-1] == 0)
        found = dataset.sel(target="tent", network="relu", width=8, seed=seed)
        assert float(found["leak_high"]) == 1
        assert float(found["leak_low"]) == pytest.approx(
            max(1 - np.diff(knots)[flat].sum() / 1.6, 0), abs=1e-9
        )
        assert int(found["certificate"]) == _leaks.CERTIFICATES["zero_set_measured"]


def test_medians_are_those_of_the_draws(dataset):
    for name in ("l1_error", "sup_error", "leak_low", "leak_l1"):
        expected = dataset[name].mean("seed")  # of two draws
        np.testing.assert_allclose(dataset[f"{name}_median"].transpose(*expected.dims), expected)


def test_thresholds_are_exceeded_more_often_the_smaller_and_balls_refute_float_zeros(dataset):
    one = dataset.sel(target="tent")
    for name in ("effective_float", "effective_ball_low", "effective_ball_high"):
        assert (np.diff(one[name].values, axis=-1) >= 0).all()
    assert (one["effective_ball_low"] <= one["effective_ball_high"]).all()
    window = one.sel(network="tanh × window")
    assert int(window["float_zeros"]) > 0
    assert int(window["float_zeros"]) == int(window["float_zeros_refuted"])
    assert 0 < float(window["effective_float"].sel(threshold=300)) < 1
    masked = one.sel(network="relu × mask")
    assert int(masked["float_zeros"]) > 0 == int(masked["float_zeros_refuted"])
    assert float(masked["effective_ball_high"].sel(threshold=300)) < 0.1
    assert float(one["effective_ball_low"].sel(network="tanh", threshold=30)) == 1


def test_polynomials_are_legendre_projections_and_leak_more_with_the_degree(dataset, registry):
    """Σ c_k P_k(x/1.5), c_k = (2k + 1)/2 ∫ f P_k by a fine rule."""
    x = (np.arange(400_000) + 0.5) / 200_000 - 1
    tent = np.maximum(0, 1 - np.abs(1.5 * x) / 0.7)
    for degree in GIVEN["degrees"]:
        legendre = np.polynomial.legendre.legvander(x, degree)
        coefficients = (2 * np.arange(degree + 1) + 1) / 2 * (tent @ legendre) / 200_000
        expected = 1.5 * np.abs(legendre @ coefficients - tent).sum() / 200_000
        found = dataset.sel(target="tent", degree=degree)
        assert float(found["polynomial_l1_error"]) == pytest.approx(
            expected, rel=0.1
        )  # the rule of the fit is coarser
        assert int(found["polynomial_certificate"]) == _leaks.CERTIFICATES["nonzero"]
    leaks = dataset["polynomial_leak_l1"].sel(target="tent", box=6.0).values
    assert (leaks[1:] > 10 * leaks[:-1]).all()


def test_the_degree_of_a_polynomial_is_the_total_one(registry):
    """In the plane (n + 1)(n + 2)/2 coefficients: 435 for n = 28, 465 for n = 29. Directions see degree n only."""
    assert least_squares_polynomial(registry.targets["compact_cone"], 28) is not None
    assert least_squares_polynomial(registry.targets["compact_cone"], 29) is None
    network = least_squares_polynomial(registry.targets["compact_cone"], 4)
    t = np.linspace(-1, 1, 101)
    along = network(t[:, None] * [0.6, 0.8])[:, 0]
    fit = np.polynomial.Chebyshev.fit(t, along, 4)
    assert np.abs(fit(t) - along).max() < 1e-12 and abs(fit.coef[4]) > 1e-3


def test_the_reach_of_a_box_is_the_distance_of_its_corners(dataset):
    np.testing.assert_allclose(dataset["reach"].sel(target="tent").values, [0.8, 1.3, 5.3])
    np.testing.assert_allclose(dataset["outside"].sel(target="tent").values, [1.6, 2.6, 10.6])


def test_quadrature_is_exact_on_boxes_and_close_on_balls():
    boxes = Boxes((Box((-0.8, -0.8), (0.8, 0)), Box((-0.8, 0), (0, 0.8))))
    target = Target("l", lambda x: np.ones(len(x)), domain=((-1.5, 1.5),) * 2, support=boxes)
    rule = quadrature(target, [1.0, 3.0], boxes)
    assert rule.weights.sum() == pytest.approx(36)
    assert rule.weights[rule.inside].sum() == pytest.approx(1.6 * 0.8 + 0.8 * 0.8)
    assert [rule.without(radius) for radius in (1.0, 3.0)] == pytest.approx([4 - 1.92, 36 - 1.92])
    squares = (rule.points[rule.inside] ** 2).prod(axis=1)
    assert rule.weights[rule.inside] @ squares == pytest.approx(3 * (0.8**3 / 3) ** 2)
    ball = Ball((0.0, 0.0, 0.0), 0.8)
    target = Target("ball", lambda x: np.ones(len(x)), domain=((-1.5, 1.5),) * 3, support=ball)
    rule = quadrature(target, [1.6], ball)
    assert rule.weights[rule.inside].sum() == pytest.approx(4 / 3 * np.pi * 0.8**3, rel=0.03)


def test_targets_without_a_support_are_refused(registry):
    given = parameters_of("leaks", {**GIVEN, "targets": ["sqrt"]})
    with pytest.raises(UserError, match="target 'sqrt' declares no compact support"):
        EXPERIMENTS["leaks"].run(given, registry, lambda *_: None)


OF_PLUGIN = {
    "targets": ["one", "pair"], "activations": ["relu", "tanh", "noball"], "windowed": ["tanh", "noball"],
    "widths": [8, 16], "degrees": [2, 4], "boxes": [1.25, 2.0], "thresholds": [3], "seeds": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def with_plugin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "mine.py").write_text(PLUGIN)
    return load_plugins(["plugins", str(folder)])


@pytest.fixture(scope="module")
def of_plugin(with_plugin):
    return EXPERIMENTS["leaks"].run(parameters_of("leaks", OF_PLUGIN), with_plugin, lambda *_: None)


def test_an_activation_without_balls_goes_through_uncertified(of_plugin):
    """It has an error and a leak in L1, and of its support nothing but 0 ≤ share ≤ 1 is said."""
    without = of_plugin.sel(network=["noball", "noball × window"])
    assert (without["certificate"] == _leaks.CERTIFICATES["none"]).all()
    assert (without["leak_low"] == 0).all() and (without["leak_high"] == 1).all()
    assert without["hausdorff"].isnull().all() and without["effective_ball_low"].isnull().all()
    assert (without["samples"] == 0).all() and (without["effective_float"] > 0).all()
    assert (without["l1_error"] > 0).all() and (without["leak_l1"] > 0).all()
    assert (of_plugin["certificate"].sel(network="tanh") == _leaks.CERTIFICATES["nonzero"]).all()


def test_of_two_outputs_f_and_minus_2_f_both_are_fitted_windowed_and_masked(of_plugin, with_plugin):
    """Least squares is linear: the second output is −2 times the first, up to the mask's shift of about 10^-12."""
    one, pair = of_plugin.sel(target="one"), of_plugin.sel(target="pair")
    for name in ("polynomial_l1_error", "polynomial_leak_l1"):
        np.testing.assert_allclose(pair[name], 5**0.5 * one[name], rtol=1e-9)
    assert (one["certificate"] == pair["certificate"]).all()
    np.testing.assert_allclose(pair["leak_low"], one["leak_low"])
    maker = Maker(with_plugin.targets["pair"], parameters_of("leaks", OF_PLUGIN), with_plugin)
    x = np.random.default_rng(5).uniform(-1, 1, (400, 2))
    for label in of_plugin["network"].values:
        values = maker.found(label, 1, 0).network(x)
        np.testing.assert_allclose(values[:, 1], -2 * values[:, 0], atol=1e-9)
        assert np.abs(values[:, 0]).max() > 0.1
        if "window" in label:  # (1 + e^40)^-1 and less, 1/4 outside
            assert np.abs(values[np.abs(x).max(axis=1) > 0.99]).max() < 1e-12


def test_a_fit_that_fails_is_missing_and_nothing_is_proved_of_it(registry):
    """Weights of 10^308 give infinite features for some draws; the sine refuses arguments beyond 2^40 periods."""
    given = {
        **GIVEN,
        "activations": ["relu", "tanh", "sine"],
        "widths": [8, 16],
        "degrees": [2],
        "scale": 1e308,
    }
    found = EXPERIMENTS["leaks"].run(parameters_of("leaks", given), registry, lambda *_: None)
    failed = found["l1_error"].isnull()
    assert failed.sel(network=["sine", "relu", "relu × mask"]).all() and not failed.all()
    for name in ("leak_low", "leak_high", "sup_error", "hausdorff"):
        assert bool(found[name].isnull().where(failed, True).all())
    assert bool((found["certificate"] == 0).where(failed, True).all())
    assert bool((found["certificate"] == 1).where(~failed, True).all())
    assert (found["connections"].sel(network="sine") == -1).all()
    assert (found["float_zeros"] >= found["float_zeros_refuted"]).all() and (found["float_zeros"] >= 0).all()


@pytest.mark.parametrize("radius", [0.5, 0.8])
def test_a_box_that_does_not_reach_beyond_the_support_is_refused_at_once(registry, radius):
    given = parameters_of("leaks", {**GIVEN, "targets": ["tent", "compact_cone"], "boxes": [radius, 2.0]})
    with pytest.raises(
        UserError, match=r"boxes are \[0\.\d, 2\.0\], the support of target '.*' reaches to 0\.\d"
    ):
        EXPERIMENTS["leaks"].run(given, registry, lambda *_: pytest.fail("something was computed"))


def test_measures_hold_the_true_ones_between_their_ends(dataset):
    """Intervals and discs by hand; the diamond |x| + |y| ≤ 7/10 as a level set."""
    assert float(dataset["outside_low"].sel(target="tent", box=1.5)) == pytest.approx(1.6)
    assert (dataset["outside_low"] <= dataset["outside_high"]).all()
    disc = BoxMeasures(Ball((0, 0), Fraction(4, 5)), 1.5)
    for (low, high), true in ((disc.size, 0.64 * pi), (disc.outside, 9 - 0.64 * pi)):
        assert low <= true <= high and high - low < 1e-12
    diamond = LevelSet(lambda x: np.abs(x).sum(axis=1) - 0.7, 2**0.5, Box((-1, -1), (1, 1)))
    measures = BoxMeasures(diamond, 1.25)
    assert measures.size[0] < Fraction(98, 100) < measures.size[1] < measures.size[0] + Fraction(1, 100)
    low, high = measures.share((Fraction(1), Fraction(2)))
    assert low < 1 / (6.25 - 0.98) and high > 2 / (6.25 - 0.98)
    assert measures.share((Fraction(0), Fraction(7)))[1] == 1


def test_what_a_union_has_beyond_the_box_does_not_count():
    """[0, 1]² and 1/4 around it; [−1/4, 4/5]² is left of it in the maximum norm, less a corner in the sum norm."""
    square = Box((0.25, 0.25), (0.75, 0.75))
    measures = BoxMeasures(square, 0.8)
    for norm, corner in (("max", 1 / 16), ("sum", 1 / 32)):
        union = CubeUnion(1, np.array([[0, 0]]), Fraction(1, 4), norm)
        true = 0.8**2 + 2 * 0.25 * 0.8 + corner - 0.25
        for low, high in (measures.leak(union), measures.difference(union)):
            assert low - Fraction(1, 10**12) <= true <= high + Fraction(1, 10**12)
            assert norm == "sum" or high - low < 1e-12


@pytest.mark.parametrize("name", ["tent", "compact_cone", "l_shape"])
def test_a_gate_is_not_zero_in_the_cubes_that_are_certain(registry, name):
    built = supported(registry.targets[name], Fraction(1, 4), method="gate")
    inner = certain_support(built)
    offsets = np.random.default_rng(3).uniform(size=(200, built.target.dimension))
    points = ((inner.cubes[:, None] + offsets) / 4).reshape(-1, built.target.dimension)
    assert (built.network(points) != 0).all()
    radius = 1.6
    (least, most), (low, high) = BoxMeasures(built.target.support, radius).of_built(built)
    generator = np.random.default_rng(4)
    x = generator.uniform(-radius, radius, (200_000, built.target.dimension))
    there = (built.network(x) != 0).any(axis=1)
    inside = exact.belongs(built.target.support, x)
    volume = (2 * radius) ** built.target.dimension
    room = 4 * volume * (0.25 / len(x)) ** 0.5
    assert least - room <= volume * np.mean(there & ~inside) <= most + room
    assert low - room <= volume * np.mean(there != inside) <= high + room
    assert certain_support(supported(registry.targets[name], Fraction(1, 4))) is None


def _heights_in(intervals):
    return lambda x: np.maximum(
        0, np.max([np.minimum(x[:, 0] - a, b - x[:, 0]) for a, b in intervals], axis=0)
    )


def test_a_gate_may_miss_what_its_mask_holds():
    """Nodes are whole numbers, and 1 alone lies in S = [−0.9, −0.1] ∪ [0.5, 1.5]: the gate is the hat on [0, 2].

    Hence 1 is its leak, 1.8 the mismatch; the mask's support [−5/4, 9/4] alone has 1.7 outside S.
    """
    for intervals, leak, mismatch in (
        (((-0.9, -0.1), (0.5, 1.5)), (1.0, 1.7), (1.0, 2.5)),
        (((0.1, 0.9),), (0.0, 0.7), (0.0, 1.5)),
    ):
        boxes = Boxes(tuple(Box((a,), (b,)) for a, b in intervals))
        target = Target("t", _heights_in(intervals), domain=((-3.0, 3.0),), support=boxes, lipschitz=1.0)
        found = BoxMeasures(boxes, 3.0).of_built(supported(target, 1, method="gate"))
        for bracket, ends in zip(found, (leak, mismatch), strict=True):
            assert [float(end) for end in bracket] == pytest.approx(ends)
