/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as a picture (SVG): the machine's memory from low to high addresses, the partitions with
 * their devices, and the schedule of each processor. Heights grow with the logarithm of a piece's size,
 * as pieces from kibibytes to gibibytes have to be seen side by side.
 */
#include <string.h>

#include "tools/checker/checked.h"
#include "tools/checker/tool.h"

#define WIDTH         900
#define MARGIN        20
#define TITLE_HEIGHT  80
#define BOARD_CHARS   50
#define TITLE_CHARS   72  /* of the names in it */
#define ADDRESS_X     190 /* addresses end here */
#define BAR_X         200
#define BAR_WIDTH     340
#define BAR_END       (BAR_X + BAR_WIDTH)
#define NOTE_X        (BAR_END + 12)
#define HOLE_HEIGHT   40
#define TEETH         17 /* of the line above and below a hole */
#define TOOTH_HEIGHT  6
#define ROW_HEIGHT    20
#define ROW_CHARS     110
#define GAP           50
#define SLOT_HEIGHT   44
#define TEXT_HEIGHT   14
#define CHAR_WIDTH    8 /* of the usual text, at most */
#define NAME_MARGIN   4
#define UPRIGHT_LEAST 14 /* width of a slot that has room for a name from below to above */

/* Colours that keep apart for most eyes, used in turn: Okabe and Ito's set, lightened, and five between. */
static const char *const colours[] = {"#9fd3f5", "#f7d28b", "#8fd9bf", "#f3b79b", "#e3b8d3", "#f5ee9d",
                                      "#a9b8e8", "#c9e59b", "#d3b5f0", "#f29d9d", "#8fe0e6", "#d3c19c"};

/* The text between tags, where some characters would be markup; a longer one than `most` characters is cut. */
static const char *text_of(const char *text, size_t most) {
    char *result = tool_text("%s", "");
    size_t length = strlen(text), kept = length > most ? most - 3 : length;

    for (const char *c = tool_printable(text); kept > 0; c++, kept--)
        result = *c == '<'   ? tool_text("%s&lt;", result)
                 : *c == '>' ? tool_text("%s&gt;", result)
                 : *c == '&' ? tool_text("%s&amp;", result)
                             : tool_text("%s%c", result, *c);
    return length > most ? tool_text("%s...", result) : result;
}

static const char *colour_of(int partition) {
    if (partition == PIECE_FREE)
        return "#ffffff";
    return partition == PIECE_HYPERVISOR ? "#b8b8b8" : colours[partition % (int)ARRAY_LENGTH(colours)];
}

static uint64_t end_of(const struct piece *piece) {
    return range_end(piece->range);
}

/* 20 points for a page, 3 more whenever the size doubles. */
static int height_of(const struct piece *piece) {
    int height = 20;

    for (uint64_t bytes = piece->range.size_bytes / PAGE_BYTES; bytes > 1; bytes /= 2)
        height += 3;
    return height;
}

/* Of what lies before a piece: nothing, or a hole in RAM. */
static int hole_height(const struct piece *pieces, unsigned i) {
    return i > 0 && end_of(&pieces[i - 1]) != pieces[i].range.base ? HOLE_HEIGHT : 0;
}

static void draw_box(FILE *to, int x, int y, int width, int height, const char *colour) {
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#404040\"/>\n", x, y, width,
            height, colour);
}

static void draw_address(FILE *to, uint64_t address, int y) {
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" class=\"m\">0x%lx</text>\n", ADDRESS_X, y, address);
}

static void draw_teeth(FILE *to, int y) {
    fprintf(to, "<polyline fill=\"none\" stroke=\"#404040\" points=\"");
    for (int i = 0; i <= TEETH; i++)
        fprintf(to, "%d,%d ", BAR_X + i * BAR_WIDTH / TEETH, y + (i % 2 ? TOOTH_HEIGHT : 0));
    fputs("\"/>\n", to);
}

