# Every target does its own set-up, and does nothing twice. All that it makes is in .venv,
# target and dist, and what fuzzing finds in fuzz.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# The first Python that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
PY := $(VENV)/bin/python
RUST := $(shell find src -name '*.rs' 2>/dev/null) Cargo.toml Cargo.lock pyproject.toml
CORE := --locked --no-default-features
KAFKA_VERSION := 4.3.1
# The ends of what dekaf speaks to, and what is widespread between them.
OLDER_KAFKA := 1.1.1 2.8.2 3.9.2 4.0.2

export PYRIGHT_PYTHON_CACHE_DIR := $(CURDIR)/$(VENV)/pyright
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# $(call need,command,what it is for): one line, not a traceback, where something is missing.
need = command -v $(1) >/dev/null 2>&1 || { echo "$(1) is missing: $(2)" >&2; exit 1; }

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# -- set-up -------------------------------------------------------------------------------

.PHONY: python-there rust-there kafka-there fuzz-there
python-there:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is missing: install it, or name it with PYTHON=…" >&2; exit 1; }

rust-there:
	@$(call need,cargo,install Rust 1.88 or later from https://rustup.rs)

fuzz-there: rust-there
	@cargo +nightly --version >/dev/null 2>&1 || { \
		echo "nightly Rust is missing: rustup toolchain install nightly; fuzzing needs its sanitizers" >&2; exit 1; }
	@$(call need,cargo-fuzz,cargo install cargo-fuzz --locked; it builds and runs the fuzz targets)

kafka-there:
	@$(call need,java,install a Java runtime 17 or later; the integration tests run Apache Kafka on it)
	@$(call need,javac,install a JDK 17 or later; the tests ask the Java client what it would do)
	@$(call need,mvn,install Apache Maven; it fetches Apache Kafka for the integration tests)

$(VENV)/requirements: requirements-dev.txt | python-there
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The package, editable, with its core built for development.
$(VENV)/package: $(RUST) $(VENV)/requirements | rust-there
	source $(VENV)/bin/activate && maturin develop --quiet --locked
	@touch $@

.PHONY: build kafka
build: $(VENV)/package ## Build the package into .venv

kafka: kafka-there $(VENV)/requirements ## Fetch Apache Kafka for the integration tests
	@$(PY) -m tests.kafka.prepare $(KAFKA_VERSION)

# -- what one wants -----------------------------------------------------------------------

.PHONY: demo
demo: build ## Produce a message to a broker in the box, and see it there
	@$(PY) -m tests.demo

.PHONY: test test-fast test-core test-faults test-versions test-faststream test-workers failover renewals security-peers soak trace-digest test-mutations fuzz
test: kafka-there test-core build kafka ## Run every test: Rust, unit, integration on Apache Kafka
	$(PY) -m pytest

test-fast: test-core build ## Run the tests that need no Java
	$(PY) -m pytest tests/unit tests/benches

test-core: rust-there ## Run the core's tests, without Python
	cargo test --quiet $(CORE)

test-faults: build kafka ## Run what takes minutes: half a million records under every fault
	$(PY) -m pytest -m slow

test-versions: kafka-there build ## Run a part of the tests on older Kafka, back to 1.1
	$(PY) -m tests.kafka.prepare $(OLDER_KAFKA)
	set -e; for version in $(OLDER_KAFKA); do echo "== Kafka $$version"; \
		DEKAF_KAFKA_VERSION=$$version $(PY) -m pytest -m "versions and not slow"; done

# Each in an environment of its own, before what else the tests need.
test-faststream: build kafka ## Run the tests of dekaf.faststream with the oldest and the newest FastStream
	@$(PY) -m pip index versions --disable-pip-version-check faststream 2>/dev/null | head -n 1
	@set -e; wanted=$$($(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["faststream"])'); \
	packages='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	test_with() { \
		echo "== $$2, in target/faststream-$$1"; \
		rm -rf target/faststream-$$1; $(PYTHON) -m venv target/faststream-$$1; \
		target/faststream-$$1/bin/python -m pip install --quiet --disable-pip-version-check "$$2"; \
		echo "import site; site.addsitedir('$$($(PY) -c "$$packages")')" \
			> "$$(target/faststream-$$1/bin/python -c "$$packages")/tests.pth"; \
		target/faststream-$$1/bin/python -m pytest tests/faststream -k "not [kafka"; \
	}; \
	test_with oldest "$$(sed -E 's/>=([^,]+),.*/==\1/' <<< "$$wanted")"; \
	test_with newest "$$wanted"

# uWSGI is built from source. Apache rows are skipped if it is not installed.
WORKERS := target/workers

$(WORKERS)/requirements: tests/workers/requirements.txt | python-there
	@$(call need,cc,install a C compiler; uWSGI is built from its source)
	$(PYTHON) -m venv $(WORKERS)
	$(WORKERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test-workers: build kafka $(WORKERS)/requirements ## Test worker models with their servers; WORKERS_ARGS=--help lists the options
	@$(PY) -m tests.workers --python $(WORKERS)/bin/python $(WORKERS_ARGS)

security-peers: build kafka ## Make the same mistakes of security with dekaf and its peers
	@$(PY) -m tests.security_peers

renewals: build kafka ## Renew logins every few seconds for ten minutes, while leaders die
	@$(PY) -m tests.renewals

failover: build kafka ## Measure how long dekaf and librdkafka are silent when a leader fails
	@$(PY) -m tests.failover

soak: rust-there ## Run the simulator on new seeds, for SOAK_SECONDS (600 unless said)
	DEKAF_FIRST_SEED=$${FIRST_SEED:-$$RANDOM$$RANDOM} DEKAF_SECONDS=$${SOAK_SECONDS:-600} \
		cargo test --quiet --release $(CORE) --test simulator no_seed_violates_anything -- --nocapture

trace-digest: rust-there ## See whether the machine does what it did in 10,000 seeds; TRACES=write accepts a change
	DEKAF_TRACES=$${TRACES:-all} cargo test --quiet $(CORE) --test simulator traces -- --nocapture

test-mutations: $(VENV)/requirements rust-there ## Break the core's rules one by one: the simulator must notice
	$(PY) tests/mutations.py

fuzz: fuzz-there ## Give every decoder hostile bytes, for FUZZ_SECONDS each (30 unless said)
	cargo test --quiet $(CORE) --test core fuzz_seeds
	cargo +nightly fuzz build --target-dir target/fuzz
	@for target in $$(cargo +nightly fuzz list); do \
		mkdir -p fuzz/corpus/$$target && \
		echo "== $$target" && \
		cargo +nightly fuzz run --target-dir target/fuzz $$target \
			fuzz/corpus/$$target target/fuzz-seeds/$$target -- \
			-max_total_time=$${FUZZ_SECONDS:-30} -timeout=10 -malloc_limit_mb=128 -rss_limit_mb=1024 \
			-use_value_profile=1 -verbosity=0 -print_final_stats=1 || exit; \
	done

.PHONY: fmt lint type
fmt: $(VENV)/requirements rust-there ## Format everything
	cargo fmt
	cargo fmt --manifest-path fuzz/Cargo.toml
	cargo fmt --manifest-path benches/null_broker/Cargo.toml
	$(PY) -m ruff check --quiet --fix-only .
	$(PY) -m ruff format --quiet .

lint: $(VENV)/requirements rust-there ## Check format and lints
	cargo fmt --check
	cargo clippy --quiet $(CORE) --all-targets -- -D warnings
	cargo clippy --quiet --locked -- -D warnings
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --quiet $(CORE) --manifest-path fuzz/Cargo.toml --target-dir target/fuzz -- -D warnings
	cargo fmt --check --manifest-path benches/null_broker/Cargo.toml
	cargo clippy --quiet $(NULL_BROKER) --all-targets -- -D warnings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

type: build ## Check types, and the stub against the compiled core
	$(PY) -m mypy
	$(PY) -m pyright
	$(PY) -m mypy.stubtest dekaf._core

# -- what things cost ----------------------------------------------------------------------

BENCH := target/bench
BENCH_PY := $(BENCH)/venv/bin/python
NULL_BROKER := --locked --manifest-path benches/null_broker/Cargo.toml --target-dir target/null-broker

.PHONY: bench bench-connect bench-smoke bench-core bench-topics bench-instructions bench-against \
	null-broker valgrind-there old-wheel-there
bench: null-broker kafka $(BENCH)/wheel ## Compare with other producers, for half an hour; BENCH_ARGS=--help says how
	$(BENCH_PY) -m benches.peers compare $(BENCH_ARGS)

bench-connect: $(BENCH)/wheel ## Measure how clients connect to thirty brokers, with TLS and a login
	$(BENCH_PY) -m benches.peers connect $(BENCH_ARGS)

bench-smoke: null-broker kafka build ## See that every producer can still be compared, without measuring
	cargo test --quiet $(NULL_BROKER)
	cargo test --quiet $(CORE) --bench instructions
	$(PY) -m benches.peers smoke

bench-core: rust-there ## Measure the core by itself
	cargo bench --quiet $(CORE)

bench-topics: rust-there ## Measure what many topics cost the core: time, and memory over a million
	cargo bench --quiet $(CORE) --bench topics
	cargo bench --quiet $(CORE) --bench topic_memory

bench-instructions: valgrind-there null-broker $(BENCH)/wheel ## Count instructions; AGAINST=<revision or wheel> compares them
	@$(BENCH_PY) -m benches.counting $(BENCH)/dist/*.whl $(if $(AGAINST),--against $(AGAINST))

valgrind-there:
	@$(call need,valgrind,install it as with apt install valgrind; its callgrind counts the instructions)

bench-against: old-wheel-there null-broker $(BENCH)/wheel ## See whether dekaf is slower than the older WHEEL, in ten minutes
	@$(BENCH_PY) -m benches.peers against $(wildcard $(WHEEL)) $(BENCH)/dist/*.whl $(BENCH_ARGS)

old-wheel-there:
	@test -f "$(wildcard $(WHEEL))" || { \
		echo "the older wheel is missing: name one, as in make bench-against WHEEL=path/to/dekaf.whl" >&2; exit 1; }

null-broker: rust-there
	cargo build --quiet --release $(NULL_BROKER)

# Peers in the versions that the tests know, and nothing that is built for development.
$(BENCH)/requirements: requirements-dev.txt benches/requirements.txt | python-there
	$(PYTHON) -m venv $(BENCH)/venv
	$(BENCH_PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-dev.txt -r benches/requirements.txt
	@touch $@

$(BENCH)/wheel: $(RUST) $(shell find python -name '*.py') $(BENCH)/requirements | rust-there
	rm -rf $(BENCH)/dist
	$(BENCH)/venv/bin/maturin build --quiet --release --locked --out $(BENCH)/dist
	$(BENCH_PY) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall \
		$(BENCH)/dist/*.whl
	@touch $@

# -- what is made of it --------------------------------------------------------------------

.PHONY: docs wheel lock clean

docs: rust-there ## Build the core's documentation into target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet $(CORE) --no-deps --document-private-items

wheel: $(VENV)/requirements rust-there ## Build a wheel into dist, and import it from an environment of its own
	rm -rf dist target/wheel-check
	$(VENV)/bin/maturin build --quiet --release --locked --out dist
	$(PYTHON) -m venv target/wheel-check
	target/wheel-check/bin/python -m pip install --quiet --disable-pip-version-check --no-index dist/*.whl
	cd target/wheel-check && bin/python -c 'import dekaf; print("dekaf", dekaf.__version__, "from", dekaf.__file__)'
	@# Everything that users see has a type; pyright looks where the first python of the path does.
	@# What dekaf.faststream is made of is found behind the wheel, in the environment for development.
	$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$(target/wheel-check/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/faststream.pth"
	cd target/wheel-check && bin/python -c 'import dekaf.faststream as f; print("dekaf.faststream from", f.__file__)'
	cd target/wheel-check && PATH="$$PWD/bin:$$PATH" $(CURDIR)/$(PY) -m pyright --verifytypes dekaf --ignoreexternal \
		| grep -E '^Type completeness score: 100%'

lock: $(VENV)/requirements ## Renew requirements-dev.txt, and what benchmarks and workers need besides
	$(PYTHON) -m venv target/lock
	target/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	target/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --group tools -o requirements-dev.txt
	target/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --group bench -c requirements-dev.txt -o benches/requirements.txt
	target/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --group workers -c requirements-dev.txt -o tests/workers/requirements.txt

clean: ## Remove everything that was made
	rm -rf $(VENV) target dist fuzz/corpus fuzz/artifacts
	find python tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
