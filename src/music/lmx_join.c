/* lmx_join.c: see lmx_join.h. */
#include "music/lmx_join.h"

#include <stdbool.h>
#include <string.h>

/* What holds at a place of the score; tokens, 0 where nothing was said. */
struct held {
    unsigned key, beats, beat_type;
    unsigned clefs[4]; /* per staff 1 .. 3; [0]: without a staff */
};

/* One key, time or clef with its suffixes: `length` tokens. */
struct statement {
    unsigned kind, token, beats, beat_type, staff;
    size_t length;
};

static bool is_attribute(unsigned token) {
    const unsigned kind = token < RP_LMX_COUNT ? rp_lmx_row_of(token)->kind : RP_LMX_KIND_COUNT;
    return kind == RP_LMX_KIND_KEY || kind == RP_LMX_KIND_TIME || kind == RP_LMX_KIND_CLEF;
}

static struct statement read_statement(const uint16_t *tokens, size_t left) {
    struct statement said = {
        .kind = rp_lmx_row_of(tokens[0])->kind, .token = tokens[0], .length = 1};
    for (; said.length < left && tokens[said.length] < RP_LMX_COUNT; said.length++) {
        const unsigned token = tokens[said.length];
        const unsigned kind = rp_lmx_row_of(token)->kind;
        if (said.kind == RP_LMX_KIND_TIME && kind == RP_LMX_KIND_BEATS) said.beats = token;
        else if (said.kind == RP_LMX_KIND_TIME && kind == RP_LMX_KIND_BEAT_TYPE)
            said.beat_type = token;
        else if (said.kind == RP_LMX_KIND_CLEF && kind == RP_LMX_KIND_STAFF) said.staff = token;
        else break;
    }
    return said;
}

/* Takes over the statement; false: it held already. */
static bool hold(struct held *held, const struct statement *said) {
    const struct held before = *held;
    if (said->kind == RP_LMX_KIND_KEY) held->key = said->token;
    if (said->kind == RP_LMX_KIND_TIME) {
        held->beats = said->beats;
        held->beat_type = said->beat_type;
    }
    if (said->kind == RP_LMX_KIND_CLEF)
        held->clefs[said->staff != 0 ? said->staff - RP_LMX_STAFF_1 + 1 : 0] = said->token;
    return memcmp(&before, held, sizeof before) != 0;
}

/* Appends a line; in the head of its first measure what holds already is not said again. */
static void append(rp_lmx_line *joined, struct held *held, const rp_lmx_line *line) {
    bool is_head = true;
    size_t at = 0;
    while (at < line->count && line->tokens[at] >= RP_LMX_COUNT) at++;
    if (at == line->count) return;
    joined->tokens[joined->count++] = RP_LMX_MEASURE;
    if (line->tokens[at] == RP_LMX_MEASURE) at++;
    while (at < line->count) {
        const unsigned token = line->tokens[at];
        if (is_attribute(token)) {
            const struct statement said = read_statement(line->tokens + at, line->count - at);
            const bool is_new = hold(held, &said);
            if (is_new || !is_head) {
                memcpy(joined->tokens + joined->count, line->tokens + at,
                       said.length * sizeof *joined->tokens);
                joined->count += said.length;
            }
            at += said.length;
            continue;
        }
        if (token < RP_LMX_COUNT) {
            is_head = false;
            joined->tokens[joined->count++] = (uint16_t)token;
        }
        at++;
    }
}

rp_status rp_lmx_join(rp_lmx_line *joined, rp_arena *arena, const rp_lmx_line *lines, size_t count,
                      rp_error *error) {
    size_t room = 0;
    struct held held = {0};
    for (size_t i = 0; i < count; i++) room += lines[i].count + 1;
    *joined = (rp_lmx_line){.tokens = rp_arena_array(arena, room, sizeof(uint16_t))};
    if (joined->tokens == NULL) return rp_fail_memory(error, "the joined score");
    for (size_t i = 0; i < count; i++) append(joined, &held, &lines[i]);
    return RP_OK;
}
