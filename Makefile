# `make demo` and `make test` do all the set-up they need. It goes into .venv and nowhere else (what is large has a folder
# of its own: `make readers` and `make spark` .venv-readers, `make stores` .venv-integrations, `make airflow` .venv-airflow and
# .venv-airflow2, `make docs` .venv-docs, `make bench` .venv-before and .venv-now); uv does it
# where it is on PATH, else venv and pip, from the same locks with the same hashes.

PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
BUILD := hatchling>=1.27
SPREAD := -n auto --dist loadfile --no-loadscope-reorder
BEFORE := d1449a34ae1dc3d686e19ca2709bd1644c60c7f6
PAGE := $(if $(FULL),STRIPE_BALANCE_INTEGRATIONS_PAGE=docs/integrations.md)

# What is compiled is kept beside its source, also where containers ask for the contrary: else each test that starts a
# program compiles all of it again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check mutants readers spark stores airflow integrations docs pictures bench drawing lock clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: .venv/.run  ## run the main job on the built-in Stripe: no account, no key
	@$(BIN)/stripe-balance demo
	@echo "(stripe-balance is in $(BIN); to have it at hand: source $(BIN)/activate)"

test: .venv/.dev  ## run the tests that are quick, some on each core
	@TESTS=quick $(BIN)/python -m pytest -q $(SPREAD) -m 'not slow'

test-all: .venv/.dev  ## run every test, as long as it takes
	@TESTS=thorough $(BIN)/python -m pytest -q $(SPREAD)

mutants: .venv/.dev  ## change the program in many places: do the tests notice? (SAMPLE=, SEED=, AREAS=, JOBS=; table formats once `make integrations` ran)
	@$(if $(wildcard .venv-integrations/.done),.venv-integrations/bin,$(BIN))/python tests/mutation/measure.py $(AREAS) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS))

check: .venv/.dev  ## format, lint, types, layers, then the quick tests
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/pyright
	@$(BIN)/pyright -p tests
	@$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

readers: .venv-readers/.done  ## run what reads a lake, Spark and all: 2 GB of packages, and Java 17
	@STRIPE_BALANCE_ALL_READERS=1 .venv-readers/bin/python -m pytest -q -p no:cacheprovider tests/readers

spark: .venv-readers/.done  ## run a sync by tasks and the data source in a real Spark, on loopback: Java 17, packages of `make readers` (FULL=1: the long ones, too)
	@STRIPE_BALANCE_SPARK=1 $(PAGE) .venv-readers/bin/python -m pytest -q -p no:cacheprovider $(if $(FULL),,-m 'not slow') tests/spark/live

integrations: stores spark airflow  ## run these three, one after the other (FULL=1: and put what was shown into docs/integrations.md)

stores: .venv-integrations/.done  ## run what needs real stores, started on loopback from packages (Azurite: Node 20; FULL=1: the long ones, too)
	@STRIPE_BALANCE_ALL_INTEGRATIONS=1 $(PAGE) .venv-integrations/bin/python -m pytest -q -p no:cacheprovider $(if $(FULL),,-m 'not slow') tests/integrations tests/lake/catalogs tests/ingest/test_sync_tables.py tests/spark/test_tables.py tests/conversion tests/lake/reading/test_versions.py

airflow: .venv-airflow/.done .venv-airflow2/.done  ## run the operators in Airflow 3 and 2.11 at once, on loopback: 1 GB of packages (FULL=1: the long ones, too)
	@STRIPE_BALANCE_AIRFLOW=1 $(PAGE) .venv-airflow2/bin/python -m pytest -q -p no:cacheprovider $(if $(FULL),,-m 'not slow') tests/airflow/live >.venv-airflow2/said.log 2>&1 & \
	other=$$!; trap 'kill $$other 2>/dev/null' EXIT; \
	STRIPE_BALANCE_AIRFLOW=1 $(PAGE) .venv-airflow/bin/python -m pytest -q -p no:cacheprovider $(if $(FULL),,-m 'not slow') tests/airflow/live; status=$$?; \
	wait $$other || status=1; cat .venv-airflow2/said.log; exit $$status

docs: .venv-docs/.done  ## build the documentation as a site, build/docs/html, and check it: what warns, leads nowhere or asks another host fails
	@.venv-docs/bin/python docs/site/stage.py build/docs/source
	@.venv-docs/bin/sphinx-build --builder html --conf-dir docs/site --jobs 2 --quiet --fresh-env --fail-on-warning build/docs/source build/docs/html
	@.venv-docs/bin/python docs/site/check.py build/docs/html
	@echo "the site is in build/docs/html/index.html"

