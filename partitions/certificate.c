/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificate: see certificate.h. What the configuration grants is worked out here a second time,
 * on purpose without the code that fills the tables: the audit compares the two.
 */
#include "partitions/certificate.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define NOTHING UINT64_MAX

/* The frames of VGA text memory are screens, a page each. */
#define SCREENS_FIRST 0xb8000UL
#define SCREENS_LAST  (SCREENS_FIRST + CONFIG_VGA_SCREENS_MAX * PAGE_BYTES - 1)

/* The MSRs that every partition owns: all that VMSAVE and VMLOAD move (APM vol. 2, "VMSAVE and VMLOAD"). */
static const struct range owned_msrs[] = {
    {0x00000174, 3}, /* SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP */
    {0xc0000081, 4}, /* STAR, LSTAR, CSTAR, SFMASK */
    {0xc0000100, 3}, /* FS_BASE, GS_BASE, KERNEL_GS_BASE */
};

/* Makes *best what the range has at `from` or above, when that begins lower; its start leads to `host`. */
static void offer(struct reach *best, struct range range, uint64_t host, unsigned rights, uint64_t from) {
    uint64_t skipped = higher(from, range.base) - range.base;

    if (skipped < range.size_bytes && range.base + skipped < best->first)
        *best = (struct reach){range.base + skipped, range_end(range) - 1, host + skipped, rights};
}

/* Screens are numbered in the order of the partitions that have one. */
static uint64_t screen_frame(const struct config *config, const struct partition_config *partition) {
    uint64_t frame = SCREENS_FIRST;

    for (const struct partition_config *p = config->partitions; p < partition; p++)
        frame += config_vga(p) ? PAGE_BYTES : 0;
    return frame;
}

/* The screen's page hides what a window has there. */
static void offer_memory(struct reach *best, const struct config *config, const struct partition_config *partition,
                         uint64_t from) {
    const struct range page = config_vga(partition) ? VGA_TEXT_RANGE : (struct range){UINT64_MAX, 0};

    for (unsigned i = 0; i < partition->window_count; i++) {
        const struct window_config *window = &partition->windows[i];
        struct range range = config_range(window);
        unsigned rights = REACH_READ | (window->writable ? REACH_WRITE : 0) | (window->executable ? REACH_EXECUTE : 0);

        offer(best, range, window->hpa.value, rights, higher(from, range_end(page)));
        range.size_bytes = lower(range.size_bytes, higher(range.base, page.base) - range.base);
        offer(best, range, window->hpa.value, rights, from);
    }
    offer(best, page, screen_frame(config, partition), REACH_READ | REACH_WRITE, from);
}

/* The lowest piece at `from` or above; it begins at NOTHING when there is none. */
static struct reach find(const struct config *config, unsigned partition, enum reach_kind kind, uint64_t from) {
    const struct partition_config *owner = &config->partitions[partition];
    struct reach piece = {.first = NOTHING};

    if (kind == REACH_MEMORY) {
        offer_memory(&piece, config, owner, from);
    } else if (kind == REACH_PORT) {
        for (unsigned i = 0; i < owner->device_count; i++) {
            const struct device_config *d = &owner->devices[i];

            if (d->kind == DEVICE_UART)
                offer(&piece, (struct range){d->port, CONFIG_UART_PORTS}, d->port, REACH_READ | REACH_WRITE, from);
        }
    } else {
        for (unsigned i = 0; i < ARRAY_LENGTH(owned_msrs); i++)
            offer(&piece, owned_msrs[i], owned_msrs[i].base, REACH_READ | REACH_WRITE, from);
    }
    return piece;
}

static bool configured(const struct config *config, unsigned partition, enum reach_kind kind, uint64_t from,
                       struct reach *reach) {
    struct reach piece = find(config, partition, kind, from);

    *reach = piece;
    do {
        reach->last = piece.last;
        piece = find(config, partition, kind, reach->last + 1);
    } while (piece.first == reach->last + 1 && piece.host - piece.first == reach->host - reach->first &&
             piece.rights == reach->rights);
    return reach->first != NOTHING;
}

struct certificate certificate_of_config(const struct config *config) {
    return (struct certificate){.source = configured, .config = config};
}

struct certificate certificate_of_text(const char *text, size_t size_bytes) {
    return (struct certificate){.text = text, .end = text + size_bytes, .partition = UINT32_MAX};
}

