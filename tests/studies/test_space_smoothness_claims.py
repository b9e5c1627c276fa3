"""A7 and A10: no case contradicts or stays open, and the index of hat coefficients is that of the series."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.studies.claims import _space_smoothness as checks
from ratelab.studies.claims._claim import Scope


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.mark.parametrize("name", ["a7", "a10"])
def test_no_case_is_violated_or_open(registry, name):
    cases = list(getattr(checks, name)(Scope(3, registry)))
    assert len(cases) > 15
    assert {case.verdict for case in cases} <= {"consistent", "illustrated", "not measurable"}


@pytest.mark.parametrize("exponent", [0.3, 1.0, 1.7, 3.0])
def test_hat_coefficients_of_one_size_a_level_give_the_exponent(registry, exponent):
    target = registry.targets[f"takagi(exponent={exponent})"]
    middle, ends = target(np.array([0.375]))[0, 0], target(np.array([0.25, 0.5]))[:, 0]
    assert middle - ends.mean() == pytest.approx(
        2.0 ** (-3 * exponent), rel=1e-9
    )  # as of every hat of that level
    assert checks.hat_index(target) == pytest.approx(exponent, abs=1e-6)
