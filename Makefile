# Commands of the project; see README.md. `make install` is a no-op when nothing changed.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONTROL_PLANE_TESTS := $(addprefix packages/graph-olap-server/tests/,store api jobs cli domain)
MANIFESTS := constraints.txt VERSION packages/graph-olap-sdk/pyproject.toml packages/graph-olap-server/pyproject.toml requirements-dev.txt

# Kept bytecode halves the time of collecting the tests, and spares each of the hundreds of processes that they start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: test-platform test-packages install demo test test-slow test-postgres check format bench serve sync clean

install: $(STAMP)

$(STAMP): $(MANIFESTS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none of python3, python3.11-3.13 is. Set PYTHON=/path/to/python."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Creating the virtual environment failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e "packages/graph-olap-sdk[all]" -e "packages/graph-olap-server[ladybug,demo]" -r requirements-dev.txt
	@touch $(STAMP)

demo: install
	@$(BIN)/graph-olap demo

# Two at a time, a file after the other. The platform's tests run pages and notebooks, which leave their traces in a process.
test: test-platform test-packages

test-platform: install
	@$(BIN)/python -m pytest -m "not slow" -q -n 2 --dist loadfile --no-loadscope-reorder tests

test-packages: install
	@$(BIN)/python -m pytest -m "not slow" -q -n 2 --dist loadfile --no-loadscope-reorder packages

test-slow: install
	@$(BIN)/python -m pytest -m slow -q -n 2 packages tests

# The control plane's tests on a private PostgreSQL; Debian and Ubuntu: apt-get install postgresql.
test-postgres: install
	@GRAPH_OLAP_TEST_DATABASE=postgres $(BIN)/python -m pytest -m "not slow" -q -n 2 --dist loadfile $(CONTROL_PLANE_TESTS)

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python scripts/generate_algorithms.py --check
	@$(BIN)/python scripts/unasync.py --check
	@$(BIN)/mypy packages/graph-olap-sdk/src packages/graph-olap-server/src
	@$(BIN)/python -m pytest -q tests/test_import_rules.py tests/test_docs.py tests/test_repository.py

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sync: install
	@$(BIN)/python scripts/generate_algorithms.py
	@$(BIN)/python scripts/unasync.py

bench: install
	@$(BIN)/python -m benchmarks

serve: install
	@$(BIN)/graph-olap serve

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
