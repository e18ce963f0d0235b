/* in_place.c: see in_place.h. */
#include "video/in_place.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/new_file.h"

static const char magic[16] = "reprise undo 1\n";
enum { PATCHES_MAX = 8, PATCH_BYTES = 16, HEAD_BYTES = 16 + 8 + 4 };

struct patch {
    uint64_t offset;
    uint32_t count;
    uint8_t before[PATCH_BYTES], after[PATCH_BYTES];
};

struct change {
    uint64_t size; /* of the file as it was */
    uint32_t patch_count;
    struct patch patches[PATCHES_MAX];
};

/* ---- what is to be changed ---- */

static struct patch *add_patch(struct change *change, const uint8_t *data, uint64_t offset,
                               uint32_t count) {
    struct patch *patch = &change->patches[change->patch_count++];
    patch->offset = offset;
    patch->count = count;
    memcpy(patch->before, data + offset, count);
    memcpy(patch->after, data + offset, count);
    return patch;
}

/* The size of mdat: in its 64-bit field, in its 32-bit field, or, where a `wide` box stands before
 * it, with both headers made into one. */
static bool patch_size(struct change *change, const rp_video_plan *plan) {
    const uint8_t *data = plan->broken.data;
    const rp_video_layout *layout = &plan->layout;
    const uint64_t at = layout->mdat.offset, size = layout->end - at;
    if (rp_be32(data + at) == 1) {
        rp_put_be64(add_patch(change, data, at + 8, 8)->after, size);
    } else if (size <= UINT32_MAX) {
        rp_put_be32(add_patch(change, data, at, 4)->after, (uint32_t)size);
    } else if (at >= 8 && memcmp(data + at - 8, "\0\0\0\10wide", 8) == 0) {
        struct patch *patch = add_patch(change, data, at - 8, 16);
        rp_put_be32(patch->after, 1);
        memcpy(patch->after + 4, "mdat", 4);
        rp_put_be64(patch->after + 8, size + 8);
    } else {
        return false;
    }
    return true;
}

/* Old indices in from .. to become free space, and a stump at the end ends with the file, so that
 * whoever walks the boxes comes to the new index; false: bytes that are no box are in the way. */
static bool patch_boxes(struct change *change, const rp_video_plan *plan, uint64_t from,
                        uint64_t to) {
    const uint8_t *data = plan->broken.data;
    rp_media_box_walk walk = {.data = data, .position = from, .end = to};
    for (rp_media_box box; rp_media_box_next(&box, &walk);) {
        if (rp_video_layout_keeps(&box)) continue;
        if (change->patch_count == PATCHES_MAX || box.size > UINT32_MAX) return false;
        struct patch *patch = add_patch(change, data, box.offset, 8);
        rp_put_be32(patch->after, (uint32_t)box.size);
        memcpy(patch->after + 4, "free", 4);
    }
    return walk.position == to;
}

static rp_status plan_change(struct change *change, const rp_video_plan *plan, const char *path,
                             rp_error *error) {
    const rp_video_layout *layout = &plan->layout;
    *change = (struct change){.size = plan->broken.size};
    if (layout->form == RP_VIDEO_BARE || layout->form == RP_VIDEO_FRAGMENTS ||
        layout->mdat.size == 0)
        return rp_fail(error, RP_NO, 0, "%s: %s: cannot be mended in place; use -o NEW_FILE", path,
                       rp_video_form_name(layout->form));
    if (!patch_size(change, plan))
        return rp_fail(error, RP_NO, (int64_t)layout->mdat.offset,
                       "%s: byte %llu: the header of mdat has no room for a size over 4 GiB; "
                       "use -o NEW_FILE",
                       path, (unsigned long long)layout->mdat.offset);
    const uint64_t moov = plan->profile->movie.moov.offset;
    if (plan->has_own_index && moov > layout->mdat.offset) /* among what may hold samples */
        memcpy(add_patch(change, plan->broken.data, moov + 4, 4)->after, "free", 4);
    if (!patch_boxes(change, plan, 0, layout->mdat.offset) ||
        !patch_boxes(change, plan, layout->end, plan->broken.size))
        return rp_fail(error, RP_NO, -1,
                       "%s: bytes beside its media data are no boxes: cannot be mended in place; "
                       "use -o NEW_FILE",
                       path);
    return RP_OK;
}

/* ---- the undo file ---- */

static rp_status undo_path(char **undo, const char *path, rp_error *error) {
    const size_t length = strlen(path) + sizeof ".undo";
    *undo = malloc(length);
    if (*undo == NULL) return rp_fail_memory(error, "a file name");
    snprintf(*undo, length, "%s.undo", path);
    return RP_OK;
}

static rp_status write_undo(const struct change *change, const char *undo, rp_error *error) {
    uint8_t bytes[HEAD_BYTES + PATCHES_MAX * (12 + PATCH_BYTES)];
    size_t length = HEAD_BYTES;
    memcpy(bytes, magic, sizeof magic);
    rp_put_be64(bytes + 16, change->size);
    rp_put_be32(bytes + 24, change->patch_count);
    for (uint32_t i = 0; i < change->patch_count; i++) {
        const struct patch *patch = &change->patches[i];
        rp_put_be64(bytes + length, patch->offset);
        rp_put_be32(bytes + length + 8, patch->count);
        memcpy(bytes + length + 12, patch->before, patch->count);
        length += 12 + patch->count;
    }
    return rp_new_file_write(undo, bytes, length, error);
}

