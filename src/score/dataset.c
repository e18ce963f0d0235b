/* dataset.c: see dataset.h. The list is read first and sorted by name for look-up; then every file
 * that bears a listed name is taken, from the shards or from the folder. */
#include "score/dataset.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mapped_file.h"
#include "music/lmx.h"
#include "page/jpeg_image.h"
#include "page/png_image.h"
#include "score/archive.h"

static const double edges_height_px = 256; /* of the image that measures.*.txt speaks of */

enum { WAITING_MAX = 64 };

/* An image that waits to be decoded together with others. */
typedef struct waiting {
    rp_sample *sample;
    const uint8_t *bytes; /* of the file, a copy */
    size_t size;
    rp_arena arena; /* what decoding makes of it */
    rp_page_image image;
    const uint8_t *packed; /* its rows, deflated; size in packed_size */
    uint32_t packed_size;
    rp_status status;
    rp_error error;
} waiting;

typedef struct loader {
    rp_dataset *set;
    const rp_dataset_options *options;
    const char *path;
    rp_sample **by_name; /* sorted */
    rp_arena scratch;    /* of one file that is not an image */
    rp_arena files;      /* of the images that wait */
    waiting *waiting;    /* WAITING_MAX */
    size_t waiting_count;
    rp_arena words_arena;
    rp_lmx_words words;
    rp_progress_state progress;
    int32_t loaded;
} loader;

/* ---- the list ----------------------------------------------------------------------------------
 */

/* Calls `line` for every line of a text that is not empty. */
typedef rp_status (*line_fn)(loader *l, const char *line, size_t length, rp_error *error);

static rp_status each_line(loader *l, const rp_mapped_file *file, line_fn receive,
                           rp_error *error) {
    const char *at = (const char *)file->data, *end = at + file->size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        size_t length = (size_t)(stop - at);
        while (length > 0 && (at[length - 1] == '\r' || at[length - 1] == ' ')) length--;
        if (length > 0) RP_TRY(receive(l, at, length, error));
        at = stop + 1;
    }
    return RP_OK;
}

static rp_status count_line(loader *l, const char *line, size_t length, rp_error *error) {
    (void)line;
    (void)length;
    (void)error;
    l->set->count++;
    return RP_OK;
}

static rp_status name_line(loader *l, const char *line, size_t length, rp_error *error) {
    if (l->options->limit > 0 && l->set->count == l->options->limit) return RP_OK;
    const char *name = rp_arena_text(&l->set->arena, line, length);
    if (name == NULL) return rp_fail_memory(error, "the list of samples");
    l->set->samples[l->set->count++].name = name;
    return RP_OK;
}

static int compare_samples(const void *a, const void *b) {
    return strcmp((*(rp_sample *const *)a)->name, (*(rp_sample *const *)b)->name);
}

static int compare_name(const void *name, const void *sample) {
    return strcmp(name, (*(rp_sample *const *)sample)->name);
}

static rp_sample *find_sample(const loader *l, const char *name) {
    rp_sample **found =
        bsearch(name, l->by_name, (size_t)l->set->count, sizeof *l->by_name, compare_name);
    return found != NULL ? *found : NULL;
}

static rp_status open_text(rp_mapped_file *file, const loader *l, const char *kind,
                           rp_error *error) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s.txt", l->path, kind, l->options->split);
    return rp_mapped_file_open(file, path, error);
}

static rp_status read_list(loader *l, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(open_text(&file, l, "samples", error));
    rp_status status = each_line(l, &file, count_line, error);
    const size_t count = (size_t)l->set->count;
    l->set->samples = rp_arena_array(&l->set->arena, count + 1, sizeof *l->set->samples);
    l->by_name = calloc(count + 1, sizeof *l->by_name);
    if (l->set->samples == NULL || l->by_name == NULL)
        status = rp_fail_memory(error, "the list of samples");
    l->set->count = 0;
    if (status == RP_OK) status = each_line(l, &file, name_line, error);
    rp_mapped_file_close(&file);
    if (status != RP_OK) return status;
    for (int32_t i = 0; i < l->set->count; i++) l->by_name[i] = &l->set->samples[i];
    qsort(l->by_name, (size_t)l->set->count, sizeof *l->by_name, compare_samples);
    return RP_OK;
}

/* ---- edges of measures -------------------------------------------------------------------------
 */

