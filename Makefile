# Two commands do everything on a fresh machine with Python 3.11: `make run` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-ready
DEV := $(VENV)/.dev-ready
ASSETS := $(VENV)/.assets-ready
OUT ?= out
LEDGER ?=
BODY ?=
PORT ?= 8054
# make bench SIZE=all measures 10 million lines too (some minutes, 3 GB of disk).
SIZE ?= some
export BODY

.PHONY: run install test assure bench check ledgers-report lock clean

run: $(RUN) $(ASSETS)
ifeq ($(LEDGER),)
	@exec $(BIN)/section54 serve --data $(OUT)/fenland --port $(PORT) --sample
else
	@exec $(BIN)/section54 serve --data $(OUT)/own --port $(PORT) --body "$$BODY" $(LEDGER)
endif

# Sets up what `make run` needs, and runs nothing: for docs/deploy.md.
install: $(RUN) $(ASSETS)

test: $(DEV) $(ASSETS)
	@$(BIN)/python tools/check.py
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: $(DEV)
	@$(BIN)/python tools/check.py

assure: $(DEV) $(ASSETS)
	@$(BIN)/python tools/assure.py

bench: $(DEV)
	@$(BIN)/python tools/bench.py --size $(SIZE)

ledgers-report: $(DEV)
	@$(BIN)/python tools/ledgers_report.py

# The lock files are made by uv from pyproject.toml; commit what this changes.
lock: $(DEV)
	@$(BIN)/uv pip compile --python $(BIN)/python --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -q pyproject.toml --extra web -o requirements/run.lock
	@$(BIN)/uv pip compile --python $(BIN)/python --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -q pyproject.toml --extra web --group dev -o requirements/dev.lock
	@$(BIN)/uv pip compile --python $(BIN)/python --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -q requirements/tools.in -o requirements/tools.lock

clean:
	rm -rf $(VENV) out

$(VENV)/bin/uv: requirements/tools.lock
	@$(PYTHON) tools/need_python.py
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

$(RUN): requirements/run.lock pyproject.toml $(VENV)/bin/uv
	@echo "Setting up (once) …"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/run.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.lock pyproject.toml $(VENV)/bin/uv
	@echo "Setting up for tests (once) …"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ $(RUN)

# The pages' style sheet and scripts; node comes from the machine or from the Python package index.
$(ASSETS): $(wildcard src/section54/ui/assets/*) tools/assets.py $(VENV)/bin/uv
	@$(BIN)/python tools/assets.py
	@touch $@
