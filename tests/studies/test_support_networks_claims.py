"""Networks that match function and support are checked, and the checks can fail."""

from dataclasses import replace

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.exact._check_target import check_target
from ratelab.exact._support_check import check_support
from ratelab.studies.claims import _support_networks as checks
from ratelab.studies.claims._claim import Scope

REGISTRY = load_plugins(["plugins"])


def verdicts(check, cases=3):
    done = []
    found = list(check(Scope(cases, REGISTRY, lambda *now: done.append(now))))
    assert done[-1][0] == done[-1][1]
    return {case.name: case.verdict for case in found}


@pytest.mark.parametrize("check", [checks.d6, checks.d7, checks.d8])
def test_the_claim_holds(check):
    assert set(verdicts(check).values()) == {"consistent"}


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_random_targets_are_what_they_declare(dimension):
    for index in range(6):
        target = checks.random_target(np.random.default_rng(index), dimension)
        check_support(target)
        x = np.random.default_rng(0).uniform(-2, 2, (500, dimension))
        y = x + np.random.default_rng(1).normal(0, 0.1, x.shape)
        change = np.abs(target(x) - target(y)).max(axis=1)
        assert (change <= target.lipschitz * np.linalg.norm(x - y, axis=1) + 1e-12).all()
        if target(x).shape[1] == 1 and dimension < 3:
            check_target(target)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"sup_sampled": 99.0}, "random targets: error/bound, 3 networks"),
        ({"support_equal": False}, "networks whose support is proved exactly"),
    ],
)
def test_broken_networks_are_noticed(monkeypatch, change, name):
    original = checks.assembled
    monkeypatch.setattr(checks, "assembled", lambda *given: replace(original(*given), **change))
    assert verdicts(checks.d7)[name] == "violated"


def test_broken_counts_and_certificates_are_noticed(monkeypatch):
    original = checks.assembled_within

    def broken(*given):
        found = original(*given)
        zero = np.zeros_like(found.certificate.zero)
        return replace(
            found,
            promised=replace(found.promised, width=1),
            certificate=replace(found.certificate, zero=zero),
            error_bound=0.0,
        )

    monkeypatch.setattr(checks, "assembled_within", broken)
    found = verdicts(checks.d6)
    assert found["boxes outside the supports that are not certified zero"] == "violated"
    assert found["networks with more depth, width or poolings than stated"] == "violated"


def test_the_recalled_shape_is_called_unverified():
    cases = list(checks.d6(Scope(4, REGISTRY)))
    notes = " ".join(case.note for case in cases)
    assert "reconstruction, unverified" in notes and "not the paper's" in notes
