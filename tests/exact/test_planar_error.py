"""Errors in two variables against closed forms, finer rules and dense sampling."""

import numpy as np
import pytest

import ratelab as rl
from ratelab.exact import _plane_error as plane
from ratelab.exact import error

registry = rl.load_plugins(["plugins"])
GAUSSIAN, CONE, DISC = (registry.targets[n] for n in ("gaussian(dimension=2)", "cone", "disc"))


def random_network(seed, sizes, activation="relu"):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(b, a)) / np.sqrt(a) for a, b in zip(sizes, sizes[1:], strict=False)]
    return rl.Network.dense(weights, [rng.normal(size=b) * 0.5 for b in sizes[1:]], activation, registry)


def sampled(network, target, p):
    u = (np.arange(1200) + 0.5) / 1200
    x = np.stack(np.meshgrid(u, u), axis=-1).reshape(-1, 2)
    residual = np.sqrt(((network(x) - target(x)) ** 2).sum(axis=1))
    return residual.max() if np.isinf(p) else np.mean(residual**p) ** (1 / p)


@pytest.mark.parametrize("p", [1, 2, 3, np.inf])
@pytest.mark.parametrize("target", [GAUSSIAN, CONE, DISC], ids=lambda t: t.name)
@pytest.mark.parametrize("sizes", [(2, 5, 1), (2, 7, 6, 1)])
def test_errors_are_those_of_dense_sampling(sizes, target, p):
    network = random_network(3, sizes)
    rel = 2e-2 if np.isinf(p) else 2e-4 if target is DISC else 3e-6
    assert error(network, target, p) == pytest.approx(sampled(network, target, p), rel=rel)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target", [GAUSSIAN, CONE], ids=lambda t: t.name)
def test_a_tolerance_is_kept(seed, target, monkeypatch):
    network = random_network(seed, (2, 8, 1))
    monkeypatch.setattr(plane, "_POINTS", 5_000_000)
    fine = error(network, target, tolerance=1e-10)
    monkeypatch.undo()
    for tolerance in (1e-3, 1e-6):
        assert error(network, target, tolerance=tolerance) == pytest.approx(fine, rel=tolerance)
    assert error(network, target) == pytest.approx(fine, rel=1e-6)


def test_kinks_of_the_network_cost_no_accuracy():
    # a polynomial residual on every cell: (x − ⅓)₊ + (y − ⅔)₊ against 0
    network = rl.Network.dense([np.eye(2), [[1.0, 1.0]]], [[-1 / 3, -2 / 3], [0.0]])
    zero = rl.Target("zero", lambda x: 0 * x[:, 0], domain=((0.0, 1.0), (0.0, 1.0)))
    a, b = 2 / 3, 1 / 3
    square = a**3 / 3 + b**3 / 3 + 2 * (a**2 / 2) * (b**2 / 2)
    assert error(network, zero) == pytest.approx(square**0.5, rel=1e-13)
    assert error(network, zero, 1) == pytest.approx(a**2 / 2 + b**2 / 2, rel=1e-13)
    assert error(network, zero, np.inf) == pytest.approx(1, rel=1e-14)


def test_an_affine_network_against_a_narrow_bump_sees_it():
    bump = rl.Target(
        "bump",
        lambda x: np.exp(-(((x - 0.6) / 0.02) ** 2).sum(axis=1)),
        domain=((0.0, 1.0), (0.0, 1.0)),
    )
    zero = rl.Network.dense([[[0.0, 0.0]]], [[0.0]])
    # ∫ exp(−2 |x|²/0.02²) = π 0.02²/2
    assert error(zero, bump) == pytest.approx((np.pi / 2) ** 0.5 * 0.02, rel=1e-6)


def test_several_outputs_are_measured_by_their_euclidean_norm():
    target = rl.Target(
        "pair", lambda x: np.stack([x[:, 0], x[:, 1]], axis=1), domain=((0.0, 1.0), (0.0, 1.0))
    )
    zero = rl.Network.dense([[[0.0, 0.0], [0.0, 0.0]]], [[0.0, 0.0]])
    assert error(zero, target) == pytest.approx((2 / 3) ** 0.5, rel=1e-13)
    assert error(zero, target, np.inf) == pytest.approx(2**0.5, rel=1e-12)
    with pytest.raises(rl.UserError, match="1 outputs"):
        error(random_network(1, (2, 3, 1)), target)


@pytest.mark.parametrize("activation", ["tanh", "relu2"])
def test_curved_networks_are_integrated_on_squares(activation):
    network = random_network(6, (2, 6, 1), activation)
    assert error(network, GAUSSIAN) == pytest.approx(sampled(network, GAUSSIAN, 2), rel=1e-6)


def test_networks_with_too_many_cells_are_integrated_on_squares(monkeypatch):
    network = random_network(8, (2, 9, 9, 1))
    cells = error(network, GAUSSIAN)
    monkeypatch.setattr(plane, "_MOST_CELLS", 20)
    assert error(network, GAUSSIAN) == pytest.approx(cells, rel=1e-4)


def test_a_tolerance_is_positive():
    with pytest.raises(rl.UserError, match="tolerance is 0"):
        error(random_network(1, (2, 3, 1)), CONE, tolerance=0)
