/* foreign.c: see foreign.h. */
#include "video/foreign.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LOOKED_MAX = 8 << 20, /* bytes looked through */
    ROW_MAX = 8,          /* NAL units behind each other that make a row */
    ROW_BITS = 60,        /* evidence of one that is believed */
    LENGTH_BYTES = 4,
    H264_SPS = 7,
    HEVC_SPS = 33
};

static void read_size(rp_video_foreign *found, rp_mark_kind kind, const rp_mark *mark,
                      const uint8_t *nal, uint64_t left) {
    const uint64_t size = mark->size - LENGTH_BYTES;
    if (size > left) return;
    if (kind == RP_MARK_H264 && mark->type == H264_SPS) {
        static const rp_media_h264 none;
        rp_media_h264 h264 = none;
        if (rp_media_h264_sps_read(&h264, nal, (size_t)size))
            rp_media_h264_size(&found->width, &found->height, &h264);
    } else if (kind == RP_MARK_HEVC && mark->type == HEVC_SPS) {
        static const rp_media_hevc none;
        rp_media_hevc hevc = none;
        if (rp_media_hevc_sps_read(&hevc, nal, (size_t)size))
            rp_media_hevc_size(&found->width, &found->height, &hevc);
    }
}

/* Evidence of a row of NAL units at `at`; *size receives its bytes. */
static unsigned row_bits(uint64_t *size, rp_video_foreign *found, const uint8_t *data, uint64_t at,
                         uint64_t end, rp_mark_kind kind) {
    const uint64_t begin = at;
    unsigned bits = 0;
    rp_video_foreign seen = *found;
    for (int i = 0; i < ROW_MAX && end - at > RP_MARK_LOOK; i++) {
        const rp_mark mark = rp_mark_read(data + at, kind);
        if (mark.bits == 0 || mark.size <= LENGTH_BYTES || mark.size >= end - at) break;
        read_size(&seen, kind, &mark, data + at + LENGTH_BYTES, end - at - LENGTH_BYTES);
        bits += mark.bits;
        at += mark.size;
    }
    *size = at - begin;
    if (bits >= ROW_BITS) *found = seen;
    return bits;
}

void rp_video_foreign_find(rp_video_foreign *found, const uint8_t *data, uint64_t begin,
                           uint64_t end) {
    static const rp_mark_kind kinds[] = {RP_MARK_H264, RP_MARK_HEVC};
    rp_video_foreign seen[RP_COUNT(kinds)] = {{.width = 0}};
    uint64_t evidence[RP_COUNT(kinds)] = {0};
    *found = (rp_video_foreign){.pictures = RP_MARK_NONE};
    const uint64_t until = end - begin > LOOKED_MAX ? begin + LOOKED_MAX : end;
    for (uint64_t at = begin; at < until && end - at > RP_MARK_LOOK;) {
        uint64_t step = 1;
        for (size_t i = 0; i < RP_COUNT(kinds); i++) {
            uint64_t size;
            const unsigned bits = row_bits(&size, &seen[i], data, at, end, kinds[i]);
            if (bits < ROW_BITS) continue;
            evidence[i] += bits;
            if (size > step) step = size;
        }
        found->has_rtmd |= rp_mark_read(data + at, RP_MARK_RTMD).bits > 0;
        found->has_fdsc |= rp_mark_read(data + at, RP_MARK_FDSC).bits > 0;
        at += step;
    }
    const size_t best = evidence[1] > evidence[0];
    if (evidence[best] == 0) return;
    found->pictures = kinds[best];
    found->width = seen[best].width;
    found->height = seen[best].height;
}

/* Appends to `text`, with a comma where something stands there. */
RP_PRINTF(3, 4) static void add(char *text, size_t size, const char *format, ...) {
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    if (used > 0) snprintf(text + used, size - used, ", ");
    vsnprintf(text + strlen(text), size - strlen(text), format, arguments);
    va_end(arguments);
}

void rp_video_foreign_tell(char *text, size_t size, const rp_video_foreign *found) {
    text[0] = '\0';
    const char *name = found->pictures == RP_MARK_HEVC ? "HEVC" : "H.264";
    if (found->pictures != RP_MARK_NONE && found->width > 0)
        add(text, size, "%s %ux%u", name, found->width, found->height);
    else if (found->pictures != RP_MARK_NONE) add(text, size, "%s", name);
    if (found->has_rtmd) add(text, size, "Sony's rtmd");
    if (found->has_fdsc) add(text, size, "GoPro's fdsc");
    if (text[0] == '\0') add(text, size, "nothing that is known");
}

void rp_video_foreign_tell_reference(char *text, size_t size, const rp_video_profile *profile) {
    text[0] = '\0';
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i]; /* its parsers: NULL of other codecs */
        char codec[5];
        uint32_t width = 0, height = 0;
        rp_media_type_name(codec, track->media->codec);
        if (track->h264 != NULL) rp_media_h264_size(&width, &height, track->h264);
        if (track->hevc != NULL) rp_media_hevc_size(&width, &height, track->hevc);
        if (width > 0) add(text, size, "%s %ux%u", codec, width, height);
        else add(text, size, "%s", codec);
    }
}
