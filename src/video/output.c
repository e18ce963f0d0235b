/* output.c: see output.h. */
#include "video/output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/new_file.h"
#include "base/progress.h"

enum { BLOCK_BYTES = 4096, BUFFER_BYTES = 128 << 10 };

/* Two open files while bytes of one go into the other. */
typedef struct copying {
    int to, from;
    uint64_t offset, at; /* where `from` and `to` stand */
    const char *path;    /* for messages */
    uint8_t *buffer;
    uint64_t first;
    rp_progress_state *progress; /* or NULL */
} copying;

/* Reads and writes, up to `end` of `from`, at multiples of the buffer in `to`. */
static rp_status copy_plain(copying *files, uint64_t end, rp_error *error) {
    while (files->offset < end) {
        uint64_t piece = BUFFER_BYTES - files->at % BUFFER_BYTES;
        if (piece > end - files->offset) piece = end - files->offset;
        const ssize_t got = pread(files->from, files->buffer, (size_t)piece, (off_t)files->offset);
        if (got < 0) return rp_fail_errno(error, "%s: reading the media data", files->path);
        if (got == 0)
            return rp_fail(error, RP_INPUT, (int64_t)files->offset, "%s: the input ends early",
                           files->path);
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = write(files->to, files->buffer + done, (size_t)(got - done));
            if (put < 0) return rp_fail_errno(error, "%s", files->path);
            done += put;
        }
        files->offset += (uint64_t)got;
        files->at += (uint64_t)got;
        if (files->progress != NULL &&
            !rp_progress_update(files->progress, files->offset - files->first))
            return rp_fail(error, RP_NO, (int64_t)files->offset, "stopped");
    }
    return RP_OK;
}

/* Has the file system share the whole blocks before `end`. Where it cannot, nothing happens. */
static void share_blocks(copying *files, uint64_t end) {
    const struct file_clone_range range = {
        .src_fd = files->from,
        .src_offset = files->offset,
        .src_length = (end - files->offset) / BLOCK_BYTES * BLOCK_BYTES,
        .dest_offset = files->at};
    if (files->offset % BLOCK_BYTES != 0 || range.src_length == 0) return;
    if (ioctl(files->to, FICLONERANGE, &range) != 0) return;
    if (lseek(files->to, (off_t)(files->at + range.src_length), SEEK_SET) < 0) return;
    files->offset += range.src_length;
    files->at += range.src_length;
}

/* Bytes first .. first + count of `from` to where `to` stands: up to the beginning of a block, the
 * blocks that the file system shares where it can, the rest. (copy_file_range(2) shares them, too,
 * but where it cannot it took up to three times the time of this loop, and so did a buffer twice as
 * large: the kernel then looks for larger pieces of memory.) */
static rp_status copy_bytes(int to, int from, uint64_t first, uint64_t count, const char *path,
                            rp_progress_state *progress, rp_error *error) {
    const off_t at = lseek(to, 0, SEEK_CUR);
    if (at < 0) return rp_fail_errno(error, "%s", path);
    copying files = {.to = to,
                     .from = from,
                     .offset = first,
                     .at = (uint64_t)at,
                     .path = path,
                     .buffer = malloc(BUFFER_BYTES),
                     .first = first,
                     .progress = progress};
    if (files.buffer == NULL) return rp_fail_memory(error, "a copy buffer");
    const uint64_t end = first + count,
                   to_block = (BLOCK_BYTES - files.at % BLOCK_BYTES) % BLOCK_BYTES;
    rp_status status = copy_plain(&files, to_block < count ? first + to_block : end, error);
    if (status == RP_OK) share_blocks(&files, end);
    if (status == RP_OK) status = copy_plain(&files, end, error);
    free(files.buffer);
    return status;
}

/* A walk over the boxes of the broken file in from .. to; next_kept: those that stay. */
static rp_media_box_walk kept_boxes(const rp_video_plan *plan, uint64_t from, uint64_t to) {
    return (rp_media_box_walk){.data = plan->broken.data, .position = from, .end = to};
}

static bool next_kept(rp_media_box *box, rp_media_box_walk *walk) {
    while (rp_media_box_next(box, walk))
        if (rp_video_layout_keeps(box)) return true;
    return false;
}

/* The boxes of the broken file that stood before its media data; a head without ftyp gets the
 * reference's. */
