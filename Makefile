# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets.

BUILD   := build
CONFIG  ?= dts/examples/trio.dts
VERSION := 0.1
PYTHON  := /usr/bin/python3

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: help deps all run check-config timeline replay golden test check bench docs iso clean size symbols-table

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo 'variables of run, iso, check-config, timeline and replay, as in: make run CONFIG=my.dts SECONDS=20'
	@sed -n 's/^#   \([A-Z_]*=.*\)/  \1/p' Makefile
	@echo 'V=1 shows the commands instead of short lines.'

# Short lines instead of commands, unless V=1.
quiet := $(if $(filter 1,$(V)),,yes)
Q     := $(if $(quiet),@)
say    = $(if $(quiet),@printf '  %-6s %s\n' $(1) $(2))

# ---- what has to be installed ---------------------------------------------------------------

PACKAGES := gcc libc6-dev binutils libfdt-dev device-tree-compiler qemu-system-x86 seabios \
            grub-common grub-pc-bin xorriso mtools bochs bochs-term bochsbios vgabios \
            libcmocka-dev python3 python3-pytest python3-pexpect python3-pytest-xdist python3-pil \
            clang libclang-rt-14-dev clang-format clang-tidy cppcheck cloc dt-schema python3-libfdt python3-yaml \
            babeltrace2 python3-jsonschema busybox-static cpio gzip lz4 acpica-tools musl-dev
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

