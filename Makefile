# Each target installs what it needs, reports what it does, and is quick the second time.
.DEFAULT_GOAL := help
.PHONY: audit help setup demo test whole reliability bench features links wild docs pictures check lint clean

# A program that is started hundreds of times is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
READY = $(PYTHON) e2e/provision.py
BIN = .venv/bin
# The Gradio lines that the end-to-end tests run against; see LINES in e2e/provision.py.
GRADIO = gradio-6 gradio-5 gradio-4

help:
	@echo "make demo         record a small Gradio app in a real browser, print the script, run it, replay the session"
	@echo "make test         lint, types and every test, on the newest Gradio and one older version"
	@echo "make check        lint, types and the tests that need no browser"
	@echo "make whole        make test on every supported version of Gradio"
	@echo "make docs         build the documentation; a dead link is an error"
	@echo "make pictures     take the pictures in docs/pictures"
	@echo "make features     test every feature of Gradio on every version; writes docs/support.md"
	@echo "make reliability  test each promise many times; writes docs/promises.md"
	@echo "make bench        compare with similar tools; writes docs/benchmarks.md; KEEP=--keep keeps the result"
	@echo "make links        measure how well links are found; writes docs/links.md; SEEDS=FIRST:END"
	@echo "make wild         record and run jobs in real applications; writes docs/wild.md; APPS='marimo prefect'"
	@echo "make clean        remove everything that these commands made"

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
	RECORDER_MANY=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m promise --junit-xml test-results/promises.xml; \
	code=$$?; $(BIN)/python -m tests.tables promises test-results/promises.xml docs/promises.md && exit $$code

# Run it on an idle machine. With KEEP=--keep the next run is compared with this one.
bench:
	@$(READY) venv browser gradio-6 peers
	$(BIN)/python -m tests.benchmarks --write docs/benchmarks.md $(KEEP)

SEEDS ?= 200000:204000
links:
	@$(READY) venv
	$(BIN)/python -m tests.dataflow --seeds $(SEEDS) --jobs 2 --write docs/links.md

# Applications are installed into .venvs/wild; APPS="marimo prefect" tries only these, and then writes no table.
wild:
	@$(READY) venv browser
	$(BIN)/python -m e2e.wild $(or $(APPS),--write docs/wild.md)

features: setup
	$(BIN)/python -m pytest -n auto e2e/test_end_to_end.py e2e/test_media.py -m feature --whole \
		--junit-xml test-results/features.xml; \
	code=$$?; $(BIN)/python -m tests.tables features test-results/features.xml docs/support.md && exit $$code

docs:
	@$(READY) venv docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --clean
	@echo "the documentation is in build/docs/index.html"

pictures:
	@$(READY) venv browser gradio-6
	$(BIN)/python -m e2e.demo.pictures

clean:
	rm -rf .venv .venvs node_modules demo-out dist build test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis
