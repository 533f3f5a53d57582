/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as a picture (SVG): the machine's memory from low to high addresses, and
 * a round of the schedule. Heights grow with the logarithm of a piece's size, as
 * pieces from kibibytes to gibibytes have to be seen side by side.
 */
#include "tools/checker/checked.h"
#include "tools/checker/tool.h"

#define WIDTH           900
#define MARGIN          20
#define TITLE_HEIGHT    50
#define ADDRESS_X       190 /* addresses end here */
#define BAR_X           200
#define BAR_WIDTH       340
#define NOTE_X          (BAR_X + BAR_WIDTH + 12)
#define SLOT_HEIGHT     44
#define SCHEDULE_HEIGHT (SLOT_HEIGHT + 40)
#define TEXT_HEIGHT     14

/* Colours that keep apart for most eyes, used in turn (Okabe and Ito's set, lightened). */
static const char *const colours[] = {"#9fd3f5", "#f7d28b", "#8fd9bf", "#f3b79b", "#e3b8d3", "#f5ee9d", "#a9c4de"};

/* The text between tags, where some characters would be markup. */
static const char *escape(const char *text) {
    char *escaped = tool_text("%s", "");

    for (const char *c = tool_printable(text); *c != '\0'; c++)
        escaped = *c == '<'   ? tool_text("%s&lt;", escaped)
                  : *c == '>' ? tool_text("%s&gt;", escaped)
                  : *c == '&' ? tool_text("%s&amp;", escaped)
                              : tool_text("%s%c", escaped, *c);
    return escaped;
}

static const char *colour_of(const struct piece *piece) {
    if (piece->partition == PIECE_FREE)
        return "#ffffff";
    return piece->partition == PIECE_HYPERVISOR ? "#b8b8b8" : colours[piece->partition % (int)ARRAY_LENGTH(colours)];
}

/* 20 points for a page, 3 more whenever the size doubles. */
static int height_of(const struct piece *piece) {
    int height = 20;

    for (uint64_t bytes = piece->range.size_bytes / PAGE_BYTES; bytes > 1; bytes /= 2)
        height += 3;
    return height;
}

static void draw_box(FILE *to, int x, int y, int width, int height, const char *colour) {
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#404040\"/>\n", x, y, width,
            height, colour);
}

static void draw_piece(FILE *to, const struct piece *piece, int y) {
    int height = height_of(piece), middle = y + height / 2 + 5;
    char size[CHECKED_SIZE_CHARS];

    draw_box(to, BAR_X, y, BAR_WIDTH, height, colour_of(piece));
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" class=\"m\">0x%lx</text>\n", ADDRESS_X, y + TEXT_HEIGHT,
            piece->range.base);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s, %s</text>\n", BAR_X + BAR_WIDTH / 2, middle,
            piece->name, checked_size(piece->range.size_bytes, size));
    if (piece->window)
        fprintf(to, "<text x=\"%d\" y=\"%d\" class=\"m\">guest 0x%lx r%s%s%s</text>\n", NOTE_X, middle,
                piece->window->gpa.value, piece->window->writable ? "w" : "-", piece->window->executable ? "x" : "-",
                piece->window->fixed ? ", fixed address" : "");
}

/* A stretch of time, as wide as it is long in `all_us`. */
static void draw_slot(FILE *to, const struct config *config, unsigned partition, uint32_t from_us, uint32_t us,
                      uint32_t all_us, int y) {
    double scale = (double)(WIDTH - 2 * MARGIN) / all_us;
    double x = MARGIN + from_us * scale, width = us * scale;
    const char *label = config->partitions[partition].label;

    fprintf(to,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"#404040\">"
            "<title>%s: %u to %u us</title></rect>\n",
            x, y, width, SLOT_HEIGHT, colours[partition % ARRAY_LENGTH(colours)], label, from_us, from_us + us);
    if (width > 60)
        fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x + width / 2,
                y + SLOT_HEIGHT / 2 + 5, label);
}

/* A round of a round robin, or the frame by the first plan. */
static void draw_schedule(FILE *to, const struct config *config, const struct cpu_config *cpu, int y) {
    fprintf(to, "<text x=\"%d\" y=\"%d\">", MARGIN, y - 10);
    if (config->cpu_count > 1)
        fprintf(to, "Processor %u. ", cpu->number);
    if (cpu->is_cyclic)
        fprintf(to, "The frame of %u us</text>\n", cpu->frame_us);
    else
        fprintf(to, "One round of the schedule: %u slots of %u us</text>\n", cpu->member_count, cpu->slot_us);
    for (unsigned i = 0; !cpu->is_cyclic && i < cpu->member_count; i++)
        draw_slot(to, config, cpu->members[i], i * cpu->slot_us, cpu->slot_us, cpu->member_count * cpu->slot_us, y);
    for (unsigned i = 0; cpu->is_cyclic && i < cpu->plans[0].slot_count; i++) {
        const struct slot_config *slot = &cpu->plans[0].slots[i];

        draw_slot(to, config, slot->partition, slot->offset_us, slot->duration_us, cpu->frame_us, y);
    }
}

void checked_draw(const struct checked *checked, FILE *to) {
    const struct config *config = &checked->system.config;
    struct piece *pieces;
    unsigned count = checked_pieces(checked, &pieces);
    int y = TITLE_HEIGHT, memory_height = 0;

    for (unsigned i = 0; i < count; i++)
        memory_height += height_of(&pieces[i]);
    int schedule_y = TITLE_HEIGHT + memory_height + 60;

    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
            "font-size=\"14\">\n<style>.m { font-family: monospace; font-size: 12px }</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, schedule_y + (int)config->cpu_count * SCHEDULE_HEIGHT);
    fprintf(to, "<text x=\"%d\" y=\"30\" font-size=\"18\">%s on %s: who has which memory</text>\n", MARGIN,
            escape(*config->model ? config->model : "The system"), escape(checked->board->model));
    for (unsigned i = 0; i < count; i++) {
        draw_piece(to, &pieces[i], y);
        y += height_of(&pieces[i]);
    }
    for (unsigned i = 0; i < config->cpu_count; i++)
        draw_schedule(to, config, &config->cpus[i], schedule_y + (int)i * SCHEDULE_HEIGHT);
    fputs("</svg>\n", to);
}
