# SPDX-License-Identifier: BSD-2-Clause
"""What the events of a trace are called. Below FIRST_OTHER an event is an exit, by its code in the AMD64 manual (vol. 2,
"SVM Intercept Exit Codes"); the others are the scheduler's (hv/trace.h)."""

SELF_TEST = 0  # the exits of the self-test at boot, which are nobody's
FIRST_OTHER = 0x8000
TURN_STARTS, SWITCH, IDLE, INJECTION, FRAME_STARTS, FAULT = range(0x8000, 0x8006)
TURN_ENDS, TURN_YIELDS, TURN_HALTS, TURN_STOPS = range(0x8010, 0x8014)

NAMES = {TURN_STARTS: "turn starts", SWITCH: "switch", IDLE: "idle", INJECTION: "injection",
         FRAME_STARTS: "frame starts", FAULT: "fault", TURN_ENDS: "turn ends", TURN_YIELDS: "yields",
         TURN_HALTS: "halts", TURN_STOPS: "stops"}
ENDS = {TURN_ENDS: "at its end", TURN_YIELDS: "yields", TURN_HALTS: "halts", TURN_STOPS: "stops"}

EXIT_NPF, EXIT_INVALID = 0x400, 0x7fff
EXITS = {0x060: "INTR", 0x061: "NMI", 0x063: "INIT", 0x06f: "RDPMC", 0x072: "CPUID", 0x073: "RSM", 0x076: "INVD",
         0x078: "HLT", 0x07a: "INVLPGA", 0x07b: "IOIO", 0x07c: "MSR", 0x07e: "FERR_FREEZE", 0x07f: "SHUTDOWN",
         0x080: "VMRUN", 0x081: "VMMCALL", 0x082: "VMLOAD", 0x083: "VMSAVE", 0x084: "STGI", 0x085: "CLGI",
         0x086: "SKINIT", 0x089: "WBINVD", 0x08a: "MONITOR", 0x08b: "MWAIT", 0x08d: "XSETBV", 0x08e: "RDPRU",
         EXIT_NPF: "NPF", EXIT_INVALID: "INVALID"}
FAMILIES = ((0x000, 16, "read CR"), (0x010, 16, "write CR"), (0x020, 16, "read DR"), (0x030, 16, "write DR"),
            (0x040, 32, "exception "))
EXCEPTIONS = {0x041: "#DB", 0x051: "#AC", 0x052: "#MC"}


def is_exit(event):
    return event < FIRST_OTHER


def exit_name(code):
    """As the hypervisor's own closing table has it."""
    name = EXITS.get(code) or EXCEPTIONS.get(code)
    if name:
        return name
    for first, count, family in FAMILIES:
        if first <= code < first + count:
            return f"{family}{code - first}"
    return f"exit 0x{code:x}"


def name(event):
    return exit_name(event) if is_exit(event) else NAMES.get(event, f"event 0x{event:x}")
