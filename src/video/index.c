/* index.c: see index.h. The reference's moov is walked; each box is copied as it is unless a row
 * below says who writes it anew. */
#include "video/index.h"

#include <string.h>

#include "base/bytes.h"

enum {
    ENTRY_FIXED = 78,  /* bytes of a visual sample entry before the boxes in it */
    ENTRY_SIZE_AT = 32 /* its u16 width and height, from its header on */
};

typedef struct writing {
    rp_text *out;
    const rp_video_profile *profile;
    const rp_video_chain *chain;
    const rp_video_times *times;
    int64_t shift;
    uint64_t moov_at, silence_at; /* where the moov, and the bytes of silence, will lie */
    int track;                    /* the one whose trak is being written */
    uint64_t movie_duration;      /* in the movie's timescale */
} writing;

typedef void (*box_fn)(writing *at, const rp_media_box *box);
static void write_children(writing *at, const rp_media_box *box, uint64_t skip);

#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])

/* --- durations --------------------------------------------------------------------------- */

static uint64_t rescale(uint64_t ticks, uint32_t to, uint32_t from) {
    return (uint64_t)((double)ticks * to / from + 0.5);
}

static uint64_t track_duration(const writing *at, int index) { return at->times[index].duration; }

/* How much further the last picture shown reaches than all pictures are long together: where a cut
 * took pictures that were to be shown before it, gaps stay, and an edit without them would end
 * before the last pictures. */
static uint64_t gaps_in_display(const rp_video_times *times) {
    const rp_media_runs *offsets = &times->compositions, *durations = &times->durations;
    int64_t dts = 0, first = INT64_MAX, end = 0;
    rp_media_runs_reader reader = {.runs = durations};
    for (size_t i = 0; i < offsets->count && !times->is_modelled; i++)
        for (uint64_t k = 0; k < offsets->items[i].count; k++) {
            const int64_t shown = dts + offsets->items[i].value;
            const int64_t duration = rp_media_runs_next(&reader);
            if (shown < first) first = shown;
            if (shown + duration > end) end = shown + duration;
            dts += duration;
        }
    return first < end && end - first > dts ? (uint64_t)(end - first - dts) : 0;
}

/* An edit as long as the media was, or as long as the media from its media_time on: recorders
 * differ, so the reference's own edit tells which. */
static uint64_t edit_duration(const writing *at, int index, const rp_media_edit *edit) {
    const rp_media_track *media = at->profile->tracks[index].media;
    const uint32_t movie = at->profile->movie.timescale;
    uint64_t old_ticks = 0;
    for (size_t i = 0; i < media->durations.count; i++)
        old_ticks += media->durations.items[i].count * (uint64_t)media->durations.items[i].value;
    const uint64_t skipped = (uint64_t)(edit->media_time > 0 ? edit->media_time : 0);
    const uint64_t ticks = track_duration(at, index) + gaps_in_display(&at->times[index]);
    const int64_t whole = (int64_t)rescale(old_ticks, movie, media->timescale);
    const int64_t rest =
        (int64_t)rescale(old_ticks > skipped ? old_ticks - skipped : 0, movie, media->timescale);
    const int64_t to_whole = (int64_t)edit->duration - whole,
                  to_rest = (int64_t)edit->duration - rest;
    const bool is_rest = (to_rest < 0 ? -to_rest : to_rest) < (to_whole < 0 ? -to_whole : to_whole);
    const uint64_t shown = is_rest ? (ticks > skipped ? ticks - skipped : 0) : ticks;
    return rescale(shown, movie, media->timescale);
}

/* What tkhd says: the sum of the edits, or the media's duration where there are none. */
static uint64_t header_duration(const writing *at, int index) {
    const rp_media_track *media = at->profile->tracks[index].media;
    uint64_t sum = 0;
    for (size_t i = 0; i < media->edit_count; i++)
        sum += media->edits[i].media_time < 0 ? media->edits[i].duration
                                              : edit_duration(at, index, &media->edits[i]);
    if (media->edit_count > 0) return sum;
    return rescale(track_duration(at, index), at->profile->movie.timescale, media->timescale);
}

