"""Shallow networks as splines with free knots."""

from dataclasses import replace

import numpy as np
import pytest

from ratelab import best, exact, load_plugins
from ratelab.networks import FitProblem, LayerShape, Layout, power
from ratelab.training import VariableProjection
from ratelab.training._interpolant import Interpolant
from ratelab.training._knots import FreeKnots
from ratelab.training._knots_signs import likely_faces, tilt

REGISTRY = load_plugins()


def _problem(f, fits, activation=None, grade=1.0, cells=96, domain=(0.0, 1.0)):
    x, w = np.polynomial.legendre.leggauss(4)
    edges = domain[0] + (domain[1] - domain[0]) * np.linspace(0, 1, cells + 1) ** grade
    h = np.diff(edges)[:, None]
    nodes, weights = (edges[:-1, None] + h * (x + 1) / 2).reshape(-1, 1), (h * w / 2).ravel()
    return FitProblem(nodes, weights, f(nodes), activation or power(1), fits, (domain,))


def _fine_error(network, f, domain=(0.0, 1.0), grade=1.0):
    edges = domain[0] + (domain[1] - domain[0]) * np.linspace(0, 1, 100_001) ** grade
    x, w = 0.5 * (edges[1:] + edges[:-1])[:, None], np.diff(edges)
    return float(np.sqrt(np.sum(w * (network(x)[:, 0] - f(x)[:, 0]) ** 2)))


def _subset_sum_bound(n):
    """Return the error of the best spline of x² with n pieces: networks with n neurons reach it."""
    return 1 / (np.sqrt(180) * n**2)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
def test_n_neurons_reach_at_least_the_splines_of_n_pieces(n):
    """x²: closed form of the error of n and of n + 1 equal pieces; networks lie between."""
    (result,) = FreeKnots().fit(_problem(np.square, ((Layout.dense((1, n, 1)), 0),)))
    error = _fine_error(result.network, np.square)
    assert _subset_sum_bound(n + 1) * 0.999 < error < _subset_sum_bound(n) * 1.002
    assert result.status == "converged"


def test_neurons_that_face_both_ways_reach_splines_of_one_more_piece():
    """sin 2πx, 4 neurons: 0.0288, where the best spline of 4 pieces has 0.0572 and that of 5 pieces 0.0287."""

    def wave(x):
        return np.sin(2 * np.pi * x)

    (result,) = FreeKnots().fit(_problem(wave, ((Layout.dense((1, 4, 1)), 0),)))
    assert 0.0286 < _fine_error(result.network, wave) < 0.0290


def test_an_identity_beside_the_neurons_frees_all_their_kinks():
    layout = REGISTRY.architectures["skip"].layout(
        budget=5, complexity="neurons", depth=2, dimension=1, outputs=1
    )
    bent = int((~layout.layers[0].linear).sum())
    (result,) = FreeKnots().fit(_problem(np.square, ((layout, 0),)))
    assert _fine_error(result.network, np.square) == pytest.approx(_subset_sum_bound(bent + 1), rel=2e-3)


@pytest.mark.parametrize("slope", [0.3, -1.0, -0.5])
def test_other_activations_with_one_bend_reach_the_splines(slope):
    activation = REGISTRY.activations.make("prelu", {"slope": slope})
    (result,) = FreeKnots().fit(_problem(np.square, ((Layout.dense((1, 5, 1)), 0),), activation))
    assert _fine_error(result.network, np.square) < _subset_sum_bound(5) * 1.002


def test_seeds_agree_where_random_starts_do_not():
    """sin 8πx, 16 neurons: in every seed below the best spline of 16 pieces (0.0395)."""

    def wave(x):
        return np.sin(8 * np.pi * x)

    fits = tuple((Layout.dense((1, 16, 1)), seed) for seed in range(4))
    for result in FreeKnots().fit(_problem(wave, fits, cells=128)):
        assert _fine_error(result.network, wave) < 0.0395


def test_a_kink_between_two_nodes_is_seen():
    """With 20 nodes and 9 pieces the loss at the nodes alone can be made tiny by knots that the nodes do not see."""

    def bump(x):
        return np.exp(-((x - 0.5) ** 2) / 0.02)

    job = _problem(bump, ((Layout.dense((1, 9, 1)), 0),), cells=5)
    (result,) = FreeKnots().fit(job)
    assert _fine_error(result.network, bump) < 0.03


def test_data_in_the_class_are_met_exactly():
    """Kinks between nodes are found as meeting points of lines, not at the corners that the interpolant cuts."""

    def bent(x):
        return 1 - np.maximum(x - 0.3717, 0) * 3 + np.maximum(x - 0.7131, 0) * 5

    (result,) = FreeKnots().fit(_problem(bent, ((Layout.dense((1, 3, 1)), 0),)))
    assert result.loss < 1e-26
    assert _fine_error(result.network, bent) < 1e-12


def test_another_domain_gives_the_same_spline():
    fits = ((Layout.dense((1, 5, 1)), 0),)
    (here,) = FreeKnots().fit(_problem(np.exp, fits))
    (there,) = FreeKnots().fit(_problem(lambda x: np.exp((x + 3) / 8), fits, domain=(-3.0, 5.0)))
    assert there.loss == pytest.approx(8 * here.loss, rel=1e-6)


