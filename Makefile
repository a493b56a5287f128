# Everything a user or contributor runs. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# One release build serves everything: the program, the unit tests and the end-to-end tests.
BUILD   := .build/release
FANFARE := $(BUILD)/fanfare
SIMULATE := $(BUILD)/fanfare-simulate
PYTHON  := .venv-tests/bin/python
IMAGE   ?= fanfare:dev
# Narrow a run: make test-unit FILTER=SigningTests, make test-e2e ARGS='-k reload -x'.
FILTER  ?=
ARGS    ?=
# End-to-end tests beside each other: they wait more than they work.
WORKERS ?= 4
# The librdkafka that end-to-end tests run the program with: system, new, or (without one) some tests with both.
LIBRDKAFKA ?=
# 1: end-to-end tests that fail beside others run once more alone, before they count.
AGAIN   ?=
# Of make faults: other seeds each time, unless one is given.
ROUNDS  ?= 50
SEED    := $(or $(SEED),$(shell date +%s))
REPORT  ?=

# Progress on a terminal, only what went wrong in a log.
QUIET := $(shell [ -t 2 ] || printf -- --quiet)

stage = @printf '\n== %s\n' "$(1)"

.PHONY: help demo build test test-unit test-simulator soak test-e2e test-faults faults rolling test-packaging test-docs lint docs mutations instructions mutants fuzz sanitize sanitize-address sanitize-thread bench bench-plots bench-delivery bench-isolation bench-lateness bench-outage bench-memory bench-receipts bench-filters filters-page pictures schemas check image dist clean install-build install-test build-tests

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## install what is missing, build, and show it working: embedded Kafka, live deliveries
	$(call stage,demo)
	@$(FANFARE) demo

build: install-build ## the program, optimised: .build/release/fanfare
	$(call stage,build (the first one takes a few minutes))
	@swift build $(QUIET) --configuration release --product fanfare

test: test-unit test-simulator mutations instructions test-packaging test-docs test-e2e test-faults ## every test: unit, simulator and whether it finds bugs, what an event costs, packaging, documentation, end to end, kill -9

test-unit: build-tests ## the Swift tests (FILTER=name)
	$(call stage,unit tests)
	@swift test --configuration release --skip-build --disable-xctest $(if $(FILTER),--filter '$(FILTER)')

test-simulator: build-tests ## the engine in 3,000 random worlds full of faults, and in as many with windows (SEEDS=1-3000)
	$(call stage,simulator)
	@$(SIMULATE) run --seeds $(or $(SEEDS),1-3000) $(ARGS)
	$(call stage,simulator: windows)
	@$(SIMULATE) windows --seeds $(or $(SEEDS),1-3000) $(ARGS)

soak: install-build ## the same with as many seeds as you like, on all processors (SEEDS=1-1000000)
	@swift build $(QUIET) --configuration release --product fanfare-simulate
	$(call stage,soak)
	@$(SIMULATE) run --keep-going --seeds $(or $(SEEDS),1-100000) $(ARGS)
	$(call stage,soak: windows)
	@$(SIMULATE) windows --keep-going --seeds $(or $(SEEDS),1-100000) $(ARGS)

test-packaging: build-tests install-test ## the Helm chart, the Dockerfile, the packages, the workflows
	$(call stage,packaging tests)
	@$(PYTHON) scripts/helm-binaries
	@FANFARE_PROGRAM=$(FANFARE) $(PYTHON) -m pytest Tests/HelmTests
	@FANFARE_PROGRAM=$(FANFARE) $(PYTHON) -m pytest Tests/Packaging

test-docs: build-tests install-test ## what README.md and docs/ say (ARGS='-k name')
	$(call stage,documentation tests)
	@FANFARE_PROGRAM=$(FANFARE) $(PYTHON) -m pytest Tests/Documentation $(ARGS)

