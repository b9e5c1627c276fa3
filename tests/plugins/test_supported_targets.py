"""Targets with compact support: values, supports and constants against what their names promise."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import ratelab as rl
from ratelab import UserError, load_plugins
from ratelab.exact import certified_error, check_target
from ratelab.exact._cover import cover
from ratelab.exact._support_cells import belongs
from ratelab.exact._support_check import check_support
from ratelab.exact._support_distance import smallest_cube

TARGETS = load_plugins().targets
FAMILIES = {
    "tent": [1], "compact_cone": [1, 2, 3], "indicator": [1, 2, 3], "annulus": [1, 2, 3], "l_shape": [2, 3],
    "two_components": [1, 2, 3], "needle": [1, 2, 3], "ellipses": [2],
}  # fmt: skip
LABELS = [
    name if d == 2 or name == "tent" else f"{name}(dimension={d})"
    for name, ds in FAMILIES.items()
    for d in ds
]


@pytest.mark.parametrize("label", LABELS)
def test_the_function_is_zero_outside_its_support_and_positive_inside(label):
    target = TARGETS[label]
    check_support(target)
    d = target.dimension
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (100_000, d))
    # inner points: those whose neighbours belong too
    values = target(x)[:, 0]
    inside = belongs(target.support, x)
    assert not values[~inside].any()
    inner = inside.copy()
    for axis in range(d):
        for step in (-1e-6, 1e-6):
            y = x.copy()
            y[:, axis] += step
            inner &= belongs(target.support, y)
    assert (values[inner] > 0).all() and inner.sum() >= 50
    assert target.domain == ((-1.5, 1.5),) * d


@pytest.mark.parametrize("label", LABELS)
def test_the_lipschitz_constant_is_nearly_attained_or_there_is_none(label):
    target = TARGETS[label]
    if label.startswith("indicator"):
        assert target.lipschitz is None
        return
    generator = np.random.default_rng(1)
    low, high = (np.array([float(v) for v in ends]) for ends in zip(*target.support.bounds, strict=True))
    x = generator.uniform(low, high, (50_000, target.dimension))
    step = generator.standard_normal(x.shape)
    step *= 1e-6 / np.sqrt((step**2).sum(axis=1))[:, None]
    slope = np.abs(target(x + step) - target(x))[:, 0] / 1e-6
    assert slope.max() <= target.lipschitz * (1 + 1e-6)
    assert slope.max() >= target.lipschitz * (0.3 if label == "ellipses" else 0.9)


@pytest.mark.parametrize("label", [label for label in LABELS if "3" not in label])
def test_targets_in_one_and_two_variables_pass_every_check(label):
    check_target(TARGETS[label])


@pytest.mark.parametrize("label", [label for label in LABELS if label == "tent" or "dimension=1" in label])
def test_in_one_variable_errors_are_rigorous(label):
    """The zero network: its error is the norm of the target, known from the pieces."""
    target = TARGETS[label]
    assert target.certifiable
    zero = rl.Network.dense([[[0.0]], [[0.0]]], [[0.0], [0.0]])
    found = certified_error(zero, target)
    assert found.certainty == "rigorous"
    x = np.linspace(-1.5, 1.5, 3_000_001)
    norm = np.sqrt((target(x)[:, 0] ** 2).mean() * 3)
    assert found.lower <= norm * (1 + 1e-5) and norm * (1 - 1e-5) <= found.upper


def test_heights_are_one():
    points = {
        "tent": [0], "compact_cone": [0, 0], "annulus": [0.7, 0], "indicator": [1, -1], "l_shape": [0.2, -0.4],
        "two_components": [-0.5, 0], "needle": [1 / 3, 1 / 3],
    }  # fmt: skip
    for label, point in points.items():
        assert TARGETS[label](np.array([point], dtype=float))[0, 0] == pytest.approx(1.0)
    assert TARGETS["two_components"](np.array([[0.6, 0.0]]))[0, 0] == 1.0


def test_the_l_is_positive_along_the_inner_faces_of_its_legs_but_not_at_the_corner():
    shape = TARGETS["l_shape"]
    x = np.array([[-0.4, 0.0], [0.0, -0.4], [0.0, 0.0], [0.1, 0.1], [-1e-3, 1e-3], [1e-3, -1e-3], [0.5, 0.5]])
    assert (shape(x)[:, 0] > 0).tolist() == [True, True, False, False, True, True, False]


@pytest.mark.parametrize("level", [2, 3, 4, 5])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_needle_lies_between_the_points_of_coarse_dyadic_grids(level, dimension):
    needle = TARGETS[f"needle(dimension={dimension})"]
    axis = np.arange(-1.5, 1.5, 2.0**-level)
    grid = np.stack(np.meshgrid(*[axis] * dimension), axis=-1).reshape(-1, dimension)
    assert not needle(grid).any()
    wide = TARGETS[f"needle(dimension={dimension},width=1/2)"]
    assert wide(grid).any()


def test_the_blob_needs_the_second_of_the_cubes_with_half_sides():
    target = TARGETS["ellipses"]
    assert smallest_cube(target.support, 0.5) == 2
    found = cover(target.support, Fraction(1, 64)).union
    reach = max(abs(v) for side in found.bounds for v in side)
    assert Fraction(1, 2) < reach < Fraction(9, 10)
    middle = (found.cubes.mean(axis=0) + 0.5) / 64
    assert np.abs(middle).max() < 0.1
    assert len(found) / 64**2 > 0.7


@pytest.mark.parametrize(
    "label",
    [
        "compact_cone(dimension=4)", "compact_cone(radius=0)", "compact_cone(radius=2)", "indicator(dimension=0)",
        "annulus(dimension=5)", "annulus(width=1)", "annulus(width=0)", "annulus(radius=3/2)", "l_shape(dimension=1)",
        "two_components(dimension=4)", "needle(width=0)", "needle(width=2)", "needle(dimension=4)", "tent(radius=-1)",
    ],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(label):
    with pytest.raises(UserError, match=r"allowed: "):
        _ = TARGETS[label]


@pytest.mark.parametrize("label", LABELS)
def test_every_target_says_what_it_is(label):
    target = TARGETS[label]
    assert target.summary and target.reference and target.smoothness.source
    assert f"d = {target.dimension}" in target.summary or label.startswith("indicator")


def test_members_differ_by_their_parameters():
    wide = TARGETS["annulus(width=1/2)"]
    assert wide.lipschitz == 2.0 and wide.support.bounds[0][1] == Fraction(6, 5)
    assert TARGETS["tent(radius=1)"].lipschitz == 1.0
    with pytest.raises(UserError, match="outside its support"):
        check_support(replace(wide, support=TARGETS["annulus"].support))
