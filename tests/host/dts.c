/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations for tests: see dts.h.
 */
#define _POSIX_C_SOURCE 200809L /* mkstemp, popen */

#include "tests/host/dts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/host/test.h"

#define BLOB_MAX    (1 << 20)
#define ARENA_BYTES (1 << 20)

const char dts_good[] = "/dts-v1/;\n"
                        "/ {\n"
                        "compatible = \"shikiri,system\";\n"
                        "model = \"good\";\n"
                        "schedule { compatible = \"shikiri,round-robin\"; slot-us = <1000>; };\n"
                        "partitions {\n"
                        "#address-cells = <1>; #size-cells = <0>;\n"
                        "partition@0 {\n"
                        "compatible = \"shikiri,partition\"; reg = <0>; label = \"one\"; image = \"one.elf\";\n"
                        "#address-cells = <2>; #size-cells = <2>;\n"
                        "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000000>; };\n"
                        "vga { compatible = \"shikiri,vga-text\"; };\n"
                        "isa { compatible = \"isa\"; #address-cells = <2>; #size-cells = <1>;\n"
                        "serial@3f8 { compatible = \"shikiri,console\"; reg = <1 0x3f8 8>; };\n"
                        "};\n"
                        "};\n"
                        "partition@1 {\n"
                        "compatible = \"shikiri,partition\"; reg = <1>; label = \"two\"; image = \"two.elf\";\n"
                        "bootargs = \"a=1 b\"; unowned-ports = \"fault\";\n"
                        "#address-cells = <2>; #size-cells = <2>;\n"
                        "memory@100000 { device_type = \"memory\"; reg = <0 0x100000 0 0x200000>; };\n"
                        "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x10000>;\n"
                        "host-address = <0 0x8000000>; read-only; no-execute; };\n"
                        "isa { compatible = \"isa\"; #address-cells = <2>; #size-cells = <1>;\n"
                        "serial@2f8 { compatible = \"ns16550a\"; reg = <1 0x2f8 8>; };\n"
                        "};\n"
                        "};\n"
                        "};\n"
                        "};\n";

char *dts_replace(const char *source, const char *from, const char *to) {
    const char *at = strstr(source, from);
    char *result = malloc(strlen(source) + strlen(to) + 1);

    if (!at)
        fail_msg("\"%s\" is not in the source", from);
    sprintf(result, "%.*s%s%s", (int)(at - source), source, to, at + strlen(from));
    return result;
}

void *dts_compile(const char *source, size_t *size_bytes) {
    char path[] = "/tmp/shikiri-dts-XXXXXX";
    char command[80];
    int descriptor = mkstemp(path);
    size_t length = strlen(source);
    char *blob = malloc(BLOB_MAX);

    assert_true(descriptor >= 0 && write(descriptor, source, length) == (ssize_t)length);
    close(descriptor);
    snprintf(command, sizeof(command), "dtc -q -f -I dts -O dtb %s", path);
    FILE *dtc = popen(command, "r");

    assert_non_null(dtc);
    *size_bytes = fread(blob, 1, BLOB_MAX, dtc);
    int status = pclose(dtc);

    unlink(path);
    if (status != 0 || *size_bytes == 0)
        fail_msg("dtc refuses:\n%s", source);
    return realloc(blob, *size_bytes);
}

void dts_parse(const char *source, struct config *config, struct findings *findings) {
    static uint8_t memory[ARENA_BYTES];
    size_t size_bytes;
    void *blob = dts_compile(source, &size_bytes);

    findings_init(findings);
    config_parse(config, blob, size_bytes, &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                 &findings->report);
    free(blob);
}

void dts_check(const struct dts_case *cases, unsigned count) {
    static struct findings findings;
    struct config config;

    for (unsigned i = 0; i < count; i++) {
        char *source = dts_replace(dts_good, cases[i].from, cases[i].to);

        dts_parse(source, &config, &findings);
        findings_expect(&findings, cases[i].name, cases[i].lines);
        free(source);
    }
}