deps: ## install the packages that are missing (Debian 12)
	@missing=$$(for p in $(PACKAGES); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    echo "installing:" $$missing; \
	    $(SUDO) apt-get update -q && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	fi

# ---- the hypervisor -------------------------------------------------------------------------

CORE_SOURCES := $(wildcard boot/*.c hv/*.c hv/cpu/*.c hv/dev/*.c hv/lib/*.c hv/svm/*.c partitions/*.c sched/*.c) \
                $(wildcard boot/*.S hv/cpu/*.S hv/svm/*.S)
CORE_SOURCES := $(filter-out hv/svm/offsets.c,$(CORE_SOURCES))
CORE_OBJECTS := $(CORE_SOURCES:%=$(BUILD)/%.o)

CORE_CFLAGS := -std=c11 -ffreestanding -mgeneral-regs-only -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror \
               -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla \
               -m64 -mno-red-zone -fno-pic -fno-pie -mcmodel=small -fno-omit-frame-pointer -momit-leaf-frame-pointer \
               -fno-asynchronous-unwind-tables -fcf-protection=none -fno-align-functions -fno-align-jumps \
               -fno-align-loops -malign-data=abi -ffunction-sections -fdata-sections \
               -fstack-protector-strong -mstack-protector-guard=global -I. -I$(BUILD)
CORE_ASFLAGS := -m64 -g -I. -I$(BUILD) -DVERSION='"$(VERSION)"' -Wa,--fatal-warnings
CORE_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--gc-sections,-z,noexecstack,--fatal-warnings,-z,max-page-size=64 \
                -T boot/shikiri.ld
# musl's string functions use no vector registers, which guests' state is in (tools/check.sh).
CORE_LIBS    := -lfdt /usr/lib/x86_64-linux-musl/libc.a

# What runs once or seldom, what writes reports, and what is for people is compiled for size.
ONCE := $(wildcard boot/*.c partitions/*.c) $(filter-out hv/dev/x2apic.c,$(wildcard hv/dev/*.c)) \
        $(patsubst %,hv/cpu/%.c,cpu keyboard lapic machine paging panic rtc screen serial trace trap) \
        $(patsubst %,hv/svm/%.c,iopm msrpm npt selftest svm vmcb) $(patsubst %,hv/lib/%.c,arena format log pagetable report sha256) \
        $(patsubst %,hv/%.c,clock exit_report fetch hypercall mmio mov vcpu) sched/report.c
$(ONCE:%=$(BUILD)/%.o): CORE_CFLAGS += -Oz

all: $(BUILD)/shikiri.elf $(BUILD)/shikiri-check guests ## build the hypervisor and the example guests

$(BUILD)/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CORE_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.S.o: %.S Makefile $(BUILD)/offsets.h
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(CORE_ASFLAGS) -MMD -MP -c $< -o $@

# Offsets of C structs for assembly.
$(BUILD)/offsets.h: hv/svm/offsets.c $(wildcard hv/svm/*.h hv/cpu/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(CC) $(CORE_CFLAGS) -S $< -o - | grep '^#define [A-Z]' > $@

# Linked twice: the first time with an empty symbol table, the second with the one made from the first.
$(BUILD)/symbols-0.S: tools/symbols.sh
	@mkdir -p $(@D)
	$(Q)tools/symbols.sh < /dev/null > $@

$(BUILD)/shikiri-0.elf: $(CORE_OBJECTS) $(BUILD)/symbols-0.S boot/shikiri.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(CORE_LDFLAGS) $(CORE_OBJECTS) $(BUILD)/symbols-0.S $(CORE_LIBS) -o $@

$(BUILD)/symbols-1.S: $(BUILD)/shikiri-0.elf tools/symbols.sh
	$(Q)nm -n $< | tools/symbols.sh > $@

# shikiri.sym.elf is for gdb; shikiri.elf is the same image as ELF32, which is what QEMU's -kernel takes.
$(BUILD)/shikiri.sym.elf: $(BUILD)/symbols-1.S
	$(call say,LD,$@)
	$(Q)$(CC) $(CORE_LDFLAGS) $(CORE_OBJECTS) $< $(CORE_LIBS) -o $@

$(BUILD)/shikiri.elf: $(BUILD)/shikiri.sym.elf
	$(call say,ELF32,$@)
	$(Q)objcopy -O elf32-i386 -S $< $@

-include $(CORE_OBJECTS:.o=.d)

# ---- guests and tests -----------------------------------------------------------------------

include guests/guests.mk
include guests/linux.mk
include tools/checker/checker.mk
include tests/host/tests.mk
include tests/corrupt/corrupt.mk
include tests/fuzz/fuzz.mk

# ---- running --------------------------------------------------------------------------------

#   CONFIG=system.dts     a .dts or .dtb (default dts/examples/trio.dts)
#   IMAGES="a.elf b.elf"  guest images that are elsewhere than beside CONFIG
#   CERTIFICATE=file      start no other system than this certificate's (docs/certificate.md)
#   SECONDS=n             end "run" after n seconds
#   OPTIONS="words"       for the hypervisor: trace=print, idle=poll, end-after-ms=N, certificate=HASH, on-end=halt, qemu-exit or bochs-shutdown
#   SCREEN=choice         window, vnc, curses or none (default: window if there can be one)
#   CPU=model             QEMU's processor: max (default), EPYC, ...
#   MEMORY=n              mebibytes of the machine (default 256)
#   ICOUNT=1              time is the number of instructions, so that runs repeat
#   UNCHECKED=1           leave the errors to the hypervisor
#   QEMU="options"        more options for QEMU: -s -S, -d int -D build/int.log
#   SVG=file              check-config: draw memory and schedule
#   BOARD=board.dts       check-config: another machine than QEMU's
#   FOR_MS=n              timeline, replay: how long the system runs, by its own clock (default 250)
#   FROM=us FOR=us        timeline: which part is drawn, in microseconds since the schedules began

# As a word for the shell, whatever the user has put into it.
quote   = '$(subst ','\'',$(1))'
option  = $(if $(strip $($(2))),--$(1)=$(call quote,$($(2))))
MACHINE = --build $(BUILD) $(call option,images,IMAGES) $(call option,certificate,CERTIFICATE) $(call option,seconds,SECONDS) \
          $(call option,options,OPTIONS) $(call option,cpu,CPU) $(call option,memory,MEMORY) $(call option,qemu,QEMU) \
          $(if $(filter-out 0,$(UNCHECKED)),--unchecked)
EMULATE = $(PYTHON) tools/emulate.py $(MACHINE) $(call option,screen,SCREEN) $(if $(quiet),,--show) \
          $(if $(filter-out 0,$(ICOUNT)),--icount)

run: all $(LINUX_IF_NAMED) ## boot CONFIG in QEMU
	@$(EMULATE) run $(call quote,$(CONFIG))

iso: all $(LINUX_IF_NAMED) ## leave a bootable build/NAME.iso of CONFIG
	@$(EMULATE) iso $(call quote,$(CONFIG))

check-config: all $(LINUX_IF_NAMED) ## check CONFIG and show its partitions, memory and devices (docs/checking.md)
	@$(EMULATE) check $(call option,svg,SVG) $(call option,board,BOARD) $(call quote,$(CONFIG))

timeline: all ## run CONFIG for a while and show who ran when (docs/trace.md)
	@$(PYTHON) tools/timeline.py $(MACHINE) $(call option,for-ms,FOR_MS) $(call option,from,FROM) $(call option,for,FOR) \
	    run $(call quote,$(CONFIG))

replay: all ## leave a run of CONFIG that anybody can repeat (docs/debugging.md)
	@$(PYTHON) tools/replay.py $(MACHINE) $(call option,for-ms,FOR_MS) $(call quote,$(CONFIG))

golden: all ## write the traces' hashes in tests/golden anew; with RUNS=n compare so many runs
	@$(PYTHON) tools/golden.py $(call option,runs,RUNS)

test: check host-tests coverage all checker-tests tools-tests mutants fuzz-quick boot-tests bench ## all tests
	@echo "all tests passed"

.PHONY: checker-tests tools-tests mutants boot-tests
checker-tests: all linux ## shikiri-check, and every rule of a configuration
	$(PYTHON) -m pytest -q -n 2 tests/check

tools-tests: all linux ## what is made of a trace
	$(PYTHON) -m pytest -q -n 2 tests/tools

mutants: all linux ## change the examples in N=1000 ways by SEED=1; shikiri-check has to notice
	$(PYTHON) tools/mutants.py --count $(or $(N),1000) --seed $(or $(SEED),1)

.PHONY: agreement
agreement: all fuzz-seeds ## boot N=1000 mutants of SEED=1 and what fuzzing has left: half an hour; docs/tests.md
	$(PYTHON) tests/agreement.py --count $(or $(N),1000) --seed $(or $(SEED),1)

.PHONY: long-runs
long-runs: all linux ## slots for FRAMES=100000 frames, counters for MINUTES=5, Linux under load: two hours; docs/timing.md
	$(PYTHON) tests/long_runs.py --frames $(or $(FRAMES),100000) --minutes $(or $(MINUTES),5)

boot-tests: all linux fuzz-seeds $(BUILD)/corrupt/shikiri.elf
	$(PYTHON) -m pytest -q -n 2 --durations=5 tests/boot

bench: all ## instructions of each event, under icount
	$(PYTHON) tests/bench/bench.py

check: ## formatting, include rules, static analysis, bindings
	tools/check.sh

docs: ## write docs/configuration.md, the page made from dts/bindings
	@mkdir -p $(BUILD)
	$(PYTHON) tools/reference.py > $(BUILD)/configuration.md
	cp $(BUILD)/configuration.md docs/

clean: ## remove everything that was built
	rm -rf $(BUILD)
