"""Proofs in floats hold for every row within the error bounds, and are refused where they could not."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ratelab.exact._integers import integers
from ratelab.exact._lp import proves
from ratelab.exact._patterns_bounds import (
    TINY,
    UNIT,
    evaluate,
    evaluate_rows,
    proves_everywhere,
    proves_in_box,
)
from ratelab.networks import rational


def exactly(rows: Any) -> list[tuple[int, ...]]:
    return [integers([rational(v) for v in row]) for row in rows]


def nearly_critical(seed: int, count: int, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bases, multipliers, targets that they just prove or just miss, and the size of the misses."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(count, d, d + 1))
    multipliers = np.abs(generator.normal(size=(count, d)))
    small = 10.0 ** generator.uniform(-18, -1, count) * generator.choice([-1, 1], count)
    # one multiplier is small, of either sign, in every second case; else the room is
    multipliers[::2, 0] = small[::2]
    targets = (multipliers[:, :, None] * rows).sum(axis=1)
    targets[1::2, d] += small[1::2]
    targets[::2, d] += 1
    return rows, multipliers, targets, small


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("relative", [0.0, 1e-12, 1e-6])
def test_what_is_proved_everywhere_is_true_of_all_rows_within_the_bounds(d: int, relative: float) -> None:
    rows, _, targets, small = nearly_critical(d, 300, d)
    row_errors, errors = relative * np.abs(rows), relative * np.abs(targets)
    good = proves_everywhere(rows, row_errors, targets, errors)
    assert good[small > 1e-1 / 2].mean() > 0.5 and not good[small < 0].any()
    generator = np.random.default_rng(0)
    for t in np.flatnonzero(good):
        for _ in range(3):
            basis = rows[t] + row_errors[t] * generator.choice([-0.999, 0.999], rows[t].shape)
            target = targets[t] + errors[t] * generator.choice([-0.999, 0.999], targets[t].shape)
            assert proves(exactly(basis), exactly([target])[0])


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("relative", [0.0, 1e-12, 1e-6])
def test_what_is_proved_in_a_box_is_true_at_every_point_of_it(d: int, relative: float) -> None:
    rows, multipliers, targets, small = nearly_critical(d, 300, d)
    row_errors, errors = relative * np.abs(rows), relative * np.abs(targets)
    reach = np.full(d, 4.0)
    good = proves_in_box(rows, row_errors, targets, errors, multipliers, reach)
    # a small negative multiplier is no harm in a box if there is room; room that is missing is
    assert good[small > 1e-1 / 2].mean() > 0.5 and not good[1::2][small[1::2] < 0].any()
    generator = np.random.default_rng(0)
    for t in np.flatnonzero(good):
        basis = rows[t] + row_errors[t] * generator.choice([-0.999, 0.999], rows[t].shape)
        target = targets[t] + errors[t] * generator.choice([-0.999, 0.999], targets[t].shape)
        weights = [Fraction(max(v, 0.0)) for v in multipliers[t]]
        rest = [
            Fraction(a) - sum(w * Fraction(v) for w, v in zip(weights, column, strict=True))
            for a, column in zip(target, basis.T, strict=True)
        ]
        assert rest[d] >= sum(abs(v) * 4 for v in rest[:d])


def test_no_bound_is_no_proof() -> None:
    rows, multipliers, targets, _ = nearly_critical(1, 8, 3)
    endless = np.full_like(targets, np.inf)
    assert not proves_everywhere(rows, np.zeros_like(rows), targets, endless).any()
    assert not proves_in_box(rows, np.zeros_like(rows), targets, endless, multipliers, np.ones(3)).any()
    same = np.ones((1, 2, 3))
    assert not proves_everywhere(same, 0 * same, same[:, 0], 0 * same[:, 0]).any()


def test_values_lie_within_their_bounds() -> None:
    generator = np.random.default_rng(5)
    rows, points = generator.normal(size=(40, 4)), generator.normal(size=(40, 6, 3)) * 100
    # points next to the hyperplane make cancellation
    points[:, 0] -= (
        ((rows[:, :3] * points[:, 0]).sum(1) + rows[:, 3])[:, None]
        * rows[:, :3]
        / (rows[:, :3] ** 2).sum(1)[:, None]
    )
    errors = 1e-13 * np.abs(rows)
    value, bound = evaluate(points, rows, errors)
    again, other = evaluate_rows(points[:, 0], rows[:, None, :], errors[:, None, :])
    for t, q in np.ndindex(value.shape):
        shifted = rows[t] + 0.999 * errors[t] * generator.choice([-1, 1], 4)
        truth = sum(Fraction(a) * Fraction(x) for a, x in zip(shifted, [*points[t, q], 1.0], strict=True))
        assert abs(Fraction(value[t, q]) - truth) <= Fraction(bound[t, q])
    assert again[:, 0] == pytest.approx(value[:, 0], abs=1e-10) and other[:, 0] == pytest.approx(bound[:, 0])
    assert 0 < TINY < UNIT**10
