# SPDX-License-Identifier: BSD-2-Clause
"""Ways to change a system, of three kinds:

  BREAKS    takes away isolation, in space or in time, or gives what nobody may have
  MISTAKES  a typing mistake: something misspelt, left out, or of another type
  NEUTRAL   means the same

A way is a function of a Change. It changes the tree and returns the places of which one has to be named when the system
is refused, as pairs of a node and a property (None: the node itself); or None when the tree has nothing for it."""
import re
from dataclasses import dataclass, field

PAGE, LARGE_PAGE, MIB, GIB = 0x1000, 0x200000, 0x100000, 0x40000000
GPA_LIMIT, HPA_LIMIT, WRAP = 1 << 39, 1 << 48, 1 << 64
IMAGE_BASE = 0x100000  # where the example guests are linked, and start
UARTS = [0x2f8, 0x3e8, 0x2e8]
FOREIGN_PORTS = [0x20, 0x21, 0x40, 0x60, 0x64, 0x70, 0xa0, 0x3d4, 0x3f8, 0xcf8, 0xcfc, 0xf4]
SCREENS, WINDOWS = 8, 16
OPTIONAL = {"model", "bootargs", "unowned-ports", "host-address", "read-only", "no-execute", "control", "background",
            "pad-us", "vcpus", "modules"}
NAMES = {"compatible", "reg", "label", "image", "slot-us", "device_type", "#address-cells", "#size-cells",
         "frame-us", "offset-us", "duration-us", "partition", "partitions"} | OPTIONAL
NODE_NAMES = {"schedule", "partitions", "partition", "memory", "vga", "interrupt-controller", "pc", "isa", "serial", "cpus", "cpu",
              "plan", "slot"}

BREAKS, MISTAKES, NEUTRAL = {}, {}, {}


