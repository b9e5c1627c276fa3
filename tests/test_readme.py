"""The README's commands and examples are true."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_notebook_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", README, re.S) if "rl.load_plugins" in b]
    exec(block, {})
    assert "rigorous" in capsys.readouterr().out


def test_every_file_that_is_linked_exists() -> None:
    root = Path(__file__).parents[1]
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links and [link for link in links if not (root / link).exists()] == []
