"""The examples of the documentation run, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    ("page", "fewest"),
    [
        ("networks", 5),
        ("decoders", 1),
        ("layerwise", 3),
        ("multigrade", 1),
        ("certificates", 1),
        ("support", 1),
    ],
)
def test_the_examples_of_a_page_run_from_top_to_bottom(page: str, fewest: int) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.S)
    assert len(blocks) >= fewest
    for block in blocks:
        exec(block, names)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_file_that_a_page_links_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (DOCS / link).exists()] == []
