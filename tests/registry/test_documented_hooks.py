"""The page on plugins says what the hook specifications say, and its examples run."""

import re
from pathlib import Path

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.registry import HOOKS, KINDS, Hooks

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
    members = [registry.catalogue(kind)[name] for kind in KINDS for name in registry.catalogue(kind)]
    assert members
    for member in members:
        x = np.linspace(0, 1, 5)
        assert np.isfinite(member(x)).all()