test-e2e: build-tests install-test ## the real program against an embedded Kafka and misbehaving endpoints (ARGS='-k name' LIBRDKAFKA=new)
	$(call stage,end-to-end tests)
	@FANFARE_PROGRAM=$(FANFARE) LIBRDKAFKA=$(LIBRDKAFKA) AGAIN=$(AGAIN) scripts/end-to-end --numprocesses $(WORKERS) Tests/EndToEnd $(ARGS)

rolling: build install-test ## three replicas restarted in turn under load: the figures go to docs/figures/rolling.json
	$(call stage,rolling restart)
	@FANFARE_PROGRAM=$(FANFARE) FANFARE_REPORT=docs/figures FANFARE_ROLLING_RATE=100 FANFARE_ROLLING_QUIET=20 \
		$(PYTHON) -m pytest Tests/EndToEnd/test_rolling.py $(ARGS)

test-faults: build-tests install-test ## kill -9 at random moments, a few rounds; the books balance (ARGS='-x')
	$(call stage,kill -9)
	@FANFARE_PROGRAM=$(FANFARE) $(PYTHON) -m pytest --numprocesses 2 Tests/Faults $(ARGS)

faults: build install-test ## many rounds of kill -9 with seeds of their own (ROUNDS=50 SEED=1 REPORT=file.json)
	$(call stage,kill -9: $(ROUNDS) rounds from seed $(SEED))
	@FANFARE_PROGRAM=$(FANFARE) FANFARE_ROUNDS=$(ROUNDS) FANFARE_SEED=$(SEED) FANFARE_REPORT=$(REPORT) \
		$(PYTHON) -m pytest --numprocesses 2 Tests/Faults $(ARGS)

instructions: build-tests install-test ## what an event costs in instructions and allocations, stage by stage; fails when it became 5% dearer (ARGS=--write)
	$(call stage,instructions)
	@Tests/Instructions/check.py $(ARGS)

lint: ## swift format's lint rules and ruff over the tests and scripts; builds nothing, takes seconds
	@scripts/install lint
	@scripts/lint

docs: build ## the reference of all targets by DocC, into .build/docs; fails on a warning, such as a link that leads nowhere
	$(call stage,reference)
	@scripts/docc $(BUILD) .build/docs

mutations: install-build ## deliberate bugs in the engine, each of which the simulator must find (ARGS='--seeds 500 probe-storm')
	$(call stage,mutations)
	@python3 Tests/Mutations/check.py $(ARGS)

mutants: install-build ## change the engine in thousands of small ways; lists what nothing notices (ARGS='Cursor Ring')
	$(call stage,mutants)
	@python3 Tests/Mutations/hunt.py $(ARGS)

fuzz: install-build ## libFuzzer on every parser that reads what others wrote (SECONDS_EACH=60 ARGS='json avro')
	@scripts/fuzz $(ARGS)

sanitize: sanitize-address sanitize-thread ## unit and end-to-end tests under the address and the thread sanitizer; each alone: sanitize-thread

sanitize-address sanitize-thread: install-build install-test
	@FILTER='$(FILTER)' ARGS='$(ARGS)' scripts/sanitize $(@:sanitize-%=%)

bench: build ## how fast, beside load generators, floors in C and other bridges, held to its aims (ARGS='--only delivery,latency')
	@scripts/install bench
	$(call stage,benchmark)
	@$(PYTHON) bench/suite.py --program $(FANFARE) --save bench/results/suite.json $(ARGS)

bench-plots: build ## curves over subscriptions, filters, partitions, shards and backlog: docs/figures/*.png
	@scripts/install bench
	$(call stage,benchmark: curves)
	@$(PYTHON) bench/suite.py --program $(FANFARE) --only curves --save bench/results/curves.json $(ARGS)
	@.venv-bench/bin/python bench/plots.py bench/results/curves.json docs/figures

