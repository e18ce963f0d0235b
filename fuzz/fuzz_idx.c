/* Any bytes as an IDX file, plain or gzipped. */
#include "learn/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_digits digits = {0};
    rp_digits_parse(&digits, data, size, "fuzz", NULL);
    rp_digits_clear(&digits);
    return 0;
}
