"""Shape, nesting and ranges of layer-wise networks are checked, and the checks can fail."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flint import fmpq

from ratelab import load_plugins
from ratelab.networks._localisation import Localisation
from ratelab.studies.claims import _layer_network as checks
from ratelab.studies.claims._claim import Case, Scope


def verdicts(check: Callable[[Scope], Iterator[Case]], cases: int = 5) -> dict[str, str]:
    done: list[tuple[int, int]] = []
    found = list(check(Scope(cases, load_plugins(), lambda *now: done.append(now))))
    assert done[-1] == (cases, cases)
    return {case.name: case.verdict for case in found}


@pytest.mark.parametrize("check", [checks.b3, checks.b4, checks.b10])
def test_the_claim_holds(check: Any) -> None:
    assert set(verdicts(check).values()) == {"consistent"}


def test_steps_in_the_wrong_place_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that rise above their place, not below it, leave no ramp on which digits lag behind."""
    monkeypatch.setattr(
        Localisation, "step", lambda self, q, k: min(max((q - k) / self.ramp, fmpq(0)), fmpq(1))
    )
    assert "violated" in verdicts(checks.b10).values()


def test_weights_that_depend_on_later_grades_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = checks.LayerwiseNetwork.prefix_hash
    monkeypatch.setattr(
        checks.LayerwiseNetwork, "prefix_hash", lambda self, level: original(self, level) + str(self.grades)
    )
    assert "violated" in verdicts(checks.b4).values()


def test_wrong_widths_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Localisation, "width", property(lambda self: 2 * self.dimension * self.base + self.dimension + 3)
    )
    assert verdicts(checks.b3)["width, 5 networks"] == "violated"
