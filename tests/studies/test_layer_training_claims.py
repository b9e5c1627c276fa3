"""B11: what grade after grade does to the residual."""

import numpy as np
import pytest

import ratelab as rl
from ratelab.studies.claims import _layer_training
from ratelab.studies.claims._claim import Scope
from ratelab.training import _successive_affine

REGISTRY = rl.load_plugins()


def test_all_cases_agree():
    calls: list[tuple[int, int]] = []
    cases = list(_layer_training.b11(Scope(3, REGISTRY, lambda done, total: calls.append((done, total)))))
    assert [case.verdict for case in cases] == ["consistent"] * 5 + ["illustrated"]
    assert len({case.name for case in cases}) == len(cases)
    assert calls[-1] == (4, 4)


def test_more_cases_only_add_to_the_largest_gap():
    few, more = (list(_layer_training.b11(Scope(n, REGISTRY))) for n in (1, 3))
    for a, b in zip(few, more, strict=True):
        assert a.measured <= b.measured


def test_heads_that_are_no_projections_are_found_out(monkeypatch):
    """With heads 1 % too large the identities fail, and the cases say so."""
    exact = _successive_affine.least_squares

    def larger(columns, targets):
        found = exact(columns, targets)
        return type(found)(1.01 * found.coefficients, 1.01 * found.projection, found.rank)

    monkeypatch.setattr(_successive_affine, "least_squares", larger)
    cases = {case.name: case for case in _layer_training.b11(Scope(1, REGISTRY))}
    assert cases["successive affine, Pythagoras, 1 case"].measured > 1e-5
    assert cases["successive affine, Parseval, 1 case"].verdict == "inconclusive"


def test_the_largest_ratio_starts_from_the_data():
    assert _layer_training._largest_ratio(np.array([0.5, 0.4, 0.1])) == pytest.approx(0.8)
    assert _layer_training._largest_ratio(np.array([1.5, 0.4])) == 1.5
