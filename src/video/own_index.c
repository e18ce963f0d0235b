/* own_index.c: see own_index.h. Tables are compared by chunk, not by sample: a recording of three
 * hours has 10^9 frames of sound, but some ten thousand chunks. */
#include "video/own_index.h"

/* Where the chunks that an index names lie. */
typedef struct presence {
    bool has_some;     /* a sample at least is in the file */
    bool misses_some;  /* one at least is not, or not whole */
    bool is_misplaced; /* one lies where none can, or a later one is there and an earlier is not */
} presence;

static bool touches(const rp_media_box *box, const rp_media_chunk *chunk) {
    return chunk->offset < box->offset + box->size && box->offset < chunk->offset + chunk->size;
}

/* Bytes of `count` of the file's `size` from `offset` on: are they all in it? */
static bool is_in(uint64_t size, uint64_t offset, uint64_t count) {
    return offset <= size && count <= size - offset;
}

static void find_chunks(presence *found, const rp_media_movie *movie, const rp_media_track *track) {
    bool misses = false;
    for (size_t i = 0; i < track->chunk_count; i++) {
        const rp_media_chunk *chunk = &track->chunks[i];
        const uint32_t first =
            track->sizes != NULL ? track->sizes[chunk->first] : track->constant_size;
        if (chunk->size == 0) continue;
        found->has_some |= is_in(movie->size, chunk->offset, first);
        if (!is_in(movie->size, chunk->offset, chunk->size)) {
            found->misses_some = misses = true;
            continue;
        }
        found->is_misplaced |=
            misses || touches(&movie->ftyp, chunk) || touches(&movie->moov, chunk);
    }
}

/* Do the tables of one track tell the same number of samples, and what they are? The last duration
 * is left out by some writers. */
static bool is_consistent(const rp_video_track *track) {
    const rp_media_track *media = track->media;
    const bool is_played = media->handler == RP_MEDIA_TYPE('v', 'i', 'd', 'e') ||
                           media->handler == RP_MEDIA_TYPE('s', 'o', 'u', 'n');
    uint64_t timed = 0;
    for (size_t i = 0; i < media->durations.count; i++) timed += media->durations.items[i].count;
    if (media->listed_count > media->sample_count) return false;
    if (media->sample_count == 0) return true;
    return timed + 1 >= media->sample_count && media->entry.size > 0 &&
           (track->size_max > 0 || !is_played);
}

/* Pictures begin with the length of a NAL unit, and their units fill them: of an index whose
 * offsets or sizes are wrong many do not. A few may be damaged themselves. */
static bool fits_pictures(const rp_video_track *track) {
    return (uint64_t)track->misfits * 4 <= track->looked;
}

static bool is_damaged(const rp_video_profile *profile, const rp_video_layout *layout,
                       const presence *found) {
    for (int i = 0; i < profile->track_count; i++)
        if (!is_consistent(&profile->tracks[i]) || !fits_pictures(&profile->tracks[i])) return true;
    return found->is_misplaced || profile->has_overlaps ||
           (found->misses_some && (!found->has_some || !layout->is_open_ended));
}

rp_status rp_video_own_index_learn(rp_video_profile *profile, rp_video_layout *layout,
                                   const rp_mapped_file *file, const char *name, rp_arena *arena,
                                   rp_error *error) {
    presence found = {.has_some = false};
    *profile = (rp_video_profile){0};
    if (!layout->has_moov) return RP_OK;
    const rp_status status =
        rp_video_profile_learn(profile, file->data, file->size, name, arena, error);
    if (status == RP_SYSTEM) return status;
    for (int i = 0; i < profile->track_count; i++)
        find_chunks(&found, &profile->movie, profile->tracks[i].media);
    if (status == RP_OK && !is_damaged(profile, layout, &found)) {
        if (found.misses_some && layout->form == RP_VIDEO_WHOLE) layout->form = RP_VIDEO_CUT_DATA;
        return RP_OK;
    }
    *profile = (rp_video_profile){0}; /* followed, it would be worse than none */
    layout->has_moov = false;
    layout->has_damaged_moov = true;
    layout->form = RP_VIDEO_NO_INDEX;
    return RP_OK;
}