static void add_boxes(rp_text *head, const rp_video_plan *plan) {
    const rp_media_movie *movie = &plan->profile->movie;
    const rp_video_layout *layout = &plan->layout;
    const bool has_head = layout->mdat.size > 0 && layout->has_ftyp && !plan->has_own_index;
    if (!has_head)
        rp_text_add_bytes(head, movie->data + movie->ftyp.offset, (size_t)movie->ftyp.size);
    rp_media_box_walk walk = kept_boxes(plan, 0, has_head ? layout->mdat.offset : 0);
    for (rp_media_box box; next_kept(&box, &walk);)
        rp_text_add_bytes(head, plan->broken.data + box.offset, (size_t)box.size);
}

/* The boxes that stood behind its media data. */
static rp_status copy_tail(int to, int from, const rp_video_plan *plan, const char *path,
                           rp_error *error) {
    if (plan->has_own_index) return RP_OK;
    rp_media_box_walk walk = kept_boxes(plan, plan->layout.end, plan->broken.size);
    for (rp_media_box box; next_kept(&box, &walk);)
        RP_TRY(copy_bytes(to, from, box.offset, box.size, path, NULL, error));
    return RP_OK;
}

/* Everything before the media data: ftyp, other boxes of the broken file, filling, mdat's header.
 */
static rp_status write_head(FILE *stream, const rp_video_plan *plan, uint64_t *head_bytes,
                            const char *path, rp_error *error) {
    const rp_video_layout *layout = &plan->layout;
    rp_text head = {0};
    add_boxes(&head, plan);
    /* The filling makes the data begin at the same place in a block as it does in the input. */
    const uint64_t wanted = layout->begin % BLOCK_BYTES;
    uint64_t filling = (wanted + 2 * BLOCK_BYTES - (head.length + 16) % BLOCK_BYTES) % BLOCK_BYTES;
    if (filling > 0 && filling < 8) filling += BLOCK_BYTES;
    if (filling > 0) {
        rp_media_put_be32(&head, (uint32_t)filling);
        rp_media_put_be32(&head, RP_MEDIA_TYPE('f', 'r', 'e', 'e'));
        for (uint64_t i = 8; i < filling; i++) rp_text_add_char(&head, '\0');
    }
    rp_media_put_be32(&head, 1);
    rp_media_put_be32(&head, RP_MEDIA_TYPE('m', 'd', 'a', 't'));
    rp_media_put_be64(&head, 16 + layout->end - layout->begin);
    *head_bytes = head.length;
    rp_status status = head.failed ? rp_fail_memory(error, "the head of the file") : RP_OK;
    if (status == RP_OK &&
        (fwrite(head.data, 1, head.length, stream) != head.length || fflush(stream) != 0))
        status = rp_fail_errno(error, "%s", path);
    rp_text_clear(&head);
    return status;
}

static rp_status write_index(FILE *stream, const rp_video_plan *plan, int64_t shift,
                             const char *path, rp_error *error) {
    rp_text moov = {0};
    const off_t moov_at = ftello(stream);
    rp_status status = rp_video_plan_index(&moov, plan, shift, (uint64_t)moov_at, error);
    if (status == RP_OK && fwrite(moov.data, 1, moov.length, stream) != moov.length)
        status = rp_fail_errno(error, "%s", path);
    rp_text_clear(&moov);
    return status;
}

rp_status rp_video_output_write(const rp_video_plan *plan, const char *broken, const char *path,
                                const rp_progress *progress, rp_error *error) {
    const rp_video_layout *layout = &plan->layout;
    rp_new_file file = {0};
    uint64_t head_bytes = 0;
    const int from = open(broken, O_RDONLY | O_CLOEXEC);
    if (from < 0) return rp_fail_errno(error, "%s", broken);
    rp_progress_state state =
        rp_progress_begin(progress, "copying media data", layout->end - layout->begin);
    rp_status status = rp_new_file_open(&file, path, error);
    if (status != RP_OK) goto done;
    status = write_head(file.stream, plan, &head_bytes, path, error);
    const int to = fileno(file.stream);
    if (status == RP_OK)
        status =
            copy_bytes(to, from, layout->begin, layout->end - layout->begin, path, &state, error);
    if (status == RP_OK) status = copy_tail(to, from, plan, path, error);
    if (status == RP_OK && fseeko(file.stream, 0, SEEK_END) != 0)
        status = rp_fail_errno(error, "%s", path);
    if (status == RP_OK)
        status = write_index(file.stream, plan, (int64_t)head_bytes - (int64_t)layout->begin, path,
                             error);
    file.is_copy = true; /* as cp: not flushed, since the recording, or its card, is still there */
    if (status == RP_OK) status = rp_new_file_commit(&file, error);
    else rp_new_file_abandon(&file);
done:
    close(from);
    return status;
}