static rp_status read_undo(struct change *change, const char *undo, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(rp_mapped_file_open(&file, undo, error));
    rp_bytes bytes = {.data = file.data, .size = file.size};
    const uint8_t *head = rp_bytes_take(&bytes, sizeof magic);
    *change = (struct change){.size = rp_bytes_be64(&bytes)};
    change->patch_count = rp_bytes_be32(&bytes);
    bool ok = head != NULL && memcmp(head, magic, sizeof magic) == 0 &&
              change->patch_count <= PATCHES_MAX;
    for (uint32_t i = 0; ok && i < change->patch_count; i++) {
        struct patch *patch = &change->patches[i];
        patch->offset = rp_bytes_be64(&bytes);
        patch->count = rp_bytes_be32(&bytes);
        const uint8_t *before =
            patch->count <= PATCH_BYTES ? rp_bytes_take(&bytes, patch->count) : NULL;
        ok = before != NULL && patch->offset <= change->size &&
             patch->count <= change->size - patch->offset;
        if (ok) memcpy(patch->before, before, patch->count);
    }
    rp_mapped_file_close(&file);
    return ok && !bytes.failed
               ? RP_OK
               : rp_fail(error, RP_INPUT, 0, "%s: is no undo file of reprise", undo);
}

/* ---- carrying it out ---- */

static bool put_bytes(int file, const void *bytes, size_t count, uint64_t offset) {
    const char *at = bytes;
    while (count > 0) {
        const ssize_t put = pwrite(file, at, count, (off_t)offset);
        if (put <= 0) return false;
        at += put;
        offset += (uint64_t)put;
        count -= (size_t)put;
    }
    return true;
}

static bool put_patches(int file, const struct change *change, bool back) {
    for (uint32_t i = 0; i < change->patch_count; i++) {
        const struct patch *patch = &change->patches[i];
        if (!put_bytes(file, back ? patch->before : patch->after, patch->count, patch->offset))
            return false;
    }
    return fsync(file) == 0;
}

static bool go_back(int file, const struct change *change) {
    return put_patches(file, change, true) && ftruncate(file, (off_t)change->size) == 0 &&
           fsync(file) == 0;
}

/* moov first, on disk, then the patches that make it count. */
static bool carry_out(int file, const struct change *change, const rp_text *moov) {
    return put_bytes(file, moov->data, moov->length, change->size) && fsync(file) == 0 &&
           put_patches(file, change, false);
}

rp_status rp_video_in_place_write(const rp_video_plan *plan, const char *path, rp_error *error) {
    struct change change;
    rp_text moov = {0};
    char *undo = NULL;
    RP_TRY(plan_change(&change, plan, path, error));
    int file = -1;
    rp_status status = rp_video_plan_index(&moov, plan, 0, plan->broken.size, error);
    if (status == RP_OK) status = undo_path(&undo, path, error);
    if (status != RP_OK) goto done;
    if (access(undo, F_OK) == 0) {
        status =
            rp_fail(error, RP_NO, -1,
                    "%s: exists: the file was changed before; `reprise video undo` first", undo);
        goto done;
    }
    file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) status = rp_fail_errno(error, "%s", path);
    if (status == RP_OK) status = write_undo(&change, undo, error);
    if (status == RP_OK && !carry_out(file, &change, &moov)) {
        status = rp_fail_errno(error, "%s", path);
        if (go_back(file, &change)) unlink(undo);
    }
done:
    if (file >= 0) close(file);
    rp_text_clear(&moov);
    free(undo);
    return status;
}

/* What was appended begins with the new moov, as far as it came to disk. */
static bool is_appended_moov(int file, const struct change *change) {
    uint8_t head[8] = {0};
    const ssize_t got = pread(file, head, sizeof head, (off_t)change->size);
    return got >= 0 && (got < (ssize_t)sizeof head || memcmp(head + 4, "moov", 4) == 0);
}

rp_status rp_video_undo(const char *path, rp_error *error) {
    struct change change;
    struct stat about;
    char *undo = NULL;
    RP_TRY(undo_path(&undo, path, error));
    int file = -1;
    rp_status status = read_undo(&change, undo, error);
    if (status != RP_OK) goto done;
    file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0) {
        status = rp_fail_errno(error, "%s", path);
    } else if ((uint64_t)about.st_size < change.size) {
        status = rp_fail(error, RP_INPUT, (int64_t)about.st_size,
                         "%s: is shorter than when it was changed; %s does not fit it", path, undo);
    } else if (!is_appended_moov(file, &change)) {
        status = rp_fail(error, RP_INPUT, (int64_t)change.size,
                         "%s: byte %llu: no index was appended there; %s does not fit it", path,
                         (unsigned long long)change.size, undo);
    } else if (!go_back(file, &change)) {
        status = rp_fail_errno(error, "%s", path);
    } else if (unlink(undo) != 0) {
        status = rp_fail_errno(error, "%s", undo);
    }
done:
    if (file >= 0) close(file);
    free(undo);
    return status;
}
