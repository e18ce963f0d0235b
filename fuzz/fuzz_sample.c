/* fuzz_sample.c: the parsers of samples: H.264, HEVC, AV1, AAC. The first byte chooses, the second
 * is the size of the configuration that follows; the rest is the stream. */
#include <stddef.h>
#include <stdint.h>

#include "media/aac.h"
#include "media/av1.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "media/parameter_sets.h"

enum { UNITS_MAX = 64, NAL_BYTES_MAX = 1 << 20 };

static rp_media_access_unit read_unit(int codec, void *state, const uint8_t *data, size_t size) {
    if (codec == 0) return rp_media_h264_unit(state, data, size);
    if (codec == 1) return rp_media_hevc_unit(state, data, size);
    return rp_media_av1_unit(state, data, size);
}

static void read_stream(int codec, void *state, const uint8_t *data, size_t size) {
    rp_media_order order = {0};
    for (int i = 0; i < UNITS_MAX && size > 0; i++) {
        const rp_media_access_unit unit = read_unit(codec, state, data, size);
        (void)rp_media_order_next(&order, &unit.picture);
        const size_t step = unit.size > 0 && unit.size <= size ? (size_t)unit.size : 1;
        data += step;
        size -= step;
    }
}

/* The configuration with the parameter sets that stand in the stream. */
static void take_sets(bool is_hevc, unsigned width, const uint8_t *config, size_t config_size,
                      const uint8_t *data, size_t size) {
    rp_media_parameter_sets sets = {.is_hevc = is_hevc};
    rp_text out = {0};
    uint32_t shown_width, shown_height;
    rp_media_parameter_sets_collect(&sets, width, data, size);
    (void)rp_media_parameter_sets_put(&out, config, config_size, &sets);
    (void)rp_media_parameter_sets_size(&shown_width, &shown_height, &sets);
    rp_text_clear(&out);
}

static void read_sound(const uint8_t *config_bytes, size_t config_size, const uint8_t *data,
                       size_t size) {
    rp_media_aac_config config;
    if (!rp_media_aac_config_read(&config, config_bytes, config_size)) return;
    for (int i = 0; i < UNITS_MAX && size > 0; i++) {
        size_t step = rp_media_aac_block_bytes(&config, data, size);
        if (step == 0) step = 1;
        data += step;
        size -= step;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static rp_media_h264 h264;
    static rp_media_hevc hevc;
    if (size < 2 || (size_t)data[1] + 2 > size) return 0;
    const uint8_t *config = data + 2, *stream = config + data[1];
    const size_t config_size = data[1], left = size - 2 - config_size;
    size_t found_size;
    (void)rp_media_aac_config_find(&found_size, data, size);
    if (data[0] % 4 == 0) {
        h264 = (rp_media_h264){.nal_bytes_max = NAL_BYTES_MAX};
        if (rp_media_h264_config_read(&h264, config, config_size))
            read_stream(0, &h264, stream, left);
        take_sets(false, h264.length_bytes, config, config_size, stream, left);
    } else if (data[0] % 4 == 1) {
        hevc = (rp_media_hevc){.nal_bytes_max = NAL_BYTES_MAX};
        if (rp_media_hevc_config_read(&hevc, config, config_size))
            read_stream(1, &hevc, stream, left);
        take_sets(true, hevc.length_bytes, config, config_size, stream, left);
    } else if (data[0] % 4 == 2) {
        rp_media_av1 av1 = {.obu_bytes_max = NAL_BYTES_MAX};
        if (rp_media_av1_config_read(&av1, config, config_size)) read_stream(2, &av1, stream, left);
    } else {
        read_sound(config, config_size, stream, left);
    }
    return 0;
}
