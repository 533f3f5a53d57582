/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that never gives anything back: interrupts off, an endless loop.
 */
int main(const char *args) {
    (void)args;
    __asm__ volatile("cli\n1:\tjmp 1b");
    return 0;
}
