/* saved_profile.c: see saved_profile.h. */
#include "video/saved_profile.h"

#include <string.h>

#include "base/bytes.h"
#include "base/new_file.h"

enum { PROFILE_VERSION = 2 };

static const uint32_t type_rprp = RP_MEDIA_TYPE('r', 'p', 'r', 'p');

rp_status rp_video_profile_save(const rp_video_profile *profile, const char *path,
                                rp_error *error) {
    rp_text out = {0};
    const rp_media_movie *movie = &profile->movie;
    rp_text_add_bytes(&out, movie->data + movie->ftyp.offset, (size_t)movie->ftyp.size);
    rp_text_add_bytes(&out, movie->data + movie->moov.offset, (size_t)movie->moov.size);
    const size_t mark = rp_media_box_open(&out, type_rprp);
    rp_media_put_be32(&out, PROFILE_VERSION);
    rp_media_put_be32(&out, (uint32_t)profile->track_count);
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        rp_text_add_bytes(&out, track->signature, sizeof track->signature);
        rp_text_add_bytes(&out, track->mask, sizeof track->mask);
        rp_text_add_bytes(&out, track->first_bytes, sizeof track->first_bytes);
        rp_media_put_be64(&out, track->types_seen);
        rp_media_put_be32(&out, track->units_min);
        rp_media_put_be32(&out, track->recovery_is_sync | track->order_step << 8);
        rp_media_put_be32(&out, track->size_count);
        for (int k = 0; k < RP_VIDEO_SIZES_MAX; k++) rp_media_put_be32(&out, track->sizes[k]);
        rp_media_put_be32(&out, track->has_dependencies);
        rp_text_add_bytes(&out, track->dependencies, sizeof track->dependencies);
    }
    rp_media_box_close(&out, mark);
    const rp_status status = out.failed ? rp_fail_memory(error, "the profile")
                                        : rp_new_file_write(path, out.data, out.length, error);
    rp_text_clear(&out);
    return status;
}

bool rp_video_saved_profile_load(rp_video_profile *profile, uint64_t size) {
    rp_media_box_walk walk = {.data = profile->movie.data, .end = size};
    rp_media_box box;
    while (rp_media_box_next(&box, &walk)) {
        if (box.type != type_rprp) continue;
        rp_bytes bytes = {.data = rp_media_box_payload(profile->movie.data, &box),
                          .size = (size_t)rp_media_box_payload_size(&box)};
        const uint32_t version = rp_bytes_be32(&bytes);
        if (version < 1 || version > PROFILE_VERSION) return false;
        if (rp_bytes_be32(&bytes) != (uint32_t)profile->track_count) return false;
        for (int i = 0; i < profile->track_count; i++) {
            rp_video_track *track = &profile->tracks[i];
            const uint8_t *learned = rp_bytes_take(&bytes, 96);
            if (learned == NULL) return false;
            memcpy(track->signature, learned, 32);
            memcpy(track->mask, learned + 32, 32);
            memcpy(track->first_bytes, learned + 64, 32);
            track->types_seen = rp_bytes_be64(&bytes);
            track->units_min = rp_bytes_be32(&bytes);
            const uint32_t flags = rp_bytes_be32(&bytes);
            track->recovery_is_sync = flags & 1;
            track->order_step = flags >> 8 & 255;
            rp_bytes_skip(&bytes, 4 + 4 * RP_VIDEO_SIZES_MAX); /* the moov has them too */
            if (version < 2) continue;
            track->has_dependencies = rp_bytes_be32(&bytes) & 1;
            const uint8_t *values = rp_bytes_take(&bytes, sizeof track->dependencies);
            if (values == NULL) return false;
            memcpy(track->dependencies, values, sizeof track->dependencies);
        }
        profile->has_samples = !bytes.failed;
        return !bytes.failed;
    }
    return false;
}
