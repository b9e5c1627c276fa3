"""The claim on dyadic norms: random tables, and what it would say of a wrong bracket."""

from dataclasses import replace

import numpy as np
import pytest

import ratelab as rl
from ratelab.studies.claims import _space_norms
from ratelab.studies.claims._claim import Scope
from ratelab.studies.claims._space_norms import a11, random_table


def scope(cases: int = 3) -> Scope:
    return Scope(cases, rl.load_plugins())


def test_random_tables_are_step_tables_with_cliffs_plateaus_and_zeros() -> None:
    tables = [random_table(scope().generator("test", index)) for index in range(60)]
    assert all(sizes[0] == 0 and (np.diff(sizes) > 0).all() for sizes, _ in tables)
    assert all(errors[0] > 0 and (np.diff(errors) <= 0).all() for _, errors in tables)
    assert any((errors == 0).any() for _, errors in tables)
    assert any(errors[-1] > 0 and (np.diff(errors) == 0).any() for _, errors in tables)


def test_the_claim_holds_and_says_the_same_twice() -> None:
    cases = list(a11(scope()))
    assert [case.verdict for case in cases] == ["consistent"] * 3
    assert [case.measured for case in cases] == [case.measured for case in a11(scope())]


@pytest.mark.parametrize(("end", "factor"), [(0, 1.5), (1, 0.5)])
def test_a_bracket_that_is_too_narrow_violates_it(
    monkeypatch: pytest.MonkeyPatch, end: int, factor: float
) -> None:
    proper = _space_norms.dyadic_norm

    def narrow(*given: object, **options: object) -> object:
        found = proper(*given, **options)  # type: ignore[arg-type]
        ends = [bound * (factor if place == end else 1) for place, bound in enumerate(found.truncated)]
        return replace(found, truncated=tuple(ends))

    monkeypatch.setattr(_space_norms, "dyadic_norm", narrow)
    assert "violated" in [case.verdict for case in a11(scope(8))]
