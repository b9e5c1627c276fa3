"""The page on plugins says what the hook specifications say, and its examples run."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.networks import FitProblem, Layout, power
from ratelab.registry import HOOKS, KINDS, Hooks
from ratelab.studies._results import checked

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_every_hook_is_documented_in_its_own_words() -> None:
    rows = dict(re.findall(r"\| `(ratelab_\w+)` \| (.*?) \|", PAGE))
    assert rows == {hook: getattr(Hooks, hook).__doc__ for hook in HOOKS}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0].strip('"') for block in BLOCKS])
def test_the_examples_are_whole_plugins(block: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(block)
    registry = load_plugins([tmp_path])
    assert not registry.broken
    members = [(kind, registry.catalogue(kind)[name]) for kind in KINDS for name in registry.catalogue(kind)]
    assert members
    x = np.linspace(0, 1, 33)
    for kind, member in members:
        if kind == "trainers":
            _fits(member, x)
        else:
            assert np.isfinite(member(x)).all()


def _fits(trainer: Any, x: Any) -> None:
    """A documented trainer fits two shapes and keeps what a study asks for."""
    fits = ((Layout.dense((1, 12, 1)), 0), (Layout.dense((1, 6, 6, 1)), 1))
    values = np.sin(5 * x)[:, None]
    weights = np.full(len(x), 1 / len(x))
    problem = FitProblem(x[:, None], weights, values, power(1), fits, ((0.0, 1.0),), (1.0, 2.0))
    results = checked(trainer.fit(problem), problem, trainer.name)
    for result in results:
        assert result.network is not None and len(result.snapshots) == 2
        found = float(np.mean((result.network(x[:, None]) - values) ** 2))
        assert found < np.mean(values**2) and result.loss == pytest.approx(found, rel=1e-6)