static rp_status edge_line(loader *l, const char *line, size_t length, rp_error *error) {
    char *text = rp_arena_text(&l->scratch, line, length), *rest = NULL;
    if (text == NULL) return rp_fail_memory(error, "the measures' edges");
    const char *name = strtok_r(text, " \t", &rest);
    rp_sample *sample = name != NULL ? find_sample(l, name) : NULL;
    if (sample != NULL) {
        float values[256];
        size_t count = 0;
        for (char *word = strtok_r(NULL, " \t", &rest); word != NULL && count < RP_COUNT(values);
             word = strtok_r(NULL, " \t", &rest))
            values[count++] = (float)strtod(word, NULL);
        float *edges = rp_arena_array(&l->set->arena, count, sizeof *edges);
        if (edges == NULL) return rp_fail_memory(error, "the measures' edges");
        memcpy(edges, values, count * sizeof *edges);
        sample->edges = edges;
        sample->measure_count = (int32_t)count - 1; /* checked against the tokens later */
    }
    rp_arena_reset(&l->scratch);
    return RP_OK;
}

static rp_status read_edges(loader *l, rp_error *error) {
    rp_mapped_file file;
    if (open_text(&file, l, "measures", NULL) != RP_OK) return RP_OK; /* optional */
    const rp_status status = each_line(l, &file, edge_line, error);
    rp_mapped_file_close(&file);
    return status;
}

/* ---- images ------------------------------------------------------------------------------------
 */

/* Deflates the image. Runs alone are looked for: as good as all of deflate on scores, and five
 * times as fast. */
static rp_status pack_image(waiting *w, rp_error *error) {
    z_stream stream = {0};
    if (deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, Z_RLE) != Z_OK)
        return rp_fail_memory(error, "packing images");
    const size_t rows = (size_t)w->image.height, width = (size_t)w->image.width;
    const size_t most = deflateBound(&stream, (uLong)(rows * width));
    stream.next_out = rp_arena_alloc_raw(&w->arena, most);
    stream.avail_out = stream.next_out != NULL ? (uInt)most : 0;
    w->packed = stream.next_out;
    int state = Z_OK;
    for (size_t y = 0; y < rows && state == Z_OK && w->packed != NULL; y++) {
        stream.next_in = w->image.data + y * w->image.stride;
        stream.avail_in = (uInt)width;
        state = deflate(&stream, y + 1 < rows ? Z_NO_FLUSH : Z_FINISH);
    }
    w->packed_size = (uint32_t)stream.total_out;
    deflateEnd(&stream);
    return state == Z_STREAM_END ? RP_OK : rp_fail_memory(error, "packing images");
}

