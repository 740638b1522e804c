# `make help` lists the targets. Longer work is done by scripts beside what they build.
VERSION = 1.0.0
V = 0
CARGO ?= cargo

ROOT := $(CURDIR)
BUILD := $(ROOT)/build
QTH_LIB := $(ROOT)/target/release/libqth.a
MPY_CROSS := $(BUILD)/mpy-cross/mpy-cross
CORTEX_M := thumbv7m-none-eabi
# What a board's file of facts says:  $(call fact,BOARD,NAME)
fact = $(shell . boards/$(1)/board.env && echo "$$$(2)")
QEMU_BOARDS := $(patsubst boards/%/board.env,%,$(shell grep -lx PORT=qemu boards/*/board.env))
# What `make size` measures, as docs/BOARDS.md describes it.
PROFILES := alone everything packages
alone_FEATURES := --no-default-features
alone_SIZES := QTH_PACKET_IN=1024 QTH_PACKET_OUT=704 QTH_MESSAGE=512 QTH_OUTBOX=1040 QTH_EVENTS=128 QTH_PLAN=768 QTH_PIECE=1024 \
  QTH_URL=256 QTH_HOST=64 QTH_CHUNK=256
packages_FEATURES := --features pack
CARGO_FLAGS := $(if $(filter 1,$(V)),,--quiet)

PROVE := $(CARGO) run $(CARGO_FLAGS) --profile server -p qth-prove --

export QTH_LIB MPY_CROSS V

.PHONY: all run packages library micropython unix firmware qemu board center dist prove test test-rust test-sizes test-device test-cmake test-qemu test-micropython \
  test-system test-dist miri fuzz no-std size stack bench bench-delta lint format quecpython header check-header clean help

say = @printf '%-10s %s\n' "$(1)" "$(2)"

all: unix board center ## Build everything: firmware, power switch, Center

run: all ## Watch a device upgrade itself; DELTA=1: by a signed delta; KEEP=1 leaves Center and board running
	@$(MAKE) --no-print-directory firmware VERSION=1.0.0
	@$(MAKE) --no-print-directory firmware VERSION=1.1.0
	@tests/system/demo.py $(if $(DELTA),--delta) $(if $(KEEP),--keep)

library: ## Build the Rust library for this machine, target/release/libqth.a
	$(call say,library,target/release/libqth.a)
	@$(CARGO) rustc $(CARGO_FLAGS) --release --lib --crate-type staticlib --features $(call fact,unix,FEATURES)

micropython: ## Fetch MicroPython's source and build mpy-cross
	@micropython/fetch >/dev/null
	$(call say,mpy-cross,build/mpy-cross/mpy-cross)
	@micropython/mpy-cross "$(BUILD)/mpy-cross"

unix: library micropython ## Build the firmware for this machine, build/unix/micropython
	$(call say,firmware,build/unix/micropython ($(VERSION)))
	@boards/unix/firmware $(BUILD)/unix $(VERSION)

firmware: library micropython ## Build one version of it: make firmware VERSION=1.1.0 [FROZEN_APP=folder]
	$(call say,firmware,build/unix-$(VERSION)/micropython)
	@SEED=$(BUILD)/unix boards/unix/firmware $(BUILD)/unix-$(VERSION) $(VERSION)

qemu: $(QEMU_BOARDS:%=qemu-%) ## Build the firmware for the boards that QEMU plays, build/BOARD/firmware.elf

qemu-%: packages micropython
	$(call say,firmware,build/$*/firmware.elf ($(VERSION)))
	@env $(call fact,$*,SIZES) tools/cargo $(call fact,$*,TARGET) rustc $(CARGO_FLAGS) --release --lib --crate-type staticlib --features $(call fact,$*,FEATURES)
	@QTH_LIB=$(ROOT)/target/$(call fact,$*,TARGET)/release/libqth.a boards/common/qemu/firmware $* $(BUILD)/$* $(VERSION)

board: ## Build the power switch, build/unix/qth-board
	$(call say,board,build/unix/qth-board)
	@$(CARGO) build $(CARGO_FLAGS) --release -p qth-board
	@mkdir -p build/unix && cp -u --remove-destination target/release/qth-board build/unix/

center: ## Build the Developer Center, build/qth-center
	$(call say,center,build/qth-center)
	@$(CARGO) build $(CARGO_FLAGS) --profile server -p qth-center
	@mkdir -p build && cp -u --remove-destination target/server/qth-center build/

dist: all ## Pack firmware, power switch and Center into archives with checksums, build/dist
	@tools/dist $(BUILD) $(BUILD)/dist

test: test-rust test-sizes test-device test-cmake test-qemu test-micropython test-system test-dist ## Run all tests

packages: ## Install what the tests need
	@.ci/packages

test-rust: packages ## Run the Rust tests of all crates
	$(call say,test,cargo test)
	@$(CARGO) test $(CARGO_FLAGS) --workspace --features std,ffi,p384,inplace
	@QTH_SIM_RUNS=1000 $(CARGO) test $(CARGO_FLAGS) -p qth-world --no-default-features --tests
	@$(CARGO) test $(CARGO_FLAGS) -p qth-world --no-default-features --features everything --test without_packages
	$(call say,test,tests/prove)
	@benches/delta/images $(BUILD)/delta cortex_m3
	@$(PROVE) --mutants
	@$(PROVE) --quick --firmware $(BUILD)/delta

test-device: unix ## Run the Python tests on the firmware
	$(call say,test,tests/device)
	@tests/device/run build/unix/micropython $(BUILD)/test-device
	$(call say,test,tools/quecpython)
	@tools/quecpython --check build/unix/micropython
	$(call say,test,tests/callbacks)
	@tests/callbacks/run build/unix/micropython

test-sizes: packages ## Build the library with other sizes and test it
	$(call say,test,tests/sizes)
	@tests/sizes/run $(BUILD)/test-sizes

test-cmake: unix ## Build the module by micropython.cmake
	$(call say,test,tests/cmake)
	@tests/cmake/run build/unix $(BUILD)/test-cmake

test-qemu: qemu center ## Run Python tests on the boards that QEMU plays, and rewrite a slot in place
	@for board in $(QEMU_BOARDS); do \
	  printf '%-10s %s\n' test "tests/qemu on $$board" && \
	  tests/qemu/run $$board build/$$board/firmware.elf $(BUILD)/test-$$board || exit 1; \
	done
	$(call say,test,tests/qemu/inplace)
	@tests/qemu/inplace build/qth-center $(BUILD)/delta $(BUILD)/test-inplace

test-micropython: unix ## Run MicroPython's own tests on the firmware
	$(call say,test,MicroPython's own)
	@tests/micropython/run build/unix/micropython $(BUILD)/test-micropython

test-system: all ## Run the tests of real processes: Center, board, firmware
	@$(MAKE) --no-print-directory firmware VERSION=1.0.0
	@$(MAKE) --no-print-directory firmware VERSION=1.1.0
	$(call say,test,tests/system)
	@cd tests/system && python3 -m unittest --buffer

test-dist: all ## Pack the archives of make dist twice and compare them
	$(call say,test,tests/dist)
	@tests/dist/run $(BUILD) $(BUILD)/test-dist

prove: packages ## Cut the power of upgrades at every flash operation, in every way; writes build/prove.html
	@benches/delta/images $(BUILD)/delta cortex_m3 rv32 x86_64
	@$(PROVE) --mutants
	@$(PROVE) --wear --firmware $(BUILD)/delta
	@$(PROVE) --firmware $(BUILD)/delta --report build/prove.html

miri: ## Run tests of the C interface and of what is beneath it under Miri, which stops at undefined behaviour
	$(call say,miri,.ci/miri)
	@.ci/miri

fuzz: packages ## Fuzz what takes bytes from outside, a minute each; FUZZ_SECONDS=600 for longer
	$(call say,fuzz,tests/fuzz)
	@tests/fuzz/run --seconds $(or $(FUZZ_SECONDS),60)

# The library for a Cortex-M3 as a board would have it, build/profiles/NAME: with the firmware's upgrades alone and small
# buffers, with everything, and with packages too.
profile-%:
	$(call say,profile,build/profiles/$*)
	@env $($*_SIZES) tools/cargo $(CORTEX_M) build $(CARGO_FLAGS) --release -p qth-cortex-m $($*_FEATURES)
	@mkdir -p $(BUILD)/profiles && cp target/$(CORTEX_M)/release/qth-cortex-m $(BUILD)/profiles/$*

no-std: ## Build the library for a Cortex-M3, without std
	$(call say,no_std,$(CORTEX_M))
	@tools/cargo $(CORTEX_M) build $(CARGO_FLAGS) --release -p qth-cortex-m

size: $(PROFILES:%=profile-%) unix qemu ## Print the size of the library as linked, by profile and part; writes build/size.json
	@benches/size $(foreach profile,$(PROFILES),--profile $(profile)=$(BUILD)/profiles/$(profile)) unix=build/unix/micropython.elf $(foreach board,$(QEMU_BOARDS),$(board)=build/$(board)/firmware.elf) --json build/size.json

stack: packages ## Measure how deep the library goes into a Cortex-M3's stack; writes build/stack.json
	@mkdir -p build && benches/stack/run --json build/stack.json

bench: all ## Measure upgrades and callbacks; writes build/bench.json
	@benches/run --json build/bench.json

bench-delta: center packages ## Compare deltas with other tools': bytes, instructions, memory; writes build/bench-delta.json
	@benches/delta/images $(BUILD)/delta
	@benches/delta/run $(BUILD)/delta --json build/bench-delta.json

lint: ## Check formatting and lints of all code
	@mkdir -p build && .ci/lint

format: ## Format all code
	@mkdir -p build && $(CARGO) fmt --all && .ci/clang-format -i && .ci/ruff format

quecpython: ## Write docs/QUECPYTHON.md again, from micropython/stubs
	$(call say,document,docs/QUECPYTHON.md)
	@tools/quecpython

header: ## Write the C header again, cmodule/qth/qth.h, from src/ffi
	$(call say,header,cmodule/qth/qth.h)
	@$(CARGO) check $(CARGO_FLAGS) --lib --features header,ffi,std

check-header: ## Check that the C header is current
	@cp cmodule/qth/qth.h build/qth.h && $(MAKE) --no-print-directory header && cmp -s cmodule/qth/qth.h build/qth.h || \
	  { echo "cmodule/qth/qth.h was not current: commit what 'make header' has just written" >&2; exit 1; }

clean: ## Remove everything that was built
	@rm -rf build target

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
