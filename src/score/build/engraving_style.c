/* engraving_style.c: see engraving_style.h. The ranges are those of engraved music of the last 150
 * years: staves of 5.6 to 8 mm, from sparse to crowded, from thin lines to heavy ones. */
#include "score/build/engraving_style.h"

#include <string.h>

static const rp_engraving_fonts musescore_fonts = {
    .names = {"Emmentaler", "Gonville", "MuseJazz", "Bravura"},
    .count = 4,
    .program_has = "MuseScore has Emmentaler, Gonville, MuseJazz and Bravura"};

/* A number of the style, drawn evenly from low .. high. */
static const struct {
    const char *name;
    double low, high;
} ranges[] = {
    {"Spatium", 1.4, 2.0},          /* mm: a staff space */
    {"staffLineWidth", 0.06, 0.13}, /* from here on in staff spaces */
    {"stemWidth", 0.08, 0.17},
    {"ledgerLineWidth", 0.09, 0.20},
    {"ledgerLineLength", 0.28, 0.5},
    {"beamWidth", 0.42, 0.62},
    {"beamMinLen", 0.9, 1.6},
    {"barWidth", 0.10, 0.24},
    {"slurMidWidth", 0.12, 0.26},
    {"slurEndWidth", 0.04, 0.10},
    {"measureSpacing", 1.0, 1.6},
    {"minNoteDistance", 0.15, 0.45},
    {"barNoteDistance", 0.8, 1.6},
    {"accidentalDistance", 0.15, 0.3},
    {"accidentalNoteDistance", 0.15, 0.35},
    {"akkoladeDistance", 5.5, 9.0},
    {"minSystemDistance", 8.0, 11.0},
    {"maxSystemDistance", 12.0, 22.0},
    {"clefLeftMargin", 0.4, 1.0},
    {"keysigLeftMargin", 0.3, 0.8},
    {"shortenStem", 0, 1.99}, /* read as a whole number: 0 or 1 */
    {"graceNoteMag", 0.6, 0.75},
    {"dotNoteDistance", 0.25, 0.5},
};

enum { BEAMS_FLAT_PERCENT = 8 };

/* Does the list, separated by commas, hold the word? */
static bool lists(const char *list, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = list; *at != 0; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
    return false;
}

rp_status rp_engraving_fonts_check(const rp_engraving_fonts *fonts, const rp_engraving_style *style,
                                   rp_error *error) {
    size_t words = 1, known = 0;
    if (style->fonts == NULL) return RP_OK;
    for (const char *at = style->fonts; *at != 0; at++) words += *at == ',';
    for (size_t i = 0; i < fonts->count; i++) known += lists(style->fonts, fonts->names[i]);
    if (known == words) return RP_OK;
    return rp_fail(error, RP_USAGE, 0, "fonts %s: %s", style->fonts, fonts->program_has);
}

const char *rp_engraving_fonts_draw(const rp_engraving_fonts *fonts,
                                    const rp_engraving_style *style, rp_random *random) {
    const char *chosen[RP_ENGRAVING_FONTS_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < fonts->count; i++)
        if (style->fonts == NULL || lists(style->fonts, fonts->names[i]))
            chosen[count++] = fonts->names[i];
    return count > 0 ? chosen[rp_random_below(random, count)] : fonts->names[0];
}

rp_status rp_engraving_style_check(const rp_engraving_style *style, rp_error *error) {
    return rp_engraving_fonts_check(&musescore_fonts, style, error);
}

uint64_t rp_engraving_style_stream(const char *id) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *id != 0; id++) hash = (hash ^ (unsigned char)*id) * 1099511628211u;
    return hash;
}

/* Margins of 1.0 to 2.2 cm on a page of 21 to 24 cm: quarto and A4, as sheet music is. */
static void draw_page(rp_text *elements, rp_random *random) {
    const double width = rp_random_between(random, 8.27, 9.45);
    const double height = width * rp_random_between(random, 1.27, 1.42);
    const double margin = rp_random_between(random, 0.40, 0.87);
    rp_text_format(elements, "<pageWidth>%.3f</pageWidth><pageHeight>%.3f</pageHeight>", width,
                   height);
    rp_text_format(elements, "<pagePrintableWidth>%.3f</pagePrintableWidth>", width - 2 * margin);
    static const char *const margins[] = {"EvenLeft", "OddLeft",    "EvenTop",
                                          "OddTop",   "EvenBottom", "OddBottom"};
    for (size_t i = 0; i < RP_COUNT(margins); i++)
        rp_text_format(elements, "<page%sMargin>%.3f</page%sMargin>", margins[i], margin,
                       margins[i]);
}

void rp_engraving_style_draw(rp_text *elements, const rp_engraving_style *style, const char *id) {
    rp_random random = rp_random_make(style->seed, rp_engraving_style_stream(id));
    const char *font = rp_engraving_fonts_draw(&musescore_fonts, style, &random);
    rp_text_format(elements, "<musicalSymbolFont>%s</musicalSymbolFont>\n", font);
    rp_text_format(elements, "<musicalTextFont>%s Text</musicalTextFont>\n",
                   strcmp(font, "Emmentaler") == 0 ? "MScore" : font);
    if (!style->is_varied) return;
    for (size_t i = 0; i < RP_COUNT(ranges); i++)
        rp_text_format(elements, "<%s>%.3f</%s>\n", ranges[i].name,
                       rp_random_between(&random, ranges[i].low, ranges[i].high), ranges[i].name);
    draw_page(elements, &random);
    rp_text_format(elements, "<beamNoSlope>%d</beamNoSlope>\n",
                   rp_random_below(&random, 100) < BEAMS_FLAT_PERCENT);
}

rp_status rp_engraving_style_apply(rp_text *styled, const uint8_t *mscx, size_t size,
                                   const char *elements, const char *name, rp_error *error) {
    static const char style_end[] = "</Style>", score[] = "<Score>";
    const char *text = (const char *)mscx, *end = text + size;
    const char *at = memmem(text, size, style_end, sizeof style_end - 1);
    const char *start = memmem(text, size, score, sizeof score - 1);
    if (start == NULL)
        return rp_fail(error, RP_INPUT, 0, "%s: no MuseScore file: there is no Score in it", name);
    if (at != NULL) { /* behind what stands there already */
        rp_text_add_bytes(styled, text, (size_t)(at - text));
        rp_text_add(styled, elements);
    } else {
        at = start + sizeof score - 1;
        rp_text_add_bytes(styled, text, (size_t)(at - text));
        rp_text_format(styled, "<Style>%s</Style>", elements);
    }
    rp_text_add_bytes(styled, at, (size_t)(end - at));
    return styled->failed ? rp_fail_memory(error, "a styled score") : RP_OK;
}
