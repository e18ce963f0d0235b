/* playing_order.c: see playing_order.h. */
#include "music/playing_order.h"

#include <stdlib.h>
#include <string.h>

#include "music/musicxml.h"

enum { PLAYED_MAX = 1 << 20 };

struct player {
    rp_playing_order *order;
    const rp_note_list *list;
    size_t capacity;
    size_t start;   /* where the section in hand begins */
    unsigned pass;  /* through it, from 1 */
    unsigned times; /* it is played, as far as its endings say; 0: they say nothing */
};

static const rp_xml_node *node_at(const struct player *self, size_t i) {
    return self->list->measures[i].node;
}

/* ---- what the barlines of a measure say ---- */

/* The child of this tag, of the first barline whose child has that value. */
static const rp_xml_node *barline_child(const rp_xml_node *measure, uint32_t tag,
                                        uint32_t attribute, const char *value) {
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        const rp_xml_node *child = at->tag == RP_XML_BARLINE ? rp_xml_child(at, tag) : NULL;
        if (child != NULL && rp_xml_attribute_is(child, attribute, value)) return child;
    }
    return NULL;
}

/* The repeat of this direction: forward or backward. */
static const rp_xml_node *repeat_of(const rp_xml_node *measure, const char *direction) {
    return barline_child(measure, RP_XML_REPEAT, RP_XML_ATTRIBUTE_DIRECTION, direction);
}

/* The ending of this type: start, stop or discontinue. */
static const rp_xml_node *ending_of(const rp_xml_node *measure, const char *type) {
    return barline_child(measure, RP_XML_ENDING, RP_XML_ATTRIBUTE_TYPE, type);
}

/* "1, 2" or "1-3" as a bit for each number, 1 << 1 for 1; 0: there are none. */
static uint64_t passes_in(const char *text) {
    uint64_t passes = 0;
    unsigned long number, last = 0;
    bool is_range = false;
    for (char *end; text != NULL && *text != 0; text = end) {
        end = (char *)text + 1;
        is_range = is_range || *text == '-';
        if (*text < '0' || *text > '9') continue;
        number = strtoul(text, &end, 10);
        if (number > RP_PLAYING_PASSES_MAX) number = RP_PLAYING_PASSES_MAX;
        for (last = is_range ? last + 1 : number; last < number; last++) passes |= 1ull << last;
        passes |= 1ull << number;
        last = number;
        is_range = false;
    }
    return passes & ~1ull;
}

/* The passes of the ending that begins in the measure; 0: none does. */
static uint64_t ending_at(const struct player *self, size_t i) {
    if (i >= self->list->count) return 0;
    const rp_xml_node *ending = ending_of(node_at(self, i), "start");
    if (ending == NULL) return 0;
    return passes_in(rp_xml_attribute_value(ending, RP_XML_ATTRIBUTE_NUMBER));
}

/* The last measure of the ending that begins at `i`: the one that says so, or repeats; if none
 * does before another ending begins, `i` alone. */
static size_t end_of_ending(const struct player *self, size_t i) {
    for (size_t at = i; at < self->list->count && (at == i || ending_at(self, at) == 0); at++) {
        const rp_xml_node *node = node_at(self, at);
        if (ending_of(node, "stop") != NULL || ending_of(node, "discontinue") != NULL ||
            repeat_of(node, "backward") != NULL)
            return at;
    }
    return i;
}

/* ---- playing ---- */

static unsigned highest(uint64_t passes) {
    unsigned number = 0;
    while (passes >> 1 != 0) passes >>= 1, number++;
    return number;
}

/* How often a section is played by the endings from `i` on that follow each other. */
static unsigned times_by_endings(const struct player *self, size_t i) {
    uint64_t all = 0;
    unsigned endings = 0;
    for (uint64_t passes; (passes = ending_at(self, i)) != 0; i = end_of_ending(self, i) + 1) {
        all |= passes;
        endings++;
    }
    return highest(all) + (endings == 1 ? 1 : 0);
}

static unsigned times_of(const struct player *self, const rp_xml_node *repeat) {
    int64_t times = 2;
    if (!rp_musicxml_integer(&times, rp_xml_attribute_value(repeat, RP_XML_ATTRIBUTE_TIMES)) ||
        times < 1)
        times = 2;
    if (self->times > times) times = self->times;
    return times < RP_PLAYING_PASSES_MAX ? (unsigned)times : RP_PLAYING_PASSES_MAX;
}

static void begin_section(struct player *self, size_t start) {
    self->start = start;
    self->pass = 1;
    self->times = 0;
}

/* Plays measures i .. last; returns the one to go on with. */
static size_t play(struct player *self, size_t i, size_t last) {
    for (; i <= last && self->order->count < self->capacity; i++) {
        self->order->measures[self->order->count++] = (uint32_t)i;
        const rp_xml_node *repeat = repeat_of(node_at(self, i), "backward");
        if (repeat == NULL) continue;
        if (self->pass < times_of(self, repeat)) {
            self->pass++;
            return self->start;
        }
        if (self->times == 0) begin_section(self, i + 1);
    }
    return i;
}

static void play_repeats(struct player *self) {
    for (size_t i = 0; i < self->list->count && self->order->count < self->capacity;) {
        if (repeat_of(node_at(self, i), "forward") != NULL && self->start != i)
            begin_section(self, i);
        const uint64_t passes = ending_at(self, i);
        if (passes == 0) {
            i = play(self, i, i);
            continue;
        }
        if (self->times == 0) self->times = times_by_endings(self, i);
        const size_t end = end_of_ending(self, i);
        /* An ending that comes first without a 1 has no other that could have been played. */
        const bool is_played = self->pass == 1 || (passes >> self->pass & 1) != 0;
        const size_t next = is_played ? play(self, i, end) : end + 1;
        if (next == end + 1 && ending_at(self, next) == 0) begin_section(self, next);
        i = next;
    }
}

void rp_playing_order_make(rp_playing_order *order, rp_arena *arena, const rp_note_list *list,
                           bool unrolls) {
    struct player self = {.order = order, .list = list, .pass = 1};
    const size_t repeated = (size_t)RP_PLAYING_PASSES_MAX * list->count;
    self.capacity = !unrolls ? list->count : repeated < PLAYED_MAX ? repeated : PLAYED_MAX;
    if (self.capacity < list->count) self.capacity = list->count;
    *order = (rp_playing_order){
        .measures = rp_arena_array(arena, self.capacity + 1, sizeof *order->measures)};
    if (arena->failed) return;
    if (unrolls) play_repeats(&self);
    else
        for (size_t i = 0; i < list->count; i++) order->measures[order->count++] = (uint32_t)i;
}
