# The one door: `make demo` to see it work, `make test` to check it.

SWIFT ?= swift
PLUMB = .build/release/plumb
# How often `make fuzz` damages each kind of file.
ROUNDS ?= 1000000
export PLUMB_DEV = 1

.PHONY: demo test build-tests build setup lint format docs bench fuzz test-arm64 golden verify new-experiment clean help

help: ## list what make can do
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: build ## set up, build, fetch the model and run activation patching
	$(PLUMB) model get smollm2-135m
	$(PLUMB) run activation-patching
	$(PLUMB) list

test: build-tests ## set up, build and run every test
	@.build/debug/plumb model get smollm2-135m || echo "the tests of the real model will be skipped: it could not be fetched"
	$(SWIFT) test --skip-build --no-parallel

build-tests: ## build every target and its tests, for development
	@Scripts/setup bubblewrap
	$(SWIFT) build --build-tests

build: setup ## build the command for everyday use
	env -u PLUMB_DEV $(SWIFT) build -c release --product plumb

setup: ## install what the build needs, where it is missing
	@Scripts/setup

lint: ## check formatting, warnings and the direction of imports
	Scripts/lint

format: ## format every source file
	$(SWIFT) format -i -r -p Sources Tests Benchmarks/Sources Examples Package.swift

docs: setup ## build the reference of each library
	Scripts/document

bench: setup ## measure speed; beside the peers where PEERS names their python
	Scripts/bench

fuzz: build-tests ## damage model and tokenizer files ROUNDS times each; none may end the process
	PLUMB_FUZZ_ROUNDS=$(ROUNDS) $(SWIFT) test --skip-build --filter NeverTrap

test-arm64: ## run the kernels for ARM64 under emulation, beside this machine's
	Scripts/test-arm64

golden: ## record reference values anew from the peers; never in CI
	Scripts/record-golden

verify: build ## test every claim and its control
	$(PLUMB) verify

new-experiment: ## start an experiment: family=interpretability name=my-question [package=../my-lab]
	@Scripts/new-experiment "$(family)" "$(name)" $(if $(package),--package "$(package)")

clean: ## remove what was built
	rm -rf .build Benchmarks/.build Examples/.build
