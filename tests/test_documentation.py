"""The examples of the documentation run, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("*.md")),
    ROOT / "README.md",
    ROOT / "config/README.md",
    ROOT / "benchmarks/README.md",
]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_links_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in readme] == []


def test_the_notebook_examples_of_the_readme_run_from_top_to_bottom() -> None:
    text = (ROOT / "README.md").read_text()
    section = text[text.index("## In a notebook") : text.index("## Where things are")]
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", section, re.S)
    assert len(blocks) >= 4
    for block in blocks:
        exec(block, names)
