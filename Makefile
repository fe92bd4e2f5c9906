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

.DEFAULT_GOAL := help
.PHONY: help nightly test lint format clean

help: ## Show what there is to make.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

nightly: $(VENV)/.ready ## Set up, then make one night's offers on the sample marketplace.
	@$(VENV)/bin/advances nightly

test: $(VENV)/.ready-checks lint ## Set up, then run every check.
	$(PYTHON) -m pytest -n 2 --dist worksteal

lint: $(VENV)/.ready-checks
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/ruff format --quiet --check .
	$(VENV)/bin/mypy --no-error-summary
	$(VENV)/bin/sqlfluff lint --disable-progress-bar --processes 2 dbt_project
	$(VENV)/bin/nbstripout --verify notebooks/*.ipynb

format: $(VENV)/.ready-checks ## Format Python and SQL, strip notebook outputs.
	$(VENV)/bin/ruff check --quiet --fix . ; $(VENV)/bin/ruff format --quiet .
	$(VENV)/bin/sqlfluff fix --quiet dbt_project
	$(VENV)/bin/nbstripout notebooks/*.ipynb

clean: ## Remove the virtual environment and every result.
	rm -rf $(VENV) .advances

$(PYTHON):
	@python3 -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(CREATE)

$(VENV)/.ready: pyproject.toml constraints.txt | $(PYTHON)
	$(INSTALL) .
	@touch $@

$(VENV)/.ready-checks: pyproject.toml constraints.txt | $(PYTHON)
	$(INSTALL) '.[airflow,notebooks,checks]'
	@touch $@ $(VENV)/.ready
