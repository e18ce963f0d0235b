/* aac_tables.h: the tables of ISO/IEC 14496-3, subpart 4, that a parser of AAC needs. */
#ifndef RP_MEDIA_AAC_TABLES_H
#define RP_MEDIA_AAC_TABLES_H

#include <stdint.h>

enum { RP_MEDIA_AAC_RATES = 12, RP_MEDIA_AAC_CODE_BITS_MAX = 19 };

/* Scale factor bands at one sampling rate: offsets[0] = 0 ... offsets[count] = window length. */
typedef struct rp_media_aac_bands {
    uint32_t rate_hz;
    const uint16_t *long_offsets;
    uint8_t long_count;
    const uint16_t *short_offsets;
    uint8_t short_count;
} rp_media_aac_bands;

/* A canonical Huffman code: counts[i] codewords of i + 1 bits; meanings in codeword order. */
typedef struct rp_media_aac_book {
    uint8_t counts[RP_MEDIA_AAC_CODE_BITS_MAX];
    const uint8_t *meanings;
    uint8_t dimension; /* coefficients a codeword stands for */
} rp_media_aac_book;

/* By samplingFrequencyIndex. */
extern const rp_media_aac_bands rp_media_aac_bands_of[RP_MEDIA_AAC_RATES];
/* 0: scale factors; 1 to 11: spectral books. */
extern const rp_media_aac_book rp_media_aac_books[12];

#endif