@dataclass
class Change:
    """What a way gets: the tree, a source of chance, and the machine's memory, as (base, end, owner)."""
    root: object
    random: object
    memory: list
    unclosed: tuple = None                     # a property whose ";" is left out
    pieces: list = field(default_factory=list)  # further roots at the end of the source

    def one(self, things):
        things = list(things)
        return self.random.choice(things) if things else None

    def two(self, things):
        things = list(things)
        return self.random.sample(things, 2) if len(things) > 1 else None

    def partitions(self):
        return [node for node in self.root.below() if node.base() == "partition"]

    def windows(self):
        return [window for partition in self.partitions() for window in partition.named("memory")]

    def properties(self):
        return [(node, name) for node in self.root.below() for name in node.properties]

    def ram_end(self):
        return self.memory[-1][1]

    def pages(self, low, high):
        """A number of bytes in whole pages, from low to high."""
        return self.random.randint(low // PAGE, high // PAGE) * PAGE


def way(table):
    def note(function):
        table[function.__name__] = function
        return function
    return note


def range_of(window):
    base, base_low, size, size_low = window.cells("reg")
    return base << 32 | base_low, size << 32 | size_low


def halves(number):
    return [number >> 32 & 0xffffffff, number & 0xffffffff]


def set_range(window, base, size):
    window.set_cells("reg", halves(base) + halves(size))
    window.name = f"memory@{base & WRAP - 1:x}"


def set_host(window, address):
    window.set_cells("host-address", halves(address))


def add_node(parent, name, at=None, **properties):
    node = type(parent)(name)
    for key, value in properties.items():
        node.properties[{"address_cells": "#address-cells", "size_cells": "#size-cells"}.get(key, key)] = value
    return parent.add(node, at)


def add_window(partition, base, size):
    window = add_node(partition, "memory", device_type='"memory"')
    set_range(window, base, size)
    return window


def add_serial(partition, compatible, port, space=1, count=8):
    """In place of one that is there already."""
    isa = next(iter(partition.named("isa")), None)
    if isa is None:
        isa = add_node(partition, "isa", compatible='"isa"', address_cells="<2>", size_cells="<1>")
    isa.children = [node for node in isa.children if node.name != f"serial@{port:x}"]
    serial = add_node(isa, f"serial@{port:x}", compatible=f'"{compatible}"')
    serial.set_cells("reg", [space, port, count])
    return serial


def add_partition(change):
    """One more, like another, with a number and a label of its own and no UART of the machine's."""
    like = change.one(change.partitions())
    numbers = [node.cells("reg")[0] for node in change.partitions()]
    number = max(numbers) + 1
    partition = like.parent.add(like.copy())
    partition.name = f"partition@{number:x}"
    partition.set_cells("reg", [number])
    partition.set_string("label", f"more{number}")
    for node in list(partition.below()):
        if node.base() == "serial" and node.string("compatible") == "ns16550a":
            node.parent.children.remove(node)
        node.properties.pop("host-address", None)
    return partition


def host_beside(change, window, low, high):
    """An address for the window with which it covers a part of low up to high, aligned as it has to be."""
    base, size = range_of(window)
    unit = LARGE_PAGE if size >= LARGE_PAGE else PAGE
    first = max(0, low - size + PAGE)
    first += (base - first) % unit
    last = high - PAGE
    if first > last:
        return None
    return first + change.random.randint(0, (last - first) // unit) * unit


def place_on(change, low, high):
    window = change.one(change.windows())
    address = host_beside(change, window, low, high)
    if address is None:
        return None
    set_host(window, address)
    return [(window, "host-address")]


# ---- memory ---------------------------------------------------------------------------------

@way(BREAKS)
def window_on_window(change):
    """Two windows share host memory, by at least a page."""
    pair = change.two(change.windows())
    if not pair:
        return None
    first, second = pair
    base, size = range_of(first)
    address = 4 * LARGE_PAGE + base % LARGE_PAGE + change.random.randrange(64) * LARGE_PAGE
    set_host(first, address)
    other = host_beside(change, second, address, address + size)
    if other is None:
        return None
    set_host(second, other)
    return [(first, "host-address"), (second, "host-address")]


@way(BREAKS)
def window_twice(change):
    """The very same host memory for two windows that begin alike."""
    pair = change.two(change.windows())
    if not pair or range_of(pair[0])[0] % LARGE_PAGE != range_of(pair[1])[0] % LARGE_PAGE:
        return None
    for window in pair:
        set_host(window, 8 * LARGE_PAGE + range_of(window)[0] % LARGE_PAGE)
    return [(window, "host-address") for window in pair]


@way(BREAKS)
def window_on_hypervisor(change):
    base, end, _ = change.one(part for part in change.memory if part[2].startswith("the hypervisor"))
    return place_on(change, base, end)


@way(BREAKS)
def window_on_modules(change):
    """The block grows with the source by a page or two; what it has now it has then."""
    base, end, _ = change.one(part for part in change.memory if part[2] == "the modules")
    return place_on(change, base, end)


@way(BREAKS)
def window_below_ram(change):
    """The screen, ROMs, the firmware's memory."""
    return place_on(change, 0, change.memory[0][0])


@way(BREAKS)
def window_over_end_of_ram(change):
    return place_on(change, change.ram_end(), change.ram_end() + PAGE)


@way(BREAKS)
def window_on_devices(change):
    """The interrupt controllers, the firmware, and the screen's large frame buffer."""
    base = change.one([0xfec00000, 0xfee00000, 0xfffc0000, 0xfd000000, 0xe0000000])
    return place_on(change, base, base + 0x40000)


@way(BREAKS)
def window_behind_all(change):
    base = change.one([4 * GIB, 16 * GIB, HPA_LIMIT - PAGE, HPA_LIMIT, HPA_LIMIT * 16])
    return place_on(change, base, base + 4 * PAGE)


@way(BREAKS)
def host_address_wraps(change):
    window = change.one(change.windows())
    base, size = range_of(window)
    set_host(window, (WRAP - change.pages(PAGE, size)) // LARGE_PAGE * LARGE_PAGE + base % LARGE_PAGE)
    return [(window, "host-address")]


@way(BREAKS)
def larger_than_ram(change):
    window = change.one(change.windows())
    base, _ = range_of(window)
    set_range(window, base, change.pages(change.ram_end(), GPA_LIMIT - base))
    window.properties.pop("host-address", None)
    return [(other, "reg") for other in window.parent.named("memory")]


@way(BREAKS)
def more_than_ram(change):
    """Windows that fit one by one, but not together."""
    windows = change.windows()
    if len(windows) < 2:
        return None
    size = change.ram_end() // len(windows) + change.pages(PAGE, 8 * MIB) & ~(PAGE - 1)
    for window in windows:
        set_range(window, range_of(window)[0], size)
        window.properties.pop("host-address", None)
    return [(window, "reg") for window in windows]


@way(BREAKS)
def guest_windows_overlap(change):
    window = change.one(change.windows())
    base, size = range_of(window)
    length = change.pages(PAGE, 4 * MIB)
    at = change.pages(max(0, base - length + PAGE), base + size - PAGE)
    if f"memory@{at:x}" in [node.name for node in window.parent.children]:
        return None
    more = add_window(window.parent, at, length)
    return [(more, "reg"), (window, "reg")]


@way(BREAKS)
def window_shifted_onto_another(change):
    partition = change.one(node for node in change.partitions() if len(node.named("memory")) > 1)
    if not partition:
        return None
    moved, other = change.two(partition.named("memory"))
    _, size = range_of(moved)
    base, other_size = range_of(other)
    at = change.pages(max(0, base - size + PAGE), base + other_size - PAGE)
    set_range(moved, at, size)
    return [(window, name) for window in partition.named("memory") for name in ("reg", None)]


@way(BREAKS)
def past_the_address_space(change):
    window = change.one(change.windows())
    _, size = range_of(window)
    set_range(window, change.one([GPA_LIMIT - size + PAGE, GPA_LIMIT, HPA_LIMIT, WRAP - size, WRAP - PAGE]), size)
    return [(window, "reg")]


@way(BREAKS)
def size_wraps(change):
    window = change.one(change.windows())
    base, size = range_of(window)
    set_range(window, base, change.one([WRAP - base, WRAP - PAGE, GPA_LIMIT, GPA_LIMIT - base + PAGE, 0]))
    return [(window, "reg")]


@way(BREAKS)
def part_of_a_page(change):
    window = change.one(change.windows())
    base, size = range_of(window)
    rest = change.random.randrange(1, PAGE)
    set_range(window, *change.one([(base + rest, size), (base, size + rest), (base + rest, size - rest)]))
    return [(window, "reg")]


@way(BREAKS)
def part_of_a_host_page(change):
    window = change.one(change.windows())
    base, _ = range_of(window)
    set_host(window, 32 * MIB + base % LARGE_PAGE + change.random.randrange(1, PAGE))
    return [(window, "host-address")]


@way(BREAKS)
def too_many_windows(change):
    partition = change.one(change.partitions())
    for i in range(WINDOWS + change.random.randrange(3)):
        add_window(partition, 256 * GIB + i * PAGE, PAGE)
    return [(partition, None)]


@way(BREAKS)
def first_window_read_only(change):
    partition = change.one(change.partitions())
    window = partition.named("memory")[0]
    window.properties["read-only"] = None
    return [(window, "read-only")]


def window_of_image(change):
    return change.one(window for window in change.windows()
                      if range_of(window)[0] <= IMAGE_BASE < sum(range_of(window)))


@way(BREAKS)
def code_not_executable(change):
    """The image starts where nothing may be executed."""
    window = window_of_image(change)
    if not window:
        return None
    window.properties["no-execute"] = None
    return [(window.parent, "image")]


@way(BREAKS)
def image_outside(change):
    """The window is moved away from the image, or cut down to where it begins."""
    window = window_of_image(change)
    if not window or "modules" in window.parent.properties:  # a kernel of Linux goes where its window is
        return None
    base, size = range_of(window)
    moved = 3 * GIB + change.random.randrange(0x100) * LARGE_PAGE
    window.properties.pop("host-address", None)
    if base < IMAGE_BASE and change.random.random() < 0.5:
        set_range(window, base, change.pages(0x8000, IMAGE_BASE) // 0x8000 * 0x8000)
    else:
        set_range(window, moved, min(size, 0x10000000))
    return [(window.parent, "image"), (window, "reg")]


@way(BREAKS)
def start_area_on_screen(change):
    window = change.one(node.named("memory")[0] for node in change.partitions()
                        if node.named("vga") and range_of(node.named("memory")[0])[0] == 0)
    if not window:
        return None
    window.properties.pop("host-address", None)
    set_range(window, 0, change.pages(0xb9000, 0xbf000))
    return [(window, "reg")]


@way(BREAKS)
def first_window_too_short(change):
    window = change.one(change.partitions()).named("memory")[0]
    set_range(window, range_of(window)[0], change.pages(PAGE, 0x6000))
    return [(window, "reg")]


# ---- devices --------------------------------------------------------------------------------

@way(BREAKS)
def uart_twice(change):
    pair = change.two(change.partitions())
    if not pair:
        return None
    port = change.one(UARTS)
    return [(add_serial(partition, "ns16550a", port), None) for partition in pair]


@way(BREAKS)
def foreign_ports(change):
    """Ports of the machine that no partition may have."""
    port = change.one(FOREIGN_PORTS + [change.random.randrange(0x10000)])
    if port in UARTS:
        return None
    return [(add_serial(change.one(change.partitions()), "ns16550a", port), "reg")]


@way(BREAKS)
def too_many_ports(change):
    serial = add_serial(change.one(change.partitions()), "ns16550a", change.one(UARTS),
                        *change.one([(1, 9), (1, 16), (1, 0x10000), (0, 8), (2, 8), (1, 0)]))
    return [(serial, "reg")]


@way(BREAKS)
def port_wraps(change):
    port = 0x10000 * change.random.randrange(1, 0x10000) + 0x2f8
    return [(add_serial(change.one(change.partitions()), "ns16550a", port), "reg")]


@way(BREAKS)
def console_elsewhere(change):
    port = change.one(UARTS + FOREIGN_PORTS)
    if port == 0x3f8:
        return None
    return [(add_serial(change.one(change.partitions()), "shikiri,console", port), "reg")]


@way(BREAKS)
def ninth_screen(change):
    while len(change.partitions()) <= SCREENS:
        add_partition(change)
    partitions = change.partitions()
    for partition in change.random.sample(partitions, min(len(partitions), change.random.randrange(SCREENS + 1, 13))):
        if not partition.named("vga"):
            add_node(partition, "vga", compatible='"shikiri,vga-text"')
    return [(partition.named("vga")[0], None) for partition in partitions if partition.named("vga")]


@way(BREAKS)
def second_screen(change):
    partition = change.one(change.partitions())
    name = change.one(["vga@1", "vga@b8000", "vga1"])
    return [(add_node(partition, name, compatible='"shikiri,vga-text"'), None)]


def apic_of(partition):
    """Its local APIC; one is added where there is none."""
    return next(iter(partition.named("interrupt-controller")), None) or \
        add_node(partition, "interrupt-controller", compatible='"shikiri,x2apic"')


@way(BREAKS)
def second_apic(change):
    partition = change.one(change.partitions())
    name = change.one(["interrupt-controller@0", "interrupt-controller@1", "interrupt-controller@fee00000", "interrupt-controller1"])
    apic_of(partition)
    return [(add_node(partition, name, compatible='"shikiri,x2apic"'), None)]


@way(BREAKS)
def controller_of_the_machine(change):
    """One that all share, or the processor's own."""
    apic = apic_of(change.one(change.partitions()))
    apic.set_string("compatible", change.one(["intel,ce4100-ioapic", "intel,ce4100-lapic", "intel,i8259"]))
    return [(apic, "compatible")]


@way(BREAKS)
def apic_in_memory(change):
    """The page of the processor's own, or its registers' ports."""
    apic = apic_of(change.one(change.partitions()))
    apic.set_cells("reg", change.one([[0, 0xfee00000, 0, PAGE], [0, 0xfec00000, 0, PAGE], [1, 0x20, 2]]))
    return [(apic, "reg")]


@way(BREAKS)
def apic_elsewhere(change):
    """Of nobody, of the machine, or among the devices at ports."""
    parent = change.one(node for node in change.root.below()
                        if node.parent is None or node.base() in ("partitions", "isa", "cpus", "cpu", "memory", "vga"))
    return [(add_node(parent, "interrupt-controller", compatible='"shikiri,x2apic"'), None)]


def pc_of(partition):
    """All of a PC in place of the devices that it has in it."""
    for node in [*partition.named("interrupt-controller"), *partition.named("pc")]:
        partition.children.remove(node)
    for isa in partition.named("isa"):
        isa.children = [serial for serial in isa.children if serial.string("compatible") != "shikiri,console"]
    return add_node(partition, "pc", compatible='"shikiri,pc"')


@way(BREAKS)
def pc_beside_its_devices(change):
    """The later of the two is told of: a local APIC stands first, a console last."""
    partition = change.one(change.partitions())
    pc = pc_of(partition)
    if change.random.random() < 0.5:
        apic_of(partition)
        return [(pc, None)]
    return [(add_serial(partition, "shikiri,console", 0x3f8), None)]


@way(BREAKS)
def pc_with_more(change):
    """What it has cannot be chosen, nor where it is."""
    pc = pc_of(change.one(change.partitions()))
    name, cells = change.one([("reg", [1, 0x40, 4]), ("interrupts", [0]), ("clock-frequency", [1193182])])
    pc.set_cells(name, cells)
    return [(pc, name)]


@way(BREAKS)
def pc_of_another_kind(change):
    pc = pc_of(change.one(change.partitions()))
    pc.set_string("compatible", change.one(["ibm,5150", "simple-bus", "shikiri,x2apic"]))
    return [(pc, "compatible")]


@way(BREAKS)
def device_unknown(change):
    partition = change.one(change.partitions())
    name, compatible = change.one([("pci", "pci-host-ecam-generic"), ("rtc@70", "motorola,mc146818"),
                                   ("timer@40", "i8254"), ("ethernet@c000", "ne2000")])
    return [(add_node(partition, name, compatible=f'"{compatible}"'), None)]


# ---- partitions and time --------------------------------------------------------------------

@way(BREAKS)
def label_twice(change):
    pair = change.two(change.partitions())
    if not pair:
        return None
    pair[0].set_string("label", pair[1].string("label"))
    return [(partition, "label") for partition in pair]


@way(BREAKS)
def number_twice(change):
    """With its unit address too, which makes it the same node."""
    pair = change.two(change.partitions())
    if not pair:
        return None
    pair[0].name = pair[1].name
    pair[0].properties["reg"] = pair[1].properties["reg"]
    return [(partition, None) for partition in pair]


@way(BREAKS)
def number_of_another(change):
    pair = change.two(change.partitions())
    if not pair:
        return None
    pair[0].properties["reg"] = pair[1].properties["reg"]
    return [(pair[0], None)]


@way(BREAKS)
def label_disguised(change):
    """Characters that could pass for another partition's line, or for the hypervisor's."""
    partition = change.one(change.partitions())
    partition.set_string("label", change.one(["", "a b", "x | y", "shikiri:", "shikiri", "a\\nb", "\\x1b[2J", "a/b",
                                              "\\xc3\\xa4", "0123456789abcdef"]))
    return [(partition, "label")]


@way(BREAKS)
def slot_out_of_range(change):
    schedule = change.one(node for node in change.root.below() if "slot-us" in node.properties)
    if not schedule:
        return None
    schedule.set_cells("slot-us", [change.one([0, 1, 49, 1000001, 0x7fffffff, 0x80000000, 0xffffffff])])
    return [(schedule, "slot-us")]


# ---- major frames ---------------------------------------------------------------------------

def plans(change):
    return [node for node in change.root.below() if node.base() == "plan"]


def slots(plan):
    return plan.named("slot")


def frame_us(plan):
    return plan.parent.cells("frame-us")[0]


def labelled(change, value):
    """The node that <&label> means."""
    return change.one(node for node in change.root.below() if node.label == value.strip("<&>"))


@way(BREAKS)
def slots_overlap(change):
    plan = change.one(plan for plan in plans(change) if len(slots(plan)) > 1)
    if not plan:
        return None
    number = change.random.randrange(1, len(slots(plan)))
    before, slot = slots(plan)[number - 1:number + 1]
    start, length = before.cells("offset-us")[0], before.cells("duration-us")[0]
    slot.set_cells("offset-us", [start + change.random.randrange(length)])
    return [(slot, "offset-us")]


@way(BREAKS)
def slot_grown_over_next(change):
    plan = change.one(plan for plan in plans(change) if len(slots(plan)) > 1)
    if not plan:
        return None
    number = change.random.randrange(1, len(slots(plan)))
    slot, after = slots(plan)[number - 1:number + 1]
    gap = after.cells("offset-us")[0] - slot.cells("offset-us")[0]
    slot.set_cells("duration-us", [gap + change.random.randrange(1, 1000)])
    return [(after, "offset-us"), (slot, "duration-us")]


@way(BREAKS)
def slot_past_frame(change):
    plan = change.one(plans(change))
    if not plan:
        return None
    slot = slots(plan)[-1]
    rest = frame_us(plan) - slot.cells("offset-us")[0]
    slot.set_cells("duration-us", [change.one([rest + 1, rest + 1000, 10000000, 0x7fffffff, 0xffffffff])])
    return [(slot, "duration-us")]


@way(BREAKS)
def frame_cut_off(change):
    """It ends before its last slot does."""
    plan = change.one(plans(change))
    if not plan:
        return None
    schedule, last = plan.parent, slots(plan)[-1]
    end_us = last.cells("offset-us")[0] + last.cells("duration-us")[0]
    schedule.set_cells("frame-us", [max(100, end_us - change.random.randrange(1, 500))])
    return [(slot, "duration-us") for plan in schedule.named("plan") for slot in slots(plan)]


@way(BREAKS)
def slot_too_short(change):
    plan = change.one(plans(change))
    if not plan:
        return None
    slot = change.one(slots(plan))
    slot.set_cells("duration-us", [change.random.randrange(20)])
    return [(slot, "duration-us")]


@way(BREAKS)
def nothing_but_pad(change):
    plan = change.one(plans(change))
    if not plan:
        return None
    slot = change.one(slots(plan))
    slot.set_cells("pad-us", [change.one([0, 101, 0xffffffff, slot.cells("duration-us")[0]])])
    if slot.cells("pad-us")[0] < min(101, slot.cells("duration-us")[0]) and slot.cells("pad-us")[0]:
        return None
    return [(slot, "pad-us")]


@way(BREAKS)
def slots_exchange_numbers(change):
    plan = change.one(plan for plan in plans(change) if len(slots(plan)) > 1)
    if not plan:
        return None
    first, second = change.two(slots(plan))
    first.name, second.name = second.name, first.name
    first.properties["reg"], second.properties["reg"] = second.properties["reg"], first.properties["reg"]
    return [(first, "reg"), (second, "reg")]


@way(BREAKS)
def partition_without_slot(change):
    """Its slots are another's, who is on that processor too."""
    plan = change.one(plans(change))
    names = {slot.properties["partition"] for slot in slots(plan)} if plan else set()
    if len(names) < 2:
        return None
    gone, other = change.random.sample(sorted(names), 2)
    partition = labelled(change, gone)
    for node in change.root.below():
        for name in ("partition", "background"):
            if node.base() == "slot" and node.properties.get(name) == gone:
                node.properties[name] = other
        if "background" in node.properties and node.properties["background"] == node.properties["partition"]:
            del node.properties["background"]
    return [(partition, None)]


@way(BREAKS)
def partition_on_two_processors(change):
    pair = change.two(node for node in change.root.below() if node.base() == "cpu")
    if not pair:
        return None
    here, there = ([slot for slot in cpu.below() if slot.base() == "slot"
                    and "vcpus" not in labelled(change, slot.properties["partition"]).properties] for cpu in pair)
    if not here or not there:
        return None
    slot, other = change.one(here), change.one(there)
    lost, doubled = labelled(change, slot.properties["partition"]), labelled(change, other.properties["partition"])
    slot.properties["partition"] = other.properties["partition"]
    return [(doubled, None), (lost, None)]


@way(BREAKS)
def vcpus_out_of_range(change):
    partition = change.one(change.partitions())
    partition.set_cells("vcpus", [change.one([0, 17, 255, 0xffffffff])])
    return [(partition, "vcpus")]


@way(BREAKS)
def vcpu_without_slot(change):
    partition = change.one(change.partitions())
    count = partition.cells("vcpus")[0] if "vcpus" in partition.properties else 1
    partition.set_cells("vcpus", [change.random.randint(count + 1, 16)])
    return [(partition, None)]


@way(BREAKS)
def vcpu_on_no_processor(change):
    """More processors have the partition than it has vCPUs."""
    partition = change.one(node for node in change.partitions() if node.properties.get("vcpus", "<1>") != "<1>")
    if not partition:
        return None
    partition.set_cells("vcpus", [partition.cells("vcpus")[0] - 1])
    return [(partition, None)]


@way(BREAKS)
def slot_for_no_partition(change):
    plan = change.one(plans(change))
    if not plan:
        return None
    slot, name = change.one(slots(plan)), change.one(["partition", "background"])
    slot.properties[name] = change.one(["<0>", "<0xffffffff>", "<1000>", "<&{/partitions}>"])
    return [(slot, name)]


@way(BREAKS)
def frames_that_differ(change):
    pair = change.two(node for node in change.root.below() if node.base() == "cpu")
    if not pair or any("frame-us" not in cpu.children[0].properties for cpu in pair):
        return None
    schedule = pair[0].children[0]
    schedule.set_cells("frame-us", [schedule.cells("frame-us")[0] + change.random.randrange(1, 1000)])
    return [(cpu.children[0], "frame-us") for cpu in schedule.parent.parent.children]


@way(BREAKS)
def plans_that_differ(change):
    schedule = change.one(node for node in change.root.below()
                          if node.base() == "schedule" and node.parent.base() == "cpu" and len(node.named("plan")) > 1)
    if not schedule:
        return None
    schedule.children.remove(schedule.named("plan")[-1])
    return [(cpu.children[0], None) for cpu in schedule.parent.parent.children]


@way(BREAKS)
def processor_out_of_range(change):
    cpu = change.one(node for node in change.root.below() if node.base() == "cpu")
    if not cpu:
        return None
    number = change.one([16, 17, 255, 0xffffffff])
    cpu.name = f"cpu@{number:x}"
    cpu.set_cells("reg", [number])
    return [(cpu, "reg")]


@way(BREAKS)
def bootargs_too_long(change):
    partition = change.one(change.partitions())
    partition.set_string("bootargs", "x" * change.one([2048, 4096, 30000]))
    return [(partition, "bootargs")]


# ---- typing mistakes ------------------------------------------------------------------------

def misspell(change, text):
    """A letter doubled, left out, exchanged with its neighbour, or replaced."""
    at = change.random.randrange(len(text))
    letter = change.one("abcdefghijklmnopqrstuvwxyz")
    return change.one([text[:at] + text[at] + text[at:], text[:at] + text[at + 1:],
                       text[:at] + text[at + 1:at + 2] + text[at] + text[at + 2:], text[:at] + letter + text[at + 1:]])


def rename_property(node, old, new):
    node.properties = {new if name == old else name: value for name, value in node.properties.items()}


@way(MISTAKES)
def property_misspelt(change):
    node, name = change.one(change.properties())
    wrong = misspell(change, name)
    if not wrong or wrong == name or wrong in NAMES or wrong in node.properties:
        return None
    rename_property(node, name, wrong)
    return [(node, wrong)]


@way(MISTAKES)
def property_in_capitals(change):
    node, name = change.one(change.properties())
    wrong = change.one([name.upper(), name.capitalize(), name.replace("-", "_"), name.replace("_", "-")])
    if wrong == name or wrong in NAMES:
        return None
    rename_property(node, name, wrong)
    return [(node, wrong)]


@way(MISTAKES)
def node_misspelt(change):
    node = change.one(node for node in change.root.below() if node.parent)
    wrong = misspell(change, node.base())
    if wrong in NODE_NAMES or not wrong[:1].isalpha():
        return None
    node.name = wrong + node.name[len(node.base()):]
    return [(node, None)]


@way(MISTAKES)
def unit_address_wrong(change):
    node = change.one(node for node in change.root.below() if "@" in node.name)
    address = node.name.split("@")[1]
    wrong = change.one(["", "0" + address, "0x" + address, f"{int(address, 16) + 1:x}", misspell(change, address)])
    if wrong == address or any(other.name == f"{node.base()}@{wrong}" for other in node.parent.children):
        return None
    node.name = f"{node.base()}@{wrong}" if wrong else node.base()
    return [(node, None)]


@way(MISTAKES)
def word_misspelt(change):
    """In a string that has to be a known one, or the name of a file."""
    node, name = change.one((node, name) for node, name in change.properties()
                            if name in ("compatible", "device_type", "image", "unowned-ports"))
    word = node.string(name)
    wrong = misspell(change, word)
    if wrong == word:
        return None
    node.set_string(name, wrong)
    return [(node, name)]


@way(MISTAKES)
def property_left_out(change):
    node, name = change.one((node, name) for node, name in change.properties()
                            if name not in OPTIONAL and (node.parent or not name.startswith("#")))
    del node.properties[name]
    return [(node, None)]


def referrers(change, gone):
    """The nodes that refer to labels of nodes that are gone: dtc names them before anybody else is asked."""
    labels = {f"&{node.label}" for top in gone for node in top.below() if node.label}
    return [(node, None) for node in change.root.below()
            if labels & set(re.findall(r"&\w+", " ".join(value or "" for value in node.properties.values())))]


@way(MISTAKES)
def node_left_out(change):
    node = change.one(node for node in change.root.below() if node.base() in ("schedule", "partitions", "memory"))
    if node.base() == "memory" and len(node.parent.named("memory")) > 1:
        return None
    node.parent.children.remove(node)
    return [(node.parent, None), *referrers(change, [node])]


@way(MISTAKES)
def partitions_left_out(change):
    parent = change.partitions()[0].parent
    gone, parent.children = parent.children, []
    return [(parent, None), *referrers(change, gone)]


@way(MISTAKES)
def cells_too_many_or_few(change):
    node, name = change.one((node, name) for node, name in change.properties()
                            if (node.properties[name] or "").startswith("<") and "&" not in node.properties[name])
    cells = node.cells(name)
    node.set_cells(name, change.one([cells[:-1], cells + [0], [0] + cells, cells * 2]))
    return [(node, name)]


@way(MISTAKES)
def other_type(change):
    node, name = change.one(change.properties())
    value = node.properties[name]
    if value is None:
        node.properties[name] = change.one(["<0>", "<1>", '"yes"', '""'])
    elif value.startswith("<"):
        node.properties[name] = change.one([None, value.replace("<", '"').replace(">", '"'), '""', '"1", "2"'])
    else:
        node.properties[name] = change.one([None, "<1>", "<0>", f"{value}, {value}", "[01 02]"])
    if len(node.properties[name] or "") == len(value or "") == 0:
        return None
    return [(node, name), (node, None)]  # "1", "2" is a cell too, and no unit address repeats that


@way(MISTAKES)
def semicolon_left_out(change):
    """dtc notices at the next word."""
    change.unclosed = change.one(change.properties())
    return [change.unclosed]


@way(MISTAKES)
def node_twice(change):
    """As a slip with the clipboard leaves it."""
    node = change.one(node for node in change.root.below() if node.parent)
    node.parent.add(node.copy(), node.parent.children.index(node) + 1)
    return [(other, None) for other in node.parent.children if other.name == node.name]


# ---- what means the same --------------------------------------------------------------------

@way(NEUTRAL)
def another_style(change):
    """Comments, blank lines, indentation, and numbers in other forms: see dts_tree.py."""
    return []


@way(NEUTRAL)
def properties_in_another_order(change):
    for node in change.root.below():
        names = list(node.properties)
        change.random.shuffle(names)
        node.properties = {name: node.properties[name] for name in names}
    return []


@way(NEUTRAL)
def nodes_in_another_order(change):
    """Of different kinds: the order of windows and of partitions means something."""
    for node in change.root.below():
        kinds = {}
        for child in node.children:
            kinds.setdefault(child.base(), []).append(child)
        names = list(kinds)
        change.random.shuffle(names)
        node.children = [child for name in names for child in kinds[name]]
    return []


@way(NEUTRAL)
def dts_labels(change):
    """Added, or others; nothing refers to them."""
    for i, node in enumerate(list(change.root.below())[1:]):
        if not any("&" in (value or "") for other in change.root.below() for value in other.properties.values()):
            node.label = change.one([None, f"label_{i}", f"l{i}"])
    return []


@way(NEUTRAL)
def node_in_two_pieces(change):
    """A property stands in a second piece of its node at the end of the source; dtc joins them."""
    node, name = change.one((node, name) for node, name in change.properties() if node.parent)
    piece = type(node)(node.name)
    piece.properties[name] = node.properties.pop(name)
    while node.parent:
        node = node.parent
        around = type(node)(node.name)
        around.add(piece)
        piece = around
    change.pieces.append(piece)
    return []


@way(NEUTRAL)
def local_apics(change):
    """Whatever goes through an exit is not in the certificate."""
    for partition in change.partitions():
        if not partition.named("pc") and change.random.random() < 0.5:
            apic_of(partition)
    return []


@way(NEUTRAL)
def pcs(change):
    """A timer and a clock, behind ports that are intercepted, in place of what there was."""
    for partition in change.partitions():
        if change.random.random() < 0.5:
            pc_of(partition)
    return []


@way(NEUTRAL)
def another_model(change):
    change.root.set_string("model", change.one(["another", "", "a longer name of this system"]))
    return []
