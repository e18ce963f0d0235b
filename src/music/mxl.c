/* mxl.c: see mxl.h. The zip is libzip's business; nothing is ever unpacked to disk. */
#include "music/mxl.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "music/xml_reader.h"

enum { CHUNK_BYTES = 1 << 16, ENTRIES_MAX = 10000, CONTAINER_MEMORY_MAX = 1 << 22 };

static const char container_path[] = "META-INF/container.xml";

bool rp_mxl_is_mxl(const uint8_t *data, size_t size) {
    return size >= 4 && memcmp(data, "PK\3\4", 4) == 0;
}

static bool ends_with(const char *name, const char *ending) {
    const size_t length = strlen(name), ending_length = strlen(ending);
    return length >= ending_length && strcmp(name + length - ending_length, ending) == 0;
}

/* Does the path lead out of the folder it would be unpacked into? */
static bool leads_outside(const char *name) {
    if (name[0] == '/' || name[0] == '\\' || (name[0] != 0 && name[1] == ':')) return true;
    for (const char *at = name; *at != 0;) {
        const size_t length = strcspn(at, "/\\");
        if (length == 2 && at[0] == '.' && at[1] == '.') return true;
        at += length;
        if (*at != 0) at++;
    }
    return false;
}

static rp_status check_names(zip_t *archive, const char *name, rp_error *error) {
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count > ENTRIES_MAX)
        return rp_fail(error, RP_INPUT, 0, "%s: %lld entries in a score", name, (long long)count);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *entry = zip_get_name(archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (entry != NULL && leads_outside(entry))
            return rp_fail(error, RP_INPUT, 0, "%s: the entry %.64s leads outside the file", name,
                           entry);
    }
    return RP_OK;
}

/* Appends the entry, which is called `what` in messages. */
static rp_status read_entry(rp_text *text, zip_t *archive, zip_int64_t index, const char *name,
                            const char *what, rp_error *error) {
    zip_stat_t about;
    if (zip_stat_index(archive, (zip_uint64_t)index, 0, &about) == 0 &&
        (about.valid & ZIP_STAT_SIZE) != 0 && about.size > RP_MXL_SCORE_BYTES_MAX)
        return rp_fail(error, RP_INPUT, 0, "%s: %s in it claims %llu bytes, over 256 MiB", name,
                       what, (unsigned long long)about.size);
    zip_file_t *file = zip_fopen_index(archive, (zip_uint64_t)index, 0);
    if (file == NULL)
        return rp_fail(error, RP_INPUT, 0, "%s: %s in it: %s", name, what, zip_strerror(archive));
    char chunk[CHUNK_BYTES];
    zip_int64_t count;
    while ((count = zip_fread(file, chunk, sizeof chunk)) > 0 &&
           text->length <= RP_MXL_SCORE_BYTES_MAX)
        rp_text_add_bytes(text, chunk, (size_t)count);
    rp_status status = RP_OK;
    if (count < 0) status = rp_fail(error, RP_INPUT, 0, "%s: %s in it is damaged", name, what);
    else if (text->length > RP_MXL_SCORE_BYTES_MAX)
        status = rp_fail(error, RP_INPUT, 0, "%s: %s in it has over 256 MiB", name, what);
    else if (text->failed) status = rp_fail_memory(error, what);
    zip_fclose(file);
    return status;
}

/* ---- which entry is the score ---- */

static bool is_musicxml(const rp_xml_node *rootfile) {
    const char *type = rp_xml_attribute_named(rootfile, "media-type");
    return type == NULL || strcmp(type, "application/vnd.recordare.musicxml+xml") == 0 ||
           strcmp(type, "application/vnd.recordare.musicxml") == 0;
}

/* The path of the first rootfile that is MusicXML; NULL: the container names none. */
static const char *path_in(const rp_xml_node *container) {
    const rp_xml_node *rootfiles = rp_xml_child(container, RP_XML_ROOTFILES);
    for (const rp_xml_node *at = rootfiles != NULL ? rootfiles->first : NULL; at != NULL;
         at = at->next)
        if (at->tag == RP_XML_ROOTFILE && is_musicxml(at))
            return rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_FULL_PATH);
    return NULL;
}

