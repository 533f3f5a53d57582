/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit at the start of a run, and what the user asks of the certificate: its hash on the command
 * line, or its text as a module.
 */
#include "boot/start.h"

#include "hv/cpu/x86.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "partitions/audit.h"
#include "sched/report.h"

/* Says what differs; the number of differences. */
static unsigned check_hash(const struct options *options, const char *hash) {
    if (options->certificate[0] == '\0' || strcmp(options->certificate, hash) == 0)
        return 0;
    log_line("error: certificate: found %s, want %s, as the command line says", hash, options->certificate);
    return 1;
}

static unsigned check_file(const struct image_file *file) {
    struct certificate_difference difference;

    if (!certificate_is_text(file->data, file->size_bytes) ||
        certificate_compare(audit_certificate(), certificate_of_text(file->data, file->size_bytes), &difference))
        return 0;
    log_line("error: certificate: found %s, want %s, as line %u of module %s says", difference.found, difference.want,
             difference.line, file->name);
    return 1;
}

void certify_system(struct boot *boot) {
    uint64_t from = x86_rdtsc();

    audit_init(boot->partitions, &boot->system.config, boot->layout.arena);
    unsigned errors = check_hash(&boot->options, report_certificate());

    for (unsigned i = 0; i < boot->system.file_count; i++)
        errors += check_file(&boot->system.files[i]);
    boot->audit_ticks = x86_rdtsc() - from;
    if (errors == 0)
        return;
    log_line("error: this is another system than the certificate's, no partition is started");
    machine_end(MACHINE_REFUSED);
}
