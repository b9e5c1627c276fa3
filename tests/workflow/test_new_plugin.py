"""A dropped-in activation runs by naming it; editing it reruns its own jobs and what gathers them."""

from pathlib import Path
from typing import Any

import xarray as xr

SQUAREPLUS = '''"""Squareplus, (x + sqrt(x² + 4)) / 2."""
from ratelab import Activation, hookimpl

@hookimpl
def ratelab_activations():
    return [Activation("squareplus", lambda x: (x + (x * x + 4).sqrt()) / 2, regularity="analytic")]
'''


def add_squareplus(config: dict[str, Any]) -> None:
    config["studies"]["shallow"]["networks"].append({"activation": "squareplus", "targets": ["sqrt"]})


def test_a_new_activation_computes_only_what_depends_on_it(workflow: Any) -> None:
    workflow.finish()
    untouched = workflow.results()
    plugin = workflow.folder / "plugins" / "activations" / "squareplus.py"
    plugin.write_text(SQUAREPLUS)
    workflow.configure(add_squareplus)
    gathers = {f"results/shallow/{name}" for name in ("curves.nc", "networks.nc", "rates.nc", "figures")}
    own = {
        f"results/shallow/trained/sqrt--mlp-squareplus-depth=2--{t}.nc"
        for t in ("adam-steps=20", "varpro-steps=3")
    }
    assert workflow.planned() == own | gathers
    workflow.finish()
    with xr.open_dataset(workflow.folder / "results/shallow/curves.nc") as curves:
        found = curves["error_upper"].sel(target="sqrt", network="mlp/squareplus/depth=2")
        assert bool((found > 0).all())
    for name, content in untouched.items():
        if name.startswith(("targets/", "splines/", "shallow/trained/", "shallow/constructed/")):
            assert (workflow.folder / "results" / name).read_bytes() == content, name
    plugin.write_text(SQUAREPLUS.replace("x * x + 4", "x * x + 3"))
    assert workflow.planned() == own | gathers


def test_an_edited_key_reruns_what_uses_it(finished: Any, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "lab"
    shutil.copytree(finished.folder, folder)
    copy = object.__new__(type(finished))
    copy.folder = folder

    def other_steps(config: dict[str, Any]) -> None:
        config["studies"]["shallow"]["trainers"][0]["steps"] = 21

    copy.configure(other_steps)
    planned = copy.planned()
    assert any("adam-steps=21" in name for name in planned)
    assert not any(name.startswith(("results/targets", "results/splines")) for name in planned)
    assert not any("varpro" in name or "constructed" in name for name in planned)