/* Where addresses go on elsewhere: the end of what is above, and how much lies between. */
static void draw_hole(FILE *to, uint64_t from, uint64_t until, int y) {
    char size[CHECKED_SIZE_CHARS];

    draw_address(to, from, y + TEXT_HEIGHT - 2);
    draw_teeth(to, y + 4);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" class=\"h\">no RAM for %s</text>\n",
            BAR_X + BAR_WIDTH / 2, y + HOLE_HEIGHT / 2 + 5, checked_size(until - from, size));
    draw_teeth(to, y + HOLE_HEIGHT - TOOTH_HEIGHT - 4);
}

static void draw_piece(FILE *to, const struct piece *piece, int y) {
    int height = height_of(piece), middle = y + height / 2 + 5;
    char size[CHECKED_SIZE_CHARS];

    draw_box(to, BAR_X, y, BAR_WIDTH, height, colour_of(piece->partition));
    draw_address(to, piece->range.base, y + TEXT_HEIGHT);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s, %s</text>\n", BAR_X + BAR_WIDTH / 2, middle,
            piece->name, checked_size(piece->range.size_bytes, size));
    if (piece->window)
        fprintf(to, "<text x=\"%d\" y=\"%d\" class=\"m\">guest 0x%lx r%s%s%s</text>\n", NOTE_X, middle,
                piece->window->gpa.value, piece->window->writable ? "w" : "-", piece->window->executable ? "x" : "-",
                piece->window->fixed ? ", fixed address" : "");
}

static void draw_memory(FILE *to, const struct piece *pieces, unsigned count, int y) {
    for (unsigned i = 0; i < count; i++) {
        if (hole_height(pieces, i))
            draw_hole(to, end_of(&pieces[i - 1]), pieces[i].range.base, y);
        y += hole_height(pieces, i);
        draw_piece(to, &pieces[i], y);
        y += height_of(&pieces[i]);
    }
    if (count > 0)
        draw_address(to, end_of(&pieces[count - 1]), y + TEXT_HEIGHT);
}

/* The colours with their owners, and what those have besides memory. */
static void draw_partition(FILE *to, const struct config *config, unsigned number, int y) {
    const struct partition_config *partition = &config->partitions[number];
    char *text = tool_text("%s: %s", partition->label, partition->image);

    for (unsigned i = 0; i < partition->device_count; i++)
        text = tool_text("%s; %s", text, checked_device(config, number, &partition->devices[i]));
    draw_box(to, MARGIN, y, TEXT_HEIGHT, TEXT_HEIGHT, colour_of((int)number));
    fprintf(to, "<text x=\"%d\" y=\"%d\">%s</text>\n", MARGIN + ROW_HEIGHT, y + TEXT_HEIGHT - 2,
            text_of(text, ROW_CHARS));
}

/* A round of a round robin, or the frame by the first plan. */
static unsigned slot_count(const struct cpu_config *cpu) {
    return cpu->is_cyclic ? cpu->plans[0].slot_count : cpu->member_count;
}

static uint32_t length_us(const struct cpu_config *cpu) {
    return cpu->is_cyclic ? cpu->frame_us : cpu->member_count * cpu->slot_us;
}

static struct slot_config slot_of(const struct cpu_config *cpu, unsigned i) {
    if (cpu->is_cyclic)
        return cpu->plans[0].slots[i];
    return (struct slot_config){
        .offset_us = i * cpu->slot_us, .duration_us = cpu->slot_us, .partition = cpu->members[i]};
}

static double width_of(const struct cpu_config *cpu, uint32_t us) {
    return us * (double)(WIDTH - 2 * MARGIN) / length_us(cpu);
}

/* The height that names need which do not fit into their slots and so go from below to above. */
static int slot_height(const struct config *config, const struct cpu_config *cpu) {
    int height = SLOT_HEIGHT;

    for (unsigned i = 0; i < slot_count(cpu); i++) {
        struct slot_config slot = slot_of(cpu, i);
        double width = width_of(cpu, slot.duration_us);
        int length = (int)strlen(config->partitions[slot.partition].label) * CHAR_WIDTH + 2 * NAME_MARGIN;

        if (length > width && width >= UPRIGHT_LEAST && length > height)
            height = length;
    }
    return height;
}

