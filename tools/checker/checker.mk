# SPDX-License-Identifier: BSD-2-Clause
# build/shikiri-check: the checker, from its own files and those of partitions/ that boot uses too.

CHECKER_SOURCES := $(wildcard tools/checker/*.c) hv/lib/arena.c hv/lib/format.c hv/lib/report.c hv/lib/sha256.c \
                   $(addprefix partitions/,certificate.c config.c fdt.c image.c layout.c memory.c rules.c system.c timing.c)
CHECKER_OBJECTS := $(CHECKER_SOURCES:%=$(BUILD)/checker/%.o)
CHECKER_CFLAGS  := -std=c11 -g -O2 -Wall -Wextra -Wno-unused-parameter -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -I.

$(BUILD)/checker/%.c.o: %.c tools/checker/checker.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CHECKER_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/shikiri-check: $(CHECKER_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $^ -lfdt -o $@

-include $(CHECKER_OBJECTS:.o=.d)
