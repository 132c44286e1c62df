# Every target works on a fresh machine: it first makes .venv and installs the built wheel.
PYTHON ?= python3
VENV ?= .venv
# pytest's options, such as: make test ARGS="--device cuda -k trainer"
ARGS ?=

BIN = $(VENV)/bin
SOURCES = $(shell find src configs -type f -not -name '*.pyc') README.md LICENSE

.PHONY: help demo test lint format types docs bench torture audit clean

help:
	@echo "make demo    train a VAE and a GAN for one minute each, and compare them in demo/"
	@echo "make test    run the tests; ARGS=... goes to pytest"
	@echo "make lint    check style and format; make format mends what can be mended"
	@echo "make types   check types"
	@echo "make docs    run every command that the README and docs/ show, cut short"
	@echo "make bench   measure speed"
	@echo "make torture kill trainings again and again, and count what is lost"
	@echo "make audit   look for known holes in the dependencies"
	@echo "make clean   remove the environment, caches and the demo"

demo: $(VENV)/package
	$(BIN)/genmodels compare vae.yaml gan.yaml --budget 1m --out demo

test: $(VENV)/package
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/dependencies
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/dependencies
	$(BIN)/mypy

docs: $(VENV)/package
	$(BIN)/python -m pytest tests/repository/test_docs.py

bench: $(VENV)/package
	$(BIN)/python -m benchmarks

torture: $(VENV)/package
	$(BIN)/python -m torture

audit: $(VENV)/dependencies
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --skip-editable

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache

# What takes minutes is installed when pyproject.toml changes, the package whenever it does.
$(VENV)/dependencies: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install ".[test]"
	@touch $@

$(VENV)/package: $(VENV)/dependencies $(SOURCES)
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall .
	@touch $@
