/* sample_files.h: finding and reading the files that tests walk over. All results are the
 * caller's to free; NULL or an empty list where the data is absent. */
#ifndef RP_TESTS_MUSIC_SAMPLE_FILES_H
#define RP_TESTS_MUSIC_SAMPLE_FILES_H

#include <stddef.h>

struct sample_files {
    char **paths; /* sorted */
    size_t count;
};

/* Unpacks the members that match `pattern` of an archive in the data folder into the scratch
 * folder, once a program; returns where they lie. */
char *sample_files_unpack(const char *archive, const char *pattern);

/* All files below `folder` whose name ends so. */
struct sample_files sample_files_list(const char *folder, const char *ending);
void sample_files_clear(struct sample_files *files);

/* The whole file with a zero behind it; NULL if it cannot be read. `size` may be NULL. */
char *sample_files_read(const char *path, size_t *size);

/* A copy of `path` with `ending` in place of what stands behind the last `from`. */
char *sample_files_sibling(const char *path, const char *from, const char *ending);

/* "FOLDER/NAME" in the data folder (name may be NULL), or NULL where there is no data. */
char *sample_files_data(const char *folder, const char *name);

#endif