/* Copies a header box with another duration at `where` (version 0) or `where_wide` (version 1). */
static void copy_with_duration(writing *at, const rp_media_box *box, uint64_t duration,
                               size_t where, size_t where_wide) {
    const size_t mark = at->out->length, head = box->header_bytes;
    const uint8_t *data = at->profile->movie.data + box->offset;
    rp_text_add_bytes(at->out, data, (size_t)box->size);
    if (at->out->failed || box->size < head + 4) return;
    uint8_t *copy = (uint8_t *)at->out->data + mark + head;
    const uint64_t room = box->size - head;
    if (data[head] == 1 && where_wide + 8 <= room) rp_put_be64(copy + where_wide, duration);
    else if (data[head] != 1 && where + 4 <= room)
        rp_put_be32(copy + where, duration > UINT32_MAX ? UINT32_MAX : (uint32_t)duration);
}

static void write_mvhd(writing *at, const rp_media_box *box) {
    copy_with_duration(at, box, at->movie_duration, 16, 24);
}
/* The box of the sample entry that holds the parameter sets. */
static bool find_config(rp_media_box *config, const writing *at) {
    const uint32_t type = at->chain->tracks[at->track].sets.is_hevc ? TYPE("hvcC") : TYPE("avcC");
    rp_media_box_walk walk = rp_media_box_inside(
        at->profile->movie.data, &at->profile->tracks[at->track].media->entry, ENTRY_FIXED);
    while (rp_media_box_next(config, &walk))
        if (config->type == type) return true;
    return false;
}

/* Appends what `config` holds with the recording's own parameter sets; false where it carries none
 * or the reference's. */
static bool put_config(rp_text *out, const writing *at, const rp_media_box *config) {
    const rp_media_parameter_sets *sets = &at->chain->tracks[at->track].sets;
    return sets->count > 0 &&
           rp_media_parameter_sets_put(out, rp_media_box_payload(at->profile->movie.data, config),
                                       (size_t)rp_media_box_payload_size(config), sets);
}

/* The size of the pictures where the recording's own parameter sets say it. */
static bool find_own_size(uint32_t *width, uint32_t *height, const writing *at) {
    const rp_media_box *entry = &at->profile->tracks[at->track].media->entry;
    rp_media_box config;
    rp_text scratch = {0};
    if (at->chain->tracks[at->track].sets.count == 0) return false;
    const bool is_own = entry->size >= entry->header_bytes + ENTRY_FIXED &&
                        find_config(&config, at) && put_config(&scratch, at, &config);
    rp_text_clear(&scratch);
    return is_own &&
           rp_media_parameter_sets_size(width, height, &at->chain->tracks[at->track].sets) &&
           *width <= UINT16_MAX && *height <= UINT16_MAX;
}

/* Width and height, its last two fields (16.16), grow with the pictures. */
static void write_tkhd(writing *at, const rp_media_box *box) {
    const rp_media_box *entry = &at->profile->tracks[at->track].media->entry;
    uint32_t size[2];
    copy_with_duration(at, box, header_duration(at, at->track), 20, 28);
    if (at->out->failed || box->size < 16 || !find_own_size(&size[0], &size[1], at)) return;
    uint8_t *fields = (uint8_t *)at->out->data + at->out->length - 8;
    for (int i = 0; i < 2; i++) {
        const uint32_t old =
            rp_be16(at->profile->movie.data + entry->offset + ENTRY_SIZE_AT + 2 * i);
        if (old == 0 || size[i] == old) continue;
        rp_put_be32(fields + 4 * i, (uint32_t)((uint64_t)rp_be32(fields + 4 * i) * size[i] / old));
    }
}
static void write_mdhd(writing *at, const rp_media_box *box) {
    copy_with_duration(at, box, track_duration(at, at->track), 16, 24);
}

