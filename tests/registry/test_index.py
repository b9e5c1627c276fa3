"""The index tells who provides what, is cached by content, and imports no plugin where it is read."""

import subprocess
import sys
from pathlib import Path

import pytest

from ratelab import UserError
from ratelab.registry import built_in_folder, read_index

MEMBERS = {"activations": ["relu2", "power(exponent=4)"], "targets": ["gaussian(dimension=2)"]}


def test_the_index_gives_source_digest_and_facts(tmp_path: Path) -> None:
    index = read_index([built_in_folder()], MEMBERS, tmp_path)
    entry = index.entry("targets", "sqrt")
    assert entry.file is not None and entry.file.endswith("sqrt.py") and len(entry.digest) == 16
    assert index.facts["activations"]["power(exponent=4)"]["degree"] == 4
    assert index.facts["targets"]["gaussian(dimension=2)"]["dimension"] == 2


def test_a_warm_index_starts_no_process_and_an_edited_plugin_makes_it_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    file = folder / "a.py"
    text = (
        "from ratelab import Activation, hookimpl\n@hookimpl\ndef ratelab_activations():\n"
        "    return [Activation('a', abs)]\n"
    )
    file.write_text(text)
    cold = read_index([folder], {}, tmp_path / "cache")
    calls: list[object] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: (calls.append(a), run(*a, **k))[1])
    assert read_index([folder], {}, tmp_path / "cache") == cold
    assert not calls
    file.write_text(text + "# edited\n")
    edited = read_index([folder], {}, tmp_path / "cache")
    assert calls and edited.entry("activations", "a").digest != cold.entry("activations", "a").digest


def test_reading_the_index_imports_neither_torch_nor_xarray(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from ratelab.registry import read_index, built_in_folder\n"
        f"read_index([built_in_folder()], {MEMBERS!r}, Path({str(tmp_path)!r}))\n"
        "assert not {'torch', 'xarray'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_conflict_of_names_reaches_the_reader(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(
            "from ratelab import Activation, hookimpl\n@hookimpl\ndef ratelab_activations():\n"
            "    return [Activation('same', abs)]\n"
        )
    with pytest.raises(UserError, match="two plugins provide the activation 'same'"):
        read_index([tmp_path], {}, None)
