/* verify.c: `rp_video_verify` (video.h): every track through ffmpeg's decoders, as a child process
 * with limits on memory, processor time and output: what it is given may be damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "media/movie.h"
#include "reprise/video.h"
#include "video/report.h"

enum {
    MEMORY_MAX_MB = 8192, /* 8K pictures with their references take about 2 GB */
    CPU_MAX_S = 6 * 3600,
    LINE_BYTES = 256,
    NOT_FOUND = 127 /* exit status of a child whose program is missing */
};

/* What one track's decoder said. */
struct verdict {
    uint64_t errors;
    char first[LINE_BYTES]; /* line of error */
};

static void limit(int what, rlim_t value) {
    const struct rlimit limits = {.rlim_cur = value, .rlim_max = value};
    setrlimit(what, &limits);
}

/* In the child: becomes ffmpeg. Never returns. */
static void become_ffmpeg(const char *path, const char *map, int to) {
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(to, 2) < 0) _exit(1);
    limit(RLIMIT_AS, (rlim_t)MEMORY_MAX_MB << 20);
    limit(RLIMIT_CPU, CPU_MAX_S);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    execlp("ffmpeg", "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", map, "-fps_mode",
           "passthrough", "-f", "null", "-", (char *)NULL);
    _exit(NOT_FOUND);
}

/* Counts lines; keeps the first. */
static void read_lines(struct verdict *verdict, int from) {
    char bytes[4096];
    size_t length = 0;
    for (;;) {
        const ssize_t got = read(from, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] == '\n') verdict->errors++;
            else if (verdict->errors == 0 && length + 1 < sizeof verdict->first)
                verdict->first[length++] = bytes[i];
        }
    }
    verdict->first[length] = '\0';
}

static rp_status decode_track(struct verdict *verdict, const char *path, const char *map,
                              rp_error *error) {
    int ends[2], state = 0;
    *verdict = (struct verdict){0};
    if (pipe2(ends, O_CLOEXEC) != 0) return rp_fail_errno(error, "%s: a pipe", path);
    const pid_t child = fork();
    if (child == 0) become_ffmpeg(path, map, ends[1]);
    close(ends[1]);
    if (child > 0) read_lines(verdict, ends[0]);
    close(ends[0]);
    if (child < 0) return rp_fail_errno(error, "%s: a child process", path);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(state) && WEXITSTATUS(state) == NOT_FOUND)
        return rp_fail(error, RP_SYSTEM, -1,
                       "ffmpeg is not installed, --verify needs it: apt-get install ffmpeg");
    if ((!WIFEXITED(state) || WEXITSTATUS(state) != 0) && verdict->errors == 0) {
        verdict->errors = 1;
        memcpy(verdict->first, "the decoder was stopped", sizeof "the decoder was stopped");
    }
    return RP_OK;
}

/* ---- all tracks ---- */

static void tell(rp_video_report *report, rp_json *json, const char *map, uint32_t id,
                 const struct verdict *verdict) {
    rp_text_format(&report->text, "  track %u (%s): ", id, map);
    if (verdict->errors == 0) rp_text_add(&report->text, "decodes without an error\n");
    else
        rp_text_format(&report->text, "%llu errors, the first: %s\n",
                       (unsigned long long)verdict->errors, verdict->first);
    rp_json_object(json, NULL);
    rp_json_integer(json, "track", id);
    rp_json_integer(json, "errors", (int64_t)verdict->errors);
    rp_json_text(json, "first", verdict->errors > 0 ? verdict->first : NULL);
    rp_json_end(json);
}

static rp_status verify_tracks(rp_video_report *report, const rp_media_movie *movie,
                               const char *path, uint64_t *errors, rp_error *error) {
    rp_json json = {.text = &report->json};
    unsigned pictures = 0, sounds = 0;
    rp_text_format(&report->text, "%s, decoded:\n", path);
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "verified", path);
    rp_json_array(&json, "tracks");
    for (size_t i = 0; i < movie->track_count; i++) {
        const uint32_t handler = movie->tracks[i].handler;
        const bool is_video = handler == RP_MEDIA_TYPE('v', 'i', 'd', 'e');
        if (!is_video && handler != RP_MEDIA_TYPE('s', 'o', 'u', 'n')) continue;
        char map[24];
        struct verdict verdict;
        snprintf(map, sizeof map, "0:%c:%u", is_video ? 'v' : 'a',
                 is_video ? pictures++ : sounds++);
        RP_TRY(decode_track(&verdict, path, map, error));
        tell(report, &json, map, movie->tracks[i].id, &verdict);
        *errors += verdict.errors;
    }
    rp_json_end(&json);
    rp_json_end(&json);
    rp_text_add_char(&report->json, '\n');
    return RP_OK;
}

rp_status rp_video_verify(rp_video_report **out, const char *path, rp_error *error) {
    *out = NULL;
    rp_arena arena = {0};
    rp_mapped_file file;
    rp_media_movie movie;
    uint64_t errors = 0;
    RP_TRY(rp_mapped_file_open(&file, path, error));
    rp_video_report *report = rp_video_report_create();
    rp_status status = report == NULL
                           ? rp_fail_memory(error, "the report")
                           : rp_media_movie_read(&movie, file.data, file.size, &arena, error);
    if (status == RP_OK && !movie.has_index)
        status = rp_fail(error, RP_INPUT, -1, "%s: has no index; recover it first", path);
    if (status == RP_OK) status = verify_tracks(report, &movie, path, &errors, error);
    if (status == RP_OK) {
        *out = report;
        report = NULL;
        if (errors > 0)
            status = rp_fail(error, RP_NO, -1, "%s: %llu errors in decoding", path,
                             (unsigned long long)errors);
    }
    rp_video_report_destroy(report);
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
    return status;
}
