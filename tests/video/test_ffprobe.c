/* test_ffprobe.c: what another program reads in a recovered recording: ffprobe's table of packets
 * (decode and presentation time, duration, flags, size, checksum of the bytes) is that of the
 * original, packet by packet, with another take as reference. Fragmented clips are left out: their
 * edit has no length, and without one ffprobe does not flag the priming samples. */
#include <stdlib.h>

#include "base/new_file.h"
#include "base/text.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_judge.h"

enum { STREAMS_MAX = 8, LINE_BYTES = 300, TAIL = 4 };

/* A cut at so many per cent of the bytes may leave so many per cent of the packets fewer: AV1's
 * first picture is as large as 25 others (measured: 42 % at 60 %). */
enum { SPREAD = 20 };

/* The lines of each stream, one behind the other. */
struct table {
    rp_text streams[STREAMS_MAX];
    size_t packets;
};

static void clear_table(struct table *table) {
    for (int i = 0; i < STREAMS_MAX; i++) rp_text_clear(&table->streams[i]);
}

static void read_table(struct table *table, const char *path) {
    char command[800], line[LINE_BYTES];
    *table = (struct table){0};
    snprintf(command, sizeof command,
             "ffprobe -v quiet -show_packets -show_data_hash crc32 -show_entries "
             "packet=stream_index,pts,dts,duration,size,flags,data_hash -of csv=p=0 '%s'",
             path);
    FILE *probe = popen(command, "r");
    while (probe != NULL && fgets(line, sizeof line, probe) != NULL) {
        const int stream = atoi(line);
        char *side = strstr(line, ",Skip Samples"); /* said of priming samples, on lines more */
        if (line[0] < '0' || line[0] > '9' || stream >= STREAMS_MAX) continue;
        if (side != NULL) strcpy(side, "\n");
        rp_text_add(&table->streams[stream], line);
        table->packets++;
    }
    if (probe != NULL) pclose(probe);
}

static size_t count_lines(const rp_text *text) {
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++) count += text->data[i] == '\n';
    return count;
}

/* All but the last packet of each stream: its duration is told by no packet behind it (an encoder
 * may end with a short one). In a cut recording the last TAIL: sound is read in pieces, and the
 * edits of these clips end before the last pictures, which ffprobe then flags D, as they do in the
 * original at its own end. */
static void check_table(const struct table *original, const struct table *recovered, int percent,
                        const char *name) {
    const bool is_cut = percent < 100;
    for (int i = 0; i < STREAMS_MAX; i++) {
        const rp_text *was = &original->streams[i], *is = &recovered->streams[i];
        size_t count = is->length;
        for (int dropped = is_cut ? TAIL : 1; dropped > 0 && count > 0; dropped--) {
            const char *last = memrchr(is->data, '\n', count - 1);
            count = last == NULL ? 0 : (size_t)(last - is->data) + 1;
        }
        if (!is_cut && count_lines(is) != count_lines(was))
            check_failed(__FILE__, __LINE__, "%s: stream %d: %zu packets, not %zu", name, i,
                         count_lines(is), count_lines(was));
        if (is_cut &&
            (count_lines(is) + TAIL) * 100 < count_lines(was) * (size_t)(percent - SPREAD))
            check_failed(__FILE__, __LINE__, "%s: stream %d: %zu packets of %zu at %d %%", name, i,
                         count_lines(is), count_lines(was), percent);
        size_t same = 0;
        while (same < count && same < was->length && was->data[same] == is->data[same]) same++;
        if (same == count) continue;
        const size_t at = same > 60 ? same - 60 : 0;
        check_failed(__FILE__, __LINE__, "%s: stream %d:\n%.120s\n# not\n%.120s", name, i,
                     is->data + at, same < was->length ? was->data + at : "");
    }
}

static void compare(const struct clip *clip, const char *reference, int percent, const char *name) {
    char original[400], broken[400], output[400];
    snprintf(original, sizeof original, "%s/original.mp4", check_scratch());
    snprintf(broken, sizeof broken, "%s/broken", check_scratch());
    snprintf(output, sizeof output, "%s/output.mp4", check_scratch());
    const size_t length = clip->payload_end - clip->payload_at;
    struct clip_broken cut = clip_cut(clip, clip->payload_at + length / 100 * (size_t)percent +
                                                (percent == 100 ? length % 100 : 0));
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_video_recover_options options = {.reference = reference, .output = output};
    struct table was, is;
    if (rp_new_file_write(original, clip->bytes, clip->size, &error) == RP_OK &&
        rp_new_file_write(broken, cut.bytes, cut.size, &error) == RP_OK)
        rp_video_recover(&report, broken, &options, &error);
    read_table(&was, original);
    read_table(&is, output);
    if (was.packets == 0) check_skip("ffprobe is not installed");
    else if (is.packets == 0)
        check_failed(__FILE__, __LINE__, "%s: nothing recovered: %s", name, error.text);
    else check_table(&was, &is, percent, name);
    printf("# %s, %d %%: %zu packets of %zu\n", name, percent, is.packets, was.packets);
    clear_table(&was);
    clear_table(&is);
    remove(output);
    rp_video_report_destroy(report);
    clip_broken_clear(&cut);
}

TEST(another_program_reads_the_same_packets_as_in_the_original) {
    char reference[400];
    snprintf(reference, sizeof reference, "%s/reference.mp4", check_scratch());
    for (size_t recipe = 0; recipe < clip_count(); recipe++) {
        struct clip clip, other;
        const char *why = clip_make_two(&clip, &other, recipe, 'B', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        if (rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK &&
            !clip.has_modelled_times && !clip.is_fragmented) {
            compare(&clip, reference, 100, clip_name(recipe));
            compare(&clip, reference, 60, clip_name(recipe));
            if (getenv("REPRISE_CUTS") != NULL) compare(&clip, reference, 83, clip_name(recipe));
        }
        clip_clear(&clip);
        clip_clear(&other);
    }
}