static void write_memory(char *line, const struct reach *reach) {
    static const char rights[][4] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};
    uint64_t host_last = reach->host + (reach->last - reach->first);
    size_t length = format_string(line, CERTIFICATE_LINE_MAX, "memory 0x%012lx-0x%012lx -> 0x%012lx-0x%012lx %s",
                                  reach->first, reach->last, reach->host, host_last, rights[reach->rights]);
    uint64_t from = (higher(reach->host, SCREENS_FIRST) - SCREENS_FIRST) / PAGE_BYTES;
    uint64_t to = (lower(host_last, SCREENS_LAST) - SCREENS_FIRST) / PAGE_BYTES;

    if (reach->host > SCREENS_LAST || host_last < SCREENS_FIRST)
        return;
    length += format_string(line + length, CERTIFICATE_LINE_MAX - length, " screen %lu", from);
    if (to > from)
        format_string(line + length, CERTIFICATE_LINE_MAX - length, "-%lu", to);
}

static void write_reach(char *line, enum reach_kind kind, const struct reach *reach) {
    static const char rights[][3] = {"--", "r-", "-w", "rw"};

    if (kind == REACH_MEMORY)
        write_memory(line, reach);
    else if (kind == REACH_PORT)
        format_string(line, CERTIFICATE_LINE_MAX, "port 0x%04lx-0x%04lx", reach->first, reach->last);
    else
        format_string(line, CERTIFICATE_LINE_MAX, "msr 0x%08lx-0x%08lx %s", reach->first, reach->last,
                      rights[reach->rights]);
}

/* The line at c->text in printable characters, cut to what a certificate can have; false when there is none. */
static bool next_text_line(struct certificate *c, char line[CERTIFICATE_LINE_MAX]) {
    bool more = c->text < c->end;
    size_t length = 0;

    for (; c->text < c->end && *c->text != '\n'; c->text++)
        if (length < CERTIFICATE_LINE_MAX - 1)
            line[length++] = *c->text < ' ' || *c->text > '~' ? '?' : *c->text;
    c->text += c->text < c->end;
    line[length] = '\0';
    return more;
}

bool certificate_next(struct certificate *c, char line[CERTIFICATE_LINE_MAX]) {
    struct reach reach;

    if (c->text)
        return next_text_line(c, line);
    if (!c->begun) {
        c->begun = true;
        format_string(line, CERTIFICATE_LINE_MAX, "%s", CERTIFICATE_TITLE);
        return true;
    }
    for (; c->partition < c->config->partition_count; c->partition++, c->kind = 0) {
        if (c->kind == 0) {
            c->kind = REACH_MEMORY;
            c->first = c->next = 0;
            format_string(line, CERTIFICATE_LINE_MAX, "partition %u \"%s\"", c->partition,
                          c->config->partitions[c->partition].label);
            return true;
        }
        for (; c->kind < REACH_KINDS; c->kind++, c->next = 0) {
            if (c->source(c->config, c->partition, c->kind, c->next, &reach)) {
                c->first = reach.first;
                c->next = reach.last + 1;
                write_reach(line, c->kind, &reach);
                return true;
            }
        }
    }
    line[0] = '\0';
    return false;
}

void certificate_hash(struct certificate certificate, char hex[SHA256_HEX_DIGITS + 1]) {
    char line[CERTIFICATE_LINE_MAX];
    struct sha256 sha;

    sha256_init(&sha);
    while (certificate_next(&certificate, line)) {
        sha256_add(&sha, line, strlen(line));
        sha256_add(&sha, "\n", 1);
    }
    sha256_finish(&sha, hex);
}

/* Whether the last line of `a` belongs in front of that of `b`. In texts lines have no order. */
static bool is_before(const struct certificate *a, const struct certificate *b) {
    if (a->text || b->text)
        return false;
    if (a->partition != b->partition)
        return a->partition < b->partition;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->first < b->first;
}

bool certificate_compare(struct certificate found, struct certificate want, struct certificate_difference *difference) {
    for (difference->line = 1;; difference->line++) {
        bool more_found = certificate_next(&found, difference->found);
        bool more_want = certificate_next(&want, difference->want);

        if (!more_found && !more_want)
            return true;
        if (more_found == more_want && strcmp(difference->found, difference->want) == 0)
            continue;
        difference->partition = (unsigned)lower(found.partition, want.partition);
        if (!more_want || is_before(&found, &want))
            format_string(difference->want, sizeof(difference->want), "nothing");
        if (!more_found || is_before(&want, &found))
            format_string(difference->found, sizeof(difference->found), "nothing");
        return false;
    }
}

bool certificate_is_text(const void *data, size_t size_bytes) {
    const size_t length = sizeof(CERTIFICATE_NAME) - 1;

    return size_bytes >= length && memcmp(data, CERTIFICATE_NAME, length) == 0;
}
