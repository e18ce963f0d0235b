/* midi_rhythm.c: see midi_rhythm.h. */
#include "music/midi_rhythm.h"

/* Grids in the order of preference. A worse one wins only if it fits better by more than
 * `preference` of a cell for each point, times its distance in the list. */
static const struct grid {
    uint8_t parts, actual, normal;
} grids[] = {{1, 1, 1}, {2, 1, 1}, {4, 1, 1},  {3, 3, 2},  {8, 1, 1}, {6, 3, 2},
             {5, 5, 4}, {7, 7, 4}, {12, 3, 2}, {16, 1, 1}, {10, 5, 4}};
static const double preference = 0.004;

enum {
    POINTS_MAX = 256,  /* of a cell; more do not change the choice */
    SOUNDING_MAX = 512 /* notes that began before the cell and are looked at */
};

int64_t rp_midi_units(const rp_midi_song *song, int64_t ticks) {
    const int64_t whole = ticks / song->ticks_a_quarter, rest = ticks % song->ticks_a_quarter;
    return whole * RP_MIDI_QUARTER +
           (2 * rest * RP_MIDI_QUARTER + song->ticks_a_quarter) / (2 * song->ticks_a_quarter);
}

/* ---- measures ---- */

/* Brings a time within what can be written: at most 16 beats of 2, 4, 8 or 16; else it is 4/4. */
static void set_time(rp_midi_measure *measure, const rp_midi_mark *mark) {
    int32_t beats = mark->value;
    unsigned beat_type = mark->beat_type;
    while (beat_type < 2) beats *= 2, beat_type *= 2;
    while (beat_type > 16 && beats % 2 == 0) beats /= 2, beat_type /= 2;
    const bool can_be_written = beats <= 16 && beat_type <= 16;
    measure->beats = can_be_written ? (uint8_t)beats : 4;
    measure->beat_type = can_be_written ? (uint8_t)beat_type : 4;
}

static int64_t cell_length(const rp_midi_measure *measure) {
    return measure->beat_type <= 4 ? RP_MIDI_QUARTER : 4 * RP_MIDI_QUARTER / measure->beat_type;
}

/* A first measure shorter than the second is a pick-up, and has the second one's time. */
static void set_pick_up(rp_midi_rhythm *rhythm) {
    rp_midi_measure *first = &rhythm->measures[0];
    if (rhythm->measure_count < 2 || !first[1].has_new_time || first->length >= first[1].length)
        return;
    first->beats = first[1].beats;
    first->beat_type = first[1].beat_type;
    first[1].has_new_time = false;
}

static rp_status make_measures(rp_midi_rhythm *rhythm, rp_arena *arena, const rp_midi_song *song,
                               int64_t end, rp_error *error) {
    rp_midi_measure now = {.beats = 4, .beat_type = 4, .has_new_time = true};
    size_t mark = 0, cells = 0;
    rhythm->measures = rp_arena_array(arena, RP_MIDI_MEASURES_MAX, sizeof *rhythm->measures);
    if (arena->failed) return rp_fail_memory(error, "the measures");
    while (rhythm->measure_count == 0 || now.begin < end) {
        if (rhythm->measure_count == RP_MIDI_MEASURES_MAX)
            return rp_fail(error, RP_INPUT, 0, "the music has more than %d measures",
                           RP_MIDI_MEASURES_MAX);
        const rp_midi_measure before = now;
        for (; mark < song->mark_count && rp_midi_units(song, song->marks[mark].tick) <= now.begin;
             mark++)
            if (song->marks[mark].kind == RP_MIDI_TIME) set_time(&now, &song->marks[mark]);
        now.has_new_time = rhythm->measure_count == 0 || now.beats != before.beats ||
                           now.beat_type != before.beat_type;
        now.length = 4 * RP_MIDI_QUARTER / now.beat_type * now.beats;
        now.first_cell = cells;
        cells += (size_t)((now.length + cell_length(&now) - 1) / cell_length(&now));
        now.last_cell = cells;
        rhythm->measures[rhythm->measure_count++] = now;
        now.begin += now.length;
    }
    return RP_OK;
}

/* ---- grids ---- */

static int64_t distance_to_grid(int64_t within, int64_t length, unsigned parts) {
    const int64_t step = length / parts, rest = within % step;
    return rest * 2 < step ? rest : step - rest;
}

static void choose_grid(rp_midi_cell *cell, const int64_t *points, size_t count) {
    double best = 0;
    for (size_t g = 0; g < RP_COUNT(grids); g++) {
        double cost = 0;
        for (size_t i = 0; i < count; i++)
            cost += (double)distance_to_grid(points[i] - cell->begin, cell->length, grids[g].parts);
        cost = cost / (double)cell->length + preference * (double)(g * (count + 1));
        if (g > 0 && cost >= best) continue;
        best = cost;
        cell->parts = grids[g].parts;
        cell->actual = grids[g].actual;
        cell->normal = grids[g].normal;
    }
}

/* The spans as seen from a cell. Cells come in the order of time, so that both ends only go on. */
struct window {
    const rp_midi_span *spans; /* (count) */
    size_t count;
    size_t from; /* those before have ended, or are too many */
    size_t next; /* the first that does not begin before the cell */
};

