# SPDX-License-Identifier: BSD-2-Clause
# Fuzzing: libFuzzer programs, each a harness with the files it exercises. Seeds and the dictionary are made from
# the examples, the example guests and the sources. `make fuzz` keeps inputs that reach something new in
# build/fuzz/NAME/corpus and goes on from them the next time; findings are left in build/fuzz/NAME/findings.

FUZZ_BUILD  := $(BUILD)/fuzz
FUZZ_CFLAGS := -std=c11 -g -O2 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
               -fsanitize-coverage-ignorelist=tests/fuzz/not_covered -Wall -Wextra -Wno-unused-parameter -Werror -I.
FUZZ_REPORT := hv/lib/arena.c hv/lib/format.c hv/lib/report.c tests/fuzz/invariants.c
FUZZ_PARSER := $(addprefix partitions/,config.c timing.c fdt.c rules.c image.c) $(FUZZ_REPORT)
FUZZ_IMAGE  := tests/fuzz/fuzz_image.c tests/fuzz/mutate_elf.c $(FUZZ_PARSER)
FUZZ_QUICK  := 20000

# Set by the two ways to run them below.
FUZZ_CORPUS := corpus
FUZZ_LIMIT  := -runs=0

# Each target: its sources, what its compiler is told, the longest input, its seeds, what else a run needs.
FUZZ_TARGETS :=

FUZZ_TARGETS += config
config_SOURCES := tests/fuzz/fuzz_config.c tests/fuzz/mutate_dtb.c hv/lib/sha256.c $(FUZZ_PARSER) \
                  $(addprefix partitions/,system.c layout.c memory.c certificate.c)
