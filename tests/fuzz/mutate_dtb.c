/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How libFuzzer changes device trees: mostly as trees, so that what comes out is a whole blob and
 * the rules behind the reader are reached; else as bytes. One change a call.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "partitions/fdt.h"

#define NODES_MAX  512
#define VALUE_MAX  2200 /* longer than any value that is accepted */
#define NAME_BYTES 64

size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t size_max, unsigned seed);

/* The tree as it was, and the changed copy; what is looked up in `from` keeps its place. */
struct change {
    const void *from;
    void *to;
    uint32_t random;
    int nodes[NODES_MAX];
    unsigned node_count;
};

/* xorshift: from 0 to below `limit`. */
static unsigned pick(struct change *change, unsigned limit) {
    change->random ^= change->random << 13;
    change->random ^= change->random >> 17;
    change->random ^= change->random << 5;
    return change->random % limit;
}

/* "" where a damaged tree has no name. */
static const char *name_of(const void *blob, int node) {
    const char *name = fdt_get_name(blob, node, NULL);

    return name ? name : "";
}

static int pick_node(struct change *change) {
    return change->nodes[pick(change, change->node_count)];
}

static int pick_property(struct change *change, int node) {
    unsigned count = 0, chosen;
    int property;

    fdt_for_each_property_offset(property, change->from, node)
        count++;
    if (count == 0)
        return -1;
    chosen = pick(change, count);
    fdt_for_each_property_offset(property, change->from, node) {
        if (chosen-- == 0)
            break;
    }
    return property;
}

/* Values that rules turn on. */
static uint32_t pick_cell(struct change *change) {
    static const uint32_t cells[] = {0,          20,         50,         100,        300,        1000,      1000000,
                                     10000000,   1,          2,          8,          0x10,       0x2f8,     0x3e8,
                                     0x2e8,      0x3f8,      0x1000,     0x6000,     0x7000,     0xb8000,   0xb9000,
                                     0x100000,   0x123000,   0x124000,   0x200000,   0xfff000,   0x1000000, 0x7fe0000,
                                     0x10000000, 0x40000000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};

    return cells[pick(change, ARRAY_LENGTH(cells))];
}

static void change_value(struct change *change, int node) {
    uint8_t value[VALUE_MAX];
    const char *name;
    int length, property = pick_property(change, node);
    const void *old = property < 0 ? NULL : fdt_getprop_by_offset(change->from, property, &name, &length);

    if (!old || length > VALUE_MAX / 2)
        return;
    memcpy(value, old, (size_t)length);
    if (length >= 4 && length % 4 == 0 && pick(change, 4) != 0) {
        uint8_t *cell = value + 4 * pick(change, (unsigned)length / 4);
        uint32_t number = pick_cell(change);

        fdt32_st(cell,
                 pick(change, 3) ? number : fdt32_ld((const fdt32_t *)cell) + (pick(change, 2) ? number : -number));
    } else {
        length = (int)LLVMFuzzerMutate(value, (size_t)length, sizeof(value));
    }
    fdt_setprop(change->to, node, name, value, length);
}

static void drop_property(struct change *change, int node) {
    const char *name;
    int property = pick_property(change, node);

    if (property >= 0 && fdt_getprop_by_offset(change->from, property, &name, NULL))
        fdt_delprop(change->to, node, name);
}

/* A property of one node in another. */
static void copy_property(struct change *change, int node) {
    const char *name;
    int length, property = pick_property(change, node);
    const void *value = property < 0 ? NULL : fdt_getprop_by_offset(change->from, property, &name, &length);

    if (value)
        fdt_setprop(change->to, pick_node(change), name, value, length);
}

static void drop_node(struct change *change, int node) {
    if (node != 0)
        fdt_del_node(change->to, node);
}