static void write_elst(writing *at, const rp_media_box *box) {
    const rp_media_track *media = at->profile->tracks[at->track].media;
    const unsigned version = at->profile->movie.data[box->offset + box->header_bytes];
    const size_t mark = rp_media_full_box_open(at->out, box->type, version, 0);
    rp_media_put_be32(at->out, (uint32_t)media->edit_count);
    for (size_t i = 0; i < media->edit_count; i++) {
        const rp_media_edit *edit = &media->edits[i];
        const uint64_t duration =
            edit->media_time < 0 ? edit->duration : edit_duration(at, at->track, edit);
        const int64_t change = edit->media_time < 0 ? 0 : at->times[at->track].media_time_change;
        const uint64_t media_time = (uint64_t)(edit->media_time + change);
        if (version == 1) {
            rp_media_put_be64(at->out, duration);
            rp_media_put_be64(at->out, media_time);
        } else {
            rp_media_put_be32(at->out, (uint32_t)duration);
            rp_media_put_be32(at->out, (uint32_t)media_time);
        }
        rp_media_put_be32(at->out, edit->rate);
    }
    rp_media_box_close(at->out, mark);
}

/* --- sample tables ----------------------------------------------------------------------- */

static const rp_video_found *found_of(const writing *at) { return &at->chain->tracks[at->track]; }

static void write_run_table(writing *at, uint32_t type, const rp_media_runs *runs) {
    bool has_negative = false;
    for (size_t i = 0; i < runs->count; i++) has_negative |= runs->items[i].value < 0;
    const bool is_ctts = type == TYPE("ctts");
    const size_t mark = rp_media_full_box_open(at->out, type, is_ctts && has_negative ? 1 : 0, 0);
    rp_media_put_be32(at->out, (uint32_t)runs->count);
    for (size_t i = 0; i < runs->count; i++) {
        rp_media_put_be32(at->out, (uint32_t)runs->items[i].count);
        rp_media_put_be32(at->out, (uint32_t)runs->items[i].value);
    }
    rp_media_box_close(at->out, mark);
}

static void write_stsz(writing *at) {
    const rp_video_found *found = found_of(at);
    const size_t mark = rp_media_full_box_open(at->out, TYPE("stsz"), 0, 0);
    rp_media_put_be32(at->out, found->constant_size);
    rp_media_put_be32(at->out, (uint32_t)found->sample_count);
    for (uint64_t i = 0; found->sizes != NULL && i < found->sample_count; i++)
        rp_media_put_be32(at->out, found->sizes[i]);
    rp_media_box_close(at->out, mark);
}

static void write_stsc(writing *at) {
    const rp_video_found *found = found_of(at);
    const size_t mark = rp_media_full_box_open(at->out, TYPE("stsc"), 0, 0);
    const size_t count_at = at->out->length;
    uint32_t rules = 0;
    rp_media_put_be32(at->out, 0);
    for (size_t i = 0; i < found->chunk_count; i++) {
        if (i > 0 && found->chunks[i].count == found->chunks[i - 1].count) continue;
        rp_media_put_be32(at->out, (uint32_t)i + 1);
        rp_media_put_be32(at->out, (uint32_t)found->chunks[i].count);
        rp_media_put_be32(at->out, 1);
        rules++;
    }
    if (!at->out->failed) rp_put_be32((uint8_t *)at->out->data + count_at, rules);
    rp_media_box_close(at->out, mark);
}

