# SPDX-License-Identifier: BSD-3-Clause
# Everything that is typed twice. `make` alone shows what there is.
#
# PYTHON=python3.13 chooses another Python (3.11 or newer) for .venv.
# CC=clang chooses another C compiler for a build that does not exist yet.

PYTHON ?= python3
UPSTREAM ?= ../shared/upstream

# Tools of .venv come first: there lie CMake and Ninja where the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run test check bench upstream docs-check wheel build clean \
	venv venv-test venv-bench
.NOTPARALLEL:

help: ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | \
	while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: build ## Build the library and find the edges of a photograph
	python example/pycextension.py

test: venv-test ## C tests, then the Python tests
	scripts/build -DFEATURE_TESTS=ON
	ctest --test-dir lib/cpp/build --parallel "$$(nproc)" --output-on-failure
	python -m pytest -n "$$(nproc)" --dist worksteal tests

check: venv-test ## The same under AddressSanitizer and UBSan
	scripts/sanitize

bench: build venv-bench ## Time this library against its peers
	python benchmarks/bench.py

upstream: build venv-test ## scikit-image's own tests, run on this (UPSTREAM=DIR)
	scripts/upstream "$(UPSTREAM)"

docs-check: build venv-test ## Run the README's commands and the docstrings' examples
	python scripts/docs_check.py

wheel: build venv-test ## Make a wheel in build/dist, try it in a new environment
	scripts/wheel

build: venv
	scripts/build

venv:
	@scripts/venv requirements.txt

venv-test: venv
	@scripts/venv requirements-test.txt

venv-bench: venv-test
	@scripts/venv requirements-bench.txt

clean: ## Remove all that was built, .venv too
	rm -rf .venv build out lib/cpp/build lib/cpp/out lib/cpp/bin
	rm -rf .pytest_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
