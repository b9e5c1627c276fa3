"""A distribution that is installed beside ratelab provides plugins through its entry point."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''"""A plugin of its own distribution."""
from ratelab import Activation, hookimpl

@hookimpl
def ratelab_activations():
    return [Activation("elsewhere", lambda x: x.sin(), regularity="analytic")]
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site folder that holds one installed distribution, as an installer leaves it."""
    (tmp_path / "elsewhere_plugin.py").write_text(MODULE)
    info = tmp_path / "elsewhere-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ratelab]\nelsewhere = elsewhere_plugin\n")
    return tmp_path


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "ratelab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_an_installed_plugin_is_found_with_its_distribution_as_source(site: Path) -> None:
    done = run(site, "plugins", "show", "elsewhere")
    assert done.returncode == 0
    assert "source: elsewhere 1.2 (elsewhere_plugin)" in done.stdout and "digest: 1.2" in done.stdout


def test_an_installed_plugin_that_takes_a_built_in_name_is_an_error(site: Path) -> None:
    (site / "elsewhere_plugin.py").write_text(MODULE.replace('"elsewhere"', '"relu"'))
    done = run(site, "plugins", "list")
    assert done.returncode == 1
    assert "two plugins provide the activation 'relu'" in done.stderr and "elsewhere 1.2" in done.stderr
