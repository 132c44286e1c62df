# Every target works on a fresh machine: it first makes .venv and installs the built wheel.
PYTHON ?= python3
VENV ?= .venv
# pytest's options, such as: make test ARGS="--device cuda -k trainer"
ARGS ?=

ifeq ($(OS),Windows_NT)
BIN = $(VENV)/Scripts
else
BIN = $(VENV)/bin
endif
SOURCES = $(shell find src configs -type f -not -name '*.pyc') README.md LICENSE
PYTEST = -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: help demo check test coverage lint format types docs site wheel dist bench torture audit clean

help:
	@echo "make demo      train the report's models and the fastest preset measured so far; compare them in demo/"
	@echo "make check     everything that must hold before a change is merged"
	@echo "make test      run the tests on all cores; ARGS=... goes to pytest"
	@echo "               the daily loop leaves out what takes long: ARGS=\"-m 'not slow'\""
	@echo "make coverage  run the tests, and print how much of the package they cover"
	@echo "make lint      check style and format; make format repairs what it can"
	@echo "make types     check types"
	@echo "make site      build the documentation alone, in docs/_build/html"
	@echo "make docs      build the documentation in docs/_build/html, and run every command it shows"
	@echo "make wheel     check that the installed package is complete"
	@echo "make dist      build what is published, into dist/"
	@echo "make bench     measure speed"
	@echo "make torture   kill trainings again and again, and count what is lost"
	@echo "make audit     look for known vulnerabilities in the dependencies"
	@echo "make clean     remove the environment, caches and the demo"

# The models of the report, and the fastest preset measured so far (docs/speedrun.md). Two cores take turns.
DEMO = report/vae.yaml report/gan.yaml vae-gmm.yaml
demo: $(VENV)/package
	$(BIN)/genmodels compare $(DEMO) --set data.offline=glyphs --budget 1m --jobs auto --out demo

# The one list of what must hold. The tests run the commands of all pages.
check: lint types site test wheel audit

# One thread a worker: set before torch is loaded, and inherited by the processes of tests.
test: export OMP_NUM_THREADS = 1
test: $(VENV)/package
	$(BIN)/python $(PYTEST)

coverage: export OMP_NUM_THREADS = 1
coverage: $(VENV)/package
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: $(VENV)/dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/dependencies
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/dependencies
	$(BIN)/mypy

site: $(VENV)/package
	$(BIN)/python -m sphinx -E -a -n -W --keep-going -q docs docs/_build/html

docs: export OMP_NUM_THREADS = 1
docs: site
	$(BIN)/python $(PYTEST) tests/repository/test_docs.py tests/repository/test_site.py

# Isolated, so that Python finds the installed package and not the source tree.
wheel: $(VENV)/package
	$(BIN)/python -I scripts/check_wheel.py

dist: $(VENV)/dependencies
	rm -rf dist
	$(BIN)/python -m pip install --quiet build twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

bench: $(VENV)/package
	$(BIN)/python -m benchmarks

torture: $(VENV)/package
	$(BIN)/python -m torture

audit: $(VENV)/dependencies
	$(BIN)/python scripts/audit.py

clean:
	rm -rf $(VENV) build dist demo docs/_build .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache

# What takes minutes is installed when pyproject.toml changes, the package whenever it does.
$(VENV)/dependencies: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install ".[test]"
	@touch $@

$(VENV)/package: $(VENV)/dependencies $(SOURCES)
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall .
	@touch $@