static void move_window(struct window *window, int64_t begin) {
    const rp_midi_span *spans = window->spans;
    while (window->from < window->count && spans[window->from].end <= begin) window->from++;
    while (window->next < window->count && spans[window->next].begin < begin) window->next++;
    if (window->next > window->from + SOUNDING_MAX) window->from = window->next - SOUNDING_MAX;
}

/* The beginnings and ends within the cell. */
static size_t points_in(const rp_midi_cell *cell, const struct window *window, int64_t *points) {
    size_t found = 0;
    const rp_midi_span *spans = window->spans;
    const int64_t end = cell->begin + cell->length;
    for (size_t i = window->from;
         i < window->count && spans[i].begin < end && found + 2 <= POINTS_MAX; i++) {
        if (spans[i].begin >= cell->begin) points[found++] = spans[i].begin;
        if (spans[i].end > cell->begin && spans[i].end < end) points[found++] = spans[i].end;
    }
    return found;
}

/* Does everything in the two cells fit thirds of both, with something over the middle? */
static bool is_pair_of_thirds(const rp_midi_cell *cell, const struct window *window) {
    const rp_midi_span *spans = window->spans;
    const int64_t length = 2 * cell->length, middle = cell->begin + cell->length;
    bool is_crossed = false;
    for (size_t i = window->from; i < window->count && spans[i].begin < cell->begin + length; i++) {
        const int64_t ends[2] = {spans[i].begin - cell->begin, spans[i].end - cell->begin};
        if (ends[1] <= 0) continue;
        is_crossed = is_crossed || (spans[i].begin < middle && spans[i].end > middle &&
                                    ends[0] > 0 && ends[1] < length);
        for (int e = 0; e < 2; e++)
            if (ends[e] > 0 && ends[e] < length &&
                distance_to_grid(ends[e], length, 3) * 50 > length)
                return false;
    }
    return is_crossed;
}

static void make_grids(rp_midi_rhythm *rhythm, const rp_midi_measure *measure,
                       struct window *window) {
    int64_t points[POINTS_MAX];
    const int64_t length = cell_length(measure);
    for (size_t c = measure->first_cell; c < measure->last_cell; c++) {
        const int64_t begin = measure->begin + (int64_t)(c - measure->first_cell) * length;
        rp_midi_cell *cell = &rhythm->cells[c];
        *cell = (rp_midi_cell){.begin = begin, .length = length};
        move_window(window, begin);
        const bool has_pair = (c - measure->first_cell) % 2 == 0 && c + 1 < measure->last_cell;
        if (has_pair && is_pair_of_thirds(cell, window)) {
            *cell = (rp_midi_cell){begin, 2 * length, 3, 3, 2};
            /* the second cell is empty: nothing is found in it */
            rhythm->cells[++c] = (rp_midi_cell){begin + 2 * length, 0, 1, 1, 1};
            continue;
        }
        choose_grid(cell, points, points_in(cell, window, points));
    }
}

rp_status rp_midi_rhythm_make(rp_midi_rhythm *rhythm, rp_arena *arena, const rp_midi_song *song,
                              const rp_midi_span *spans, size_t count, rp_error *error) {
    int64_t end = 0;
    *rhythm = (rp_midi_rhythm){0};
    for (size_t i = 0; i < count; i++)
        if (spans[i].end > end) end = spans[i].end;
    RP_TRY(make_measures(rhythm, arena, song, end, error));
    set_pick_up(rhythm);
    rhythm->cell_count = rhythm->measures[rhythm->measure_count - 1].last_cell;
    rhythm->cells = rp_arena_array(arena, rhythm->cell_count, sizeof *rhythm->cells);
    if (arena->failed) return rp_fail_memory(error, "the beats");
    struct window window = {.spans = spans, .count = count};
    for (size_t m = 0; m < rhythm->measure_count; m++)
        make_grids(rhythm, &rhythm->measures[m], &window);
    return RP_OK;
}

/* ---- questions ---- */

/* The last of `count` rows, `stride` bytes apart, whose `begin` is at or before the time; the first
 * if there is none. */
static size_t last_begun(const int64_t *begin, size_t stride, size_t count, int64_t time) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (*(const int64_t *)((const char *)begin + middle * stride) <= time) low = middle;
        else high = middle;
    }
    return low;
}

size_t rp_midi_rhythm_cell_at(const rp_midi_rhythm *rhythm, int64_t time) {
    size_t cell =
        last_begun(&rhythm->cells->begin, sizeof *rhythm->cells, rhythm->cell_count, time);
    while (cell > 0 && rhythm->cells[cell].length == 0) cell--;
    return cell;
}

size_t rp_midi_rhythm_measure_at(const rp_midi_rhythm *rhythm, int64_t time) {
    return last_begun(&rhythm->measures->begin, sizeof *rhythm->measures, rhythm->measure_count,
                      time);
}

int64_t rp_midi_rhythm_snap(const rp_midi_rhythm *rhythm, int64_t time) {
    const rp_midi_cell *cell = &rhythm->cells[rp_midi_rhythm_cell_at(rhythm, time)];
    const int64_t step = cell->length / cell->parts;
    int64_t steps = (2 * (time - cell->begin) + step) / (2 * step);
    if (steps > cell->parts) steps = cell->parts;
    return cell->begin + steps * step;
}
