# Everything a person or a pipeline says to this project. Each verb sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS ?= tests
# A process a core, each with a database of its own; then what measures time, with nothing beside it.
BESIDE := -n logical --max-worker-restart 0 -m "not alone"
# What is caught is often caught by waiting.
MUTANTS_BESIDE := -n $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN)))) --dist worksteal --max-worker-restart 0 -m "not alone"
ALONE := -m alone
# What has a verb of its own, and takes long. A part of the gauntlet or of the peers that is named is run.
APART = --ignore=tests/mutants --ignore=tests/judges $(if $(filter tests,$(TESTS)),--ignore=tests/gauntlet --ignore=tests/peers)
OR_NONE := || test $$? -eq 5  # pytest's word for no test at all, as in most parts
NPM_PEERS := $(patsubst %,tests/peers/%/node_modules/.installed,openfga-js openid-client oauth4webapi jupyterhub oidc-provider)
LOCKED := $(patsubst tests/%/requirements.in,%,$(wildcard tests/*/*/requirements.in))
PYTHON_PEERS := $(patsubst %,tests/peers/%/.venv/.installed,authlib jupyterhub nanoidp scim)
NPM_JUDGES := tests/judges/observatory/node_modules/.installed
PYTHON_JUDGES := $(patsubst %,tests/judges/%/.venv/.installed,schemathesis wapiti)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is compiled is kept: else each process that a test starts compiles the package, and each run its tests.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install run check fix test test-gauntlet test-mutants test-peers test-judges test-debian gauntlet bench docs locks clean

install: $(STAMP)  ## make .venv from the hashed locks

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Airside needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt -c requirements/dev.txt  # the second holds extras to the first
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

run: install  ## https://localhost:8443 with a demonstration tenant
	$(BIN)/airside dev

check: install  ## style, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

fix: install  ## what check can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: install  ## every test but those that have a verb of their own; TESTS=tests/store for a part
	sh requirements/debian.sh
	$(BIN)/pytest $(BESIDE) --dist loadfile $(APART) $(TESTS)
	$(BIN)/pytest $(ALONE) $(APART) $(TESTS)$(OR_NONE)

test-gauntlet:  ## what must never happen, in short form
	$(MAKE) --no-print-directory test TESTS=tests/gauntlet

test-mutants: install  ## each gauntlet test on a build with one deliberate mistake, which it must catch; AIRSIDE_GAUNTLET_FULL=1 for all
	sh requirements/debian.sh
	$(BIN)/pytest $(MUTANTS_BESIDE) tests/mutants
	$(BIN)/pytest $(ALONE) tests/mutants$(OR_NONE)

test-peers: install  ## stock clients in other languages against the real server (needs Node.js 20 and npm)
	sh requirements/debian.sh requirements/debian-peers.txt
	command -v npm >/dev/null || sh requirements/debian.sh requirements/debian-node.txt
	! command -v npm >/dev/null || $(MAKE) --no-print-directory $(NPM_PEERS)
	$(MAKE) --no-print-directory $(PYTHON_PEERS)
	AIRSIDE_PEERS=$(if $(filter true,$(CI)),required) $(BIN)/pytest -n logical --dist loadfile tests/peers

test-judges: install  ## scanners that others wrote against the examples (needs Node.js 20 and npm)
	sh requirements/debian.sh requirements/debian-judges.txt
	command -v npm >/dev/null || sh requirements/debian.sh requirements/debian-node.txt
	! command -v npm >/dev/null || $(MAKE) --no-print-directory $(NPM_JUDGES)
	$(MAKE) --no-print-directory $(PYTHON_JUDGES)
	AIRSIDE_JUDGES=$(if $(filter true,$(CI)),required) $(BIN)/pytest -s tests/judges

tests/%/node_modules/.installed: tests/%/package-lock.json
	npm --prefix $(<D) ci --silent --ignore-scripts
	touch $@

tests/%/.venv/.installed: tests/%/requirements.txt
	$(PYTHON) -m venv $(<D)/.venv
	$(<D)/.venv/bin/python -m pip install --quiet --require-hashes -r $< -c $<
	touch $@

test-debian: install  ## the store's tests again, on Debian's PostgreSQL over TLS
	sh requirements/debian.sh
	sh tests/on_debian_postgresql.sh tests/store

gauntlet: install  ## the gauntlet at full size
	AIRSIDE_GAUNTLET_FULL=1 $(BIN)/pytest -o faulthandler_timeout=7200 -m gauntlet -s tests

bench: install  ## speed, as ratios against a reference in the same run
	sh requirements/debian.sh requirements/debian-bench.txt
	$(BIN)/python -m bench

docs: install  ## the reference pages that are made from the code
	$(BIN)/python docs/generate.py

locks:  ## refresh requirements/*.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --all-extras --no-header -q -U -o requirements/server.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --all-extras --group dev --no-header -q -c requirements/server.txt -o requirements/dev.txt
	for name in $(LOCKED); do uv pip compile tests/$$name/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -q -U -o tests/$$name/requirements.txt; done

clean:
	rm -rf .venv