rp_status rp_dataset_image(rp_page_image *image, const rp_dataset *set, const rp_sample *sample,
                           rp_arena *arena, rp_error *error) {
    z_stream stream = {.next_in = (uint8_t *)sample->packed, .avail_in = sample->packed_size};
    RP_TRY(rp_page_image_make(image, arena, sample->width, set->height, sample->name, error));
    int state = inflateInit(&stream);
    for (int32_t y = 0; y < image->height && state == Z_OK; y++) {
        stream.next_out = image->data + (size_t)y * image->stride;
        stream.avail_out = (uInt)image->width;
        while (stream.avail_out > 0 && state == Z_OK) state = inflate(&stream, Z_NO_FLUSH);
    }
    const bool is_whole = stream.total_out == (uLong)image->width * (uLong)image->height;
    inflateEnd(&stream);
    return is_whole ? RP_OK : rp_fail_memory(error, "unpacking images");
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* The sample's edges from px of the image that measures.*.txt speaks of to those of the crop. */
static void place_edges(rp_sample *sample, const rp_page_image *image, const rp_page_system *system,
                        const rp_page_image *crop) {
    const double to_image = image->height / edges_height_px;
    for (int32_t k = 0; sample->edges != NULL && k <= sample->measure_count; k++) {
        const double x = sample->edges[k] * to_image;
        sample->edges[k] = (float)(system->points > 0 ? rp_page_to_crop(system, image, crop, x)
                                                      : x * crop->width / image->width);
    }
}

/* Decodes, scales or cuts out, and packs one image; touches nothing but it and its sample. */
static rp_status decode(const loader *l, waiting *w, rp_error *error) {
    const char *name = w->sample->name;
    rp_page_image decoded;
    if (rp_page_jpeg_is(w->bytes, w->size))
        RP_TRY(rp_page_jpeg_decode(&decoded, &w->arena, w->bytes, w->size, name, error));
    else RP_TRY(rp_page_png_decode(&decoded, &w->arena, w->bytes, w->size, name, error));
    rp_page_system system = {0};
    if (l->options->straighten || l->options->frame != RP_FRAME_HALF)
        RP_TRY(rp_page_straighten(&w->image, &system, &decoded, name, l->options->frame,
                                  l->set->height, &w->arena, error));
    else RP_TRY(rp_page_image_scale(&w->image, &decoded, l->set->height, &w->arena, error));
    place_edges(w->sample, &decoded, &system, &w->image);
    return pack_image(w, error);
}

static void decode_range(void *context, size_t first, size_t last, unsigned thread) {
    const loader *l = context;
    (void)thread;
    for (size_t i = first; i < last; i++) {
        waiting *w = &l->waiting[i];
        rp_arena_reset(&w->arena);
        w->status = decode(l, w, &w->error);
    }
}

static rp_status keep_image(loader *l, const waiting *w, rp_error *error) {
    if (w->status != RP_OK) {
        if (error != NULL) *error = w->error;
        return w->status;
    }
    uint8_t *kept = rp_arena_alloc_raw(&l->set->arena, w->packed_size);
    if (kept == NULL) return rp_fail_memory(error, "the images of a data set");
    memcpy(kept, w->packed, w->packed_size);
    w->sample->packed = kept;
    w->sample->packed_size = w->packed_size;
    w->sample->width = w->image.width;
    l->loaded++;
    return RP_OK;
}

/* Decodes the images that wait, on all threads of the pool, and keeps them in their order. */
static rp_status decode_waiting(loader *l, rp_error *error) {
    const size_t count = l->waiting_count;
    l->waiting_count = 0;
    rp_pool_run(l->options->pool, count, decode_range, l);
    for (size_t i = 0; i < count; i++) RP_TRY(keep_image(l, &l->waiting[i], error));
    rp_arena_reset(&l->files);
    if (!rp_progress_update(&l->progress, (uint64_t)l->loaded))
        return rp_fail(error, RP_NO, -1, "stopped");
    return RP_OK;
}

/* Has the image decoded soon. Where a sample has two, the first is taken. */
static rp_status take_image(loader *l, rp_sample *sample, const uint8_t *bytes, size_t size,
                            rp_error *error) {
    if (sample->width != 0) return RP_OK;
    uint8_t *copy = rp_arena_alloc_raw(&l->files, size);
    if (copy == NULL) return rp_fail_memory(error, "an image");
    memcpy(copy, bytes, size);
    sample->width = -1; /* waits */
    waiting *w = &l->waiting[l->waiting_count++];
    w->sample = sample;
    w->bytes = copy;
    w->size = size;
    return l->waiting_count < WAITING_MAX ? RP_OK : decode_waiting(l, error);
}

static rp_status take_label(loader *l, rp_sample *sample, const uint8_t *bytes, size_t size,
                            rp_error *error) {
    rp_lmx_line line;
    RP_TRY(rp_lmx_lex(&line, &l->words, (const char *)bytes, size, error));
    uint16_t *tokens = rp_arena_array(&l->set->arena, line.count, sizeof *tokens);
    if (tokens == NULL) return rp_fail_memory(error, "labels");
    int32_t measures = 0;
    for (size_t i = 0; i < line.count; i++) {
        tokens[i] = line.tokens[i];
        measures += tokens[i] == RP_LMX_MEASURE;
    }
    if (sample->edges != NULL && sample->measure_count != measures) sample->edges = NULL;
    sample->tokens = tokens;
    sample->token_count = (int32_t)line.count;
    sample->measure_count = measures;
    return RP_OK;
}

static rp_status take_music(loader *l, rp_sample *sample, const uint8_t *bytes, size_t size,
                            rp_error *error) {
    uint8_t *music = rp_arena_alloc_raw(&l->set->arena, size);
    if (music == NULL) return rp_fail_memory(error, "the music of the samples");
    memcpy(music, bytes, size);
    sample->music = music;
    sample->music_size = size;
    return RP_OK;
}

/* What is taken of a sample, by the endings of its files. */
static const struct part {
    const char *ending;
    rp_status (*take)(loader *l, rp_sample *sample, const uint8_t *bytes, size_t size,
                      rp_error *error);
    enum { IMAGE, LABEL, MUSIC } kind;
} parts[] = {{".png", take_image, IMAGE},
             {".jpg", take_image, IMAGE},
             {".lmx", take_label, LABEL},
             {".musicxml", take_music, MUSIC}};

static bool is_wanted(const loader *l, const struct part *part) {
    if (part->kind == IMAGE) return !l->options->labels_only;
    return part->kind == LABEL || l->options->with_music;
}

static rp_status take_file(void *context, const char *name, const uint8_t *bytes, size_t size,
                           rp_error *error) {
    loader *l = context;
    const char *dot = strrchr(name, '.');
    size_t part = 0;
    while (dot != NULL && part < RP_COUNT(parts) && strcmp(dot, parts[part].ending) != 0) part++;
    if (dot == NULL || part == RP_COUNT(parts) || !is_wanted(l, &parts[part])) return RP_OK;
    char *stem = rp_arena_text(&l->scratch, name, (size_t)(dot - name));
    if (stem == NULL) return rp_fail_memory(error, "a file name");
    rp_sample *sample = find_sample(l, strncmp(stem, "./", 2) == 0 ? stem + 2 : stem);
    rp_status status = RP_OK;
    if (sample != NULL) status = parts[part].take(l, sample, bytes, size, error);
    rp_arena_reset(&l->scratch);
    return status;
}

static int is_shard(const struct dirent *entry) {
    const size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".tgz") == 0;
}

