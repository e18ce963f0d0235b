/* MIDI files: what sounds when, read back from the bytes. */
#include "music/midi.h"

#include <stdlib.h>

#include "check.h"
#include "music/xml_reader.h"

struct sound {
    unsigned track, key;
    long begin, end; /* in 1/5040 of a quarter */
};

enum { SOUNDS_MAX = 128 };

struct reading {
    struct sound sounds[SOUNDS_MAX];
    size_t count;
    long tempo_us;
    struct change {
        unsigned what; /* 0x51: tempo, 0x59: key */
        long tick, value;
    } changes[16];
    size_t change_count;
};

static long read_distance(const unsigned char **at) {
    long value = 0;
    do value = value << 7 | (**at & 0x7F);
    while ((*(*at)++ & 0x80) != 0);
    return value;
}

static void read_track(struct reading *reading, unsigned track, const unsigned char *at,
                       const unsigned char *end) {
    long now = 0;
    while (at < end) {
        now += read_distance(&at);
        if (*at == 0xFF) {
            if (at[1] == 0x51) reading->tempo_us = at[3] << 16 | at[4] << 8 | at[5];
            if (at[1] == 0x51 || at[1] == 0x59)
                reading->changes[reading->change_count++] = (struct change){
                    at[1], now, at[1] == 0x51 ? reading->tempo_us : (signed char)at[3]};
            at += 3 + at[2];
        } else if (*at == 0x90) {
            reading->sounds[reading->count++] = (struct sound){track, at[1], now, -1};
            at += 3;
        } else {
            for (size_t i = 0; i < reading->count; i++)
                if (reading->sounds[i].key == at[1] && reading->sounds[i].track == track &&
                    reading->sounds[i].end < 0)
                    reading->sounds[i].end = now;
            at += 3;
        }
    }
}

/* Writes the measures as MIDI and reads that. */
static struct reading play(const char *measures, bool unrolls) {
    struct reading reading = {0};
    rp_arena arena = {0};
    rp_xml_tree tree;
    rp_text midi = {0};
    char *document = NULL;
    const rp_midi_options options = {.unrolls_repeats = unrolls};
    if (asprintf(&document, "<part>%s</part>", measures) < 0) return reading;
    const rp_xml_source source = {"test", (const uint8_t *)document, strlen(document)};
    rp_xml_tree_init(&tree, &arena);
    CHECK(rp_xml_read(&tree, &source, NULL) == RP_OK);
    CHECK(rp_midi_write(&midi, tree.root, &options, NULL) == RP_OK);
    const unsigned char *bytes = (const unsigned char *)midi.data;
    CHECK(memcmp(bytes, "MThd\0\0\0\6\0\1", 10) == 0);
    const unsigned char *at = bytes + 14;
    for (unsigned track = 0; at < bytes + midi.length; track++) {
        const size_t length = (size_t)(at[4] << 24 | at[5] << 16 | at[6] << 8 | at[7]);
        CHECK(memcmp(at, "MTrk", 4) == 0);
        read_track(&reading, track, at + 8, at + 8 + length);
        at += 8 + length;
    }
    CHECK(at == bytes + midi.length);
    rp_text_clear(&midi);
    rp_arena_clear(&arena);
    free(document);
    return reading;
}

static void check_sound(const struct reading *reading, size_t i, struct sound expected) {
    REQUIRE(i < reading->count);
    CHECK_INT(reading->sounds[i].track, expected.track);
    CHECK_INT(reading->sounds[i].key, expected.key);
    CHECK_INT(reading->sounds[i].begin, expected.begin);
    CHECK_INT(reading->sounds[i].end, expected.end);
}

#define PITCH(step, alter, octave) \
    "<pitch><step>" step "</step><alter>" alter "</alter><octave>" octave "</octave></pitch>"