static void rename_node(struct change *change, int node) {
    char name[NAME_BYTES] = "";
    const char *other = name_of(change->from, pick_node(change));

    strncpy(name, other, sizeof(name) - 1);
    if (pick(change, 2))
        name[LLVMFuzzerMutate((uint8_t *)name, strlen(name), sizeof(name) - 1)] = '\0';
    if (node != 0)
        fdt_set_name(change->to, node, name);
}

/* What two partitions may not have in common. */
static void set_apart(struct change *change, int partition) {
    unsigned number = pick(change, 40);
    char label[NAME_BYTES];

    snprintf(label, sizeof(label), "p%u", number);
    fdt_setprop_string(change->to, partition, "label", label);
    fdt_setprop_u32(change->to, partition, "reg", number);
}

static void copy_tree(struct change *change, int node, int parent, const char *name) {
    int property, child, copy = fdt_add_subnode(change->to, parent, name);

    if (copy < 0)
        return;
    fdt_for_each_property_offset(property, change->from, node) {
        int length;
        const void *value = fdt_getprop_by_offset(change->from, property, &name, &length);

        fdt_setprop(change->to, copy, name, value, length);
    }
    if (fdt_getprop(change->from, node, "label", NULL))
        set_apart(change, copy);
    fdt_for_each_subnode(child, change->from, node)
        copy_tree(change, child, copy, name_of(change->from, child));
}

/* The same node again beside itself under another address, or in another node. */
static void copy_node(struct change *change, int node) {
    char name[NAME_BYTES];
    const char *own = name_of(change->from, node);
    int parent = node == 0 ? 0 : pick(change, 2) ? fdt_parent_offset(change->from, node) : pick_node(change);

    snprintf(name, sizeof(name), "%.*s@%x", (int)strcspn(own, "@"), own, pick(change, 40));
    if (node != 0)
        copy_tree(change, node, parent, name);
}

/* Makes unit addresses agree with reg again, by the number of cells that partitions, serial lines and windows have. */
static void mend_unit_addresses(void *blob) {
    for (int node = fdt_next_node(blob, -1, NULL); node >= 0; node = fdt_next_node(blob, node, NULL)) {
        int length;
        const fdt32_t *reg = fdt_getprop(blob, node, "reg", &length);
        const char *own = name_of(blob, node);
        char name[NAME_BYTES];
        uint64_t address;

        if (!reg || length < 4 || !strchr(own, '@'))
            continue;
        address = length == 4 ? fdt32_ld(&reg[0]) : length == 12 ? fdt32_ld(&reg[1]) : 0;
        if (length == 16)
            address = (uint64_t)fdt32_ld(&reg[0]) << 32 | fdt32_ld(&reg[1]);
        snprintf(name, sizeof(name), "%.*s@%lx", (int)strcspn(own, "@") % 32, own, address);
        fdt_set_name(blob, node, name);
    }
}

static void (*const changes[])(struct change *, int node) = {
    change_value, change_value, change_value, drop_property, copy_property,
    drop_node,    rename_node,  copy_node,    copy_node,
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t size_max, unsigned seed) {
    static uint8_t before[1 << 16], after[1 << 16];
    static struct change change;

    change = (struct change){.from = before, .to = after, .random = seed | 1};
    if (size_bytes > sizeof(before) || size_max > sizeof(after) || pick(&change, 5) == 0 ||
        dt_check(data, size_bytes) != 0 || fdt_open_into(data, before, sizeof(before)) != 0)
        return LLVMFuzzerMutate(data, size_bytes, size_max);
    memcpy(after, before, sizeof(after));
    for (int node = 0; node >= 0 && change.node_count < NODES_MAX; node = fdt_next_node(before, node, NULL))
        change.nodes[change.node_count++] = node;
    changes[pick(&change, ARRAY_LENGTH(changes))](&change, pick_node(&change));
    if (pick(&change, 8) != 0)
        mend_unit_addresses(after);
    fdt_pack(after);
    if (fdt_totalsize(after) > size_max)
        return LLVMFuzzerMutate(data, size_bytes, size_max);
    memcpy(data, after, fdt_totalsize(after));
    return fdt_totalsize(after);
}