static void write_chunk_offsets(writing *at) {
    const rp_video_found *found = found_of(at);
    const rp_media_chunk *last =
        found->chunk_count > 0 ? &found->chunks[found->chunk_count - 1] : NULL;
    const bool is_silent = found->silent_count > 0;
    const bool is_wide =
        last != NULL && (is_silent ? at->moov_at > UINT32_MAX / 2
                                   : (int64_t)last->offset + at->shift > (int64_t)UINT32_MAX);
    const size_t mark =
        rp_media_full_box_open(at->out, is_wide ? TYPE("co64") : TYPE("stco"), 0, 0);
    rp_media_put_be32(at->out, (uint32_t)found->chunk_count);
    for (size_t i = 0; i < found->chunk_count; i++) {
        const uint64_t place = found->chunks[i].offset;
        const uint64_t offset =
            place == RP_VIDEO_SILENCE ? at->silence_at : (uint64_t)((int64_t)place + at->shift);
        if (is_wide) rp_media_put_be64(at->out, offset);
        else rp_media_put_be32(at->out, (uint32_t)offset);
    }
    rp_media_box_close(at->out, mark);
}

/* Of a recording's own index the key pictures are known whatever the codec is. */
static void write_stss(writing *at) {
    const rp_video_found *found = found_of(at);
    const rp_video_track *track = &at->profile->tracks[at->track];
    const bool is_own = at->chain->is_own && track->media->has_stss;
    if (track->kind > RP_VIDEO_AV1 && !is_own) return;
    if (found->sync_count == found->sample_count) return; /* none means all */
    const size_t mark = rp_media_full_box_open(at->out, TYPE("stss"), 0, 0);
    rp_media_put_be32(at->out, (uint32_t)found->sync_count);
    for (size_t i = 0; i < found->sync_count; i++) rp_media_put_be32(at->out, found->syncs[i] + 1);
    rp_media_box_close(at->out, mark);
}

/* cslg (8.6.1.4): bounds of the composition offsets. Kept where the reference has it. */
static void write_cslg(writing *at, const rp_media_box *box) {
    const rp_media_runs *runs = &at->times[at->track].compositions;
    int64_t least = 0, greatest = 0;
    for (size_t i = 0; i < runs->count; i++) {
        if (i == 0 || runs->items[i].value < least) least = runs->items[i].value;
        if (i == 0 || runs->items[i].value > greatest) greatest = runs->items[i].value;
    }
    const int64_t c0 = at->profile->tracks[at->track].composition;
    const int64_t fields[] = {least < 0 ? -least : 0, least, greatest, c0,
                              c0 + (int64_t)at->times[at->track].duration};
    const size_t mark = rp_media_full_box_open(at->out, box->type, 0, 0);
    for (size_t i = 0; i < RP_COUNT(fields); i++) rp_media_put_be32(at->out, (uint32_t)fields[i]);
    rp_media_box_close(at->out, mark);
}

/* sdtp (8.6.4): one byte for each sample, by what kind of picture it is where the reference's does
 * so; of a recording's own index those of the samples that are left. */
static void write_sdtp(writing *at, const rp_media_box *box) {
    const rp_video_track *track = &at->profile->tracks[at->track];
    const rp_video_found *found = found_of(at);
    const uint8_t *own = rp_media_box_payload(at->profile->movie.data, box);
    const bool is_own =
        at->chain->is_own && rp_media_box_payload_size(box) >= 4 + found->sample_count;
    if (!is_own && (!track->has_dependencies || found->picture_kinds == NULL)) return;
    const size_t mark = rp_media_full_box_open(at->out, box->type, 0, 0);
    if (is_own) rp_text_add_bytes(at->out, own + 4, (size_t)found->sample_count);
    for (uint64_t i = 0; !is_own && i < found->sample_count; i++)
        rp_text_add_char(at->out, (char)track->dependencies[found->picture_kinds[i]]);
    rp_media_box_close(at->out, mark);
}