TEST(notes_chords_and_triplets_fall_on_exact_ticks) {
    const struct reading reading = play(
        "<measure><attributes><divisions>3</divisions></attributes><direction><sound tempo='90'/>"
        "</direction><note>" PITCH("C", "0", "4") "<duration>1</duration></note><note><chord/>" PITCH(
            "F", "1", "4") "<duration>1</duration></note><note>" PITCH("D", "0", "4") "<duration>2"
        "</duration></note><backup><duration>3</duration></backup><note>" PITCH(
            "C", "0", "3") "<duration>3</duration><staff>2</staff></note></measure>",
        false);
    CHECK_INT(reading.count, 4);
    CHECK_INT(reading.tempo_us, 666667);
    check_sound(&reading, 0, (struct sound){1, 60, 0, 1680});
    check_sound(&reading, 1, (struct sound){1, 66, 0, 1680});
    check_sound(&reading, 2, (struct sound){1, 62, 1680, 5040});
    check_sound(&reading, 3, (struct sound){2, 48, 0, 5040});
}

TEST(tied_notes_sound_once_over_the_bar) {
    const struct reading reading =
        play("<measure><note>" PITCH("C", "0", "4") "<duration>2</duration><tie type='start'/></note>"
             "</measure><measure><note>" PITCH("C", "0", "4") "<duration>1</duration>"
             "<tie type='stop'/></note><note>" PITCH("C", "0", "4") "<duration>1</duration></note>"
             "</measure>",
             false);
    CHECK_INT(reading.count, 2);
    check_sound(&reading, 0, (struct sound){1, 60, 0, 3 * 5040});
    check_sound(&reading, 1, (struct sound){1, 60, 3 * 5040, 4 * 5040});
}

TEST(grace_notes_take_time_from_the_note_they_stand_before) {
    const struct reading reading =
        play("<measure><note><grace/>" PITCH("E", "0", "4") "</note><note><grace/>" PITCH(
                 "D", "0", "4") "</note><note>" PITCH("C", "0", "4") "<duration>1</duration></note>"
             "</measure>",
             false);
    CHECK_INT(reading.count, 3);
    check_sound(&reading, 0, (struct sound){1, 64, 0, 630});
    check_sound(&reading, 1, (struct sound){1, 62, 630, 1260});
    check_sound(&reading, 2, (struct sound){1, 60, 1260, 5040});
}

TEST(pick_ups_are_short_and_empty_measures_full) {
    const struct reading reading =
        play("<measure><attributes><divisions>1</divisions><time><beats>3</beats><beat-type>4"
             "</beat-type></time></attributes><note>" PITCH("C", "0", "4") "<duration>1</duration>"
             "</note></measure><measure/><measure><note>" PITCH("D", "0", "4") "<duration>1"
             "</duration></note></measure>",
             false);
    CHECK_INT(reading.count, 2);
    check_sound(&reading, 1, (struct sound){1, 62, 4 * 5040, 5 * 5040});
}

TEST(repeats_and_endings_are_played_out_when_asked) {
#define NOTE(step) "<note>" PITCH(step, "0", "4") "<duration>1</duration></note>"
    static const char music[] =
        "<measure>" NOTE("C") "</measure><measure><barline><repeat direction='forward'/></barline>" NOTE(
            "D") "</measure><measure><barline><ending number='1' type='start'/></barline>" NOTE("E")
        "<barline><ending number='1' type='stop'/><repeat direction='backward'/></barline></measure>"
        "<measure><barline><ending number='2' type='start'/></barline>" NOTE("F") "</measure>";
    static const unsigned kept[] = {60, 62, 64, 65}, unrolled[] = {60, 62, 64, 62, 65};
    const struct reading once = play(music, false), twice = play(music, true);
    REQUIRE(once.count == 4 && twice.count == 5);
    for (size_t i = 0; i < 4; i++) CHECK_INT(once.sounds[i].key, kept[i]);
    for (size_t i = 0; i < 5; i++) CHECK_INT(twice.sounds[i].key, unrolled[i]);
}

