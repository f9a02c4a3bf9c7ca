# Everything runs in the project's own virtual environment; each target sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS := train,text,ray,postgres,discover,posterior,app,plots,trackers,duckdb,readers-test
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser)
export OMP_NUM_THREADS ?= 1

.PHONY: help report docs test test-all test-slow lint benchmark clean

help:
	@echo "make report     read the demo runs, fit every law, forecast and plan; write report.html"
	@echo "make docs       the documentation as a site, in docs/_build/html; needs no network to read"
	@echo "make test       the tests that need no root (under 6 minutes)"
	@echo "make test-all   these, and what needs extras, a built wheel or a real Chromium (installs them)"
	@echo "make test-slow  coverage of intervals, the published grid of starts and other long checks"
	@echo "make lint       ruff, pyright, import-linter"
	@echo "make benchmark  speed against the peers; needs QUANTAL_DATA"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	@touch $@

$(VENV)/.all: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint,browser,$(EXTRAS)]"
	@touch $@

$(VENV)/.docs: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

report: $(VENV)/.run
	$(BIN)/quantal report tiny-lm -o report.html

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -b html -E -W --keep-going -q docs docs/_build/html
	@echo "The site: docs/_build/html/index.html"

test: $(VENV)/.test
	@if [ -z "$$QUANTAL_DATA" ]; then echo "QUANTAL_DATA is unset: tests on the public tables will say that they did not run"; fi
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/.all
	$(BIN)/ruff check src tests benchmarks experiments docs
	$(BIN)/ruff format --check src tests benchmarks experiments docs
	$(BIN)/pyright
	$(BIN)/lint-imports

chromium:
	@if [ -z "$(CHROMIUM)" ]; then \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	  else echo "A real Chromium is needed. Install it with: sudo apt-get install chromium"; exit 1; fi; fi

test-all: export QUANTAL_SITE := docs/_build/html
test-all: test chromium lint docs
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "(extras or postgres) and not slow"
	$(BIN)/python -m pytest -m "browser or wheel"
	$(BIN)/python -m pytest src/quantal/train src/quantal/discover src/quantal/app

test-slow: $(VENV)/.all
	$(BIN)/python -m pytest -m slow

benchmark: $(VENV)/.test
	$(BIN)/python benchmarks/chinchilla_fit.py

clean:
	rm -rf $(VENV) report.html build dist docs/_build
