/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: see audit.h. Controls and table formats come first, as reading on relies on them; then
 * the certificate of the live tables is compared with the configuration's, line by line.
 */
#include "partitions/audit.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "hv/svm/iopm.h"
#include "hv/svm/msrpm.h"

static struct audited {
    const struct partition *partitions;
    const struct config *config;
    struct range tables;
} audited;

/* The VMCB that VMRUN gets. */
static const struct vmcb_control *control_of(const struct vcpu *vcpu) {
    return &((const struct vmcb *)vcpu->guest.vmcb_pa.value)->control;
}

/* Says what was found and what is wanted. Always false. */
#define differ(finding, ...) (format_string((finding)->text, sizeof((finding)->text), __VA_ARGS__), false)

static bool check_place(const char *name, uint64_t base, uint64_t size_bytes, struct audit_finding *finding) {
    bool inside = is_aligned(base, PAGE_BYTES) && range_contains(audited.tables, (struct range){base, size_bytes});

    return inside || differ(finding, "found %s 0x%lx, want pages in 0x%lx-0x%lx, the hypervisor's", name, base,
                            audited.tables.base, range_end(audited.tables) - 1);
}

/* Of a map or table, which all vCPUs of a partition share: they reach the same. */
static bool check_shared(const char *name, uint64_t base, uint64_t first, uint64_t size_bytes,
                         struct audit_finding *finding) {
    return check_place(name, base, size_bytes, finding) &&
           (base == first || differ(finding, "found %s 0x%lx, want 0x%lx, that of vCPU 0", name, base, first));
}

static bool check_places(const struct vcpu *vcpu, struct audit_finding *finding) {
    if (!check_place("a VMCB at", vcpu->guest.vmcb_pa.value, sizeof(struct vmcb), finding))
        return false;
    const struct vmcb_control *control = control_of(vcpu), *first = control_of(vcpu->common->vcpus);

    return check_shared("nCR3", control->n_cr3, first->n_cr3, PAGE_BYTES, finding) &&
           check_shared("IOPM_BASE_PA", control->iopm_base_pa, first->iopm_base_pa, IOPM_BYTES, finding) &&
           check_shared("MSRPM_BASE_PA", control->msrpm_base_pa, first->msrpm_base_pa, MSRPM_BYTES, finding);
}

static bool check_controls(const struct vcpu *vcpu, struct audit_finding *finding) {
    struct vmcb_odd odd;

    return vmcb_check((const struct vmcb *)vcpu->guest.vmcb_pa.value, &odd) ||
           differ(finding, "found %s 0x%lx in the VMCB, want 0x%lx set and 0x%lx clear", odd.field, odd.value, odd.set,
                  odd.clear);
}

/* Whether what one vCPU leaves in the TLB could be taken for the other's: a switch flushes only who shares an ASID. */
static bool is_confused(const struct vcpu *vcpu, const struct vcpu *other) {
    return vcpu != other && control_of(vcpu)->guest_asid == control_of(other)->guest_asid &&
           !(vcpu->shares_asid && other->shares_asid);
}

/* A TLB entry is its vCPU's by the ASID alone. 0 is the host's. */
static bool check_asid(const struct vcpu *vcpu, struct audit_finding *finding) {
    uint32_t asid = control_of(vcpu)->guest_asid;

    if (asid == 0)
        return differ(finding, "found ASID 0 in the VMCB, want another: that is the host's");
    for (const struct partition *p = audited.partitions; &p->common <= vcpu->common; p++)
        for (const struct vcpu *other = p->common.vcpus; other < p->common.vcpus + p->common.vcpu_count; other++)
            if ((&p->common < vcpu->common || other < vcpu) && is_confused(vcpu, other))
                return differ(finding, "found ASID %u in the VMCB, want another: that is %s's", asid, p->config->label);
    return true;
}

/* The first vCPU's is that of all. */
static bool check_npt(const struct vcpu *vcpu, struct audit_finding *finding) {
    struct npt_odd odd;

    return vcpu != vcpu->common->vcpus || npt_check(HPA(control_of(vcpu)->n_cr3), audited.tables, &odd) ||
           differ(finding, "found NPT entry 0x%016lx of level %d for GPA 0x%lx, want %s", odd.entry, odd.level,
                  odd.gpa.value, odd.want);
}

static bool check_vcpu(const struct vcpu *vcpu, struct audit_finding *finding) {
    if (check_places(vcpu, finding) && check_controls(vcpu, finding) && check_asid(vcpu, finding) &&
        check_npt(vcpu, finding))
        return true;
    size_t length = strlen(finding->text);

    if (vcpu->common->vcpu_count > 1)
        format_string(finding->text + length, sizeof(finding->text) - length, "; vCPU %lu",
                      vcpu->info[SHIKIRI_INFO_VCPU]);
    return false;
}

static bool live(const struct config *config, unsigned partition, enum reach_kind kind, uint64_t from,
                 struct reach *reach) {
    const struct vmcb_control *control = control_of(audited.partitions[partition].common.vcpus);

    if (kind == REACH_MEMORY)
        return npt_next(HPA(control->n_cr3), GPA(from), reach);
    if (kind == REACH_PORT)
        return iopm_next((const uint8_t *)control->iopm_base_pa, (uint32_t)from, reach);
    return msrpm_next((const uint8_t *)control->msrpm_base_pa, (uint32_t)from, reach);
}

void audit_init(const struct partition *partitions, const struct config *config, struct range tables) {
    audited = (struct audited){partitions, config, tables};
}

struct certificate audit_certificate(void) {
    return (struct certificate){.source = live, .config = audited.config};
}

bool audit_run(struct audit_finding *finding) {
    struct certificate_difference difference;

    for (unsigned i = 0; i < audited.config->partition_count; i++) {
        finding->label = audited.config->partitions[i].label;
        for (unsigned j = 0; j < audited.partitions[i].common.vcpu_count; j++)
            if (!check_vcpu(&audited.partitions[i].common.vcpus[j], finding))
                return false;
    }
    if (certificate_compare(audit_certificate(), certificate_of_config(audited.config), &difference))
        return true;
    finding->label = audited.config->partitions[difference.partition].label;
    return differ(finding, "found %s, want %s", difference.found, difference.want);
}