/* Measures of one note each, named by its step, with what their barlines say in front of it. */
#define BARLINE(content) "<barline>" content "</barline>"
#define BAR(step, barlines) "<measure>" barlines NOTE(step) "</measure>"
#define FORWARD BARLINE("<repeat direction='forward'/>")
#define BACKWARD BARLINE("<repeat direction='backward'/>")
#define BACKWARD_TIMES(times) BARLINE("<repeat direction='backward' times='" times "'/>")
#define BEGIN(number) BARLINE("<ending number='" number "' type='start'/>")
#define STOP(number) BARLINE("<ending number='" number "' type='stop'/>")

TEST(repeats_are_played_as_often_as_they_and_their_endings_say) {
    static const struct {
        const char *music, *steps;
    } rows[] = {
        {BAR("C", "") BAR("D", FORWARD BACKWARD_TIMES("3")) BAR("E", ""), "CDDDE"},
        {BAR("C", BACKWARD_TIMES("1")) BAR("D", BACKWARD_TIMES("many")), "CDD"},
        /* lists and ranges of passes */
        {BAR("C", "") BAR("D", BEGIN("1, 2") BACKWARD) BAR("E", BEGIN("3") STOP("3")) BAR("F", ""),
         "CDCDCEF"},
        {BAR("C", "") BAR("D", BEGIN("1-3") BACKWARD) BAR("E", BEGIN("4")), "CDCDCDCE"},
        {BAR("C", "") BAR("D", BEGIN("1,3") BACKWARD) BAR("E", BEGIN("2,4") BACKWARD) BAR("F", ""),
         "CDCECDCEF"},
        {BAR("C", "") BAR("D", BEGIN("1") BACKWARD) BAR("E", BEGIN("2") BACKWARD)
             BAR("F", BEGIN("3")),
         "CDCECF"},
        /* one ending alone, behind which the music goes on */
        {BAR("C", "") BAR("D", BEGIN("1") BACKWARD) BAR("E", ""), "CDCE"},
        {BAR("C", "") BAR("D", BEGIN("1,2") BACKWARD) BAR("E", ""), "CDCDCE"},
        /* endings of several measures, and the section behind them that has no repeat forward */
        {BAR("C", FORWARD) BAR("D", BEGIN("1")) BAR("E", STOP("1") BACKWARD) BAR("F", BEGIN("2"))
             BAR("G", STOP("2")) BAR("A", BACKWARD) BAR("B", ""),
         "CDECFGAAB"},
        /* an ending that nothing leads back to is played; numbers that are none */
        {BAR("C", "") BAR("D", BEGIN("2") STOP("2")) BAR("E", BEGIN("x")) BAR("F", BEGIN("")),
         "CDEF"},
        /* no more than 63 times 2 measures */
        {BAR("C", "") BAR("D", BACKWARD_TIMES("1000000")), NULL},
    };
    static const char keys[] = {60, 62, 64, 65, 67, 69, 71}, steps[] = "CDEFGAB";
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        const struct reading reading = play(rows[i].music, true);
        char played[SOUNDS_MAX + 1] = "";
        for (size_t n = 0; n < reading.count; n++)
            played[n] = steps[(const char *)memchr(keys, (int)reading.sounds[n].key, 7) - keys];
        if (rows[i].steps != NULL) CHECK_TEXT(played, rows[i].steps);
        else CHECK_INT(reading.count, 2 * 63);
    }
}

static void check_change(const struct reading *reading, size_t i, struct change expected) {
    REQUIRE(i < reading->change_count);
    CHECK_INT(reading->changes[i].what, expected.what);
    CHECK_INT(reading->changes[i].tick, expected.tick);
    CHECK_INT(reading->changes[i].value, expected.value);
}

