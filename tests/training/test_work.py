"""The ledger of work and what it keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks import Layout, Network, power
from ratelab.training._work import Ledger, check_work, work_units


def _build(parameters):
    return Network.dense([[[float(parameters[0])]]], [[0.0]])


def _value(network):
    return None if network is None else float(network(np.ones((1, 1)))[0, 0])


def test_a_snapshot_is_what_was_known_when_the_work_passed_the_milestone():
    """Written out by hand: 10 units an evaluation, bests 1, 2, 3 known after 10, 20 and 40 units."""
    ledger = Ledger([10.0], milestones=(5.0, 10.0, 15.0, 20.0, 30.0, 50.0))
    only = np.array([0])
    ledger.spend(only, 1.0, lambda _: np.array([0.0]))
    ledger.spend(only, 1.0, lambda _: np.array([1.0]))
    ledger.spend(only, 2.0, lambda _: np.array([2.0]))
    kept = ledger.snapshots(0, _build([3.0]), _build)
    assert [_value(n) for n in kept] == [None, 1.0, 1.0, 2.0, 2.0, 3.0]
    assert ledger.work.tolist() == [40.0]


def test_a_fit_without_a_final_network_keeps_its_snapshots():
    ledger = Ledger([1.0], milestones=(1.0, 2.0))
    ledger.spend(np.array([0]), 1.0, lambda _: np.array([0.0]))
    ledger.spend(np.array([0]), 0.5, lambda _: np.array([7.0]))
    assert [_value(n) for n in ledger.snapshots(0, None, _build)] == [7.0, None]


def test_parameters_are_copied_when_a_milestone_is_passed():
    ledger, best = Ledger([1.0], milestones=(1.0,)), np.array([4.0])
    ledger.spend(np.array([0]), 1.0, lambda _: best)
    ledger.spend(np.array([0]), 1.0, lambda _: best)
    best[0] = 9.0
    assert [_value(n) for n in ledger.snapshots(0, _build([1.0]), _build)] == [4.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.25, 4.0)), max_size=20), st.floats(1.0, 40.0))
def test_a_fit_does_not_see_its_companions(spendings, budget):
    units, milestones = [1.0, 2.0, 3.0], (1.0, 4.0, 9.0)
    together = Ledger(units, budget, milestones)
    alone = [Ledger([unit], budget, milestones) for unit in units]
    for step, (fit, evaluations) in enumerate(spendings):
        together.spend(np.array([fit]), evaluations, lambda i, s=step: np.array([100.0 * i + s]))
        alone[fit].spend(np.array([0]), evaluations, lambda _, i=fit, s=step: np.array([100.0 * i + s]))
    for fit, ledger in enumerate(alone):
        assert together.work[fit] == ledger.work[0]
        assert together.exhausted[fit] == ledger.exhausted[0] == (ledger.work[0] >= budget)
        assert together.affords(np.array([fit]), 1.0)[0] == (ledger.work[0] + units[fit] <= budget)
        pairs = zip(together.snapshots(fit, None, _build), ledger.snapshots(0, None, _build), strict=True)
        assert all(_value(a) == _value(b) for a, b in pairs)


def test_a_unit_is_nodes_times_connections(problem):
    layout = Layout.dense((1, 4, 1))
    job = problem(power(1), ((layout, 0),), nodes=50)
    assert work_units(job, layout) == 50 * 8


@pytest.mark.parametrize("work", [0.0, -1.0, float("nan")])
def test_budgets_that_are_not_positive_are_refused(work):
    with pytest.raises(UserError, match="trainer 'varpro': work is"):
        check_work("varpro", work)
