# The two commands: `make demo` and `make test`. Both set up their own environment in .venv.
# Before a change is sent: `.ci/run`, which is these and `make lint types wheel smoke`.
PYTHON ?= python3
BIN := .venv/bin
SHARED ?= ../shared

.PHONY: demo test bench lint types docs cities translations wheel smoke clean

demo: .venv/installed
	$(BIN)/caminos demo

test: .venv/developing
	$(BIN)/pytest -n 2

bench: .venv/developing
	$(BIN)/python scripts/bench.py --out bench.json

lint: .venv/developing
	$(BIN)/ruff check src tests scripts
	$(BIN)/ruff format --check src tests scripts

types: .venv/developing
	$(BIN)/mypy

cities: .venv/developing
	$(BIN)/python scripts/build_cities.py --shared $(SHARED)

docs: .venv/developing
	$(BIN)/python scripts/model_reference.py --out docs/model-reference.md
	$(BIN)/python scripts/settings_reference.py --out docs/city-toml.md

translations: .venv/developing
	$(BIN)/python scripts/update_translations.py

wheel: .venv/developing
	$(BIN)/python -m build --wheel --outdir dist .

smoke: wheel
	$(BIN)/python scripts/smoke.py $$(ls -t dist/caminos-*.whl | head -1)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Caminos needs Python 3.11 or later: make demo PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	@touch $@

.venv/developing: .venv/bin/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@ .venv/installed

clean:
	rm -rf .venv out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