/* Index of the entry that the container, given as text, names; -1: it names none. */
static rp_status find_named(zip_int64_t *index, zip_t *archive, const rp_text *text,
                            const char *name, rp_error *error) {
    char source_name[512];
    snprintf(source_name, sizeof source_name, "%.400s: %s", name, container_path);
    const rp_xml_source source = {source_name, (const uint8_t *)text->data, text->length};
    rp_arena arena = {.limit_bytes = CONTAINER_MEMORY_MAX};
    rp_xml_tree tree;
    rp_xml_tree_init(&tree, &arena);
    tree.keeps_other_attributes = true;
    rp_status status = rp_xml_read(&tree, &source, error);
    const char *path = status == RP_OK ? path_in(tree.root) : NULL;
    *index = path != NULL ? zip_name_locate(archive, path, 0) : -1;
    if (path != NULL && *index < 0)
        status = rp_fail(error, RP_INPUT, 0, "%s: it names %.200s, which is not in the file",
                         source_name, path);
    rp_arena_clear(&arena);
    return status;
}

/* The first entry that ends so, outside META-INF; -1: there is none. */
static zip_int64_t find_ending(zip_t *archive, const char *ending) {
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *entry = zip_get_name(archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (entry != NULL && strncmp(entry, "META-INF", 8) != 0 && ends_with(entry, ending))
            return i;
    }
    return -1;
}

static rp_status find_score(zip_int64_t *index, zip_t *archive, const char *name, rp_error *error) {
    const zip_int64_t container = zip_name_locate(archive, container_path, 0);
    rp_status status = RP_OK;
    *index = -1;
    if (container >= 0) {
        rp_text text = {0};
        status = read_entry(&text, archive, container, name, container_path, error);
        if (status == RP_OK && text.length > 0)
            status = find_named(index, archive, &text, name, error);
        rp_text_clear(&text);
    }
    if (status != RP_OK) return status;
    if (*index < 0) *index = find_ending(archive, ".xml");
    if (*index < 0) *index = find_ending(archive, ".musicxml");
    return *index >= 0 ? RP_OK : rp_fail(error, RP_INPUT, 0, "%s: there is no score in it", name);
}

rp_status rp_mxl_read(rp_text *score, const char *name, const uint8_t *data, size_t size,
                      rp_error *error) {
    zip_error_t trouble;
    zip_error_init(&trouble);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &trouble);
    zip_t *archive = source != NULL ? zip_open_from_source(source, ZIP_RDONLY, &trouble) : NULL;
    rp_status status;
    zip_int64_t index;
    if (archive == NULL) {
        zip_source_free(source);
        status = rp_fail(error, RP_INPUT, 0, "%s: not a whole .mxl: %s", name,
                         zip_error_strerror(&trouble));
    } else {
        status = check_names(archive, name, error);
        if (status == RP_OK) status = find_score(&index, archive, name, error);
        if (status == RP_OK) status = read_entry(score, archive, index, name, "the score", error);
        zip_discard(archive);
    }
    zip_error_fini(&trouble);
    return status;
}

/* ---- writing ---- */

static const char container[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<container>\n  <rootfiles>\n"
    "    <rootfile full-path=\"score.xml\"/>\n  </rootfiles>\n</container>\n";

static bool add_entry(zip_t *archive, const char *name, const void *bytes, size_t size) {
    zip_source_t *source = zip_source_buffer(archive, bytes, size, 0);
    if (source == NULL) return false;
    const zip_int64_t index = zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return false;
    }
    /* A fixed time, so that the same score gives the same bytes. */
    return zip_file_set_dostime(archive, (zip_uint64_t)index, 0, 0x21, 0) == 0;
}

/* Appends what the archive was written to. */
static bool take_bytes(rp_text *mxl, zip_source_t *buffer) {
    zip_stat_t about;
    if (zip_source_stat(buffer, &about) != 0 || zip_source_open(buffer) != 0) return false;
    char chunk[CHUNK_BYTES];
    zip_int64_t count;
    while ((count = zip_source_read(buffer, chunk, sizeof chunk)) > 0)
        rp_text_add_bytes(mxl, chunk, (size_t)count);
    zip_source_close(buffer);
    return count == 0 && !mxl->failed;
}

rp_status rp_mxl_write(rp_text *mxl, const char *score, size_t size, rp_error *error) {
    zip_error_t trouble;
    zip_error_init(&trouble);
    zip_source_t *buffer = zip_source_buffer_create(NULL, 0, 0, &trouble);
    zip_t *archive = buffer != NULL ? zip_open_from_source(buffer, ZIP_TRUNCATE, &trouble) : NULL;
    bool is_done = false;
    if (archive != NULL) {
        zip_source_keep(buffer);
        is_done = add_entry(archive, container_path, container, sizeof container - 1) &&
                  add_entry(archive, "score.xml", score, size) && zip_close(archive) == 0;
        if (!is_done) zip_discard(archive);
    }
    is_done = is_done && take_bytes(mxl, buffer);
    if (buffer != NULL) zip_source_free(buffer);
    zip_error_fini(&trouble);
    return is_done ? RP_OK : rp_fail_memory(error, "the compressed score");
}
