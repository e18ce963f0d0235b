/* idx.h: the IDX files of MNIST and its relatives, plain or gzipped.
 *
 *     offset  size   what
 *     0       2      zeros
 *     2       1      type: 8, unsigned bytes (the only one read)
 *     3       1      number of dimensions: 1 labels, 3 images
 *     4       4 d    size of each dimension, big-endian: count, rows, columns
 *     4+4d           the bytes, row by row; 0 is paper, 255 ink */
#ifndef RP_LEARN_IDX_H
#define RP_LEARN_IDX_H

#include "base/error.h"

enum { RP_IDX_SIDE_MAX = 4096, RP_IDX_COUNT_MAX = 10000000 };

typedef struct rp_digits {
    uint32_t count, rows, columns;
    uint8_t *pixels, *labels; /* owned; labels 0 .. 9; NULL where not read */
} rp_digits;

/* Reads IDX from memory (gzip or plain) into the images, or the labels, of `digits`, whose other
 * half may be there already: the counts must then agree. `path` is for the error. RP_INPUT: cut,
 * wrong magic, sizes that do not match the bytes, a label above 9. */
rp_status rp_digits_parse(rp_digits *digits, const uint8_t *data, size_t size, const char *path,
                          rp_error *error);

/* Reads FOLDER/PREFIX-images-idx3-ubyte and -labels-idx1-ubyte, each with or without .gz. `prefix`:
 * "train" or "t10k". */
rp_status rp_digits_read(rp_digits *digits, const char *folder, const char *prefix,
                         rp_error *error);
void rp_digits_clear(rp_digits *digits);

#endif