static void draw_name(FILE *to, const char *label, double x, double y, double width) {
    bool is_upright = (double)strlen(label) * CHAR_WIDTH > width;

    if (is_upright && width < UPRIGHT_LEAST)
        return;
    fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"", x, y + 5);
    if (is_upright)
        fprintf(to, " transform=\"rotate(-90 %.1f %.1f)\"", x, y);
    fprintf(to, ">%s</text>\n", label);
}

static void draw_slot(FILE *to, const struct config *config, const struct cpu_config *cpu, unsigned i, int y) {
    struct slot_config slot = slot_of(cpu, i);
    const char *label = checked_vcpu(&config->partitions[slot.partition], cpu);
    double x = MARGIN + width_of(cpu, slot.offset_us), width = width_of(cpu, slot.duration_us);
    int height = slot_height(config, cpu);

    fprintf(to,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"#404040\">"
            "<title>%s: %u to %u us</title></rect>\n",
            x, y, width, height, colour_of((int)slot.partition), label, slot.offset_us,
            slot.offset_us + slot.duration_us);
    draw_name(to, label, x + width / 2, y + height / 2.0, width);
}

/* Returns where it ends. */
static int draw_schedule(FILE *to, const struct config *config, const struct cpu_config *cpu, int y) {
    fprintf(to, "<text x=\"%d\" y=\"%d\">", MARGIN, y - 10);
    if (config->cpu_count > 1)
        fprintf(to, "Processor %u. ", cpu->number);
    if (cpu->is_cyclic)
        fprintf(to, "The frame of %u us</text>\n", cpu->frame_us);
    else
        fprintf(to, "One round of the schedule: %u slots of %u us</text>\n", cpu->member_count, cpu->slot_us);
    if (cpu->is_cyclic)
        draw_box(to, MARGIN, y, WIDTH - 2 * MARGIN, slot_height(config, cpu), colour_of(PIECE_FREE));
    for (unsigned i = 0; i < slot_count(cpu); i++)
        draw_slot(to, config, cpu, i, y);
    return y + slot_height(config, cpu);
}

static int memory_height(const struct piece *pieces, unsigned count) {
    int height = 0;

    for (unsigned i = 0; i < count; i++)
        height += hole_height(pieces, i) + height_of(&pieces[i]);
    return height;
}

static void draw_head(FILE *to, const struct checked *checked, int height) {
    const char *model = checked->system.config.model;

    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
            "font-size=\"14\">\n<style>.m { font-family: monospace; font-size: 12px } .h { fill: #606060 }</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, height);
    fprintf(to, "<text x=\"%d\" y=\"30\" font-size=\"18\">%s</text>\n", MARGIN,
            *model ? text_of(model, TITLE_CHARS) : "The system");
    fprintf(to, "<text x=\"%d\" y=\"54\">Memory of %s; heights grow with sizes and are not to scale</text>\n", MARGIN,
            text_of(checked->board->model, BOARD_CHARS));
}

void checked_draw(const struct checked *checked, FILE *to) {
    const struct config *config = &checked->system.config;
    struct piece *pieces;
    unsigned count = checked_pieces(checked, &pieces);
    int partitions_y = TITLE_HEIGHT + memory_height(pieces, count) + GAP;
    int y = partitions_y + (int)config->partition_count * ROW_HEIGHT, schedules_height = 0;

    for (unsigned i = 0; i < config->cpu_count; i++)
        schedules_height += GAP + slot_height(config, &config->cpus[i]);
    draw_head(to, checked, y + schedules_height + MARGIN);
    draw_memory(to, pieces, count, TITLE_HEIGHT);
    fprintf(to, "<text x=\"%d\" y=\"%d\">Partitions, their images and devices</text>\n", MARGIN, partitions_y - 10);
    for (unsigned i = 0; i < config->partition_count; i++)
        draw_partition(to, config, i, partitions_y + (int)i * ROW_HEIGHT);
    for (unsigned i = 0; i < config->cpu_count; i++)
        y = draw_schedule(to, config, &config->cpus[i], y + GAP);
    fputs("</svg>\n", to);
}
