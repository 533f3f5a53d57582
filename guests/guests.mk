# SPDX-License-Identifier: BSD-2-Clause
# The example guests: build/guests/NAME.elf from guests/NAME/, in 32 or 64 bits.

GUEST_CFLAGS := -std=c11 -ffreestanding -mgeneral-regs-only -O2 -g -Wall -Wextra -Werror -mno-red-zone \
                -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -I.
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack,--no-warn-rwx-segments
GUEST_LIB    := $(wildcard guests/lib/*.c)

GUESTS_64 := beat watch bounce sleeper bench crash tick phoenix counter64
GUESTS_32 := hello hog counter32
GUESTS_MB := multi
GUESTS_PVH := pvh
GUEST_ELFS := $(patsubst %,$(BUILD)/guests/%.elf,$(GUESTS_64) $(GUESTS_32) $(GUESTS_MB) $(GUESTS_PVH))

# A guest's sources: its folder, whose name may carry the width.
guest_folder = guests/$(if $(filter counter%,$(1)),counter,$(1))
guest_sources = guests/lib/start$(3).S guests/lib/vcpu_$(2).S $(wildcard guests/lib/interrupts_$(2).S) $(wildcard $(call guest_folder,$(1))/*.c) \
                $(wildcard $(call guest_folder,$(1))/*_all.S $(call guest_folder,$(1))/*_$(2).S) $(GUEST_LIB)

# By the flavour of its start code.
guest_script = $(or $(wildcard guests/lib/guest$(1).ld),guests/lib/guest.ld)

# $(1) guest, $(2) width in bits, $(3) flavour of the start code
define guest_rules
$(BUILD)/guests/$(1).elf: $(patsubst %,$(BUILD)/guests/$(2)/%.o,$(call guest_sources,$(1),$(2),$(3))) $(call guest_script,$(3))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) -m$(2) $(GUEST_LDFLAGS) -T $(call guest_script,$(3)) $$(filter %.o,$$^) -o $$@
endef

.PHONY: guests
guests: $(GUEST_ELFS)

$(foreach g,$(GUESTS_64),$(eval $(call guest_rules,$(g),64,64)))
$(foreach g,$(GUESTS_32),$(eval $(call guest_rules,$(g),32,32)))
$(foreach g,$(GUESTS_MB),$(eval $(call guest_rules,$(g),32,_multiboot)))
$(foreach g,$(GUESTS_PVH),$(eval $(call guest_rules,$(g),32,_pvh)))

define guest_object_rules
$(BUILD)/guests/$(1)/%.c.o: %.c guests/guests.mk
	@mkdir -p $$(@D)
	$$(call say,CC,'$$< ($(1) bits)')
	$$(Q)$$(CC) -m$(1) $(GUEST_CFLAGS) -MMD -MP -c $$< -o $$@

$(BUILD)/guests/$(1)/%.S.o: %.S guests/guests.mk
	@mkdir -p $$(@D)
	$$(call say,AS,'$$< ($(1) bits)')
	$$(Q)$$(CC) -m$(1) -g -I. -MMD -MP -c $$< -o $$@
endef
$(eval $(call guest_object_rules,32))
$(eval $(call guest_object_rules,64))

-include $(shell find $(BUILD)/guests -name '*.d' 2>/dev/null)
