/* lmx.c: the vocabulary's table and the cutting of lines into tokens. */
#include "music/lmx.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static const rp_lmx_row rows[RP_LMX_COUNT] = {
#define TOKEN(name, text, kind, a, b) {text, RP_LMX_KIND_##kind, a, b},
#include "music/lmx_vocabulary.def"
#undef TOKEN
};

/* Token numbers in the byte order of their words, for binary search. */
static const uint8_t order[RP_LMX_COUNT] = {
    141, 169, 172, 178, 177, 144, 170, 167, 175, 174, 147, 173, 168, 143, 158, 159, 146, 183, 156,
    181, 164, 166, 142, 179, 176, 160, 145, 157, 182, 165, 162, 161, 180, 184, 171, 163, 61,  68,
    75,  82,  89,  96,  103, 110, 117, 124, 62,  69,  76,  83,  90,  97,  104, 111, 118, 125, 56,
    63,  70,  77,  84,  91,  98,  105, 112, 119, 57,  64,  71,  78,  85,  92,  99,  106, 113, 120,
    58,  65,  72,  79,  86,  93,  100, 107, 114, 121, 59,  66,  73,  80,  87,  94,  101, 108, 115,
    122, 60,  67,  74,  81,  88,  95,  102, 109, 116, 123, 212, 210, 128, 202, 199, 200, 201, 36,
    33,  34,  35,  17,  26,  27,  28,  29,  30,  31,  32,  18,  19,  20,  21,  22,  23,  24,  25,
    152, 55,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  37,  38,  39,  40,  41,  185, 189,
    148, 209, 187, 190, 127, 53,  54,  150, 7,   6,   5,   4,   3,   2,   1,   8,   9,   10,  11,
    12,  13,  14,  15,  153, 154, 0,   188, 192, 191, 52,  149, 126, 155, 186, 207, 208, 211, 196,
    197, 198, 194, 195, 193, 213, 214, 203, 204, 16,  220, 221, 222, 223, 216, 217, 218, 219, 215,
    205, 206, 129, 138, 139, 140, 130, 131, 132, 133, 134, 135, 136, 137, 151,
};

/* What each kind is bound to. */
static const uint8_t roles[RP_LMX_KIND_COUNT] = {
    [RP_LMX_KIND_MEASURE] = RP_LMX_ROLE_MEASURE,
    [RP_LMX_KIND_KEY] = RP_LMX_ROLE_ROOT,
    [RP_LMX_KIND_TIME] = RP_LMX_ROLE_ROOT,
    [RP_LMX_KIND_BEATS] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_BEAT_TYPE] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_CLEF] = RP_LMX_ROLE_ROOT,
    [RP_LMX_KIND_PRINT_OBJECT] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_GRACE] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_GRACE_SLASH] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_CHORD] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_PITCH] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_REST] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_FORWARD] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_BACKUP] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_VOICE] = RP_LMX_ROLE_PREFIX,
    [RP_LMX_KIND_TYPE] = RP_LMX_ROLE_ROOT,
    [RP_LMX_KIND_REST_MEASURE] = RP_LMX_ROLE_ROOT,
    [RP_LMX_KIND_TIME_MODIFICATION] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_DOT] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_ACCIDENTAL] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_STEM] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_STAFF] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_BEAM] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TIED] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TUPLET] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_SLUR] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_FERMATA] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_ARPEGGIATE] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_STACCATO] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_ACCENT] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_STRONG_ACCENT] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TENUTO] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TRILL_MARK] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TREMOLO_TYPE] = RP_LMX_ROLE_SUFFIX,
    [RP_LMX_KIND_TREMOLO_MARKS] = RP_LMX_ROLE_SUFFIX,
};

const rp_lmx_row *rp_lmx_row_of(unsigned token) {
    assert(token < RP_LMX_COUNT);
    return &rows[token];
}

rp_lmx_role rp_lmx_role_of(unsigned token) {
    assert(token < RP_LMX_COUNT);
    return (rp_lmx_role)roles[rows[token].kind];
}

const char *rp_lmx_text_of(unsigned token) {
    return token < RP_LMX_COUNT ? rows[token].text : NULL;
}

unsigned rp_lmx_token_of(const char *word, size_t length) {
    size_t low = 0, high = RP_LMX_COUNT;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const char *text = rows[order[middle]].text;
        const size_t text_length = strlen(text);
        const int sign = memcmp(text, word, text_length < length ? text_length : length);
        if (sign == 0 && text_length == length) return order[middle];
        if (sign < 0 || (sign == 0 && text_length < length)) low = middle + 1;
        else high = middle;
    }
    return RP_LMX_UNKNOWN;
}

/* With d dots a note is 1, 3/2, 7/4, ... (2^(d+1) - 1) / 2^d times its type. */
rp_fraction rp_lmx_length(unsigned type, size_t dots, unsigned time_modification) {
    if (dots > RP_LMX_DOTS_MAX) dots = RP_LMX_DOTS_MAX;
    const rp_fraction dotted = {((int64_t)2 << dots) - 1, (int64_t)1 << dots};
    const rp_fraction length =
        rp_fraction_multiply(rp_fraction_power_of_two(rp_lmx_row_of(type)->a), dotted);
    if (time_modification == 0) return length;
    const rp_lmx_row *row = rp_lmx_row_of(time_modification);
    return rp_fraction_multiply(length, rp_fraction_make(row->b, row->a));
}

/* ---- white space ---- */

/* Length in bytes of the white space at `text`, 0 if there is none: what Unicode calls white
 * space, and the four separators 1C to 1F, as the published program's language has it. */
static size_t space_length(const unsigned char *text, size_t length) {
    if (text[0] < 0x80)
        return text[0] == ' ' || (text[0] >= 9 && text[0] <= 13) ||
               (text[0] >= 0x1C && text[0] <= 0x1F);
    if (length >= 2 && text[0] == 0xC2 && (text[1] == 0x85 || text[1] == 0xA0)) return 2;
    if (length < 3) return 0;
    const unsigned code = (text[0] & 15u) << 12 | (text[1] & 63u) << 6 | (text[2] & 63u);
    if ((text[0] & 0xF0) != 0xE0) return 0;
    const bool is_space = code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
                          code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
    return is_space ? 3 : 0;
}

/* The next word at or after *at; its length is 0 at the end. *at moves behind it. */
static const char *next_word(const char *text, size_t length, size_t *at, size_t *word_length) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t begin = *at, blank;
    while (begin < length && (blank = space_length(bytes + begin, length - begin)) > 0)
        begin += blank;
    size_t end = begin;
    while (end < length && space_length(bytes + end, length - end) == 0) end++;
    *at = end;
    *word_length = end - begin;
    return text + begin;
}

/* ---- unknown words ---- */

struct rp_lmx_word {
    const char *word; /* NULL: free */
    size_t length;
    uint16_t number;
};

static struct rp_lmx_word *find_word(const rp_lmx_words *words, const char *word, size_t length) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    size_t at = hash & (words->capacity - 1);
    while (words->table[at].word != NULL &&
           (words->table[at].length != length || memcmp(words->table[at].word, word, length) != 0))
        at = (at + 1) & (words->capacity - 1);
    return &words->table[at];
}

static void grow_words(rp_lmx_words *words) {
    rp_lmx_words larger = *words;
    larger.capacity = words->capacity == 0 ? 64 : 2 * words->capacity;
    larger.table = rp_arena_array(words->arena, larger.capacity, sizeof *larger.table);
    if (larger.table == NULL) return;
    for (size_t i = 0; i < words->capacity; i++) {
        const struct rp_lmx_word *old = &words->table[i];
        if (old->word != NULL) *find_word(&larger, old->word, old->length) = *old;
    }
    *words = larger;
}

/* Digits, "in", digits. */
static bool is_like_time_modification(const char *word, size_t length) {
    size_t at = 0, digits = 0;
    while (at < length && word[at] >= '0' && word[at] <= '9') at++;
    if (at == 0 || length - at < 3 || word[at] != 'i' || word[at + 1] != 'n') return false;
    for (at += 2; at < length && word[at] >= '0' && word[at] <= '9'; at++) digits++;
    return at == length && digits > 0;
}

/* The number of an unknown word; the last of a range stands for all that no longer fit. */
static uint16_t number_of(rp_lmx_words *words, const char *word, size_t length) {
    const bool is_tuplet = is_like_time_modification(word, length);
    const unsigned last = is_tuplet ? UINT16_MAX : RP_LMX_UNKNOWN_TUPLET - 1;
    if (2 * words->count >= words->capacity) grow_words(words);
    if (words->arena->failed) return (uint16_t)last;
    struct rp_lmx_word *slot = find_word(words, word, length);
    if (slot->word != NULL) return slot->number;
    const size_t next = is_tuplet ? RP_LMX_UNKNOWN_TUPLET + words->tuplet_count
                                  : RP_LMX_UNKNOWN + words->count - words->tuplet_count;
    if (next >= last) return (uint16_t)last;
    slot->word = rp_arena_text(words->arena, word, length);
    if (slot->word == NULL) return (uint16_t)last;
    slot->length = length;
    slot->number = (uint16_t)next;
    words->count++;
    words->tuplet_count += is_tuplet;
    return slot->number;
}

rp_status rp_lmx_lex(rp_lmx_line *line, rp_lmx_words *words, const char *text, size_t length,
                     rp_error *error) {
    size_t count = 0, word_length = 0;
    if (length == 0) text = ""; /* of an empty file there may be nothing to point into */
    for (size_t at = 0; next_word(text, length, &at, &word_length), word_length > 0;) count++;
    *line = (rp_lmx_line){.tokens = rp_arena_array(words->arena, count, sizeof(uint16_t))};
    if (line->tokens == NULL && count > 0) return rp_fail_memory(error, "the tokens");
    for (size_t at = 0; line->count < count; line->count++) {
        const char *word = next_word(text, length, &at, &word_length);
        unsigned token = rp_lmx_token_of(word, word_length);
        if (token == RP_LMX_UNKNOWN) {
            token = number_of(words, word, word_length);
            line->unknown++;
        }
        line->tokens[line->count] = (uint16_t)token;
    }
    return words->arena->failed ? rp_fail_memory(error, "the tokens") : RP_OK;
}

void rp_lmx_print(rp_text *text, const uint16_t *tokens, size_t count) {
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] >= RP_LMX_COUNT) continue;
        if (!first) rp_text_add_char(text, ' ');
        rp_text_add(text, rows[tokens[i]].text);
        first = false;
    }
}
