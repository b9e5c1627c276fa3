# `make` runs the default studies; `make test` runs every check. Both build the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: all environment test test-environment format clean

all: environment
	@$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "Open these:"
	@for folder in results/*/figures; do ls $$folder/*.svg $$folder/*.md 2>/dev/null | sed 's/^/  /'; done
	@for file in results/*/curves.nc results/*/rates.nc results/*/claims.nc results/*/experiments/*.nc; do test -e "$$file" && echo "  $$file"; done; true
	@grep -hE '^[A-D][0-9]+ +(violated|inconclusive)' logs/*/claims.log 2>/dev/null && \
	  echo "A claim is violated or undecided: see claims.md" || true

environment: $(VENV)/.complete

$(VENV)/.complete: envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ratelab needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-environment: environment $(VENV)/.complete-test

$(VENV)/.complete-test: envs/requirements-test.txt $(VENV)/.complete
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements-test.txt
	@touch $@

test: test-environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/smoke.yaml
	$(BIN)/pytest -n auto

format: test-environment
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow

clean:
	rm -rf results logs .snakemake
