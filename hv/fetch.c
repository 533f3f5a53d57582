/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading an instruction: see fetch.h. The walk is that of APM vol. 2, "Legacy-Mode
 * Page Translation" and "Long-Mode Page Translation", for reading alone: rights do
 * not matter, as the processor has just fetched the instruction by them.
 */
#include "hv/fetch.h"

#include "hv/cpu/x86.h"
#include "hv/lib/pagetable.h"
#include "hv/lib/string.h"

#define LARGE_LEVELS 3           /* a page table, a directory or a directory pointer table may end the walk */
#define PSE36_BITS   0x1fe000ULL /* of a 4 MiB page's entry: bits 32 to 39 of its address */
#define PSE36_SHIFT  19
#define NOWHERE      UINT64_MAX /* is no memory of the guest's */

/* At most 8 bytes that do not cross a page. */
static bool read_guest(const struct vcpu *vcpu, uint64_t gpa, void *to, unsigned size_bytes) {
    const void *memory = npt_memory(&vcpu->common->npt, GPA(gpa), REACH_READ);

    if (memory)
        memcpy(to, memory, size_bytes);
    return memory;
}

static uint64_t translate(const struct vcpu *vcpu, uint64_t linear) {
    const struct vmcb_save *save = &vcpu->vmcb->save;
    bool pae = save->cr4 & CR4_PAE, has_large = pae || (save->cr4 & CR4_PSE);
    unsigned index_bits = pae ? 9 : 10, entry_bytes = pae ? 8 : 4;
    unsigned levels = !pae ? 2 : !(save->efer & EFER_LMA) ? 3 : (save->cr4 & CR4_LA57) ? 5 : 4;
    uint64_t table = save->cr3 & (levels == 3 ? 0xffffffe0ULL : ENTRY_ADDRESS);

    if (!(save->cr0 & CR0_PG))
        return linear;
    for (unsigned level = levels; level > 0; level--) {
        unsigned shift = 12 + index_bits * (level - 1);
        uint64_t index = linear >> shift & ((1ULL << index_bits) - 1);
        uint64_t offset = linear & ((1ULL << shift) - 1);
        uint64_t entry = 0;

        if (!read_guest(vcpu, table + index * entry_bytes, &entry, entry_bytes) || !(entry & ENTRY_PRESENT))
            return NOWHERE;
        table = entry & ENTRY_ADDRESS;
        if (level == 1 || (level <= LARGE_LEVELS && has_large && (entry & ENTRY_LARGE))) {
            if (level == 2 && levels == 2)
                offset += (entry & PSE36_BITS) << PSE36_SHIFT;
            return align_down(table, 1ULL << shift) + offset;
        }
    }
    return NOWHERE;
}

/* One walk a page, so that what a guest can make it cost has a bound. */
unsigned fetch(const struct vcpu *vcpu, uint8_t *bytes, unsigned count) {
    const struct vmcb_save *save = &vcpu->vmcb->save;
    bool is_64 = (save->efer & EFER_LMA) && (save->cs.attributes & SEGMENT_LONG);
    unsigned done = 0;

    while (done < count) {
        uint64_t linear = is_64 ? save->rip + done : (uint32_t)(save->cs.base + save->rip + done);
        unsigned part = (unsigned)lower(count - done, PAGE_BYTES - linear % PAGE_BYTES);

        if (!read_guest(vcpu, translate(vcpu, linear), bytes + done, part))
            break;
        done += part;
    }
    return done;
}
