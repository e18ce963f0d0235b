/* whole_measure.c: see whole_measure.h. */
#include "music/whole_measure.h"

#include "music/measure_sum.h"

static bool adds_up(const uint16_t *tokens, size_t count, const rp_hands_held *held) {
    const rp_measure_sum sum = rp_measure_sum_of(tokens, count);
    return sum.agrees && rp_fraction_is_number(sum.length) &&
           rp_fraction_compare(sum.length, rp_hands_measure_length(held->beats, held->beat_type)) ==
               0;
}

/* A clef within holds for its staff from there on. */
static bool take_clef(rp_hands_held *held, const rp_hand_item *item) {
    const unsigned staff = item->tokens[1] - RP_LMX_STAFF_1;
    if (staff >= RP_HANDS) return false;
    held->clefs[staff] = item->tokens[0];
    return rp_hand_clef_middle(held->clefs[staff]) != 0;
}

/* The staff an item says it stands on, else the one in hand; RP_HANDS or more: none of the two. */
static unsigned staff_of(const rp_hand_item *item, unsigned staff) {
    const unsigned said = rp_hand_item_find(item, RP_LMX_KIND_STAFF);
    return said != 0 ? said - RP_LMX_STAFF_1 : staff;
}

bool rp_whole_measure_take(rp_whole_measure *whole, rp_hands_held held, rp_arena *arena,
                           const uint16_t *tokens, size_t count) {
    const size_t head = rp_hands_read_head(&held, tokens, count);
    *whole = (rp_whole_measure){.held = held};
    if (!rp_hands_held_is_known(&held) || !adds_up(tokens, count, &held)) return false;
    whole->both.items = rp_arena_array(arena, count - head + 1, sizeof *whole->both.items);
    if (whole->both.items == NULL) return false;
    bool is_back = true;
    unsigned staff = 0;
    for (size_t at = head; at < count;) {
        rp_hand_item *item = &whole->both.items[whole->both.count++];
        const size_t taken = rp_hand_item_read(item, tokens + at, count - at);
        const bool is_clef = taken > 0 && rp_hand_item_find(item, RP_LMX_KIND_CLEF) != 0;
        if (taken == 0 || (is_clef && !take_clef(&held, item))) return false;
        if (!is_clef) staff = staff_of(item, staff);
        if (staff >= RP_HANDS) return false;
        item->staff = (uint8_t)staff;
        item->middle = rp_hand_clef_middle(held.clefs[staff]);
        item->begins_voice = is_back;
        is_back = rp_hand_item_has(item, RP_LMX_BACKUP) || (is_back && item->is_move);
        at += taken;
    }
    for (int h = 0; h < RP_HANDS; h++) whole->clefs[h] = held.clefs[h];
    return true;
}

size_t rp_whole_measure_tokens_max(const rp_hand *both) {
    return both->count * (RP_HAND_ITEM_TOKENS + 1);
}

void rp_whole_measure_write(rp_lmx_line *line, const rp_hand *both, uint8_t measure) {
    for (size_t i = 0; i < both->count; i++)
        if (both->items[i].measure == measure) rp_hand_item_write(line, &both->items[i]);
}
