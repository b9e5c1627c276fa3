"""Successive affine learning: projections, energies, windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.networks import LayerShape
from ratelab.training import _successive_affine_basis
from ratelab.training._multigrade_grades import Grade
from ratelab.training._successive_affine_basis import least_squares
from ratelab.training._successive_affine_fit import successive_affine_fit
from ratelab.training._successive_affine_layer import affine_layer


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(3, 60),
    st.integers(1, 12),
    st.integers(1, 3),
    st.sampled_from([0, 1, 3]),
)
def test_least_squares_projects_even_where_columns_depend(seed, nodes, columns, outputs, repeated):
    random = np.random.default_rng(seed)
    design = random.standard_normal((nodes, columns)) * 10.0 ** random.integers(-6, 7, columns)
    design = np.concatenate([design, design[:, :repeated], np.zeros((nodes, repeated))], axis=1)
    target = random.standard_normal((nodes, outputs))
    found = least_squares(design, target)
    basis = np.linalg.svd(design / np.maximum(np.linalg.norm(design, axis=0), 1e-300), full_matrices=False)
    kept = basis[0][:, basis[1] > 1e-10 * basis[1].max()]
    assert found.rank == kept.shape[1]
    np.testing.assert_allclose(found.projection, kept @ (kept.T @ target), rtol=0, atol=1e-8)
    np.testing.assert_allclose(design @ found.coefficients, found.projection, rtol=0, atol=1e-12)


def test_columns_that_are_not_finite_give_no_numbers():
    found = least_squares(np.array([[np.inf], [1.0]]), np.ones((2, 1)))
    assert np.isnan(found.coefficients).all()
    assert np.isnan(found.projection).all()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(
        st.tuples(st.integers(1, 14), st.sampled_from(["relu", "sine", "relu2"])), min_size=1, max_size=4
    ),
)
def test_energies_split_as_pythagoras_and_parseval_say(seed, dimension, outputs, kinds):
    """Random weighted data; residuals are measured again from the readouts of the network."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(-1, 1, (80, dimension)), random.standard_normal((80, outputs))
    weights = random.uniform(0.1, 1.0, 80)
    fit = successive_affine_fit(x, y, [Grade((n,), kind) for n, kind in kinds], weights=weights, seed=seed)
    energies = fit.energies
    assert (energies.pythagoras < 1e-10).all()
    assert energies.parseval < 1e-10
    before = np.concatenate([[energies.data], energies.residuals])
    assert (np.diff(before) <= 1e-12 * energies.data).all()
    assert energies.data == pytest.approx(np.sum(weights[:, None] * y**2), rel=1e-12)
    earlier = 0.0
    for index, (gained, left) in enumerate(zip(energies.grades, energies.residuals, strict=True)):
        value = fit.network.readout(index)(x)
        assert left == pytest.approx(np.sum(weights[:, None] * (y - value) ** 2), rel=1e-6, abs=1e-9)
        assert gained == pytest.approx(np.sum(weights[:, None] * (value - earlier) ** 2), rel=1e-6, abs=1e-9)
        earlier = value


def test_a_wrong_head_breaks_the_identities():
    """The measure can fail: a head that is 1 % off leaves a gap of about 1e-4."""
    from ratelab.training._successive_affine import Energies

    y = np.linspace(1.0, 2.0, 50)
    projection = np.full(50, y.mean()) * 1.01
    split = Energies(
        float(y @ y), np.array([projection @ projection]), np.array([(y - projection) @ (y - projection)])
    )
    assert split.pythagoras[0] > 1e-3
    assert split.parseval > 1e-3


def test_all_data_of_an_affine_function_are_explained_by_one_grade():
    """Relative to a neuron that is active everywhere the function is in the span; sines need no such luck."""
    x = np.linspace(-1, 1, 60)
    fit = successive_affine_fit(x, np.ones(60), [Grade((3,), "sine")])
    assert fit.energies.residuals[0] < 1e-24


