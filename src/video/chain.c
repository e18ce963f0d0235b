/* chain.c: see chain.h. */
#include "video/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"

/* Room for one more item in a growing array; false and `failed` when memory ran out. */
static bool grow(rp_video_chain *chain, void **items, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return true;
    const size_t wanted = *capacity == 0 ? 64 : *capacity + *capacity / 2;
    void *larger = realloc(*items, wanted * size);
    if (larger == NULL) {
        chain->failed = true;
        return false;
    }
    *items = larger;
    *capacity = wanted;
    return true;
}

void rp_video_chain_add(rp_video_chain *chain, int track, uint64_t offset, uint64_t size,
                        uint64_t count) {
    rp_video_found *found = &chain->tracks[track];
    if (found->constant_size == 0) {
        if (!grow(chain, (void **)&found->sizes, &found->size_capacity, found->sample_count,
                  sizeof *found->sizes))
            return;
        found->sizes[found->sample_count] = (uint32_t)size;
    }
    rp_media_chunk *last = found->chunk_count > 0 ? &found->chunks[found->chunk_count - 1] : NULL;
    if (last == NULL || last->offset + last->size != offset) {
        if (!grow(chain, (void **)&found->chunks, &found->chunk_capacity, found->chunk_count,
                  sizeof *found->chunks))
            return;
        last = &found->chunks[found->chunk_count++];
        *last = (rp_media_chunk){.offset = offset, .first = found->sample_count};
    }
    last->count += count;
    last->size += size;
    found->sample_count += count;
    chain->sample_bytes += size;
}

uint64_t rp_video_chain_seen(const rp_video_chain *chain) {
    return chain->end - chain->begin - chain->header_bytes;
}

void rp_video_chain_add_picture(rp_video_chain *chain, int track, const rp_media_picture *picture) {
    rp_video_found *found = &chain->tracks[track];
    const size_t index = found->sample_count - 1;
    if (!grow(chain, (void **)&found->places, &found->place_capacity, index,
              sizeof *found->places) ||
        !grow(chain, (void **)&found->picture_kinds, &found->kind_capacity, index,
              sizeof *found->picture_kinds) ||
        !grow(chain, (void **)&found->syncs, &found->sync_capacity, found->sync_count,
              sizeof *found->syncs) ||
        !grow(chain, (void **)&found->periods, &found->period_capacity, found->period_count,
              sizeof *found->periods))
        return;
    found->places[index] = (int32_t)rp_media_order_next(&found->order, picture);
    found->picture_kinds[index] = (uint8_t)rp_media_picture_kind(picture);
    if (picture->is_sync) found->syncs[found->sync_count++] = (uint32_t)index;
    if (picture->is_period) found->periods[found->period_count++] = (uint32_t)index;
}

void rp_video_chain_add_silence(rp_video_chain *chain, int track, uint64_t frames) {
    enum { PIECE_BYTES = 1 << 16 };
    rp_video_found *found = &chain->tracks[track];
    const uint32_t frame = found->constant_size;
    if (frame == 0 || frame > PIECE_BYTES) return;
    const uint64_t most = PIECE_BYTES / frame;
    found->silent_count += frames;
    while (frames > 0) {
        const uint64_t count = frames < most ? frames : most;
        if (!grow(chain, (void **)&found->chunks, &found->chunk_capacity, found->chunk_count,
                  sizeof *found->chunks))
            return;
        found->chunks[found->chunk_count++] = (rp_media_chunk){
            .offset = RP_VIDEO_SILENCE, .first = found->sample_count, .count = count, .size = 0};
        found->sample_count += count;
        frames -= count;
        if (count * frame > chain->silence_bytes) chain->silence_bytes = count * frame;
    }
}

void rp_video_chain_add_hole(rp_video_chain *chain, const uint8_t *data, uint64_t offset,
                             uint64_t size, const uint32_t *lost) {
    bool has_lost = false;
    for (size_t i = 0; lost != NULL && i < RP_VIDEO_HOLE_TRACKS; i++) has_lost |= lost[i] > 0;
    if (size == 0 && !has_lost) return;
    if (!grow(chain, (void **)&chain->holes, &chain->hole_capacity, chain->hole_count,
              sizeof *chain->holes))
        return;
    rp_video_hole *hole = &chain->holes[chain->hole_count++];
    *hole = (rp_video_hole){.offset = offset, .size = size};
    hole->is_uniform = size > 0 && rp_mapped_file_is_uniform(data + offset, size);
    for (size_t i = 0; i < RP_COUNT(hole->samples) && i < (size_t)chain->track_count; i++)
        hole->samples[i] = chain->tracks[i].sample_count;
    if (lost != NULL) memcpy(hole->lost, lost, sizeof hole->lost);
    chain->hole_bytes += size;
}

void rp_video_chain_clear(rp_video_chain *chain) {
    for (int i = 0; i < chain->track_count; i++) {
        free(chain->tracks[i].sizes);
        free(chain->tracks[i].chunks);
        free(chain->tracks[i].syncs);
        free(chain->tracks[i].places);
        free(chain->tracks[i].picture_kinds);
        free(chain->tracks[i].periods);
    }
    free(chain->holes);
    *chain = (rp_video_chain){0};
}
