"""D9, D10: all cases hold, and a broken construction is found."""

from fractions import Fraction

import pytest

from ratelab.networks import Network, rational, scale
from ratelab.registry import load_plugins
from ratelab.studies.claims import _support_constructions as module
from ratelab.studies.claims._claim import Scope
from ratelab.studies.claims._support_constructions import d9, d10

CASES = 5


@pytest.fixture(name="registry", scope="module")
def registry_fixture():
    return load_plugins()


@pytest.mark.parametrize(("check", "count"), [(d9, 9), (d10, 7)], ids=["D9", "D10"])
def test_all_cases_are_consistent_and_come_twice(check, count, registry):
    seen = []
    cases = list(check(Scope(CASES, registry, lambda done, total: seen.append((done, total)))))
    assert len(cases) == count and seen[-1] == (CASES, CASES)
    assert {case.verdict for case in cases} == {"consistent"}
    assert list(check(Scope(CASES, registry))) == cases


def test_values_on_and_off_the_mask_are_really_tried(registry):
    notes = [case.note for case in d9(Scope(CASES, registry))][:3]
    assert all(int(note.split()[0]) > 20 for note in notes)


def test_hats_on_simplices_have_no_poolings_and_errors_of_the_order_of_h(registry):
    hats = [case for case in d9(Scope(1, registry)) if "hats" in case.name]
    assert all(case.measured > case.bound / 8 and "poolings: 0" in case.note for case in hats)


def test_a_gate_that_leaks_is_found(monkeypatch, registry):
    def leaking(network, mask, bound):
        layers = list(module_gated(network, mask, bound).layers)
        last = layers[-1]
        layers[-1] = type(last)(last.weight, last.bias + rational(Fraction(1, 1000)), last.activations)
        return Network(layers)

    module_gated = module.gated
    monkeypatch.setattr(module, "gated", leaking)
    verdicts = {case.name: case.verdict for case in d9(Scope(2, registry))}
    assert verdicts["Ψ = 0: not 0"] == verdicts["Ψ = 1, |g| ≤ M: not g"] == "violated"
    assert verdicts["float64 values other than 0 far away"] == "violated"


def test_a_wrong_product_is_found(monkeypatch, registry):
    product = module.outer_product
    monkeypatch.setattr(module, "outer_product", lambda f, g: scale(product(f, g), 2))
    verdicts = {case.name: case.verdict for case in d10(Scope(2, registry))}
    assert verdicts["outer pooling by componentwise pooling"] == "violated"
    assert verdicts["general pooling by componentwise pooling"] == "consistent"
