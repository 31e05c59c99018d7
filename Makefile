# Both commands do all their own set-up, say what they do, and are quick the second time.
.DEFAULT_GOAL := help
.PHONY: audit help setup demo test whole reliability bench features links wild pictures check lint clean

# A program that is started hundreds of times is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
READY = $(PYTHON) e2e/provision.py
BIN = .venv/bin
# The Gradio lines that the end-to-end tests run against; see LINES in e2e/provision.py.
GRADIO = gradio-6 gradio-5 gradio-4

help:
	@echo "make demo    record a small Gradio app in a real browser, print the script, run it, replay it"
	@echo "make test    everything: lint, types, and all tests in one run"
	@echo "make check   the part that takes seconds: lint, types, tests without a browser"
	@echo "make whole   the same with every test on every line of Gradio, not on the newest and one other"
	@echo "make reliability  nothing lost, nobody in: each promise tried many times, and the table of it in README.md"
	@echo "make bench   how fast it is beside its neighbours, as the table and the figure in README.md"
	@echo "make links     how well links are found, and the table of it in docs/links.md; SEEDS=FIRST:END"
	@echo "make features  every feature of Gradio on every line, and the table of it in README.md"
	@echo "make wild      real applications from PyPI and npm: record a job in each, run its script, and the table in docs/wild.md"
	@echo "make pictures  the pictures in docs/pictures, taken of the demo's app in a real browser"
	@echo "make clean   remove what the others made"

setup:
	@$(READY) venv node shell browser $(GRADIO)

demo:
	@$(READY) venv browser gradio-6
	@$(BIN)/python -m e2e.demo.run

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	node_modules/.bin/tsc --project .

# Known advisories against what is installed; that nobody can be asked is said and is no failure.
audit:
	@said=$$($(BIN)/python -m pip_audit --skip-editable --progress-spinner off 2>&1) && echo "$$said" || \
	case $$said in \
		*"Found "*" vulnerabilit"*) echo "$$said"; exit 1 ;; \
		*) echo "pip-audit could not ask a registry for advisories: the dependencies were not checked" ;; \
	esac

check:
	@$(READY) venv node shell
	@$(MAKE) --no-print-directory lint audit
	$(BIN)/python -m pytest tests

test: setup
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto

whole: setup
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto --whole

reliability: setup
	RECORDER_MANY=1 $(BIN)/python -m pytest -n 2 --dist loadfile --promises README.md

# A machine that does nothing else is wanted. KEEP=--keep holds the next run against this one.
bench:
	@$(READY) venv browser gradio-6 peers
	$(BIN)/python -m tests.benchmarks --readme README.md $(KEEP)

SEEDS ?= 200000:204000
links:
	@$(READY) venv
	$(BIN)/python -m tests.dataflow --seeds $(SEEDS) --jobs 2 --write docs/links.md

# Applications are installed into .venvs/wild; APPS="marimo prefect" tries only these, and then writes no table.
wild:
	@$(READY) venv browser
	$(BIN)/python -m e2e.wild $(or $(APPS),--markdown docs/wild.md)

features: setup
	$(BIN)/python -m pytest -n auto e2e/test_end_to_end.py e2e/test_media.py --features README.md

pictures:
	@$(READY) venv browser gradio-6
	$(BIN)/python -m e2e.demo.pictures

clean:
	rm -rf .venv .venvs node_modules demo-out dist build test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis
