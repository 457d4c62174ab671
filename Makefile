# Two commands do everything: `make demo` shows it, `make test` proves it. PYTHON=... picks the Python.
PYTHON ?= python3
export PYTHON

# Caches go to the user's home as always; without one they stay in the checkout.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.home
endif

# Only Pythons that are on this machine; uv would look for others on the net.
export UV_PYTHON_DOWNLOADS := never

# Airflow 2.7 and 2.8 run on no newer Python; without one, the tests on 2.7.3 say so and are left out.
OLDEST_PYTHON := $(shell for python in "$(PYTHON)" python3.11 python3.10; do "$$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11) or print(sys.executable))' 2>/dev/null && break; done)
export OLDEST_PYTHON := $(or $(OLDEST_PYTHON),python3.11)

.PHONY: demo test nodes clients docs lint format constraints clean

demo: ## Start Airflow with this plugin below .demo/, deploy a workflow with curl, watch it run
	@scripts/demo

test: .venv ## Run what CI runs, but for the generated clients; the large installation where this is root
	@scripts/install_debian_packages tests
	@.venv/bin/tox run
	@if scripts/can_make_machines; then $(MAKE) --no-print-directory nodes; else echo 'NOT RUN: tests/nodes'; fi

nodes: .venv ## Run the tests of the large installation: Celery, two webservers, two workers; as root
	@scripts/can_make_machines
	@scripts/install_debian_packages tests
	@scripts/install_debian_packages nodes
	@.venv/bin/tox run -e nodes,nodes-database

clients: .venv ## Generate, compile and drive clients in four languages; run the specification's linters
	@scripts/install_debian_packages tests
	@scripts/install_debian_packages clients
	@.venv/bin/tox run -e clients

docs: .venv ## Make the documentation as a site, build/site
	@.venv/bin/tox run -e docs

lint: .venv ## Run the linters, mypy and import-linter alone
	@.venv/bin/tox run -e lint

format: .venv ## Rewrite the code as ruff wants it
	@.venv/bin/tox run -e format

constraints: .venv ## Move the pinned versions to what PyPI has now (see the dates in the script)
	@scripts/update_constraints

.PHONY: .venv
.venv: # The tools; tox makes its own environments from there
	@scripts/make_environment .venv tox tox-uv pre-commit

clean: ## Remove everything that was made
	rm -rf .venv .tox .demo .home build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
