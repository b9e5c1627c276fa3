"""A study may consist of claims and experiments alone."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from ratelab.studies.claims._catalogue import CLAIMS


def exact_study(config: dict[str, Any]) -> None:
    config["studies"] = {
        "exact": {
            "claims": ["C13", "C19"],
            "cases": 2,
            "experiments": ["hard-functions", {"name": "depth-gap", "width": 2, "layers": 3}],
        }
    }


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory, finished: Any) -> Any:
    lab = type(finished)(tmp_path_factory.mktemp("claimed") / "lab")
    lab.configure(exact_study)
    return lab.finish()


def test_claims_and_experiments_leave_their_files(claimed: Any) -> None:
    files = set(claimed.results())
    assert {
        "exact/claims.nc",
        "exact/claims/C13.nc",
        "exact/experiments/hard-functions.nc",
        "exact/experiments/depth-gap.nc",
        "exact/figures/claims.md",
        "exact/figures/claims.csv",
        "exact/figures/figure-1.svg",
        "exact/figures/figure-2.pdf",
        "exact/figures/depth-gap.svg",
    } <= files
    assert not {"exact/curves.nc", "exact/rates.nc"} & files


def test_the_claims_stand_in_the_order_of_the_config(claimed: Any) -> None:
    with xr.open_dataset(claimed.folder / "results/exact/claims.nc") as claims:
        assert list(dict.fromkeys(claims["claim"].values)) == ["C13", "C19"]
        for name in ("claim", "kind", "origin", "statement", "measured", "bound", "verdict"):
            assert claims[name].dims == ("case",) and claims[name].attrs["long_name"]
        topics = set(claims["topic"].values)
    assert topics == {CLAIMS[name].topic for name in ("C13", "C19")}


def test_a_second_run_of_claims_does_nothing(claimed: Any) -> None:
    assert claimed.planned() == set()


def test_another_number_of_cases_runs_the_claims_again_and_not_the_experiments(claimed: Any) -> None:
    def more(config: dict[str, Any]) -> None:
        exact_study(config)
        config["studies"]["exact"]["cases"] = 3

    claimed.configure(more)
    planned = claimed.planned()
    claimed.configure(exact_study)
    assert "results/exact/claims/C13.nc" in planned
    assert not any("experiments" in file for file in planned)


def test_what_failed_is_tried_again_by_the_same_command(claimed: Any, tmp_path: Path) -> None:
    lab = type(claimed)(tmp_path / "lab")
    shutil.rmtree(lab.folder)
    shutil.copytree(claimed.folder, lab.folder, symlinks=True)
    lab.configure(exact_study)
    part, whole = lab.folder / "results/exact/claims/C13.nc", lab.folder / "results/exact/claims.nc"
    good, before = part.read_bytes(), whole.read_bytes()
    part.write_bytes(good[: len(good) // 2])
    for _ in range(2):  # the second command must not find nothing to do
        assert lab.snakemake().returncode != 0
        assert whole.read_bytes() == before
    part.write_bytes(good)
    lab.finish()
    assert whole.read_bytes() == before and lab.planned() == set()
