# Two commands for users: `make run` and `make test`. Both create the environment on first use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
THREADS ?= $(shell nproc)
ARGS ?=

.PHONY: constraints wheel run test test-slow lint types docs clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: $(VENV)/.base  ## train and evaluate MP1 on its default task, and write the report
	OMP_NUM_THREADS=$(THREADS) $(BIN)/simplatform run --plugin mp1 $(ARGS)

test: $(VENV)/.dev lint types  ## everything that is fast: style, types, import contract, tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(THREADS)

test-slow: $(VENV)/.dev  ## the slow tests as well
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev  ## style and import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build/tree && mkdir -p build/tree && cp -R core build/tree/simplatform && cp -R envs plugins policies build/tree/simplatform/
	cd build/tree && ../../$(BIN)/lint-imports --config ../../pyproject.toml

types: $(VENV)/.dev  ## static types: mypy --strict over core, envs, policies, plugins and examples, as they are installed
	$(BIN)/python -m tests.typing.mapped

constraints:  ## refresh constraints.txt with the newest versions, if all tests pass with them
	PYTHON=$(PYTHON) .ci/constraints

wheel:  ## build the wheel, install it and use it outside of the tree
	PYTHON=$(PYTHON) .ci/wheel

docs: $(VENV)/.dev  ## build the documentation into build/docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

gpu:  ## all that a GPU has to show, in at most seven minutes: benchmarks/gpu/results (nothing need be installed)
	$(or $(wildcard $(BIN)/python),$(PYTHON)) benchmarks/gpu/run.py $(ARGS)

gpu-rehearsal: $(VENV)/.dev  ## the same script on the pretend device, small, without a GPU
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/gpu/run.py --device pretend --output build/gpu-rehearsal $(ARGS)

gpu-wheels: $(VENV)/.base  ## gather into .whl what a bare machine with a CUDA build of torch lacks
	$(BIN)/python benchmarks/gpu/wheels.py .whl

clean:  ## remove the environment and caches
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

# torch 2.13.0 on its own first: it is the CPU build where the index has one, and satisfies everything that follows.
$(VENV)/.torch:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "simplatform needs Python 3.11 or newer; set PYTHON=/path/to/python")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	touch $@

$(VENV)/.base: $(VENV)/.torch pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,docs,dev]'
	touch $@
