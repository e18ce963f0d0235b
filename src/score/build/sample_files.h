/* sample_files.h: a sample on disk: OUT/samples/ID/p1-s1.png, .musicxml and .lmx. */
#ifndef RP_SCORE_BUILD_SAMPLE_FILES_H
#define RP_SCORE_BUILD_SAMPLE_FILES_H

#include "page/image.h"
#include "score/build/system_labels.h"

enum { RP_SAMPLE_NAME_BYTES = 32 };

/* "p1-s1"; page and system are numbered from 1. */
void rp_sample_name(char name[RP_SAMPLE_NAME_BYTES], unsigned page, unsigned system);

/* Makes OUT/samples/ID. RP_SYSTEM: it cannot be made. */
rp_status rp_sample_files_make_folder(const char *output, const char *id, rp_error *error);

/* Writes the three files, named after the label's page and system. RP_SYSTEM: one cannot be
 * written. */
rp_status rp_sample_files_write(const char *output, const char *id, const rp_page_image *image,
                                const rp_system_label *label, rp_error *error);

#endif
