"""A room imports only from its own row or lower ones; plugins are never imported by the library."""

import ast
import subprocess
import sys
from pathlib import Path

import ratelab

LIBRARY = Path(ratelab.__file__).parent
ROWS = {
    "cli": 7, "figures": 6, "report": 6, "studies": 5, "training": 4, "best": 4, "spaces": 3, "exact": 2,
    "networks": 1, "registry": 0, "datasets": 0,
}  # fmt: skip


def imported_rooms(file: Path) -> set[str]:
    names: set[str] = set()
    tree = ast.parse(file.read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.startswith("ratelab.")]
    return {part[1] for part in parts if part[1] in ROWS}


def test_rooms_import_downwards_only() -> None:
    wrong = [
        f"{file.relative_to(LIBRARY)} imports {other}"
        for room, row in ROWS.items()
        for file in sorted((LIBRARY / room).rglob("*.py"))
        for other in imported_rooms(file)
        if ROWS[other] > row
    ]
    assert not wrong


def test_every_room_has_a_row() -> None:
    rooms = {path.name for path in LIBRARY.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms == set(ROWS)


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = [
        f for f in LIBRARY.rglob("*.py") if "plugins" not in f.parts and len(f.read_text().splitlines()) > 400
    ]
    assert not long


def test_importing_the_rooms_is_cheap() -> None:
    rooms = ", ".join(f"ratelab.{room}" for room in ROWS if room != "networks")
    script = f"import sys, ratelab, {rooms}; assert not {{'torch', 'xarray', 'scipy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