bench-delivery: build ## deliveries per second beside wrk with the same requests, and what receipts and traces cost (ARGS=--overhead)
	@scripts/install bench
	$(call stage,benchmark: delivery)
	@$(PYTHON) bench/delivery.py --program $(FANFARE) $(ARGS)

bench-isolation: build ## how much longer a healthy subscription waits beside dead, slow, failing, lagging ones (ARGS='--quick')
	@scripts/install bench
	$(call stage,benchmark: isolation)
	@$(PYTHON) bench/isolation.py --program $(FANFARE) $(ARGS)

bench-lateness: build ## how late retries are, and that none is early (ARGS='--quick')
	@scripts/install bench
	$(call stage,benchmark: lateness of retries)
	@$(PYTHON) bench/lateness.py --program $(FANFARE) $(ARGS)

bench-outage: build ## endpoints that are down, hang, flap, pace or refuse single events: what it costs, and how they come back (ARGS='--quick')
	@scripts/install bench
	$(call stage,benchmark: outages)
	@$(PYTHON) bench/outage.py --program $(FANFARE) $(ARGS)

bench-memory: build ## resident memory with a million events before a thousand subscriptions (ARGS='--quick')
	@scripts/install bench
	$(call stage,benchmark: memory)
	@$(PYTHON) bench/memory.py --program $(FANFARE) $(ARGS)

bench-receipts: build ## how quickly an index of two million receipts is made, and answers beside a scan (ARGS='--quick')
	@scripts/install bench
	$(call stage,benchmark: the index of receipts)
	@$(PYTHON) bench/receipts.py --program $(FANFARE) $(ARGS)

bench-filters: install-build ## events per second through 1 to 100,000 filters on one core, beside running them one by one (ARGS='--quick')
	@swift build $(QUIET) --configuration release --product fanfare-measure
	$(call stage,benchmark: filters)
	@python3 bench/filters.py $(ARGS)

filters-page: build ## writes docs/FILTERS.md from the program's catalog of filters
	@python3 scripts/filters-page --program $(FANFARE)

pictures: build install-test ## what the demo shows, in a terminal and in the console: docs/figures/demo.svg, docs/figures/console.png
	@python3 scripts/demo-picture $(FANFARE) >docs/figures/demo.svg.new
	@mv docs/figures/demo.svg.new docs/figures/demo.svg
	@$(PYTHON) scripts/console-picture $(FANFARE) docs/figures/console.png

schemas: build ## what the program knows of its files, for editors and for the chart
	@$(FANFARE) schema manifest >topics/schema.json
	@FANFARE_PROGRAM=$(FANFARE) scripts/helm-schema

check: build ## the manifests in topics/ are right, as the demo runs them: its receiver is on this machine
	@FANFARE_EGRESS_ALLOWHTTP=true FANFARE_EGRESS_ALLOWPRIVATE=true $(FANFARE) check

image: ## the container image (IMAGE=name:tag)
	docker build --tag $(IMAGE) --build-arg REVISION=$$(git rev-parse HEAD) .

dist: install-build ## packages for others, into dist/: a tarball and a Debian package with their sums (a build of its own, linked statically to Swift)
	@scripts/install dist
	$(call stage,build for distribution (takes a few minutes))
	@swift build $(QUIET) --configuration release --product fanfare --static-swift-stdlib --scratch-path .build-dist
	$(call stage,packages)
	@scripts/dist .build-dist/release/fanfare dist

clean: ## remove what was built (not the Python packages of the tests: .venv-tests)
	rm -rf .build .build-address .build-thread .build-fuzz .build-mutations .build-mutants .build-dist dist bench/results
	find Tests bench -name __pycache__ -prune -exec rm -rf {} +

install-build:
	@scripts/install build

install-test:
	@scripts/install test

# Tests and program in one build: swift test alone would build everything again with other flags.
build-tests: install-build install-test
	$(call stage,build the program and its tests (the first one takes a few minutes))
	@swift build $(QUIET) --configuration release --build-tests