/* A sample group that holds all samples alike (the roll of AAC) is kept with the new count. */
static void write_sbgp(writing *at, const rp_media_box *box) {
    rp_bytes bytes = {.data = rp_media_box_payload(at->profile->movie.data, box),
                      .size = (size_t)rp_media_box_payload_size(box)};
    const uint32_t version = rp_bytes_be32(&bytes) >> 24;
    rp_bytes_skip(&bytes, version == 1 ? 8 : 4);
    const uint32_t entries = rp_bytes_be32(&bytes);
    const size_t count_at = bytes.position;
    const uint32_t count = rp_bytes_be32(&bytes);
    const rp_media_track *media = at->profile->tracks[at->track].media;
    if (bytes.failed || entries != 1 || count != media->sample_count) return;
    const size_t mark = at->out->length;
    rp_text_add_bytes(at->out, at->profile->movie.data + box->offset, (size_t)box->size);
    if (!at->out->failed)
        rp_put_be32((uint8_t *)at->out->data + mark + box->header_bytes + count_at,
                    (uint32_t)found_of(at)->sample_count);
}

/* A sample entry of pictures with the parameter sets of the recording, and their size. */
static void write_entry(writing *at, const rp_media_box *entry, const rp_media_box *config) {
    const uint8_t *data = at->profile->movie.data, *begin = data + entry->offset;
    const uint64_t behind = config->offset + config->size;
    const size_t mark = at->out->length;
    uint32_t width, height;
    rp_text_add_bytes(at->out, begin, (size_t)(config->offset - entry->offset));
    const size_t inner = rp_media_box_open(at->out, config->type);
    (void)put_config(at->out, at, config);
    rp_media_box_close(at->out, inner);
    rp_text_add_bytes(at->out, data + behind, (size_t)(entry->offset + entry->size - behind));
    if (at->out->failed) return;
    uint8_t *written = (uint8_t *)at->out->data + mark;
    rp_put_be32(written, (uint32_t)(at->out->length - mark));
    if (!find_own_size(&width, &height, at)) return;
    rp_put_be16(written + ENTRY_SIZE_AT, (uint16_t)width);
    rp_put_be16(written + ENTRY_SIZE_AT + 2, (uint16_t)height);
}

/* The reference's, with the parameter sets of the recording where it carries its own: a decoder
 * starts with those. */
static void write_stsd(writing *at, const rp_media_box *box) {
    const uint8_t *data = at->profile->movie.data;
    const rp_media_box *entry = &at->profile->tracks[at->track].media->entry;
    const uint64_t payload = box->offset + box->header_bytes, end = box->offset + box->size;
    const uint64_t behind = entry->offset + entry->size;
    const bool is_here =
        entry->offset >= payload && behind <= end; /* a damaged track may have two */
    uint32_t width, height;
    rp_media_box config;
    if (!is_here || !find_own_size(&width, &height, at) || entry->header_bytes != 8 ||
        !find_config(&config, at)) {
        rp_text_add_bytes(at->out, data + box->offset, (size_t)box->size);
        return;
    }
    const size_t mark = rp_media_box_open(at->out, box->type);
    rp_text_add_bytes(at->out, data + payload, (size_t)(entry->offset - payload));
    write_entry(at, entry, &config);
    rp_text_add_bytes(at->out, data + behind, (size_t)(end - behind));
    rp_media_box_close(at->out, mark);
}

static bool has_child(const writing *at, const rp_media_box *box, uint32_t type) {
    rp_media_box child;
    return rp_media_box_find(&child, at->profile->movie.data, box, type);
}

/* All tables anew, in the usual order; what describes the samples (stsd, sgpd) is copied. */
static void write_stbl(writing *at, const rp_media_box *box) {
    const uint8_t *data = at->profile->movie.data;
    const rp_video_times *times = &at->times[at->track];
    const size_t mark = rp_media_box_open(at->out, box->type);
    rp_media_box_walk walk = rp_media_box_inside(data, box, 0);
    rp_media_box child;
    while (rp_media_box_next(&child, &walk))
        if (child.type == TYPE("stsd")) write_stsd(at, &child);
    write_run_table(at, TYPE("stts"), &times->durations);
    if (times->compositions.count > 0) write_run_table(at, TYPE("ctts"), &times->compositions);
    write_stss(at);
    write_stsc(at);
    write_stsz(at);
    write_chunk_offsets(at);
    const bool has_groups = has_child(at, box, TYPE("sgpd"));
    walk = rp_media_box_inside(data, box, 0);
    while (rp_media_box_next(&child, &walk)) {
        if (child.type == TYPE("cslg")) write_cslg(at, &child);
        if (child.type == TYPE("sdtp")) write_sdtp(at, &child);
        if (child.type == TYPE("sgpd"))
            rp_text_add_bytes(at->out, data + child.offset, (size_t)child.size);
        if (child.type == TYPE("sbgp") && has_groups) write_sbgp(at, &child);
    }
    rp_media_box_close(at->out, mark);
}