pictures: .venv/.dev  ## record anew what commands show, and the page of a report (Chromium), into docs/: only what shows something else
	@$(BIN)/python docs/site/record.py

bench: .venv/.dev .venv-before/.done .venv-now/.done  ## measure beside a script and an older state, write docs/benchmarks.md (SCENARIO=, KEEP=1, FULL=1)
	@$(BIN)/python tests/benchmarks/bench.py $(SCENARIO) $(if $(KEEP),--keep) $(if $(FULL),--full) --before $(BEFORE)

drawing: .venv/.dev  ## draw the layers anew, into docs/architecture.svg
	@$(BIN)/python -m tests.support.architecture

lock:  ## resolve the dependencies anew (needs uv)
	@echo '$(BUILD)' | $(LOCK) --upgrade --extra dev pyproject.toml - -o requirements.lock
	@echo '$(BUILD)' | $(LOCK) --upgrade --constraint requirements.lock pyproject.toml - -o requirements-run.lock
	@echo '$(BUILD)' | $(LOCK) --upgrade --extra readers pyproject.toml - -o requirements-readers.lock
	@echo '$(BUILD)' | $(LOCK) --upgrade --constraint requirements-run.lock --extra integrations pyproject.toml - -o requirements-integrations.lock
	@echo '$(BUILD)' | $(LOCK) --upgrade --constraint requirements-run.lock --extra docs pyproject.toml - -o requirements-docs.lock
	@printf '%s\n' '$(BUILD)' 'apache-airflow>=3.3,<3.4' | $(LOCK) --upgrade --constraint requirements-run.lock --extra live pyproject.toml - -o requirements-airflow.lock
	@printf '%s\n' '$(BUILD)' 'apache-airflow>=2.11,<3' | $(LOCK) --upgrade --extra live pyproject.toml - -o requirements-airflow2.lock

clean:  ## remove what these commands made
	@rm -rf .venv .venv-readers .venv-integrations .venv-airflow .venv-airflow2 .venv-docs .venv-before .venv-now demo-lake build dist .hypothesis .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as old as the last installation: a newer lock or pyproject.toml has it done again.
.venv/.run: requirements-run.lock pyproject.toml
	$(call set-up,$<,.venv)
	@touch $@

.venv/.dev: requirements.lock pyproject.toml
	$(call set-up,$<,.venv)
	@touch $@ .venv/.run

.venv-readers/.done: requirements-readers.lock pyproject.toml
	$(call set-up,$<,.venv-readers)
	@touch $@

.venv-docs/.done: requirements-docs.lock pyproject.toml
	$(call set-up,$<,.venv-docs)
	@touch $@

.venv-airflow/.done: requirements-airflow.lock pyproject.toml
	$(call set-up,$<,.venv-airflow)
	@touch $@

.venv-airflow2/.done: requirements-airflow2.lock pyproject.toml
	$(call set-up,$<,.venv-airflow2)
	@touch $@

.venv-integrations/.done: requirements-integrations.lock tests/integrations/azurite/package-lock.json pyproject.toml
	$(call set-up,$<,.venv-integrations)
	@if npm --version >/dev/null 2>&1; then \
		cp tests/integrations/azurite/package*.json .venv-integrations/ && \
		npm ci --prefix .venv-integrations --no-fund --no-audit --silent; \
	else echo "Azurite is left out: it needs Node 20 and npm (apt-get install nodejs npm)" >&2; fi
	@touch $@

# An older state from the history, with its own lock, installed as users do.
.venv-before/.done:
	@git cat-file -e "$(BEFORE)^{commit}" 2>/dev/null || { \
		echo "commit $(BEFORE) is not there: make bench needs the whole history (git fetch --unshallow)" >&2; exit 1; }
	@rm -rf .venv-before && mkdir -p .venv-before/source
	@git archive $(BEFORE) | tar -x -C .venv-before/source
	$(call set-up,.venv-before/source/requirements-run.lock,.venv-before,.venv-before/source)
	@touch $@

# This state, installed as users do: what the tests need, such as pandas, would be imported along.
.venv-now/.done: requirements-run.lock pyproject.toml
	$(call set-up,$<,.venv-now)
	@touch $@

# The package itself is built by the hatchling of the lock, not by one fetched for the occasion.
define set-up
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(2) from $(1) (once)"
	@if uv --version >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(2) && \
		uv pip install --quiet --python $(2) --require-hashes -r $(1) && \
		uv pip install --quiet --python $(2) --no-deps --no-build-isolation $(or $(3),-e .); \
	else \
		"$(PYTHON)" -m venv $(2) && \
		$(2)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1) && \
		$(2)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation $(or $(3),-e .); \
	fi
endef
