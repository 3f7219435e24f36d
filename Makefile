# Everything sets itself up from a bare Python 3.11 or newer, and does nothing the second time.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)
READY := .venv/.ready-$(shell cat requirements.lock pyproject.toml $(PLUGINS) 2>/dev/null | cksum | tr ' ' '-')
# Of sepaxml only its schemas are read, by a test; what its code needs is not installed.
UNUSED := --no-emit-package elementpath --no-emit-package text-unidecode --no-emit-package xmlschema
EDITABLE := -e . $(patsubst %/pyproject.toml,-e %,$(filter-out plugins/template/%,$(PLUGINS)))

.PHONY: demo test check sdl bench bench-read fuzz lock sbom ready

demo: ready
	$(BIN)/mains demo $(ARGS)

test: ready
	$(BIN)/pytest $(or $(ARGS),-q -n auto --dist loadfile -m "not slow")

check: ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/house

sdl: ready
	$(BIN)/mains sdl

bench: ready
	$(BIN)/python -m bench $(ARGS)

bench-read: ready
	$(BIN)/python -m bench read_path

fuzz: ready
	MAINS_FUZZ_DOCUMENTS=$(or $(DOCUMENTS),20000) $(BIN)/pytest -q -s tests/schema/test_fuzz.py::test_both_executors_answer_alike

lock: ready
	$(BIN)/python -m pip install --quiet uv
	printf -- '-e ./plugins/spi\n-e ./plugins/kit\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --all-extras \
		--no-emit-package mains-spi --no-emit-package mains-kit $(UNUSED) \
		--output-file requirements.lock - pyproject.toml $(filter-out plugins/template/%,$(PLUGINS))
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --extra documents --constraints requirements.lock --no-emit-package mains-spi \
		--output-file requirements.server.lock pyproject.toml plugins/spi/pyproject.toml

sbom: ready
	$(BIN)/python -m bench.sbom > sbom.cdx.json

ready: $(READY)

$(READY):
	@test -n "$(PYTHON)" || { echo "Mains needs Python 3.11 or newer with its venv module (on Debian: apt install python3-venv); none was found."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(EDITABLE)
	@rm -f .venv/.ready-*
	@touch $@
