/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificate: who can reach which memory, ports, MSRs and screens, as text in one fixed
 * form (docs/certificate.md), a line at a time. Where the facts come from is a source's
 * business: the configuration here, the live tables in audit.c. Pure.
 */
#pragma once

#include "hv/lib/reach.h"
#include "hv/lib/sha256.h"
#include "partitions/config.h"

#define CERTIFICATE_NAME     "shikiri-certificate"
#define CERTIFICATE_TITLE    CERTIFICATE_NAME " 1"
#define CERTIFICATE_LINE_MAX 112 /* bytes of a line with its final zero */

enum reach_kind {
    REACH_MEMORY = 1,
    REACH_PORT,
    REACH_MSR,
    REACH_KINDS,
};

/*
 * The lowest run of that kind at `from` or above, as long as addresses are contiguous on both sides and
 * rights the same; false when there is none.
 */
typedef bool reach_source(const struct config *config, unsigned partition, enum reach_kind kind, uint64_t from,
                          struct reach *reach);

/* A certificate that is being read. */
struct certificate {
    reach_source *source;
    const struct config *config; /* numbers and labels */

    bool begun;
    unsigned partition, kind; /* of the last line; kind 0 before the partition's own line */
    uint64_t first, next;

    const char *text, *end; /* of a certificate that is a file, else NULL */
};

/* The certificate that the configuration, with its windows placed, stands for. */
struct certificate certificate_of_config(const struct config *config);

/* The certificate that a file is the text of; anything in it is a line. */
struct certificate certificate_of_text(const char *text, size_t size_bytes);

/* The next line, without a newline; false and an empty line behind the last one. */
bool certificate_next(struct certificate *certificate, char line[CERTIFICATE_LINE_MAX]);

/* The hash of the whole text, each line with a newline: what sha256sum says of it as a file. */
void certificate_hash(struct certificate certificate, char hex[SHA256_HEX_DIGITS + 1]);

/* Whether a file is the text of a certificate, of this form or another. */
bool certificate_is_text(const void *data, size_t size_bytes);

struct certificate_difference {
    unsigned line;      /* from 1 */
    unsigned partition; /* whose line it is; the number of partitions when it is nobody's */
    char found[CERTIFICATE_LINE_MAX], want[CERTIFICATE_LINE_MAX];
};

/*
 * Whether both say the same; false and the first difference, one side of which may be "nothing". `want` may be a text;
 * differences are by line then.
 */
bool certificate_compare(struct certificate found, struct certificate want, struct certificate_difference *difference);
