/* aac.h: how long is the AAC frame that starts here? A raw_data_block (ISO/IEC 14496-3, 4.4.2) has
 * no length field; it is parsed to its end: window, sections, scale factors, TNS, spectral Huffman
 * codes, fill elements. No decoder state is needed. Noise does not parse: the failing is itself
 * the proof that no AAC starts here. */
#ifndef RP_MEDIA_AAC_H
#define RP_MEDIA_AAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest block: eight channels of 6144 bits (4.5.3.1). */
enum { RP_MEDIA_AAC_BLOCK_MAX = 6144 };

/* What AudioSpecificConfig says (1.6.2.1). */
typedef struct rp_media_aac_config {
    uint8_t object_type;     /* 1 Main, 2 LC, 4 LTP; of the core where SBR is signalled */
    uint8_t sampling_index;  /* samplingFrequencyIndex of the core, 0 to 11 */
    uint8_t channels_config; /* channelConfiguration; 0: a program_config_element says */
    uint16_t frame_samples;  /* 1024 (960 is not supported) */
} rp_media_aac_config;

/* Reads AudioSpecificConfig; false where it is damaged or no AAC that this parser knows. */
bool rp_media_aac_config_read(rp_media_aac_config *config, const uint8_t *data, size_t size);

/* Finds AudioSpecificConfig in an mp4a sample entry (box with header): in esds, also inside
 * QuickTime's wave. Returns its first byte and size, or NULL. */
const uint8_t *rp_media_aac_config_find(size_t *config_size, const uint8_t *entry, size_t size);

/* Bytes of the raw_data_block at `data`, 0 where none starts here or `size` cuts it. */
size_t rp_media_aac_block_bytes(const rp_media_aac_config *config, const uint8_t *data,
                                size_t size);

#endif