/* Zeros, which are silence in every PCM but unsigned bytes; there it is the middle, 0x80. */
static void write_silence(writing *at) {
    const size_t mark = rp_media_box_open(at->out, TYPE("mdat"));
    bool is_unsigned = false;
    for (int i = 0; i < at->profile->track_count; i++)
        is_unsigned |= at->chain->tracks[i].silent_count > 0 &&
                       at->profile->tracks[i].media->codec == TYPE("raw ");
    for (uint64_t i = 0; i < at->chain->silence_bytes; i++)
        rp_text_add_char(at->out, is_unsigned ? (char)0x80 : 0);
    rp_media_box_close(at->out, mark);
}

/* --- the walk ---------------------------------------------------------------------------- */

static void write_container(writing *at, const rp_media_box *box) { write_children(at, box, 0); }

static void write_nothing(writing *at, const rp_media_box *box) {
    (void)at;
    (void)box;
}

static void write_trak(writing *at, const rp_media_box *box);

static const struct {
    char type[5];
    box_fn write;
} rows[] = {
    {"mvhd", write_mvhd},      {"trak", write_trak},      {"mvex", write_nothing},
    {"tkhd", write_tkhd},      {"edts", write_container}, {"elst", write_elst},
    {"mdia", write_container}, {"mdhd", write_mdhd},      {"minf", write_container},
    {"stbl", write_stbl},
};

static void write_children(writing *at, const rp_media_box *box, uint64_t skip) {
    const uint8_t *data = at->profile->movie.data;
    const size_t mark = rp_media_box_open(at->out, box->type);
    rp_media_box_walk walk = rp_media_box_inside(data, box, skip);
    rp_media_box child;
    while (rp_media_box_next(&child, &walk)) {
        size_t row = 0;
        while (row < RP_COUNT(rows) && TYPE(rows[row].type) != child.type) row++;
        if (row < RP_COUNT(rows)) rows[row].write(at, &child);
        else rp_text_add_bytes(at->out, data + child.offset, (size_t)child.size);
    }
    rp_media_box_close(at->out, mark);
}

static void write_trak(writing *at, const rp_media_box *box) {
    for (int i = 0; i < at->profile->track_count; i++)
        if (at->profile->tracks[i].media->trak.offset == box->offset) at->track = i;
    write_children(at, box, 0);
}

rp_status rp_video_index_write(rp_text *out, const rp_video_profile *profile,
                               const rp_video_chain *chain, const rp_video_times *times,
                               const rp_video_index_options *options, rp_error *error) {
    writing at = {.out = out,
                  .profile = profile,
                  .chain = chain,
                  .times = times,
                  .shift = options->shift,
                  .moov_at = options->moov_at};
    const size_t begin = out->length;
    for (int i = 0; i < profile->track_count; i++) {
        const uint64_t duration = header_duration(&at, i);
        if (duration > at.movie_duration) at.movie_duration = duration;
    }
    write_children(&at, &profile->movie.moov, 0);
    if (chain->silence_bytes > 0 && !out->failed) {
        /* Only now is it known where the silence lies: once more, to the same length. */
        at.silence_at = at.moov_at + (out->length - begin) + 8;
        out->length = begin;
        write_children(&at, &profile->movie.moov, 0);
        write_silence(&at);
    }
    return out->failed ? rp_fail_memory(error, "the new index") : RP_OK;
}
