# Trellis. `make help` lists what there is; `make run` and `make test` are the whole set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help run test prove bench lint types contracts install install-dev messages pictures library mails lock clean

help: ## List these targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Install what is missing and start everything in one process
	@exec $(BIN)/trellis run

test: install-dev lint types contracts ## Lint, types, import contracts and all tests (15 minutes at most)
	@$(BIN)/python -m pytest -n 2 -m "not prove"
	@$(BIN)/python -m tests.support.closing

prove: install-dev ## The deep rounds: kill matrix, soak, large volumes (45 minutes at most)
	@$(BIN)/python -m pytest -m prove -p no:randomly

bench: install-dev ## Figures, as ratios against a baseline taken in the same run
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lint: install-dev ## Ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install-dev ## Mypy; strict in the core
	@$(BIN)/mypy

contracts: install-dev ## Who may import whom
	@$(BIN)/lint-imports

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Trellis needs Python 3.11 or newer. Name one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo; echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Trellis needs (once) …"
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

messages: install-dev ## Collect the texts for translators and compile the translations
	@$(BIN)/pybabel -q extract -F babel.cfg -k N_ -o app/translations/messages.pot app
	@$(BIN)/pybabel -q update -N -i app/translations/messages.pot -d app/translations
	@$(BIN)/pybabel -q compile -d app/translations

pictures: install-dev ## Take the docs' pictures anew (needs Chromium)
	@PYTHONPATH=. $(BIN)/python docs/pictures.py

library: install-dev ## Print the pieces of the library that changed to PDF (needs Chromium)
	@PYTHONPATH=. $(BIN)/python docs/library.py

mails: install-dev ## Lay every mail on a sheet, in all languages, in build/mails (needs Chromium)
	@PYTHONPATH=. $(BIN)/python docs/mails.py $(MAILS)

# django-htmx is there for the htmx that it carries; nothing of Django is ever imported.
COMPILE = uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url $(addprefix --no-emit-package ,django asgiref sqlparse)

lock: ## Renew the locks (needs uv on the PATH)
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) --extra dev --extra cluster -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## Remove the virtual environment and caches; your data in var/ stays
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
