# Everything runs from .venv in this folder; nothing outside the checkout is touched, but that the
# tests' databases live in /dev/shm where that has room.
# Only python3 (3.11 or later, with pip and venv) and make are needed beforehand.

PYTHON ?= python3
BIN := .venv/bin
MEDVERKA := $(BIN)/python cli.py
SQL := $(wildcard migrations/[0-9]*.sql)
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-emit-index-url --no-emit-find-links pyproject.toml

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help demo serve worker test check fix openapi schema migrate doctor requirements

demo serve worker: export MEDVERKA_MODE = development

help: ## what can be made
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# What the benches compare with. Everything of requirements-dev.txt is in it, at the same versions.
.venv/.bench: requirements-bench.txt .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $@

demo: .venv/.ready ## play the whole story on an own PostgreSQL and show it
	$(MEDVERKA) demo

serve: .venv/.ready ## the API in development mode, on loopback
	$(MEDVERKA) serve

worker: .venv/.ready ## the worker in development mode
	$(MEDVERKA) worker

# As many at once as there are processors, each with databases of its own on one server.
test: .venv/.ready ## all tests, on a real PostgreSQL
	$(BIN)/pytest -n logical --maxprocesses 8 --dist worksteal

check: .venv/.ready ## linters, types, migrations, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(if $(SQL),$(BIN)/squawk $(SQL))
	$(MEDVERKA) openapi | diff -u openapi.yaml - || { echo 'run: make openapi' >&2; false; }
	$(MEDVERKA) schema | diff -u migrations/schema.sql - || { echo 'run: make schema' >&2; false; }
	$(BIN)/pytest --quiet tests/test_requirements.py

fix: .venv/.ready ## format, and mend what the linter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

openapi: .venv/.ready ## write openapi.yaml from the code
	$(MEDVERKA) openapi > .openapi.new && mv .openapi.new openapi.yaml

schema: .venv/.ready ## write migrations/schema.sql from the migrations
	$(MEDVERKA) schema > .schema.new && mv .schema.new migrations/schema.sql

migrate: .venv/.ready ## bring the database up to date (DATABASE_URL, or the own server)
	$(MEDVERKA) migrate

doctor: .venv/.ready ## look over configuration, database, roles and keys
	$(MEDVERKA) doctor

bench-%: .venv/.ready ## measure: make bench-consent
	$(BIN)/python -m bench.$(subst -,_,$*)

bench-ingest: .venv/.bench

drill-%: .venv/.ready ## faults and races: make drill-revocation N=10 MUTANT=1
	$(BIN)/python -m tests.drills.$(subst -,_,$*)

requirements: .venv/.ready ## pin what pyproject.toml asks for (needs a package index)
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --output-file requirements-dev.txt
	$(COMPILE) --extra dev --extra bench --output-file requirements-bench.txt
