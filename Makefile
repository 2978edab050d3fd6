# The project's commands. `make demo` and `make test` need only Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_DB := out/demo.db
AS_OF := 2026-11-20

.PHONY: help setup demo test test-slow lint format lock benchmarks bench-forecast bench-simulate bench-allocate clean

help:            ## List the targets
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST)

$(READY): requirements.lock setup.cfg
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

setup: $(READY)  ## Make the virtual environment from the hashed lock

demo: $(READY)   ## Import the sample company and plan a night into out/
	mkdir -p out
	$(BIN)/vmi --db $(DEMO_DB) init
	$(BIN)/vmi --db $(DEMO_DB) import data/samples
	$(BIN)/vmi --db $(DEMO_DB) plan --as-of $(AS_OF) --out out
	$(BIN)/vmi --db $(DEMO_DB) status

test: $(READY)   ## The whole test suite, on SQLite and a real PostgreSQL
	$(BIN)/python -m pytest

test-slow: $(READY)  ## Tests that need longer: full-size imports, random kills
	$(BIN)/python -m pytest -m slow

lint: $(READY)   ## Format, style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Rewrite to the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY)   ## Resolve setup.cfg into requirements.lock, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile setup.cfg --extra dev --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --quiet --output-file requirements.lock

benchmarks: $(READY)  ## Measure what docs/benchmarks.md reports
	$(BIN)/python -m benchmarks.night

bench-forecast: $(READY)  ## Measure forecasts on ../shared/yardsticks (rivals: pip install -e .[bench])
	$(BIN)/python -m benchmarks.forecast

bench-simulate: $(READY)  ## Measure lived nights, and the plan against a textbook's best setting (an hour)
	$(BIN)/python -m benchmarks.simulation speed
	$(BIN)/python -m benchmarks.simulation sweep

bench-allocate: $(READY)  ## Measure the allocation: gap, seconds, unseen demand, rivals in OR-Tools (half an hour)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.allocation

clean:           ## Remove what the targets made
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache
