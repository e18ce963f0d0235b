/* aac.c: see aac.h. Names are those of ISO/IEC 14496-3, subpart 4. */
#include "media/aac.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "media/aac_tables.h"
#include "media/bits.h"

enum {
    ID_SCE = 0,
    ID_CPE = 1,
    ID_CCE = 2,
    ID_LFE = 3,
    ID_DSE = 4,
    ID_PCE = 5,
    ID_FIL = 6,
    ID_END = 7,
    EIGHT_SHORT_SEQUENCE = 2,
    RESERVED_HCB = 12,
    NOISE_HCB = 13,
    INTENSITY_HCB2 = 14,
    INTENSITY_HCB = 15,
    ESC_HCB = 11,
    AOT_MAIN = 1,
    AOT_LC = 2,
    AOT_LTP = 4,
    AOT_SBR = 5,
    AOT_PS = 29,
    BANDS_MAX = 51,
    BITS_PER_CHANNEL_MAX = 6144 /* 4.5.3.1: the decoder's input buffer of one channel */
};

/* One channel's window and sections while its stream is parsed. */
typedef struct channel_stream {
    bool is_short;
    uint8_t max_sfb, group_count;
    uint8_t group_windows[8];
    uint8_t codebooks[8 * BANDS_MAX]; /* [group * max_sfb + sfb] */
    uint8_t global_gain;
} channel_stream;

typedef struct parser {
    rp_bits bits;
    const rp_media_aac_config *config;
    const rp_media_aac_bands *bands;
} parser;

/* --- configuration ----------------------------------------------------------------------- */

static uint8_t read_object_type(rp_bits *bits) {
    const uint32_t type = rp_bits_u(bits, 5);
    return (uint8_t)(type == 31 ? 32 + rp_bits_u(bits, 6) : type);
}

static uint8_t read_sampling_index(rp_bits *bits) {
    const uint32_t index = rp_bits_u(bits, 4);
    if (index != 15) return (uint8_t)index;
    const uint32_t rate_hz = rp_bits_u(bits, 24);
    for (uint8_t i = 0; i < RP_MEDIA_AAC_RATES; i++)
        if (rp_media_aac_bands_of[i].rate_hz == rate_hz) return i;
    return 15;
}

bool rp_media_aac_config_read(rp_media_aac_config *config, const uint8_t *data, size_t size) {
    rp_bits bits = {.data = data, .size_bits = size * 8};
    *config = (rp_media_aac_config){.frame_samples = 1024};
    config->object_type = read_object_type(&bits);
    config->sampling_index = read_sampling_index(&bits);
    config->channels_config = (uint8_t)rp_bits_u(&bits, 4);
    if (config->object_type == AOT_SBR || config->object_type == AOT_PS) {
        (void)read_sampling_index(&bits); /* of the output; the core's is what is parsed */
        config->object_type = read_object_type(&bits);
    }
    const bool has_960 = rp_bits_u(&bits, 1);
    const bool is_known = config->object_type == AOT_MAIN || config->object_type == AOT_LC;
    return !bits.failed && is_known && !has_960 && config->sampling_index < RP_MEDIA_AAC_RATES &&
           config->channels_config < 8;
}

/* One step into an MPEG-4 descriptor (14496-1, 8.3.3): tag, length in groups of 7 bits. */
static bool enter_descriptor(rp_bytes *bytes, uint8_t tag) {
    if (rp_bytes_u8(bytes) != tag) return false;
    for (int i = 0; i < 4; i++)
        if ((rp_bytes_u8(bytes) & 0x80) == 0) return !bytes->failed;
    return !bytes->failed;
}

const uint8_t *rp_media_aac_config_find(size_t *config_size, const uint8_t *entry, size_t size) {
    for (size_t at = 8; at + 4 <= size; at++) {
        if (memcmp(entry + at, "esds", 4) != 0) continue;
        rp_bytes bytes = {.data = entry, .size = size, .position = at + 8};
        if (at + 8 > size || !enter_descriptor(&bytes, 3)) continue;
        rp_bytes_skip(&bytes, 2);
        const uint8_t flags = rp_bytes_u8(&bytes);
        rp_bytes_skip(&bytes, (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0));
        if (!enter_descriptor(&bytes, 4)) continue;
        rp_bytes_skip(&bytes, 13);
        if (rp_bytes_u8(&bytes) != 5) continue;
        size_t length = 0;
        uint8_t group = 0x80;
        for (int i = 0; i < 4 && group & 0x80; i++) {
            group = rp_bytes_u8(&bytes);
            length = length << 7 | (group & 0x7f);
        }
        const uint8_t *config = rp_bytes_take(&bytes, length);
        if (config == NULL) continue;
        *config_size = length;
        return config;
    }
    return NULL;
}

/* --- Huffman ----------------------------------------------------------------------------- */

/* The meaning of the next codeword. All twelve codes are complete: every bit string decodes. */
static uint8_t read_codeword(rp_bits *bits, const rp_media_aac_book *book) {
    const uint32_t ahead = rp_bits_peek24(bits);
    uint32_t first = 0, index = 0; /* the first codeword of this length, and its place */
    for (unsigned length = 1; length <= RP_MEDIA_AAC_CODE_BITS_MAX; length++) {
        const uint32_t code = ahead >> (24 - length), count = book->counts[length - 1];
        if (code - first < count) {
            rp_bits_skip(bits, length);
            return book->meanings[index + code - first];
        }
        index += count;
        first = (first + count) << 1;
    }
    bits->failed = true;
    return 0;
}

/* Table 4.151: N ones, a zero, N + 4 bits; values reach 8191, so N is at most 8. */
static void skip_escape(rp_bits *bits) {
    unsigned ones = 0;
    while (ones < 9 && rp_bits_u(bits, 1) == 1) ones++;
    if (ones == 9) bits->failed = true;
    else rp_bits_skip(bits, ones + 4);
}

/* --- individual_channel_stream ----------------------------------------------------------- */

static uint8_t band_count(const parser *at, bool is_short) {
    return is_short ? at->bands->short_count : at->bands->long_count;
}

static void read_prediction(parser *at, const channel_stream *channel) {
    static const uint8_t pred_sfb_max[RP_MEDIA_AAC_RATES] = {33, 33, 38, 40, 40, 40,
                                                             41, 41, 37, 37, 37, 34};
    if (at->config->object_type != AOT_MAIN) {
        at->bits.failed = true; /* LC has no prediction */
        return;
    }
    if (rp_bits_u(&at->bits, 1)) rp_bits_skip(&at->bits, 5);
    const uint8_t most = pred_sfb_max[at->config->sampling_index];
    rp_bits_skip(&at->bits, channel->max_sfb < most ? channel->max_sfb : most);
}

static void read_ics_info(parser *at, channel_stream *channel) {
    rp_bits *bits = &at->bits;
    if (rp_bits_u(bits, 1) != 0) bits->failed = true; /* ics_reserved_bit */
    channel->is_short = rp_bits_u(bits, 2) == EIGHT_SHORT_SEQUENCE;
    rp_bits_skip(bits, 1); /* window_shape */
    channel->group_count = 1;
    memset(channel->group_windows, 0, sizeof channel->group_windows);
    channel->group_windows[0] = 1;
    if (channel->is_short) {
        channel->max_sfb = (uint8_t)rp_bits_u(bits, 4);
        for (int window = 1; window < 8; window++) {
            if (rp_bits_u(bits, 1) == 0) channel->group_count++;
            channel->group_windows[channel->group_count - 1]++;
        }
    } else {
        channel->max_sfb = (uint8_t)rp_bits_u(bits, 6);
        if (rp_bits_u(bits, 1)) read_prediction(at, channel);
    }
    if (channel->max_sfb > band_count(at, channel->is_short)) bits->failed = true;
}

static void read_section_data(parser *at, channel_stream *channel, bool may_be_intensity) {
    rp_bits *bits = &at->bits;
    const unsigned width = channel->is_short ? 3 : 5;
    const uint32_t escape = (1u << width) - 1;
    for (uint8_t group = 0; group < channel->group_count; group++) {
        for (uint32_t sfb = 0; sfb < channel->max_sfb && !bits->failed;) {
            const uint8_t codebook = (uint8_t)rp_bits_u(bits, 4);
            uint32_t length = 0, more;
            do {
                more = rp_bits_u(bits, width);
                length += more;
            } while (more == escape && length <= channel->max_sfb);
            const bool is_intensity = codebook >= INTENSITY_HCB2;
            if (codebook == RESERVED_HCB || length == 0 || sfb + length > channel->max_sfb ||
                (is_intensity && !may_be_intensity)) {
                bits->failed = true;
                return;
            }
            memset(channel->codebooks + (size_t)group * channel->max_sfb + sfb, codebook, length);
            sfb += length;
        }
    }
}

static void read_scale_factor_data(parser *at, const channel_stream *channel) {
    rp_bits *bits = &at->bits;
    int scale_factor = channel->global_gain;
    bool has_noise = false;
    const size_t count = (size_t)channel->group_count * channel->max_sfb;
    for (size_t i = 0; i < count && !bits->failed; i++) {
        const uint8_t codebook = channel->codebooks[i];
        if (codebook == 0) continue;
        if (codebook == NOISE_HCB && !has_noise) {
            rp_bits_skip(bits, 9); /* dpcm_noise_nrg of the first band */
            has_noise = true;
            continue;
        }
        const int delta = read_codeword(bits, &rp_media_aac_books[0]) - 60;
        if (codebook >= NOISE_HCB) continue; /* noise energies and intensity positions */
        scale_factor += delta;
        if (scale_factor < 0 || scale_factor > 255) bits->failed = true;
    }
}

static void read_pulse_data(parser *at, const channel_stream *channel) {
    rp_bits *bits = &at->bits;
    if (channel->is_short) {
        bits->failed = true;
        return;
    }
    const uint32_t count = rp_bits_u(bits, 2) + 1;
    if (rp_bits_u(bits, 6) > at->bands->long_count) bits->failed = true;
    rp_bits_skip(bits, (size_t)count * (5 + 4));
}

static void read_tns_data(parser *at, const channel_stream *channel) {
    rp_bits *bits = &at->bits;
    const bool is_short = channel->is_short;
    const uint32_t order_max = is_short ? 7 : at->config->object_type == AOT_MAIN ? 20 : 12;
    for (int window = 0; window < (is_short ? 8 : 1); window++) {
        const uint32_t filters = rp_bits_u(bits, is_short ? 1 : 2);
        const uint32_t resolution = filters > 0 ? rp_bits_u(bits, 1) : 0;
        for (uint32_t i = 0; i < filters && !bits->failed; i++) {
            rp_bits_skip(bits, is_short ? 4 : 6);
            const uint32_t order = rp_bits_u(bits, is_short ? 3 : 5);
            if (order > order_max) bits->failed = true;
            if (order == 0) continue;
            rp_bits_skip(bits, 1);
            const uint32_t compress = rp_bits_u(bits, 1);
            rp_bits_skip(bits, (size_t)order * (3 + resolution - compress));
        }
    }
}

static void read_band(rp_bits *bits, uint8_t codebook, uint32_t coefficients) {
    const rp_media_aac_book *book = &rp_media_aac_books[codebook];
    for (uint32_t i = 0; i < coefficients && !bits->failed; i += book->dimension) {
        const uint8_t follows = read_codeword(bits, book);
        rp_bits_skip(bits, follows & 7);
        for (int escapes = follows >> 3; escapes > 0; escapes--) skip_escape(bits);
    }
}

static void read_spectral_data(parser *at, const channel_stream *channel) {
    const uint16_t *offsets =
        channel->is_short ? at->bands->short_offsets : at->bands->long_offsets;
    for (uint8_t group = 0; group < channel->group_count; group++) {
        for (uint8_t sfb = 0; sfb < channel->max_sfb && !at->bits.failed; sfb++) {
            const uint8_t codebook = channel->codebooks[(size_t)group * channel->max_sfb + sfb];
            if (codebook == 0 || codebook > ESC_HCB) continue;
            const uint32_t width = (uint32_t)(offsets[sfb + 1] - offsets[sfb]);
            read_band(&at->bits, codebook, width * channel->group_windows[group]);
        }
    }
}

static void read_channel_stream(parser *at, channel_stream *channel, bool has_common_window,
                                bool may_be_intensity) {
    rp_bits *bits = &at->bits;
    channel->global_gain = (uint8_t)rp_bits_u(bits, 8);
    if (!has_common_window) read_ics_info(at, channel);
    if (bits->failed) return;
    read_section_data(at, channel, may_be_intensity);
    if (!bits->failed) read_scale_factor_data(at, channel);
    if (rp_bits_u(bits, 1)) read_pulse_data(at, channel);
    if (rp_bits_u(bits, 1)) read_tns_data(at, channel);
    if (rp_bits_u(bits, 1)) bits->failed = true; /* gain_control_data: SSR only */
    if (!bits->failed) read_spectral_data(at, channel);
}

/* --- elements ---------------------------------------------------------------------------- */

static void read_channel_pair(parser *at) {
    rp_bits *bits = &at->bits;
    channel_stream channel = {0};
    const bool common_window = rp_bits_u(bits, 1);
    if (common_window) {
        read_ics_info(at, &channel);
        const uint32_t ms_mask_present = rp_bits_u(bits, 2);
        if (ms_mask_present == 3) bits->failed = true;
        if (ms_mask_present == 1) rp_bits_skip(bits, (size_t)channel.group_count * channel.max_sfb);
    }
    if (!bits->failed) read_channel_stream(at, &channel, common_window, false);
    if (!bits->failed) read_channel_stream(at, &channel, common_window, common_window);
}

