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

static bool is_same(const struct image_file *file) {
    struct certificate_difference difference;

    if (!certificate_is_text(file->data, file->size_bytes) ||
        certificate_compare(audit_certificate(), certificate_of_text(file->data, file->size_bytes), &difference))
        return true;
    log_line("error: certificate: found %s, want %s, as line %u of module %s says", difference.found, difference.want,
             difference.line, file->name);
    return false;
}

void certify_system(struct boot *boot) {
    const char *want = boot->options.certificate;
    uint64_t from = x86_rdtsc();

    audit_init(boot->partitions, &boot->system.config, boot->layout.arena);
    const char *hash = report_certificate();
    bool same = want[0] == '\0' || strcmp(want, hash) == 0;

    if (!same)
        log_line("error: certificate: found %s, want %s, as the command line says", hash, want);
    for (unsigned i = 0; i < boot->system.file_count; i++)
        same &= is_same(&boot->system.files[i]);
    boot->audit_ticks = x86_rdtsc() - from;
    if (same)
        return;
    log_line("error: this is another system than the certificate's, no partition is started");
    machine_end(MACHINE_REFUSED);
}
