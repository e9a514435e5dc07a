# Needs python3 (3.11 or later), make and bash; bin/setup fetches the rest and skips what is there.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests run test check bench pictures words lock clean

# Not named PYTHON: that is how a person tells bin/setup which interpreter to take.
IN_VENV := .venv/bin/python -m
PYTEST := $(IN_VENV) pytest
EXTRACT := --add-location=file --no-wrap --project=comments-service --version=0.1.0 \
	--msgid-bugs-address="the project" --sort-by-file
UPDATE := --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with the locked dependencies and the project itself
	@bin/setup

setup-tests: ## setup, and what tests need beyond Python: PostgreSQL and Chromium
	@bin/setup --tests

run: setup ## start the service with a demo page on SQLite
	@exec .venv/bin/comments-service serve --demo

test: setup-tests ## run every test: first without, then with a browser
	@status=0; \
	$(PYTEST) -n 2 tests --ignore=tests/browser || status=1; \
	CHROMIUM="$$(bin/setup --chromium)" $(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder tests/browser || status=1; \
	exit $$status

check: setup ## lint, formatting, types, and who may import whom
	@status=0; \
	$(IN_VENV) ruff check . || status=1; \
	$(IN_VENV) ruff format --check . || status=1; \
	$(IN_VENV) mypy --strict comments_service || status=1; \
	$(PYTEST) -q tests/test_architecture.py || status=1; \
	exit $$status

bench: setup ## measure speed under load
	@$(IN_VENV) bench

pictures: setup-tests ## draw the examples of docs/writing.md anew
	@CHROMIUM="$$(bin/setup --chromium)" $(IN_VENV) docs.writing.pictures

words: setup ## bring the catalogues in comments_service/locales up to what the code says
	@mkdir -p build
	@.venv/bin/pybabel -q extract -F pyproject.toml -k Sentence $(EXTRACT) -o build/comments.pot comments_service
	@.venv/bin/pybabel -q extract -F comments_service/locales/dashboard.cfg -k Note $(EXTRACT) -o build/dashboard.pot comments_service
	@.venv/bin/pybabel -q update -D comments -i build/comments.pot -d comments_service/locales $(UPDATE)
	@.venv/bin/pybabel -q update -D dashboard -i build/dashboard.pot -d comments_service/locales $(UPDATE)

lock: ## choose new versions of the dependencies (needs uv), then: make test
	@bin/setup --lock

clean: ## remove the virtual environment and the caches; data stays
	rm -rf .venv .setup.* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