TEST(tempo_and_key_change_where_they_stand_in_the_measure) {
#define KEY(fifths) "<attributes><key><fifths>" fifths "</fifths></key></attributes>"
#define TEMPO(tempo) "<direction><sound tempo='" tempo "'/></direction>"
    const struct reading reading =
        play("<measure>" KEY("1") TEMPO("60") NOTE("C") NOTE("D") TEMPO("120") KEY("-2")
                 NOTE("E") "<sound tempo='100'/></measure><measure>" NOTE("F") "</measure>",
             false);
    CHECK_INT(reading.change_count, 5);
    check_change(&reading, 0, (struct change){0x59, 0, 1});
    check_change(&reading, 1, (struct change){0x51, 0, 1000000});
    check_change(&reading, 2, (struct change){0x51, 2 * 5040, 500000});
    check_change(&reading, 3, (struct change){0x59, 2 * 5040, -2});
    check_change(&reading, 4, (struct change){0x51, 3 * 5040, 600000});
}

TEST(transposing_instruments_sound_as_they_do) {
    const struct reading reading =
        play("<measure><attributes><key><fifths>2</fifths></key><transpose><diatonic>-1</diatonic>"
             "<chromatic>-2</chromatic></transpose></attributes>" NOTE("C") "</measure>"
             "<measure><attributes><transpose number='2'><chromatic>0</chromatic><octave-change>-1"
             "</octave-change></transpose></attributes>" NOTE("D") "<note>" PITCH("C", "0", "4")
             "<duration>1</duration><staff>2</staff></note></measure>",
             false);
    CHECK_INT(reading.count, 3);
    CHECK_INT(reading.sounds[0].key, 58); /* a clarinet in B flat */
    CHECK_INT(reading.sounds[1].key, 60);
    CHECK_INT(reading.sounds[2].key, 48); /* the other staff, an octave lower */
    check_change(&reading, 0, (struct change){0x59, 0, 0});
}

TEST(decimal_places_count_in_durations_and_divisions) {
    const struct reading reading =
        play("<measure><attributes><divisions>1.5</divisions></attributes><note>" PITCH(
                 "C", "0", "4") "<duration>0.75</duration></note><note>" PITCH("D", "0", "4")
             "<duration> 3.0 </duration></note><note>" PITCH("E", "0", "4")
             "<duration>1.5e3</duration></note></measure>",
             false);
    CHECK_INT(reading.count, 3);
    check_sound(&reading, 0, (struct sound){1, 60, 0, 2520});
    check_sound(&reading, 1, (struct sound){1, 62, 2520, 2520 + 2 * 5040});
    check_sound(&reading, 2, (struct sound){1, 64, 2520 + 2 * 5040, 2520 + 2 * 5040 + 1});
}

/* Ticks beyond all bounds are cut, and what a long division leaves is rounded, not lost. */
TEST(numbers_beyond_all_bounds_become_no_other_notes) {
#define LONGEST "1000000000000000"
#define HUGE_NOTE(step) "<note>" PITCH(step, "0", "4") "<duration>" LONGEST "</duration></note>"
    enum { DISTANCE_MAX = 0x0FFFFFFF };
    const struct reading huge =
        play("<measure>" HUGE_NOTE("C") HUGE_NOTE("D") "</measure><measure>" NOTE("E") "</measure>",
             false);
    CHECK_INT(huge.count, 3);
    check_sound(&huge, 0, (struct sound){1, 60, 0, DISTANCE_MAX});
    const struct reading fine =
        play("<measure><attributes><divisions>" LONGEST "</divisions></attributes><note>" PITCH(
                 "C", "0", "4") "<duration>999999999999999</duration></note><note>" PITCH(
                 "D", "0", "4") "<duration>500000000000000</duration></note></measure>",
             false);
    CHECK_INT(fine.count, 2);
    check_sound(&fine, 0, (struct sound){1, 60, 0, 5040});
    check_sound(&fine, 1, (struct sound){1, 62, 5040, 5040 + 2520});
}
