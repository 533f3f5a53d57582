# SPDX-License-Identifier: BSD-2-Clause
# build/corrupt/shikiri.elf: the hypervisor's own objects with corrupt.c between two of them.

CORRUPT_OBJECT := $(BUILD)/tests/corrupt/corrupt.c.o

$(BUILD)/corrupt/shikiri.sym.elf: $(CORE_OBJECTS) $(CORRUPT_OBJECT) $(BUILD)/symbols-0.S boot/shikiri.ld
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CORE_LDFLAGS) -Wl,--wrap=partition_load,--wrap=start_summarize $(filter %.o %.S,$^) $(CORE_LIBS) -o $@

$(BUILD)/corrupt/shikiri.elf: $(BUILD)/corrupt/shikiri.sym.elf
	$(Q)objcopy -O elf32-i386 -S $< $@

-include $(CORRUPT_OBJECT:.o=.d)
