# SPDX-License-Identifier: BSD-2-Clause
# Unit tests: programs for the build machine, each linked from one test and the files it tests, run under
# the address and undefined-behaviour sanitizers.

HOST_BUILD  := $(BUILD)/host
HOST_CFLAGS := -std=c11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra -Wno-unused-parameter -Werror -I.
HOST_LIBS   := -lcmocka -lfdt

HOST_REPORT := hv/lib/arena.c hv/lib/format.c hv/lib/report.c tests/host/findings.c
HOST_CONFIG := partitions/config.c partitions/timing.c partitions/fdt.c partitions/rules.c partitions/image.c tests/host/dts.c $(HOST_REPORT)
HOST_VCPU   := partitions/partition.c partitions/entry.c partitions/acpi.c partitions/devices.c partitions/image.c partitions/config.c \
               partitions/timing.c partitions/fdt.c partitions/rules.c hv/vcpu.c hv/interrupt.c hv/msr.c hv/clock.c hv/io.c hv/cpu/xstate.c \
               $(wildcard hv/dev/*.c) hv/svm/event.c hv/svm/iopm.c hv/svm/msrpm.c hv/svm/npt.c hv/lib/pagetable.c hv/svm/vmcb.c \
               hv/lib/arena.c hv/lib/format.c hv/lib/report.c hv/lib/log.c tests/host/log_capture.c tests/host/fake_screen.c tests/host/fake_exit.c \
               tests/host/fake_rtc.c tests/host/lapic_wake.c tests/host/fake_tsc.c
HOST_SCHEDULE := sched/schedule.c sched/round_robin.c sched/cyclic.c
HOST_LOG    := hv/lib/log.c hv/lib/format.c tests/host/log_capture.c

# For sources that execute what only the machine's owner may.
HOST_PROCESSOR := -include tests/host/processor.h
HOST_TSC       := -include tests/host/fake_tsc.h
HOST_INTERRUPT := hv/interrupt.c hv/dev/x2apic.c hv/svm/event.c tests/host/processor.c tests/host/lapic_wake.c

HOST_TESTS :=

HOST_TESTS += range_test
HOST_TESTS += arena_test
arena_test_SOURCES := hv/lib/arena.c
HOST_TESTS += format_test
format_test_SOURCES := hv/lib/format.c
HOST_TESTS += sha256_test
sha256_test_SOURCES := hv/lib/sha256.c hv/lib/format.c
HOST_TESTS += report_test
report_test_SOURCES := $(HOST_REPORT)
HOST_TESTS += fdt_test
fdt_test_SOURCES := $(HOST_CONFIG)
HOST_TESTS += config_test
config_test_SOURCES := $(HOST_CONFIG)
HOST_TESTS += rules_test
rules_test_SOURCES := $(HOST_CONFIG)
HOST_TESTS += memory_test
memory_test_SOURCES := partitions/memory.c $(HOST_REPORT)
HOST_TESTS += image_test
image_test_SOURCES := partitions/image.c partitions/config.c partitions/timing.c partitions/fdt.c partitions/rules.c $(HOST_REPORT)
HOST_TESTS += system_test
system_test_SOURCES := partitions/system.c partitions/memory.c $(HOST_CONFIG)
HOST_TESTS += certificate_test
certificate_test_SOURCES := partitions/certificate.c hv/lib/sha256.c $(HOST_CONFIG)
HOST_TESTS += audit_test
audit_test_SOURCES := partitions/audit.c hv/svm/npt.c hv/lib/pagetable.c hv/svm/iopm.c hv/svm/msrpm.c hv/svm/vmcb.c $(certificate_test_SOURCES)
HOST_TESTS += npt_test
npt_test_SOURCES := hv/svm/npt.c hv/lib/pagetable.c hv/lib/arena.c
HOST_TESTS += iopm_test
iopm_test_SOURCES := hv/svm/iopm.c
HOST_TESTS += msrpm_test
msrpm_test_SOURCES := hv/svm/msrpm.c
HOST_TESTS += vmcb_check_test
vmcb_check_test_SOURCES := hv/svm/vmcb.c
HOST_TESTS += svm_test
svm_test_SOURCES := hv/svm/svm.c
HOST_TESTS += round_robin_test
round_robin_test_SOURCES := $(HOST_SCHEDULE)
HOST_TESTS += cyclic_test
cyclic_test_SOURCES := $(HOST_SCHEDULE)
HOST_TESTS += schedule_test
schedule_test_SOURCES := $(HOST_SCHEDULE)
HOST_TESTS += keys_test
keys_test_SOURCES := sched/keys.c hv/dev/uart.c hv/dev/ioapic.c hv/dev/console.c $(HOST_LOG)
HOST_TESTS += timing_test
timing_test_SOURCES := $(HOST_CONFIG)
HOST_TESTS += io_test
io_test_SOURCES := hv/io.c
HOST_TESTS += vga_test
vga_test_SOURCES := hv/dev/vga.c
HOST_TESTS += console_test
console_test_SOURCES := hv/dev/console.c $(HOST_LOG)
HOST_TESTS += uart_test
uart_test_SOURCES := hv/dev/uart.c hv/dev/console.c $(HOST_LOG)
HOST_TESTS += ioapic_test
ioapic_test_SOURCES := hv/dev/ioapic.c
HOST_TESTS += pci_test
pci_test_SOURCES := hv/dev/pci.c
HOST_TESTS += pit_test
pit_test_SOURCES := hv/dev/pit.c
HOST_TESTS += cmos_test
cmos_test_SOURCES := hv/dev/cmos.c
HOST_TESTS += power_test
power_test_SOURCES := hv/dev/power.c
HOST_TESTS += x2apic_test
x2apic_test_SOURCES := hv/dev/x2apic.c
HOST_TESTS += multiboot_test
multiboot_test_SOURCES := boot/multiboot.c
HOST_TESTS += acpi_test
acpi_test_SOURCES := boot/acpi.c
HOST_TESTS += guest_acpi_test
guest_acpi_test_SOURCES := partitions/acpi.c
HOST_TESTS += modules_test
modules_test_SOURCES := boot/modules.c
HOST_TESTS += layout_test
layout_test_SOURCES := partitions/layout.c partitions/memory.c $(HOST_CONFIG)
HOST_TESTS += options_test
options_test_SOURCES := boot/options.c $(HOST_REPORT)
HOST_TESTS += vmcb_test
vmcb_test_SOURCES := hv/svm/vmcb.c hv/svm/event.c
HOST_TESTS += cpuid_test
cpuid_test_SOURCES := hv/cpuid.c tests/host/processor.c
cpuid_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += msr_test
msr_test_SOURCES := hv/msr.c $(HOST_INTERRUPT) tests/host/fake_exit.c tests/host/fake_start.c
msr_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += interrupt_test
interrupt_test_SOURCES := hv/interrupt.c hv/dev/x2apic.c hv/svm/event.c tests/host/processor.c tests/host/fake_exit.c
interrupt_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += hypercall_test
hypercall_test_SOURCES := hv/hypercall.c hv/vcpu.c hv/msr.c hv/clock.c hv/interrupt.c hv/cpu/xstate.c hv/dev/console.c hv/dev/x2apic.c hv/svm/npt.c hv/lib/pagetable.c hv/svm/vmcb.c hv/svm/iopm.c hv/svm/msrpm.c \
                          hv/lib/arena.c hv/svm/event.c tests/host/fake_exit.c tests/host/fake_rtc.c $(HOST_LOG)
HOST_TESTS += clock_test
clock_test_SOURCES := hv/clock.c hv/cpu/cpu.c hv/svm/npt.c hv/lib/pagetable.c hv/lib/arena.c tests/host/processor.c
clock_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += cpu_test
cpu_test_SOURCES := hv/cpu/cpu.c tests/host/processor.c
cpu_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += rtc_test
rtc_test_SOURCES := hv/cpu/rtc.c tests/host/processor.c
rtc_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += mmio_test
mmio_test_SOURCES := hv/mmio.c hv/dev/ioapic.c
HOST_TESTS += fetch_test
fetch_test_SOURCES := hv/fetch.c hv/svm/npt.c hv/lib/pagetable.c hv/lib/arena.c
HOST_TESTS += mov_test
mov_test_SOURCES := hv/mov.c $(HOST_INTERRUPT) tests/host/fake_start.c
mov_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += exit_test
exit_test_SOURCES := hv/exit.c $(HOST_INTERRUPT) tests/host/fake_start.c
exit_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += exit_report_test
exit_report_test_SOURCES := hv/exit_report.c hv/svm/event.c $(HOST_LOG)
HOST_TESTS += lapic_test
lapic_test_SOURCES := hv/cpu/lapic.c tests/host/processor.c
lapic_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += trace_test
trace_test_SOURCES := hv/cpu/trace.c $(HOST_LOG)
HOST_TESTS += vcpu_test
vcpu_test_SOURCES := hv/vcpu.c hv/msr.c hv/clock.c hv/svm/vmcb.c hv/svm/iopm.c hv/svm/msrpm.c hv/svm/npt.c hv/lib/pagetable.c \
                     hv/lib/arena.c $(HOST_INTERRUPT) tests/host/fake_exit.c tests/host/fake_rtc.c $(HOST_LOG)
vcpu_test_FLAGS := $(HOST_PROCESSOR)
HOST_TESTS += partition_test
partition_test_SOURCES := $(HOST_VCPU)
partition_test_FLAGS := $(HOST_TSC)
HOST_TESTS += entry_test
entry_test_SOURCES := $(HOST_VCPU)
entry_test_FLAGS := $(HOST_TSC)
HOST_TESTS += devices_test
devices_test_SOURCES := $(HOST_VCPU)
devices_test_FLAGS := $(HOST_TSC)

HOST_HEADERS := $(wildcard boot/*.h hv/*.h hv/cpu/*.h hv/dev/*.h hv/lib/*.h hv/svm/*.h partitions/*.h sched/*.h tests/host/*.h)
HOST_RUNS    := $(HOST_TESTS:%=host-run-%)

.PHONY: host-tests $(HOST_RUNS)
host-tests: $(HOST_RUNS) ## unit tests on the build machine

define host_test_rule
$(HOST_BUILD)/$(1): tests/host/$(1).c $($(1)_SOURCES) $(HOST_HEADERS) tests/host/tests.mk
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $(HOST_CFLAGS) $($(1)_FLAGS) $$(filter %.c,$$^) $(HOST_LIBS) -o $$@
endef

$(foreach t,$(HOST_TESTS),$(eval $(call host_test_rule,$(t))))

# What a program prints is shown when it fails, in one piece.
$(HOST_RUNS): host-run-%: $(HOST_BUILD)/%
	@$< > $<.log 2>&1 || { cat $<.log; echo "$* failed"; exit 1; }
	@sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/$*: \1 passed/p' $<.log

# ---- coverage -------------------------------------------------------------------------------
# The tests of partitions/ once more, without optimisation and with one object a source, so that what they reach
# adds up.

COVERAGE_BUILD  := $(BUILD)/coverage
COVERAGE_CFLAGS := -std=c11 -g -O0 --coverage -I.
COVERAGE_WANTED := 95
COVERED         := $(wildcard partitions/*.c)
COVERAGE_TESTS  := $(foreach t,$(HOST_TESTS),$(if $(filter $(COVERED),$($(t)_SOURCES)),$(t)))

.PHONY: coverage
coverage: $(COVERAGE_TESTS:%=$(COVERAGE_BUILD)/%) $(COVERED:%.c=$(COVERAGE_BUILD)/%.o) ## lines of partitions/ that the unit tests reach
	@find $(COVERAGE_BUILD) -name '*.gcda' -delete
	@for test in $(COVERAGE_TESTS); do $(COVERAGE_BUILD)/$$test > /dev/null 2>&1 || { echo "$$test failed"; exit 1; }; done
	@tests/host/coverage.sh $(COVERAGE_BUILD) $(COVERAGE_WANTED) $(COVERED)

# Its time is the test's.
$(COVERAGE_BUILD)/partitions/partition.o: COVERAGE_CFLAGS += $(HOST_TSC)

$(COVERAGE_BUILD)/%.o: %.c $(HOST_HEADERS) tests/host/tests.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(COVERAGE_CFLAGS) -c $< -o $@

define coverage_rule
$(COVERAGE_BUILD)/$(1): $(patsubst %.c,$(COVERAGE_BUILD)/%.o,tests/host/$(1).c $($(1)_SOURCES))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) --coverage $$^ $(HOST_LIBS) -o $$@
endef

$(foreach t,$(COVERAGE_TESTS),$(eval $(call coverage_rule,$(t))))
