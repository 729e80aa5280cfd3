# Lianshu 联枢. `make help` lists what there is.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links

WITHOUT_FUNDING = const f = "package-lock.json", fs = require("fs"), lock = JSON.parse(fs.readFileSync(f)); \
	for (const p of Object.values(lock.packages)) delete p.funding; \
	fs.writeFileSync(f, JSON.stringify(lock, null, 2) + "\n")

.DEFAULT_GOAL := help
.PHONY: help serve test check types contracts sdl migrations bench bench-quick assets assets-if-npm lock clean
.DELETE_ON_ERROR:

help: ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s%s\n", $$1, $$2}'

serve: $(VENV)/installed assets-if-npm ## Install what is needed, then serve on http://127.0.0.1:8000 (PORT, HOST, HUB_HOME)
	@$(BIN)/hub serve

test: $(VENV)/installed-dev assets-if-npm check ## All checks and all tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q

check: $(VENV)/installed-dev ## The checks alone: style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/installed-dev ## Measure the hub against PostGraphile, dlt, a Singer target and the floor (BENCH_ONLY=orders: sync alone)
	@$(BIN)/python -m tests.bench

bench-quick: $(VENV)/installed-dev ## The same with little data, in two minutes
	@$(BIN)/python -m tests.bench quick

sdl: $(VENV)/installed ## Write schema/schema.graphql anew
	@$(BIN)/hub sdl > schema/schema.graphql.new && mv schema/schema.graphql.new schema/schema.graphql

assets: $(VENV)/installed node_modules/installed ## The browser files of the IDE (needs npm)
	@$(BIN)/python -m hub.assets node_modules

lock: $(VENV)/installed-dev ## Resolve the locked versions anew (developers only)
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@printf 'setuptools>=80\n' | $(COMPILE) pyproject.toml - -o requirements.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt
	@npm install --package-lock-only --ignore-scripts
	@node -e '$(WITHOUT_FUNDING)'

clean: ## Remove what was installed; the data stays
	@rm -rf $(VENV) node_modules tests/bench/node_modules hub/static/vendor build dist *.egg-info

# What follows is called by the targets above.

$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" sh .ci/venv $(VENV)

$(VENV)/installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..."
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@$(PIP) -r requirements-dev.txt
	@touch $@

node_modules/installed: package.json package-lock.json .npmrc
	@npm ci --loglevel=error --ignore-scripts
	@touch $@

assets-if-npm: $(VENV)/installed
	@if $(BIN)/python -m hub.assets; then :; \
	elif ! command -v npm >/dev/null; then echo "npm is not here: the IDE page shows the schema's documentation instead."; \
	elif ! $(MAKE) --no-print-directory assets; then echo "npm failed: the IDE page shows the schema's documentation instead."; fi
