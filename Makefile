# `make help` lists the targets. Longer work is done by scripts beside what they build.
VERSION ?= 1.0.0
V ?= 0
CARGO ?= cargo

ROOT := $(CURDIR)
BUILD := $(ROOT)/build
QTH_LIB := $(ROOT)/target/release/libqth.a
MPY_CROSS := $(BUILD)/mpy-cross/mpy-cross
CORTEX_M := thumbv7m-none-eabi
CARGO_FLAGS := $(if $(filter 1,$(V)),,--quiet)

export QTH_LIB MPY_CROSS V
# The tree's own place is known only after it was fetched.
MPY = $(shell micropython/fetch)

say = @printf '%-10s %s\n' "$(1)" "$(2)"

.PHONY: all
all: unix board center ## Build everything: firmware, power switch, Center

.PHONY: run
run: all ## Watch a device upgrade itself; KEEP=1 leaves Center and board running
	@$(MAKE) --no-print-directory firmware VERSION=1.0.0
	@$(MAKE) --no-print-directory firmware VERSION=1.1.0
	@tests/system/run_demo.py $(if $(KEEP),--keep)

.PHONY: library
library: ## Build the Rust library for this machine, target/release/libqth.a
	$(call say,library,target/release/libqth.a)
	@$(CARGO) rustc $(CARGO_FLAGS) --release --lib --crate-type staticlib --features ffi,std

.PHONY: micropython
micropython: ## Fetch MicroPython's source and build mpy-cross
	@micropython/fetch >/dev/null
	$(call say,mpy-cross,build/mpy-cross/mpy-cross)
	@micropython/mpy-cross "$(BUILD)/mpy-cross"

.PHONY: unix
unix: library micropython ## Build the firmware for this machine, build/unix/micropython
	$(call say,firmware,build/unix/micropython ($(VERSION)))
	@MPY=$(MPY) boards/unix/firmware $(BUILD)/unix $(VERSION)

.PHONY: firmware
firmware: library micropython ## Build one version of it: make firmware VERSION=1.1.0 [FROZEN_APP=folder]
	$(call say,firmware,build/unix-$(VERSION)/micropython)
	@MPY=$(MPY) SEED=$(BUILD)/unix boards/unix/firmware $(BUILD)/unix-$(VERSION) $(VERSION)

.PHONY: board
board: ## Build the power switch, build/unix/qth-board
	$(call say,board,build/unix/qth-board)
	@$(CARGO) build $(CARGO_FLAGS) --release -p qth-board
	@mkdir -p build/unix && cp -u target/release/qth-board build/unix/

.PHONY: center
center: ## Build the Developer Center, build/qth-center
	$(call say,center,build/qth-center)
	@$(CARGO) build $(CARGO_FLAGS) --profile server -p qth-center
	@mkdir -p build && cp -u target/server/qth-center build/

.PHONY: test
test: test-rust test-device test-micropython test-system ## Run all tests

.PHONY: test-rust
test-rust: ## Run the Rust tests of all crates
	$(call say,test,cargo test)
	@$(CARGO) test $(CARGO_FLAGS) --workspace --features std,ffi

.PHONY: test-device
test-device: unix ## Run the Python tests on the firmware
	$(call say,test,tests/device)
	@MPY=$(MPY) tests/device/run build/unix/micropython $(BUILD)/test-device

.PHONY: test-micropython
test-micropython: unix ## Run MicroPython's own tests on the firmware
	$(call say,test,MicroPython's own)
	@MPY=$(MPY) tests/micropython/run build/unix/micropython $(BUILD)/test-micropython

.PHONY: test-system
test-system: all ## Run the tests of real processes: Center, board, firmware
	@if [ -x tests/system/run ]; then printf '%-10s %s\n' test tests/system && tests/system/run; fi

.PHONY: no-std
no-std: ## Build the library for a Cortex-M3, without std
	$(call say,no_std,$(CORTEX_M))
	@boards/cargo $(CORTEX_M) build $(CARGO_FLAGS) --release -p qth-cortex-m

.PHONY: size
size: no-std unix ## Print the size of the library as linked, by part; writes build/size.json
	@benches/size $(CORTEX_M)=target/$(CORTEX_M)/release/qth-cortex-m unix=build/unix/micropython.elf --json build/size.json

.PHONY: bench
bench: all ## Measure upgrades and callbacks; writes build/bench.json
	@benches/run --json build/bench.json

.PHONY: lint
lint: ## Check formatting and lints of all code
	@mkdir -p build && .ci/lint

.PHONY: format
format: ## Format all code
	@mkdir -p build && $(CARGO) fmt --all && .ci/clang-format -i

.PHONY: header
header: ## Write the C header again, cmodule/qth/qth.h, from src/ffi.rs
	$(call say,header,cmodule/qth/qth.h)
	@$(CARGO) check $(CARGO_FLAGS) --lib --features header,ffi,std

.PHONY: check-header
check-header: ## Check that the C header is current
	@cp cmodule/qth/qth.h build/qth.h && $(MAKE) --no-print-directory header && cmp -s cmodule/qth/qth.h build/qth.h || \
	  { echo "cmodule/qth/qth.h was not current: commit what 'make header' has just written" >&2; exit 1; }

.PHONY: clean
clean: ## Remove everything that was built
	@rm -rf build target

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
