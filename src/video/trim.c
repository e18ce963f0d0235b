/* trim.c: see trim.h. */
#include "video/trim.h"

#include <math.h>

/* Blocks of AAC that an encoder puts before the sound: one or two, of Apple's 2112 frames. */
enum { PRIMING_BLOCKS_MAX = 4 };

/* The first edit that shows something; NULL where there is none. */
static const rp_media_edit *shown_edit(const rp_media_track *media) {
    for (size_t i = 0; i < media->edit_count; i++)
        if (media->edits[i].media_time >= 0) return &media->edits[i];
    return NULL;
}

/* Where a recorder's edit begins at most, in ticks: at the first picture shown, behind the priming
 * of AAC, else at once. */
static int64_t beginning_max(const rp_video_track *track) {
    if (track->kind == RP_VIDEO_AAC) return (int64_t)track->delta * PRIMING_BLOCKS_MAX;
    return track->kind <= RP_VIDEO_AV1 && track->composition > 0 ? track->composition : 0;
}

/* Seconds that the edit of pictures or sound hides: 0 where it is a recorder's. Of sound alone it
 * is not known how much of them is priming. */
static double hidden_seconds(const rp_video_track *track) {
    enum { SHORTEST_PER_SECOND = 10 }; /* of sound that is taken for trimmed: a tenth of a second */
    const rp_media_track *media = track->media;
    const rp_media_edit *edit = shown_edit(media);
    const bool is_picture = track->kind <= RP_VIDEO_AV1;
    const bool is_sound = track->kind == RP_VIDEO_AAC || track->kind == RP_VIDEO_PCM;
    if (edit == NULL || (!is_picture && !is_sound)) return 0;
    const int64_t least = is_picture ? track->delta : media->timescale / SHORTEST_PER_SECOND;
    const int64_t hidden = edit->media_time - beginning_max(track);
    return hidden >= least && hidden > 0 ? (double)hidden / media->timescale : 0;
}

/* The media_time that is left when `seconds` are taken off; that of a reference whose sound was
 * trimmed as samples, not by its edit, is the recorder's already. */
static int64_t own_media_time(const rp_video_track *track, int64_t media_time, double seconds) {
    const int64_t most = beginning_max(track);
    if (track->kind != RP_VIDEO_AAC) return media_time < most ? media_time : most;
    const int64_t rest = media_time - llround(seconds * track->media->timescale);
    return rest >= 0 && rest <= most ? rest : media_time <= most ? media_time : 0;
}

/* One edit from `media_time` on: pictures are shown as long as they are decoded, of sound the
 * priming is left out. */
static void write_edit(rp_media_track *media, const rp_video_track *track, int64_t media_time,
                       uint32_t movie_timescale) {
    uint64_t ticks = 0;
    for (size_t i = 0; i < media->durations.count; i++)
        ticks += media->durations.items[i].count * (uint64_t)media->durations.items[i].value;
    if (track->kind > RP_VIDEO_AV1)
        ticks = ticks > (uint64_t)media_time ? ticks - (uint64_t)media_time : 0;
    const double seconds = (double)ticks / media->timescale;
    media->edits[0] = (rp_media_edit){.duration = (uint64_t)(seconds * movie_timescale + 0.5),
                                      .media_time = media_time,
                                      .rate = 1 << 16};
    media->edit_count = 1;
}

/* A piece from the middle was cut out: no recorder writes two edits that show something. */
static bool is_cut_up(const rp_media_track *media) {
    size_t shown = 0;
    for (size_t i = 0; i < media->edit_count; i++) shown += media->edits[i].media_time >= 0;
    return shown > 1;
}

/* Is the sound hidden for as long? A recorder may hide a few pictures that cannot be decoded, those
 * of an open GOP before its first; of the sound that costs nothing. */
static bool hides_sound(const rp_video_profile *profile, double seconds) {
    bool hides = false;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        const rp_media_edit *edit = shown_edit(media);
        if (media->handler != RP_MEDIA_TYPE('s', 'o', 'u', 'n') || edit == NULL) continue;
        hides |= (double)edit->media_time >= seconds * media->timescale - 1;
    }
    return hides;
}

bool rp_video_trim_undo(rp_video_profile *profile) {
    const double leading_max = 0.25; /* seconds of pictures that cannot be decoded: seven at most */
    double seconds = 0;
    bool is_trimmed = false;
    for (int i = 0; i < profile->track_count; i++) { /* the pictures' word counts more */
        const double hidden = hidden_seconds(&profile->tracks[i]);
        is_trimmed |= is_cut_up(profile->tracks[i].media);
        if (hidden > 0 && (seconds == 0 || profile->tracks[i].kind <= RP_VIDEO_AV1))
            seconds = hidden;
    }
    is_trimmed |= seconds > leading_max || (seconds > 0 && hides_sound(profile, seconds));
    if (!is_trimmed) return false;
    for (int i = 0; i < profile->track_count; i++) {
        rp_media_track *media = &profile->movie.tracks[i];
        const rp_media_edit *edit = shown_edit(media);
        if (edit == NULL) continue;
        const rp_video_track *track = &profile->tracks[i];
        write_edit(media, track, own_media_time(track, edit->media_time, seconds),
                   profile->movie.timescale);
    }
    return true;
}