def test_more_neurons_than_nodes_do_no_harm():
    job = _problem(np.exp, ((Layout.dense((1, 40, 1)), 0),), cells=3)
    (result,) = FreeKnots().fit(job)
    assert result.loss < 1e-12
    assert np.isfinite(result.network(job.nodes)).all()


def test_fits_of_other_shapes_are_those_of_variable_projection():
    deep, dense = Layout.dense((1, 3, 3, 1)), Layout.dense((1, 4, 1))
    job = _problem(np.exp, ((dense, 0), (deep, 1)))
    mixed = FreeKnots().fit(job)
    (other,) = VariableProjection().fit(replace(job, fits=((deep, 1),)))
    assert (mixed[1].loss, mixed[1].steps, mixed[1].work) == (other.loss, other.steps, other.work)
    first = dense.layers[0]
    fixed = LayerShape(first.free & False, np.ones((4, 1)), first.free_bias, first.linear)
    masked = Layout((fixed, dense.layers[1]))
    (result,) = FreeKnots().fit(replace(job, fits=((masked, 0),)))
    assert (result.network.layers[0].weight == 1.0).all()


def test_the_tilt_is_the_condition_that_a_sum_of_neurons_has_no_line_of_its_own():
    """Slopes of Σ a_j φ(±(x − t_j)), computed from values, satisfy it for random weights and faces."""
    random = np.random.default_rng(0)
    for low, high in ((0.0, 1.0), (0.25, 1.0), (-2.0, 3.0)):
        for _ in range(20):
            kinks = np.sort(random.uniform(0, 1, 4))
            right, weight = random.uniform(size=4) < 0.5, random.normal(size=4)

            def total(x, low=low, high=high, kinks=kinks, right=right, weight=weight):
                z = np.where(right, 1.0, -1.0) * (x[:, None] - kinks)
                return np.where(z > 0, high * z, low * z) @ weight

            ends = np.concatenate([[-1.0], kinks, [2.0]])
            slopes = np.diff(total(ends)) / np.diff(ends)
            assert abs(tilt(right, (low, high)) @ slopes) < 1e-9


def test_the_likeliest_faces_are_those_of_a_network():
    """A spline that is a sum of neurons: some first choice satisfies the condition exactly."""
    random = np.random.default_rng(1)
    for kinks in (5, 9, 20):
        places = (np.arange(kinks) + 1) / (kinks + 1)
        right, weight = random.uniform(size=kinks) < 0.5, random.normal(size=kinks)
        knots = np.concatenate([[0.0], places, [1.0]])
        z = np.where(right, 1.0, -1.0) * (knots[:, None] - places)
        heights = np.maximum(z, 0) @ weight
        faces = likely_faces(knots, heights, (0.0, 1.0), 4, random)
        slopes = np.diff(heights) / np.diff(knots)
        miss = np.abs(tilt(faces, (0.0, 1.0)) @ slopes)
        assert miss[0] < (1e-9 if kinks <= 12 else 1e-2 * np.abs(weight).sum())


def test_weights_of_a_quadrature_rule_stand_for_length():
    job = _problem(np.exp, (), grade=3.0)
    data = Interpolant.of(job)
    np.testing.assert_array_equal(data.density, 1.0)
    other = Interpolant.of(replace(job, weights=job.weights * (1 + job.nodes[:, 0])))
    assert other.density @ np.diff(other.points) == pytest.approx(1.5, rel=1e-3)
    assert (np.diff(other.density[2:-2]) > -0.6).all()


def test_equal_nodes_count_once_with_their_mean():
    nodes = np.array([0.0, 0.25, 0.25, 0.5, 1.0])[:, None]
    values = np.array([0.0, 1.0, 4.0, 2.0, 0.0])[:, None]
    weights = np.array([1.0, 2.0, 1.0, 1.0, 1.0])
    data = Interpolant.of(FitProblem(nodes, weights, values, power(1), (), ((0.0, 1.0),)))
    assert data.points.tolist() == [0.0, 0.25, 0.5, 1.0]
    assert data.values[1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    "label", ["sqrt", "cusp(exponent=0.3,at=0.7)", "sine(frequency=4)", "two_scales", "takagi"]
)
def test_every_seed_is_within_two_per_cent_of_the_best_splines(label):
    """The reference knows the target; the trainer knows 512 nodes."""
    target = REGISTRY.targets[label]
    nodes, weights = exact.nodes(target, 512)
    splines = best.free_knot_splines(target, (4, 16), 1)
    fits = tuple((Layout.dense((1, n, 1)), seed) for n in (4, 16) for seed in range(2))
    results = FreeKnots().fit(FitProblem(nodes, weights, target(nodes), power(1), fits, target.domain))
    for (layout, _), result in zip(fits, results, strict=True):
        reference = exact.error(splines[layout.neurons].network(), target)
        assert exact.error(result.network, target) < 1.02 * reference
