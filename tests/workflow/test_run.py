"""One command gives every dataset and figure; a second does nothing; bytes depend on nothing but the inputs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ratelab import Network
from ratelab.datasets import FLAGS
from ratelab.networks import from_dataset

STUDY = "results/shallow"
CURVES = {
    "error_trained": ("target", "network", "complexity", "budget", "trainer", "seed"),
    "status": ("target", "network", "complexity", "budget", "trainer", "seed"),
    "work": ("target", "network", "complexity", "budget", "trainer", "seed"),
    "ratio_trained": ("target", "network", "complexity", "budget", "trainer", "seed"),
    "error_at_milestone": ("target", "network", "complexity", "budget", "trainer", "seed", "milestone"),
    **dict.fromkeys(
        (
            "error_constructed", "error_upper", "error_upper_closure", "error_lower", "error_lower_architecture",
            "certainty", "lower_status",
            "upper_attained", "connections", "neurons", "depth", "largest_weight",
        ),
        ("target", "network", "complexity", "budget"),
    ),
    "lower_class": ("network", "complexity"),
}  # fmt: skip
RATES = {
    **dict.fromkeys(("slope_low", "slope_high"), ("target", "network", "complexity", "window")),
    **dict.fromkeys(
        (
            "rate_model", "rate_proved_low", "rate_proved_high", "rate_predicted_low", "rate_predicted_high", "verdict",
            "proof_source",
        ),
        ("target", "network", "complexity"),
    ),
    "rate_trained": ("target", "network", "complexity", "trainer"),
}  # fmt: skip


def test_a_run_leaves_every_file_of_the_design(finished: Any) -> None:
    files = set(finished.results())
    assert {
        "targets/sqrt.nc",
        "targets/step.nc",
        "shallow/curves.nc",
        "shallow/rates.nc",
        "shallow/networks.nc",
    } <= files
    drawn = {Path(f).name for f in files if f.startswith("shallow/figures/")}
    assert {"errors-neurons.svg", "errors-neurons.pdf", "errors-connections.svg"} <= drawn
    assert {Path(f).stem for f in drawn if f.endswith(".svg")} == {
        Path(f).stem for f in drawn if f.endswith(".pdf")
    }


@pytest.mark.parametrize(("name", "expected"), [("curves", CURVES), ("rates", RATES)])
def test_datasets_have_the_documented_variables(
    finished: Any, name: str, expected: dict[str, tuple[str, ...]]
) -> None:
    with xr.open_dataset(finished.folder / STUDY / f"{name}.nc") as dataset:
        assert {key: dataset[key].dims for key in expected} == expected
        for key in expected:
            assert dataset[key].attrs.get("long_name")
        for key in set(FLAGS) & set(map(str, dataset.variables)):
            assert set(np.unique(dataset[key].values)) <= set(dataset[key].attrs["flag_values"].tolist())
        assert dataset.attrs["plugin_digests"] and dataset.attrs["software"] and dataset.attrs["parameters"]


def test_lower_ends_ratios_and_milestones_belong_to_the_trained_errors(finished: Any) -> None:
    curves = xr.open_dataset(finished.folder / STUDY / "curves.nc").load()
    lower, trained = curves["error_lower"], curves["error_trained"]
    shape = curves["error_lower_architecture"]
    assert bool(((shape >= lower) | lower.isnull()).all()) and bool((shape > 0).any())
    assert bool(((trained >= shape) | trained.isnull() | shape.isnull()).all())
    ratio = (trained / lower).where(lower > 0)
    np.testing.assert_allclose(curves["ratio_trained"].transpose(*ratio.dims), ratio)
    early = curves["error_at_milestone"]
    assert bool(early.notnull().any()) and bool(((early >= shape) | early.isnull() | shape.isnull()).all())
    done = curves["work"] <= float(curves["milestone"][-1])
    last = early.isel(milestone=-1).where(done & trained.notnull()).fillna(0.0)
    np.testing.assert_allclose(last, trained.where(done).fillna(0.0).transpose(*last.dims), rtol=1e-12)


def test_lower_ends_stay_below_upper_ends_and_both_are_monotone(finished: Any) -> None:
    with xr.open_dataset(finished.folder / STUDY / "curves.nc") as curves:
        lower, upper = curves["error_lower"].values, curves["error_upper"].values
        assert not (lower > upper).any()
        assert not (np.diff(upper, axis=-1) > 0).any() and not (np.diff(lower, axis=-1) > 0).any()
        trained = curves["error_trained"].min(("trainer", "seed")).values
        assert not (upper > trained * (1 + 1e-6)).any()


def test_the_stored_network_has_the_stated_counts_and_error(finished: Any) -> None:
    with (
        xr.open_dataset(finished.folder / STUDY / "networks.nc") as stored,
        xr.open_dataset(finished.folder / STUDY / "curves.nc") as curves,
    ):
        networks = from_dataset(stored.load())
        place = {"target": "sqrt", "network": "mlp/relu/depth=2", "complexity": "neurons", "budget": 4}
        network = networks[int(stored["fit"].sel(place))]
        assert isinstance(network, Network)
        assert network.neurons == curves["neurons"].sel(place) <= 4
        x = (np.arange(200_000) + 0.5) / 200_000
        error = np.sqrt(np.mean((network(x[:, None])[:, 0] - np.sqrt(x)) ** 2))
        assert error == pytest.approx(float(curves["error_upper"].sel(place)), rel=1e-4)


def test_the_step_function_is_a_proven_zero_that_no_network_attains(finished: Any) -> None:
    with xr.open_dataset(finished.folder / STUDY / "curves.nc") as curves:
        at = curves.sel(target="step", network="mlp/relu/depth=2", complexity="neurons", budget=4)
        assert float(at["error_lower"]) == 0.0 == float(at["error_upper_closure"])
        assert FLAGS["lower_status"]["exact"] == int(at["lower_status"])
        assert FLAGS["upper_attained"]["no"] == int(at["upper_attained"])


def test_a_second_run_does_nothing(finished: Any) -> None:
    assert finished.planned() == set()


def test_the_bytes_do_not_depend_on_cores_or_order(finished: Any, tmp_path: Path) -> None:
    other = type(finished)(tmp_path / "lab")
    other.finish("--until", "train", cores=1).finish(cores=1)
    first, second = finished.results(), other.results()
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_subset_of_budgets_and_seeds_gives_the_same_fits(finished: Any, workflow: Any) -> None:
    def smaller(config: dict[str, Any]) -> None:
        config["studies"]["shallow"] |= {"budgets": [4], "seeds": 1, "complexity": ["neurons"]}

    workflow.configure(smaller)
    name = "results/shallow/trained/sqrt--mlp-relu-depth=2--varpro-steps=3.nc"
    workflow.finish(name)
    with xr.open_dataset(workflow.folder / name) as few, xr.open_dataset(finished.folder / name) as many:
        chosen = many["error_trained"].sel(complexity="neurons", budget=4, seed=0)
        assert float(few["error_trained"].squeeze()) == float(chosen)


def test_the_dry_run_imports_no_torch_and_no_xarray(finished: Any) -> None:
    script = (
        "import sys\nfrom snakemake.cli import main\n"
        "try:\n    main(['--cores', '1', '--dry-run', '--quiet'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'xarray'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=finished.folder, check=True, capture_output=True)


def test_a_study_is_a_target_of_its_own(finished: Any) -> None:
    assert finished.planned("shallow") == set()