def test_one_neuron_without_a_window_is_the_fit_of_the_residual():
    """With as few nodes as a window needs, every window holds all nodes, weighted by its parabola."""
    random = np.random.default_rng(1)
    x, e, w = random.uniform(0, 1, (5, 1)), random.standard_normal((5, 1)), random.uniform(0.5, 1, 5)
    reads = np.append(x, np.ones((5, 1)), axis=1)
    shape = LayerShape(np.ones((6, 1), bool), np.zeros((6, 1)), np.ones(6, bool), np.zeros(6, bool))
    # twice as many nodes as columns are 4 of 5, so windows have 4 or 5 nodes
    block = affine_layer(reads, x, w, e, shape, np.random.default_rng(2))
    matched = 0
    for slope, offset in block:
        assert 1.0 <= _spread(slope * x[:, 0] + offset, w) <= 4.0
        for centre in range(5):
            for count in (4, 5):
                distance = np.abs(x[:, 0] - x[centre, 0])
                radius = np.sort(distance)[count - 1]
                near = distance <= radius
                weight = w[near] * (1 - 0.999 * (distance[near] / radius) ** 2)
                line = np.polyfit(x[near, 0], e[near, 0], 1, w=np.sqrt(weight))
                level = np.sum(weight * e[near, 0]) / weight.sum()
                matched += bool(np.isclose(offset / slope, (line[1] - level) / line[0], rtol=1e-9))
    assert matched >= 6


def _spread(values, weights):
    mean = np.average(values, weights=weights)
    return np.sqrt(np.average((values - mean) ** 2, weights=weights))


def test_masks_are_kept():
    random = np.random.default_rng(0)
    reads = np.append(random.uniform(0, 1, (40, 3)), np.ones((40, 1)), axis=1)
    free = random.uniform(0, 1, (7, 3)) < 0.5
    free[0] = False
    fixed = np.where(free, 0.0, random.standard_normal((7, 3)))
    bias = np.array([False, True] * 3 + [False])
    shape = LayerShape(free, fixed, bias, np.zeros(7, bool))
    block = affine_layer(reads, reads[:, :1], np.ones(40), reads[:, :1] ** 2, shape, random)
    np.testing.assert_array_equal(block[:, :-1][~free], fixed[~free])
    assert not block[~bias, -1].any()
    assert block[:, :-1][free].all()


def test_deeper_grades_refine_an_oscillation():
    x = np.linspace(0, 1, 400)
    fit = successive_affine_fit(x, np.sin(25 * x), [Grade((24,), "relu")] * 4)
    left = fit.energies.residuals / fit.energies.data
    assert left[0] < 0.1
    assert left[-1] < 0.5 * left[0]


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    x = np.linspace(0, 1, 50)
    grades = [Grade((4,), "relu"), Grade((3, 3), "sine")]
    first, again, other = (successive_affine_fit(x, x**2, grades, seed=seed) for seed in (0, 0, 1))
    assert first.frozen_hashes == again.frozen_hashes
    assert not set(first.frozen_hashes) & set(other.frozen_hashes)
    assert successive_affine_fit(x, x**2, grades[:1]).frozen_hashes == first.frozen_hashes[:1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grades": []}, "grades is empty"),
        ({"weights": np.zeros(9)}, "not positive; allowed: 9 positive numbers"),
        ({"weights": np.ones(3)}, r"shape \(3,\)"),
        ({"y": np.full(9, np.nan)}, "NaN"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    given = {"x": np.arange(9.0), "y": np.arange(9.0), "grades": [Grade((2,), "relu")], **changes}
    with pytest.raises(UserError, match=message):
        successive_affine_fit(**given)


def test_singular_values_are_dropped_until_the_projection_is_orthogonal(monkeypatch):
    """Nearly dependent columns, and a tolerance for which it takes all below 1e-6."""
    columns = np.vander(np.linspace(0, 1, 120), 40)
    targets = np.random.default_rng(5).standard_normal((120, 2))
    monkeypatch.setattr(_successive_affine_basis, "_ORTHOGONAL", 1e-13)
    found = least_squares(columns, targets).projection
    assert abs(np.sum(found * (targets - found))) <= 1e-13 * np.sum(targets**2)


@pytest.mark.parametrize("name", ["softplus", "relu3", "sine"])
def test_pythagoras_holds_where_features_nearly_depend_on_each_other(name: str) -> None:
    """Forty smooth features span few directions to rounding: large coefficients would spoil the identity."""
    x = np.linspace(0, 1, 300)
    activation = load_plugins().activations[name]
    for seed in range(2):
        energies = successive_affine_fit(
            x, np.sin(30 * x), [Grade((40,), activation)] * 6, seed=seed
        ).energies
        assert (energies.pythagoras <= 1e-10).all() and energies.parseval <= 1e-10
