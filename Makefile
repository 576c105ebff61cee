# Needs GNU make, bash and Python 3.11 or newer; everything else goes into .venv and var.
SHELL := bash
export PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-fast test-opensearch3 kills airflow lint bench constraints clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 27

demo: ## Pull, transfer and publish a sample catalog through Airflow, and print where the page is
	@scripts/install.sh demo && $(BIN)/python examples/demo.py && echo "make demo took $$SECONDS s."

test: lint ## Everything that must hold: style, types, layers, all tests (browser tests too)
	@scripts/browser.sh
	@scripts/postgres.sh
	@scripts/opensearch.sh
	$(BIN)/pytest -n 2 --dist loadfile --durations=20

test-fast: ## The tests that take little time: no browser, no Airflow, no database server
	@scripts/install.sh test
	$(BIN)/pytest -n 2 --dist loadfile --fast

test-opensearch3: ## The tests of OpenSearch against OpenSearch 3, with a Java of its own
	@scripts/install.sh test && scripts/postgres.sh && OPENSEARCH_MAJOR=3 scripts/opensearch.sh
	OPENSEARCH_MAJOR=3 $(BIN)/pytest -n 2 --dist loadfile tests/services/test_opensearch*.py tests/services/test_rebuild*.py \
	    tests/repair/test_read_back.py

kills: ## Kill transfers into OpenSearch and PostgreSQL at random, and look whether anything is lost: NUMBER=300 SEED=1
	@scripts/install.sh test && scripts/postgres.sh && scripts/opensearch.sh
	$(BIN)/python -m tests.services.kills --number $(or $(NUMBER),300) --seed $(or $(SEED),1)

airflow: ## Airflow's components on loopback with these DAGs, to try the resync form; Ctrl-C ends them
	@scripts/install.sh demo
	@exec $(BIN)/python scripts/airflow_local.py

lint: ## Style, types and layers alone
	@scripts/install.sh test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: ## A million products to totals, from and to databases and search servers, scanned as CSV, as a report, against the least each can cost
	@scripts/install.sh test && scripts/browser.sh && scripts/postgres.sh && scripts/opensearch.sh
	$(BIN)/python benchmarks/first_sync.py
	$(BIN)/python -m benchmarks.postgres_pull
	$(BIN)/python -m benchmarks.sql_service
	$(BIN)/python -m benchmarks.opensearch_service
	$(BIN)/python benchmarks/network_sources.py
	$(BIN)/python benchmarks/csv_scan.py
	$(BIN)/python -m benchmarks.report --page docs/speed.md

constraints: ## Renew constraints.txt with what the registry holds today
	@scripts/install.sh demo
	printf '%s\n' hatchling uv | $(BIN)/uv pip compile --quiet --upgrade --universal --no-annotate --no-header \
	    --python-version 3.11 --all-extras pyproject.toml - --output-file constraints.txt

clean: ## Remove what was installed and what ran here: .venv, var, caches
	rm -rf .venv var dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
