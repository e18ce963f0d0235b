/* sample_cut.c: see sample_cut.h. */
#include "score/build/sample_cut.h"

#include <math.h>

static int32_t clamped(double value, int32_t limit) {
    return value < 0 ? 0 : value > limit ? limit : (int32_t)value;
}

rp_page_box rp_sample_cut_box(const rp_engraved_box *staves, const rp_page_image *page) {
    const double margin = (staves->bottom - staves->top) / 2;
    return (rp_page_box){.left = clamped(floor(staves->left - margin), page->width),
                         .top = clamped(floor(staves->top - margin), page->height),
                         .right = clamped(floor(staves->right + margin), page->width),
                         .bottom = clamped(floor(staves->bottom + margin), page->height)};
}

rp_status rp_sample_cut(rp_page_image *sample, const rp_page_image *page, rp_page_box crop,
                        int32_t height, rp_arena *arena, rp_error *error) {
    const rp_page_image part = rp_page_image_part(page, crop);
    if (part.width < 1 || part.height < 1)
        return rp_fail(error, RP_INPUT, 0, "a system that lies off its page");
    const int64_t width = (int64_t)part.width * height / part.height; /* rounded down */
    RP_TRY(rp_page_image_make(sample, arena, width > 0 ? width : 1, height, "a sample", error));
    return rp_page_image_resize(sample, &part, arena, error);
}

size_t rp_sample_edges(rp_text *edges, const rp_engraved_measures *measures, int32_t page_number,
                       const rp_engraved_box *staves, rp_page_box crop) {
    const double middle = (staves->top + staves->bottom) / 2;
    /* The scaled width is a whole number, so the two axes differ a little in scale. */
    const double width = crop.right - crop.left, height = crop.bottom - crop.top;
    const double scaled = fmax(1, floor(width * RP_EDGES_HEIGHT_PX / height));
    size_t count = 0;
    for (size_t i = 0; i < measures->count; i++) {
        const rp_engraved_measure *at = &measures->measures[i];
        if (at->page != page_number || middle < at->box.top || middle > at->box.bottom) continue;
        if (count == 0) rp_text_format(edges, "%.1f", (at->box.left - crop.left) * scaled / width);
        rp_text_format(edges, " %.1f", (at->box.right - crop.left) * scaled / width);
        count++;
    }
    return count;
}