/* Shards of this split (SPLIT.tgz, SPLIT-1.tgz); with none so named, all of them. */
static rp_status read_shards(loader *l, int *found, rp_error *error) {
    struct dirent **entries = NULL;
    const int count = scandir(l->path, &entries, is_shard, alphasort);
    const size_t length = strlen(l->options->split);
    rp_status status = RP_OK;
    *found = 0;
    for (int pass = 0; pass < 2 && *found == 0; pass++) {
        for (int i = 0; i < count && status == RP_OK; i++) {
            char path[8192];
            if (pass == 0 && strncmp(entries[i]->d_name, l->options->split, length) != 0) continue;
            snprintf(path, sizeof path, "%s/%s", l->path, entries[i]->d_name);
            status = rp_archive_walk(path, take_file, l, error);
            ++*found;
        }
    }
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
    return status;
}

static rp_status read_folder(loader *l, rp_error *error) {
    for (int32_t i = 0; i < l->set->count; i++) {
        for (size_t k = 0; k < RP_COUNT(parts); k++) {
            char path[8192], name[4096];
            if (!is_wanted(l, &parts[k])) continue;
            snprintf(name, sizeof name, "%s%s", l->set->samples[i].name, parts[k].ending);
            snprintf(path, sizeof path, "%s/%s", l->path, name);
            rp_mapped_file file;
            if (rp_mapped_file_open(&file, path, NULL) != RP_OK) continue; /* named by check_all */
            const rp_status status = take_file(l, name, file.data, file.size, error);
            rp_mapped_file_close(&file);
            RP_TRY(status);
        }
    }
    return RP_OK;
}

static rp_status check_all(const loader *l, rp_error *error) {
    if (l->set->count == 0)
        return rp_fail(error, RP_INPUT, -1, "%s: the split %s lists no samples", l->path,
                       l->options->split);
    for (int32_t i = 0; i < l->set->count; i++) {
        const rp_sample *sample = &l->set->samples[i];
        if (sample->width == 0 && !l->options->labels_only)
            return rp_fail(error, RP_INPUT, -1, "%s: sample %s has no image", l->path,
                           sample->name);
        if (sample->tokens == NULL)
            return rp_fail(error, RP_INPUT, -1, "%s: sample %s has no label (.lmx)", l->path,
                           sample->name);
    }
    return RP_OK;
}

rp_status rp_dataset_load(rp_dataset *set, const char *path, const rp_dataset_options *options,
                          rp_error *error) {
    *set = (rp_dataset){.height = options->height};
    loader l = {.set = set, .options = options, .path = path};
    int shards = 0;
    l.words.arena = &l.words_arena;
    l.waiting = calloc(WAITING_MAX, sizeof *l.waiting);
    rp_status status = l.waiting != NULL ? read_list(&l, error)
                                         : rp_fail_memory(error, "the images of a data set");
    if (status == RP_OK) {
        l.progress =
            rp_progress_begin(options->progress, "loading the data set", (uint64_t)set->count);
        status = read_edges(&l, error);
    }
    if (status == RP_OK) status = read_shards(&l, &shards, error);
    if (status == RP_OK && shards == 0) status = read_folder(&l, error);
    if (status == RP_OK) status = decode_waiting(&l, error);
    if (status == RP_OK) status = check_all(&l, error);
    for (size_t i = 0; l.waiting != NULL && i < WAITING_MAX; i++)
        rp_arena_clear(&l.waiting[i].arena);
    free(l.waiting);
    free(l.by_name);
    rp_arena_clear(&l.files);
    rp_arena_clear(&l.scratch);
    rp_arena_clear(&l.words_arena);
    if (status != RP_OK) rp_dataset_clear(set);
    return status;
}

typedef struct keyed {
    int32_t width;
    uint32_t sample;
} keyed;

static int compare_width(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    return x->width != y->width ? (x->width > y->width) - (x->width < y->width)
                                : (x->sample > y->sample) - (x->sample < y->sample);
}

rp_status rp_dataset_sort_by_width(const rp_dataset *set, uint32_t *samples, uint32_t count,
                                   rp_error *error) {
    keyed *keys = calloc((size_t)count + 1, sizeof *keys);
    if (keys == NULL) return rp_fail_memory(error, "the order of samples");
    for (uint32_t i = 0; i < count; i++)
        keys[i] = (keyed){set->samples[samples[i]].width, samples[i]};
    qsort(keys, count, sizeof *keys, compare_width);
    for (uint32_t i = 0; i < count; i++) samples[i] = keys[i].sample;
    free(keys);
    return RP_OK;
}

void rp_dataset_clear(rp_dataset *set) {
    rp_arena_clear(&set->arena);
    *set = (rp_dataset){0};
}
