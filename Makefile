# On a clean machine `make demo` and `make test` create .venv, install what they need, and run.
# What is installed is refreshed only when pyproject.toml is newer than the last installation.

PYTHON ?= python3
PY := .venv/bin/python
MINIMUM := import sys; sys.exit(sys.version_info < (3, 11) and "symdiff needs Python 3.11 or newer: make PYTHON=python3.x")

.PHONY: demo test lint bench golden clean

demo: .venv/installed-demo
	$(PY) -m symdiff demo

test: .venv/installed-dev
	$(PY) -m pytest -n 2

lint: .venv/installed-dev
	$(PY) -m ruff check .
	$(PY) -m mypy

bench: .venv/installed-bench
	$(PY) -m benchmarks

golden: .venv/installed-dev
	$(PY) -m pytest -n 2 --update-golden

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	$(PYTHON) -c '$(MINIMUM)'
	$(PYTHON) -m venv .venv

.venv/installed-demo: EXTRAS := examples
.venv/installed-dev: EXTRAS := dev,examples
.venv/installed-bench: EXTRAS := bench,examples

.venv/installed-%: pyproject.toml | .venv/pyvenv.cfg
	$(PY) -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@
