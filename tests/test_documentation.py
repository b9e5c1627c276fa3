"""The examples of the documentation run, and its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

from ratelab.networks import FitProblem, Layout, power

DOCS = Path(__file__).parents[1] / "docs"


def test_the_examples_on_networks_run_from_top_to_bottom() -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "networks.md").read_text(), re.S)
    assert len(blocks) >= 5
    for block in blocks:
        exec(block, names)


def test_the_trainer_of_the_plugin_page_fits() -> None:
    names: dict[str, object] = {}
    (block,) = re.findall(
        r"```python\n(\"\"\"Random features.*?)```", (DOCS / "plugins.md").read_text(), re.S
    )
    exec(block, names)
    (trainer,) = names["ratelab_trainers"]()
    x = np.linspace(0, 1, 65)[:, None]
    layout = Layout.dense((1, 12, 1))
    fits = ((layout, 0), (layout, 1))
    problem = FitProblem(
        x, np.full(65, 1 / 65), np.sin(5 * x), power(1), fits, domain=((0.0, 1.0),), milestones=(1.0, 2.0)
    )
    for result in trainer.fit(problem):
        values = result.network(x)
        assert result.loss == pytest.approx(float(np.mean((values - np.sin(5 * x)) ** 2)), rel=1e-9)
        assert result.loss < 0.05 and len(result.snapshots) == 2


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_file_that_a_page_links_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (DOCS / link).exists()] == []
