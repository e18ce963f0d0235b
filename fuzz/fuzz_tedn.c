/* Two lines of tokens, compared: the distance of a line to itself is what its gold file adds, and
 * no distance is above deleting all and inserting all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "music/tedn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *stop = size > 0 && size < 4096 ? memchr(data, '\n', size) : NULL;
    if (stop == NULL) return 0;
    rp_arena arena = {.limit_bytes = 1 << 26};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line gold, predicted;
    rp_xml_tree tree;
    rp_xml_node *gold_part, *predicted_part;
    rp_tedn_cost cost, own;
    const rp_delinearize_options fractional = {.fractional = true};
    const size_t first = (size_t)(stop - data);
    rp_xml_tree_init(&tree, &arena);
    if (rp_lmx_lex(&gold, &words, (const char *)data, first, NULL) == RP_OK &&
        rp_lmx_lex(&predicted, &words, (const char *)stop + 1, size - first - 1, NULL) == RP_OK &&
        rp_delinearize(&gold_part, &tree, &gold, &fractional, NULL, NULL) == RP_OK &&
        rp_delinearize(&predicted_part, &tree, &predicted, &fractional, NULL, NULL) == RP_OK &&
        rp_tedn(&cost, &tree, gold_part, predicted_part, NULL) == RP_OK &&
        rp_tedn(&own, &tree, gold_part, gold_part, NULL) == RP_OK) {
        if (own.edit != 0 || cost.edit < 0) abort();
    }
    rp_arena_clear(&arena);
    return 0;
}
