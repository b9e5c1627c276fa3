"""Datasets are whole or absent, and carry their meaning."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ratelab import UserError, load_plugins
from ratelab.datasets import described, provenance, read, require, write


def dataset() -> xr.Dataset:
    return described(
        xr.Dataset({"status": ("x", np.zeros(2, np.int8)), "weight": ("x", np.ones(2))}), title="t"
    )


def test_flags_and_units_are_described() -> None:
    found = dataset()
    assert (
        found["status"].attrs["flag_meanings"] == "not_run converged step_limit diverged work_limit no_start"
    )
    assert found["weight"].attrs == {"long_name": "quadrature weight", "units": "1"}


def test_a_failed_write_leaves_the_earlier_file_and_no_fragment(tmp_path: Path) -> None:
    write(dataset(), tmp_path / "a.nc")
    before = (tmp_path / "a.nc").read_bytes()
    broken = xr.Dataset({"x": ("x", np.array([{"no": 1}], dtype=object))})
    with pytest.raises((UserError, ValueError, TypeError)):
        write(broken, tmp_path / "a.nc")
    assert (tmp_path / "a.nc").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.nc"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*results/a\.nc"):
        write(dataset(), tmp_path / "results" / "a.nc")


def test_truncated_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    write(dataset(), tmp_path / "a.nc")
    (tmp_path / "cut.nc").write_bytes((tmp_path / "a.nc").read_bytes()[:-100])
    (tmp_path / "text.nc").write_text("hello")
    for name in ("cut.nc", "text.nc"):
        with pytest.raises(UserError, match=f"{name} is truncated or no NetCDF"):
            read(tmp_path / name)
    with pytest.raises(UserError, match="does not exist"):
        read(tmp_path / "none.nc")
    with pytest.raises(UserError, match="lacks x"):
        require(read(tmp_path / "a.nc"), "a.nc", "x")


def test_provenance_names_versions_and_digests_but_no_place() -> None:
    registry = load_plugins()
    attributes = provenance("t", "{}", registry, [("targets", "cusp(at=0.3)")])
    assert registry.targets.entry("cusp").digest in attributes["plugin_digests"]
    assert "numpy" in attributes["software"]
    assert not any("/home" in value or str(Path.cwd()) in value for value in attributes.values())


def test_a_full_disk_is_named_and_leaves_the_earlier_file(tmp_path: Path) -> None:
    write(dataset(), tmp_path / "a.nc")
    before = (tmp_path / "a.nc").read_bytes()
    script = (
        "import resource, signal, sys\n"
        "import numpy as np, xarray as xr\n"
        "from ratelab import UserError\n"
        "from ratelab.datasets import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write(xr.Dataset({'x': ('x', np.random.default_rng(0).random(100_000))}), sys.argv[1])\n"
        "except UserError as error:\n"
        "    assert 'cannot write' in str(error), error\n"
        "    raise SystemExit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.nc")], check=False)
    assert done.returncode == 3
    assert (tmp_path / "a.nc").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.nc"]
