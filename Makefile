.DEFAULT_GOAL := help
.PHONY: help setup build run demo settings permissions test test-sqlite test-postgres test-large soak lint \
	generate sdk-test tour bench fuzz deny clean

# buf finds its plugins there.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# It goes when node_modules does, so that setup runs again.
SETUP := node_modules/.setup
VENV := .cache/venv/done

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is missing, with apt and npm
	@scripts/setup.sh
	@touch $(SETUP)

build: $(SETUP) ## Build everything
	cargo build --workspace --all-targets

run: $(SETUP) ## Run the server for real use; settings are ALBUMEN_… variables
	cargo run --release -p albumen-server -- serve

demo: ## Show it with your photos: make demo PHOTOS=/some/folder
	@scripts/demo.sh

test: $(SETUP) generate ## Run all tests: SQLite, PostgreSQL, clients
	@scripts/test.sh

test-sqlite: $(SETUP) ## Run the Rust tests on SQLite
	@scripts/test.sh sqlite

test-postgres: $(SETUP) ## Run the integration tests on a private PostgreSQL
	@scripts/test.sh postgres

test-large: $(SETUP) ## Run the tests with files of more than 4 GiB too
	@scripts/test.sh large

soak: $(SETUP) ## Kill a server thousands of times and look for what is lost
	@scripts/test.sh soak

tour: $(SETUP) ## Run the commands of the tours in docs/ and of docs/OPERATIONS.md
	@scripts/test.sh tour

sdk-test: $(SETUP) generate ## Call a server from TypeScript, Python and Rust
	@scripts/test.sh sdk

lint: $(SETUP) ## Check formatting, lints, documentation and protos
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --workspace
	buf lint
	buf format -d --exit-code

settings: ## Write the table of settings into docs/OPERATIONS.md
	WRITE_SETTINGS=1 cargo test --test it house::config

permissions: ## Write docs/PERMISSIONS.md from tests/permissions.txt
	WRITE_PERMISSIONS=1 cargo test --test it permissions::the_document

generate: $(SETUP) $(VENV) ## Generate the TypeScript and Python clients
	rm -rf client-sdk/typescript/src/gen client-sdk/python/albumen/v1
	buf generate

bench: $(SETUP) ## Run the benchmarks
	cargo bench -p albumen

fuzz: ## Feed parsers with made-up input: make fuzz [TARGET=page_tokens] [SECONDS=60]
	@cargo fuzz --version >/dev/null 2>&1 || \
		{ echo "cargo-fuzz is missing: cargo install --locked cargo-fuzz"; exit 1; }
	@set -e; for target in $(or $(TARGET),$(notdir $(basename $(wildcard fuzz/targets/*.rs)))); do \
		echo "fuzz: $$target"; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target -- \
			-max_total_time=$(or $(SECONDS),60) -max_len=65536; \
	done

deny: ## Check licences, sources and advisories of the dependencies
	@cargo deny --version >/dev/null 2>&1 || \
		{ echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	cargo deny check

clean: ## Remove all that was built or generated, and the demo's data
	cargo clean
	rm -rf .cache node_modules client-sdk/typescript/node_modules client-sdk/typescript/dist \
		client-sdk/typescript/src/gen client-sdk/python/albumen/v1

$(SETUP): scripts/setup.sh package-lock.json client-sdk/typescript/package-lock.json
	@$(MAKE) --no-print-directory setup

$(VENV): client-sdk/python/requirements.txt
	python3 -m venv --clear .cache/venv
	.cache/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