static void align(rp_bits *bits) { rp_bits_skip(bits, (8 - bits->position_bits % 8) % 8); }

static void skip_data_stream(rp_bits *bits) {
    const bool is_aligned = rp_bits_u(bits, 1);
    uint32_t count = rp_bits_u(bits, 8);
    if (count == 255) count += rp_bits_u(bits, 8);
    if (is_aligned) align(bits);
    rp_bits_skip(bits, (size_t)count * 8);
}

static void skip_program_config(rp_bits *bits) {
    rp_bits_skip(bits, 2 + 4);
    uint32_t fields = 0, nibbles = 0;
    for (int i = 0; i < 3; i++) fields += rp_bits_u(bits, 4); /* front, side, back */
    nibbles = rp_bits_u(bits, 2);                             /* LFE */
    nibbles += rp_bits_u(bits, 3);                            /* associated data */
    fields += rp_bits_u(bits, 4);                             /* coupling */
    if (rp_bits_u(bits, 1)) rp_bits_skip(bits, 4);
    if (rp_bits_u(bits, 1)) rp_bits_skip(bits, 4);
    if (rp_bits_u(bits, 1)) rp_bits_skip(bits, 3);
    rp_bits_skip(bits, (size_t)fields * 5 + (size_t)nibbles * 4);
    align(bits);
    rp_bits_skip(bits, (size_t)rp_bits_u(bits, 8) * 8);
}

static void skip_fill(rp_bits *bits) {
    uint32_t count = rp_bits_u(bits, 4);
    if (count == 15) count += rp_bits_u(bits, 8) - 1;
    if (!bits->failed) rp_bits_skip(bits, (size_t)count * 8);
}

/* Table 1.19: the syntactic elements of each channelConfiguration, in order. */
static const uint8_t elements_of[8][5] = {
    {0},
    {ID_SCE, ID_END},
    {ID_CPE, ID_END},
    {ID_SCE, ID_CPE, ID_END},
    {ID_SCE, ID_CPE, ID_SCE, ID_END},
    {ID_SCE, ID_CPE, ID_CPE, ID_END},
    {ID_SCE, ID_CPE, ID_CPE, ID_LFE, ID_END},
    {ID_SCE, ID_CPE, ID_CPE, ID_CPE, ID_LFE},
};
static const uint8_t channels_of[8] = {8, 1, 2, 3, 4, 5, 6, 8};

/* Reads elements up to ID_END. Those with sound must come as the configuration says. */
static void read_raw_data_block(parser *at) {
    rp_bits *bits = &at->bits;
    const uint8_t config = at->config->channels_config;
    uint8_t element, sounding = 0;
    while (!bits->failed && (element = (uint8_t)rp_bits_u(bits, 3)) != ID_END) {
        if (element == ID_FIL) {
            skip_fill(bits);
            continue;
        }
        rp_bits_skip(bits, 4); /* element_instance_tag */
        if (element == ID_DSE) skip_data_stream(bits);
        else if (element == ID_PCE) skip_program_config(bits);
        else if (element == ID_CCE || sounding == 5 ||
                 (config != 0 && elements_of[config][sounding] != element))
            bits->failed = true;
        else if (element == ID_CPE) read_channel_pair(at), sounding++;
        else {
            channel_stream channel = {0};
            read_channel_stream(at, &channel, false, false);
            sounding++;
        }
    }
    const bool is_whole =
        sounding > 0 && (config == 0 || sounding == 5 || elements_of[config][sounding] == ID_END);
    if (!is_whole) bits->failed = true;
    align(bits);
}

size_t rp_media_aac_block_bytes(const rp_media_aac_config *config, const uint8_t *data,
                                size_t size) {
    assert(config->sampling_index < RP_MEDIA_AAC_RATES && config->channels_config < 8);
    const size_t most = (size_t)channels_of[config->channels_config] * BITS_PER_CHANNEL_MAX / 8;
    const size_t seen = size < most ? size : most;
    parser at = {.bits = {.data = data, .size_bits = seen * 8},
                 .config = config,
                 .bands = &rp_media_aac_bands_of[config->sampling_index]};
    read_raw_data_block(&at);
    return at.bits.failed ? 0 : at.bits.position_bits / 8;
}
