# One command each; every target does its own set-up. `make help` lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.SHELLFLAGS := -euc
MAKEFLAGS += --no-print-directory

VENV      := .venv
BIN       := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP       := $(BIN)/python -m pip --disable-pip-version-check --no-input
QUIETLY   := --quiet --progress-bar off
UV        := build/lock/bin/uv
COMPILE   := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header
CODE      := reconciler tests $(wildcard benchmarks docs/*.py)

# make demo PORT=9000 RECORDS=1000000
DEMO_OPTIONS = $(if $(PORT),--port $(PORT)) $(if $(RECORDS),--records $(RECORDS))

# make mutation MUTANTS_AT_ONCE=4: each of them keeps a core busy.
MUTANTS_AT_ONCE ?= 2

# Tests wait for servers and timers more than they compute: more workers than cores.
WORKERS ?= 4

.PHONY: help demo test check docs bench mutation pictures setup browser lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: setup ## two real stores, a marketplace with planted faults, runs and the dashboard; PORT=, RECORDS=
	@exec $(BIN)/reconciler demo $(DEMO_OPTIONS)

test: check browser ## every check and every test, a real browser included
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: setup docs ## style, types, import contracts, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/unit/test_repository.py

docs: setup ## the documentation as a site, build/site/index.html
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html --conf-dir docs . build/site
	@echo "Wrote build/site/index.html"

bench: setup ## the figures of the README
	@exec $(BIN)/python -m benchmarks

mutation: setup ## mutants of reconciler/core against its unit tests; an hour or more; ONLY="reconciler.core.compare.*"
	@$(PIP) install $(QUIETLY) --require-hashes --requirement requirements/mutation.txt
	$(BIN)/mutmut run --max-children $(MUTANTS_AT_ONCE) $(foreach name,$(ONLY),'$(name)')
	$(BIN)/python -m benchmarks.mutation

pictures: setup browser ## the pictures of the documentation, from a running demo
	@exec $(BIN)/python -m benchmarks.pictures

setup: $(INSTALLED) ## .venv with the locked packages

$(INSTALLED): requirements/dev.txt pyproject.toml
	@python=; \
	for candidate in "$${PYTHON:-python3}" python3.13 python3.12 python3.11 python3; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: expected Python 3.11 or later with its venv module, found $$(python3 --version 2>&1 || true)." >&2; \
	  echo "Install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.13 ..." >&2; \
	  exit 2; \
	fi; \
	if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing the locked packages; the first time takes a minute"
	@$(PIP) install $(QUIETLY) --require-hashes --requirement requirements/dev.txt
	@$(PIP) install $(QUIETLY) --no-deps --no-build-isolation --editable .
	@touch $@

browser: # Chromium for the browser tests, from Debian where it is missing
	@for name in chromium chromium-browser google-chrome; do \
	  if command -v "$$name" >/dev/null 2>&1; then exit 0; fi; \
	done; \
	sudo=; \
	if [ "$$(id -u)" != 0 ]; then sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null 2>&1 && $$sudo true 2>/dev/null; then \
	  echo "Installing Debian's chromium for the browser tests"; \
	  $$sudo apt-get -qq update </dev/null; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install chromium </dev/null >/dev/null; \
	else \
	  echo "make test: expected Chromium on the PATH, found none, and may not install it here." >&2; \
	  echo "Install it (Debian: apt-get install chromium), then call make test again." >&2; \
	  exit 2; \
	fi

lock: ## rewrite requirements/*.txt from pyproject.toml; UPGRADE=1 takes newer releases
	@test -x $(UV) || { python3 -m venv build/lock; build/lock/bin/python -m pip install $(QUIETLY) 'uv==0.13.9'; }
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra sandbox --extra dev --output-file requirements/dev.txt pyproject.toml
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --constraint requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra sandbox --extra dev --extra mutation --constraint requirements/dev.txt \
	  --output-file requirements/mutation.txt pyproject.toml
	@echo "Wrote requirements/dev.txt, requirements/runtime.txt and requirements/mutation.txt"

clean: ## remove what make and the tools made; reports/ stays
	rm -rf $(VENV) build dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find reconciler tests $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +
