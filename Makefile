# Everything a fresh machine needs is python3 (3.11 or newer) and make.
# uv is used where it is installed, because it is faster; pip does otherwise.

VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
  CREATE := $(UV) venv --quiet --seed --allow-existing --python python3 $(VENV)
  INSTALL := VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --constraint constraints.txt --editable
else
  CREATE := python3 -m venv $(VENV)
  INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
endif

# The BigQuery stand-in has an environment of its own, because it needs Python 3.13.
# Under pyenv, python3.13 may be there and yet need its version named.
BIGQUERY := .venv-bigquery
PYTHON_313 := $(shell for name in python3.13 python3.14 "env PYENV_VERSION=$$(pyenv versions --bare 2>/dev/null | grep -m1 '^3\.13') python3.13"; do $$name -c '' 2>/dev/null && echo $$name && break; done)

# Two environments, or two linters, at a time; what each prints stays whole.
PREPARE := $(MAKE) --no-print-directory --jobs=2 --output-sync=target

.DEFAULT_GOAL := help
.PHONY: help nightly demo docs test bigquery lint lint-python lint-types lint-sql format clean

help: ## Show what there is to make.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

nightly: $(VENV)/.ready ## Set up, then make one night's offers on the sample marketplace.
	@$(VENV)/bin/advances nightly

# Nights that the guard, the warnings and the calibration of the last one look back to.
demo: export ADVANCES_HOME := .advances/demo
demo: $(VENV)/.ready ## Set up, then four nights of the sample; the report of the last opens where there is a screen.
	@for night in 2026-10-03 2026-10-17 2026-10-30; do \
		echo "Night of $$night" && $(VENV)/bin/advances nightly --quiet --as-of $$night >/dev/null || exit; \
	done
	@$(VENV)/bin/advances nightly
	@$(VENV)/bin/advances build --quiet --part accuracy
	@$(VENV)/bin/advances report --open

docs: $(VENV)/.ready ## Set up, then write the documentation of that night's marts as one page.
	@$(VENV)/bin/advances docs

test: ## Set up, then run every check.
	@$(PREPARE) lint $(if $(PYTHON_313),$(BIGQUERY)/.ready)
	$(if $(PYTHON_313),,@echo "No Python 3.13: tests on the BigQuery stand-in are skipped, or fail under CI.")
	# Three workers on two cores: schedulers and servers let much of the time pass.
	$(PYTHON) -m pytest -n 3 --dist worksteal

bigquery: $(BIGQUERY)/.ready ## Start a BigQuery stand-in and print its two addresses.
	@mkdir -p .advances/bigquery
	@$(BIGQUERY)/bin/python tests/standin/start.py .advances/bigquery

lint: lint-sql lint-types lint-python

lint-sql: $(VENV)/.ready-checks
	$(VENV)/bin/sqlfluff lint --disable-progress-bar --processes 1 dbt_project

lint-types: $(VENV)/.ready-checks
	$(VENV)/bin/mypy --no-error-summary

lint-python: $(VENV)/.ready-checks
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/ruff format --quiet --check .
	$(VENV)/bin/nbstripout --verify notebooks/*.ipynb

format: $(VENV)/.ready-checks ## Format Python and SQL, strip notebook outputs.
	$(VENV)/bin/ruff check --quiet --fix . ; $(VENV)/bin/ruff format --quiet .
	$(VENV)/bin/sqlfluff fix --quiet dbt_project
	$(VENV)/bin/nbstripout notebooks/*.ipynb

clean: ## Remove the virtual environment and every result.
	rm -rf $(VENV) $(BIGQUERY) .advances

$(PYTHON):
	@python3 -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(CREATE)

$(VENV)/.ready: pyproject.toml constraints.txt | $(PYTHON)
	$(INSTALL) .
	@touch $@

$(VENV)/.ready-checks: pyproject.toml constraints.txt | $(PYTHON)
	$(INSTALL) '.[airflow,notebooks,checks]'
	@touch $@ $(VENV)/.ready

# The second step puts another duckdb in place; pip's complaint about it is expected.
$(BIGQUERY)/.ready: tests/standin/requirements.txt tests/standin/duckdb.txt
	@test -n "$(PYTHON_313)" || { echo "The BigQuery stand-in needs Python 3.13."; exit 1; }
	$(PYTHON_313) -m venv $(BIGQUERY)
	$(BIGQUERY)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/standin/requirements.txt
	$(BIGQUERY)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/standin/duckdb.txt
	@touch $@