config_LENGTH  := 6144
config_SEEDS   := $(patsubst %.dts,%.dtb,$(filter-out %/linux.dts %/linux-and-rt.dts %/two-linux.dts %/memtest.dts,$(wildcard dts/examples/*.dts tests/rules/*.accepted.dts tests/fuzz/*.dts)))
config_IMAGES  := $(addprefix $(FUZZ_BUILD)/config/images/,$(notdir $(GUEST_ELFS)) one.elf two.elf)
config_NEEDS   := $(config_IMAGES)
FUZZ_TARGETS += elf64
elf64_SOURCES := $(FUZZ_IMAGE)
elf64_FLAGS   := -DFUZZ_KIND=IMAGE_ELF64
elf64_LENGTH  := 8192
elf64_SEEDS   := $(GUESTS_64:%=%.elf) pvh-64
FUZZ_TARGETS += elf32
elf32_SOURCES := $(FUZZ_IMAGE)
elf32_FLAGS   := -DFUZZ_KIND=IMAGE_ELF32
elf32_LENGTH  := 8192
elf32_SEEDS   := $(patsubst %,%.elf,$(GUESTS_32) $(GUESTS_PVH)) pvh-32
FUZZ_TARGETS += elf_multiboot
elf_multiboot_SOURCES := $(FUZZ_IMAGE)
elf_multiboot_FLAGS   := -DFUZZ_KIND=IMAGE_MULTIBOOT
elf_multiboot_LENGTH  := 8192
elf_multiboot_SEEDS   := $(GUESTS_MB:%=%.elf)
FUZZ_TARGETS += kernel
kernel_SOURCES := tests/fuzz/fuzz_kernel.c $(FUZZ_PARSER)
kernel_LENGTH  := 132
kernel_SEEDS   :=
FUZZ_TARGETS += multiboot
multiboot_SOURCES := tests/fuzz/fuzz_multiboot.c boot/multiboot.c $(FUZZ_REPORT)
multiboot_LENGTH  := 2048
multiboot_SEEDS   := version-1 version-2

FUZZ_TARGETS += certificate
certificate_SOURCES := tests/fuzz/fuzz_certificate.c partitions/certificate.c hv/lib/sha256.c $(FUZZ_PARSER)
certificate_LENGTH  := 64
certificate_SEEDS   :=

FUZZ_HEADERS := $(HOST_HEADERS) $(wildcard tests/fuzz/*.h)
FUZZ_RUNS    := $(FUZZ_TARGETS:%=fuzz-run-%)

.PHONY: fuzz fuzz-quick fuzz-seeds $(FUZZ_RUNS)
fuzz: ## fuzz every target for SECONDS=60 or RUNS=n executions, two at a time
	@$(MAKE) --no-print-directory -k -j 2 $(FUZZ_RUNS) \
	    FUZZ_LIMIT=$(if $(RUNS),-runs=$(RUNS),-max_total_time=$(or $(SECONDS),60))

fuzz-quick: ## the same executions of every target each time
	@$(MAKE) --no-print-directory -k -j 2 $(FUZZ_RUNS) FUZZ_LIMIT="-runs=$(FUZZ_QUICK) -seed=1 -reload=0" FUZZ_CORPUS=quick

fuzz-seeds: $(foreach t,$(FUZZ_TARGETS),$(addprefix $(FUZZ_BUILD)/$(t)/seeds/,$($(t)_SEEDS)) $($(t)_NEEDS))

define fuzz_rules
$(FUZZ_BUILD)/$(1)/fuzz_$(1): $($(1)_SOURCES) $(FUZZ_HEADERS) tests/fuzz/fuzz.mk
	@mkdir -p $$(@D)
	$$(call say,CLANG,$$@)
	$$(Q)clang $(FUZZ_CFLAGS) $($(1)_FLAGS) $$(filter %.c,$$^) -lfdt -o $$@

fuzz-run-$(1): $(FUZZ_BUILD)/$(1)/fuzz_$(1) $(FUZZ_BUILD)/dictionary $($(1)_NEEDS) \
               $(addprefix $(FUZZ_BUILD)/$(1)/seeds/,$($(1)_SEEDS))
	@tests/fuzz/run.sh $(FUZZ_BUILD) $(1) $$(FUZZ_CORPUS) -max_len=$($(1)_LENGTH) $$(FUZZ_LIMIT)
endef

$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_rules,$(t))))

$(FUZZ_BUILD)/config/seeds/%.dtb: %.dts
	@mkdir -p $(@D)
	@dtc -q -I dts -O dtb -o $@ $<

# The modules that all configurations are checked with; tests/rules call theirs one.elf and two.elf.
$(FUZZ_BUILD)/config/images/one.elf $(FUZZ_BUILD)/config/images/two.elf: $(BUILD)/guests/hello.elf
	@mkdir -p $(@D)
	@cp $< $@

$(FUZZ_BUILD)/config/images/%.elf: $(BUILD)/guests/%.elf
	@mkdir -p $(@D)
	@cp $< $@

$(addprefix $(FUZZ_BUILD)/,multiboot/seeds/version-1 multiboot/seeds/version-2 elf64/seeds/pvh-64 elf32/seeds/pvh-32): \
        tests/fuzz/loader_seeds.py tests/elf.py
	@$(PYTHON) $< $@

# A guest without its symbols, as a seed of the target whose folder it goes to.
define fuzz_image_seed_rule
$(FUZZ_BUILD)/$(1)/seeds/%.elf: $(BUILD)/guests/%.elf
	@mkdir -p $$(@D)
	@objcopy -S $$< $$@
endef
$(foreach t,elf64 elf32 elf_multiboot,$(eval $(call fuzz_image_seed_rule,$(t))))

# All strings that the readers compare with; names stand several in one.
$(FUZZ_BUILD)/dictionary: $(wildcard partitions/*.c) tests/fuzz/words tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	@{ cat tests/fuzz/words; { cat partitions/*.c; cat partitions/*.c | tr '\n' ' ' | \
	    grep -oE 'dt_(check_names|choice)\([^;]*' | grep -o '"[^"]*"' | sed 's/ /" "/g'; } | \
	    grep -o '"[#a-z0-9,_-]\+"' | sort -u; } > $@
