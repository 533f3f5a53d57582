/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How libFuzzer changes images: mostly in the ELF header, the program headers and the notes, as nothing else
 * of a file is looked at but a Multiboot header; else anywhere. One change a call.
 */
#include <string.h>

#include "hv/lib/types.h"

#define HEADER_BYTES 64
#define ELF_CLASS    4
#define COUNT_MAX    20
#define PT_NOTE      4

size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t size_max, unsigned seed);

/* Where the two classes have what is needed here: System V ABI, "Object Files". */
static const struct place {
    unsigned table, count, entry_bytes, address_bytes;
} places[] = {{28, 44, 32, 4}, {32, 56, 56, 8}};

static uint64_t get(const uint8_t *data, size_t at, unsigned size_bytes) {
    uint64_t value = 0;

    memcpy(&value, data + at, size_bytes);
    return value;
}

static void mutate_part(uint8_t *part, size_t size_bytes) {
    uint8_t copy[HEADER_BYTES];

    memcpy(copy, part, size_bytes);
    LLVMFuzzerMutate(copy, size_bytes, size_bytes);
    memcpy(part, copy, size_bytes);
}

/* Sets a field of a program header to what rules turn on, or moves it a little. */
static void change_field(uint8_t *field, unsigned size_bytes, unsigned random) {
    static const uint64_t values[] = {0,
                                      1,
                                      0x1000,
                                      0x7000,
                                      0xb8000,
                                      0xb9000,
                                      MIB - 0x9000,
                                      MIB,
                                      MIB + 0x3000,
                                      4 * GIB,
                                      16 * MIB - 0x9000,
                                      16 * MIB,
                                      UINT64_MAX,
                                      UINT64_MAX - 0xfff};
    uint64_t value = get(field, 0, size_bytes);

    if (random % 3 == 0)
        value += random / 3 % 5 - 2UL;
    else
        value = values[random / 3 % ARRAY_LENGTH(values)];
    memcpy(field, &value, size_bytes);
}

/* Changes the notes that a program header is for; false when it is for something else. */
static bool mutate_notes(uint8_t *data, size_t size_bytes, const uint8_t *header, const struct place *place) {
    uint64_t at = get(header, place->address_bytes, place->address_bytes);
    uint64_t part_bytes = get(header, 4 * place->address_bytes, place->address_bytes);

    if (get(header, 0, 4) != PT_NOTE || at > size_bytes || part_bytes > size_bytes - at)
        return false;
    mutate_part(data + at, part_bytes < HEADER_BYTES ? part_bytes : HEADER_BYTES);
    return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t size_max, unsigned seed) {
    unsigned what = seed % 8, random = seed / 8;

    if (size_bytes < HEADER_BYTES || what == 0)
        return LLVMFuzzerMutate(data, size_bytes, size_max);
    const struct place *place = &places[data[ELF_CLASS] == 2];
    uint64_t table = get(data, place->table, place->address_bytes);
    uint16_t count = (uint16_t)get(data, place->count, 2);
    unsigned fields = place->entry_bytes / place->address_bytes;
    uint64_t entry = table + (count ? random % count : 0) * place->entry_bytes;

    if (what == 1 || table > size_bytes || entry + place->entry_bytes > size_bytes) {
        mutate_part(data, HEADER_BYTES);
    } else if (what == 2 && count < COUNT_MAX && table + (count + 1UL) * place->entry_bytes <= size_bytes) {
        memmove(data + table + count * place->entry_bytes, data + entry, place->entry_bytes);
        count++;
        memcpy(data + place->count, &count, sizeof(count));
    } else if (what <= 4) {
        if (what == 3 || !mutate_notes(data, size_bytes, data + entry, place))
            mutate_part(data + entry, place->entry_bytes);
    } else {
        for (unsigned changes = 1 + random % 3; changes > 0; changes--, random = random * 1103515245 + 12345)
            change_field(data + entry + (random >> 16) % fields * place->address_bytes, place->address_bytes,
                         random >> 8);
    }
    return size_bytes;
}
