/* Any bytes as a compressed score. */
#include <stdint.h>

#include "music/mxl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_text score = {0};
    rp_error error = {0};
    if (rp_mxl_is_mxl(data, size)) (void)rp_mxl_read(&score, "fuzz", data, size, &error);
    rp_text_clear(&score);
    return 0;
}
