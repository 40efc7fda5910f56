# Two commands: `make run` and `make test`. Everything else is in the list `make` prints.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest
PIP := $(PY) -m pip --disable-pip-version-check install --quiet
PARALLEL ?= 2
# pip keeps its cache below HOME; without a HOME it goes without.
export PIP_NO_CACHE_DIR := $(if $(HOME),,1)
# A database somebody has in their environment is not the one to test with.
CLEAN := env -u DATABASE_URL -u CHARGEBILL_DATA -u CHARGEBILL_MODE -u DEBUG -u SECRET_KEY -u DJANGO_SETTINGS_MODULE

.PHONY: help run test test-fast prove lint format bench docs

help:  ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/run.stamp  ## Set up, fill the demo, serve on 127.0.0.1:8000 (PORT=)
	@exec $(PY) manage.py serve --port $(PORT)

test: $(VENV)/dev.stamp  ## Everything, on SQLite and then on PostgreSQL
	@echo "The suite on SQLite:"
	@$(CLEAN) $(PYTEST) -n $(PARALLEL)
	@echo "The suite on PostgreSQL:"
	@$(CLEAN) $(PY) -m tests.postgresql $(PYTEST) -n $(PARALLEL)

test-fast: $(VENV)/dev.stamp  ## Only the tests that need no database, in seconds
	@$(CLEAN) $(PYTEST) -n $(PARALLEL) -m pure

prove: $(VENV)/dev.stamp  ## The long proofs at their full numbers, on both databases
	@CHARGEBILL_PROVE=1 $(CLEAN) $(PYTEST) -n $(PARALLEL) -m slow
	@CHARGEBILL_PROVE=1 $(CLEAN) $(PY) -m tests.postgresql $(PYTEST) -n $(PARALLEL) -m slow

lint: $(VENV)/dev.stamp  ## Style, imports, types, migrations
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(CLEAN) $(PY) -m mypy
	@$(CLEAN) $(PY) manage.py makemigrations --check --dry-run

format: $(VENV)/dev.stamp  ## Rewrite the code in house style
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/dev.stamp  ## Measure beside sqlite3 and PostgreSQL; writes bench/results.json
	@$(CLEAN) $(PY) -m tests.postgresql $(PY) bench/run.py

docs: $(VENV)/dev.stamp  ## Draw the diagram in docs/ anew and check that docs/ agrees with the code
	@$(PY) -m disputes.workflow.diagram docs/disputes.md
	@$(CLEAN) $(PYTEST) tests/test_docs.py

$(VENV)/run.stamp: requirements.txt
	@$(call make_venv)
	@echo "Installing what ChargeBill runs on ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt
	@$(call make_venv)
	@echo "Installing what the tests run on ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

# Says what to install, as a command, instead of ending in a traceback half-way.
define make_venv
if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	command -v "$(PYTHON)" >/dev/null 2>&1 || { \
		echo "There is no $(PYTHON). ChargeBill needs Python 3.11 or newer: apt install python3 python3-venv" >&2; exit 1; }; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$("$(PYTHON)" --version) is too old: ChargeBill needs Python 3.11 or newer." >&2; \
		echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }; \
	"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing. Install it and start again: apt install python3-venv" >&2; exit 1; }; \
	echo "Making the virtual environment $(VENV) ..."; \
	"$(PYTHON)" -m venv --clear $(VENV); \
fi
endef
