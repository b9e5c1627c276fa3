"""A copy of the workflow to run in, a tiny config, and one finished run that several tests look at."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
TINY: dict[str, Any] = {
    "plugins": ["plugins"],
    "cells": 1024,
    "nodes": 64,
    "studies": {
        "shallow": {
            "targets": ["sqrt", "step"],
            "networks": [{"activation": "relu"}, {"activation": "tanh", "targets": ["sqrt"]}],
            "complexity": ["neurons", "connections"],
            "budgets": [2, 4, 8],
            "trainers": [{"name": "adam", "steps": 20}, {"name": "varpro", "steps": 3}],
            "seeds": 2,
            "milestones": [1e4, 3e4],
        }
    },
}


class Workflow:
    """A folder with Snakefile, workflow and plugins, and ways to run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "Snakefile", folder)
        for name in ("workflow/Snakefile", "workflow/rules", "plugins", "profiles", "envs"):
            source, goal = REPOSITORY / name, folder / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, goal)
        self.configure()

    def configure(self, change: Callable[[dict[str, Any]], object] | None = None) -> None:
        """Write the tiny config, changed."""
        config = deepcopy(TINY)
        if change:
            change(config)
        self.write(yaml.safe_dump(config))

    def write(self, text: str) -> None:
        """Write the config as text."""
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "config.yaml").write_text(text)

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the folder."""
        return subprocess.run(
            [str(Path(sys.executable).parent / "snakemake"), "--cores", str(cores), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def finish(self, *arguments: str, cores: int = 2) -> "Workflow":
        """Run, and fail the test with everything printed if the run failed."""
        done = self.snakemake(*arguments, cores=cores)
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def planned(self, *arguments: str) -> set[str]:
        """Output files that a run would make or make anew."""
        done = self.snakemake("--summary", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
        header, files = rows[0], rows[1:]
        assert files and (header[0], header[-1]) == ("output_file", "plan")
        return {row[0] for row in files if row[-1] != "no update"}

    def results(self) -> dict[str, bytes]:
        """Every result file by its relative path."""
        base = self.folder / "results"
        return {
            str(file.relative_to(base)): file.read_bytes()
            for file in sorted(base.rglob("*"))
            if file.is_file()
        }


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """A fresh copy of the workflow."""
    return Workflow(tmp_path / "lab")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A finished tiny run; tests may look, not touch."""
    return Workflow(tmp_path_factory.mktemp("finished") / "lab").finish()
