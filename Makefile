# The two commands: `make cats` and `make test`. `make help` lists the rest.

SWIFT ?= swift
BUILD := .build
TESTS := .build-tests
# The sanitizers map terabytes for tables of their own, which these tests' limits on addresses and data do not allow.
LIMITED := LimitsTests/(addressesFor|measuring)
ifeq ($(shell uname -s),Linux)
# The commands carry Swift's runtime with them: they start in a few milliseconds, and run where no Swift is installed.
STATIC := --static-swift-stdlib
endif

ifdef MPI
# Training on many machines; see docs/many-machines.md. 1, or the mpicc of the MPI to build with.
FLAGS = $$(scripts/find-mpi "$(MPI)" $(BUILD)/mpi)
endif

.PHONY: help cats web build test lint install uninstall bench sanitize readme install-tools clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

cats: build ## install what is missing, build, train on the drawn cats for a minute or two, draw a sheet in runs/
	@scripts/cats

build: ## the commands, in .build/release; MPI=1 or MPI=MPICC for training on many machines
	@scripts/install-tools $(if $(filter 1,$(MPI)),mpi)
	flags="$(FLAGS)" && $(SWIFT) build -c release $(STATIC) $$flags --scratch-path $(BUILD)

web: ## a page that draws cats in any browser, without a server: web/index.html
	@scripts/web

test: ## everything, in release mode; FILTER=NAME runs the Swift tests of that name alone
	@scripts/install-tools test
	$(SWIFT) test -c release --disable-xctest --scratch-path $(TESTS) $(if $(FILTER),--filter '$(FILTER)')
	$(if $(FILTER),,@scripts/test-commands $(TESTS)/release)

lint: ## formatting, style, the directions of imports, comments of public symbols, numbers of parameters; warnings are errors
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Examples
	@scripts/check-imports
	@scripts/check-docs
	@scripts/count-parameters

PREFIX ?= /usr/local
install: build ## the commands, manual pages, completions and the shipped model, under PREFIX (/usr/local) and DESTDIR
	@scripts/install $(BUILD)/release "$(DESTDIR)$(PREFIX)"

uninstall: ## remove what install put there
	@scripts/install --remove "$(DESTDIR)$(PREFIX)"

bench: build ## how fast this machine trains and samples
	$(BUILD)/release/bench

sanitize: ## the Swift tests under the address sanitizer, then under the thread sanitizer
	@scripts/install-tools
	LSAN_OPTIONS='suppressions="$(CURDIR)/Tests/leaks.txt":print_suppressions=0' \
	$(SWIFT) test -c release --disable-xctest --sanitize address --skip '$(LIMITED)' --scratch-path $(TESTS)-address
	# The thread sanitizer also maps a file as long as the program, which the limit on files of that test does not allow.
	$(SWIFT) test -c release --disable-xctest --sanitize thread --skip '$(LIMITED)' --skip filesThatGrowTooLarge \
	  --scratch-path $(TESTS)-thread

readme: build ## rewrite the tables of docs/commands.md, which the commands print
	@scripts/update-readme $(BUILD)/release

install-tools: ## all that building and testing need, through apt; on macOS it says what brew needs
	@scripts/install-tools test

clean: ## remove what was built; runs/ stays
	rm -rf $(BUILD) $(BUILD)-web $(BUILD)-mpi $(TESTS) $(TESTS)-address $(TESTS)-thread .build-examples .build-versioned web
