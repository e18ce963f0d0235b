/* fuzz_safetensors.c: any bytes as a file of weights: refused with a line, or read whole. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    rp_safetensors file;
    const int fd = memfd_create("weights", 0);
    if (fd < 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size && rp_safetensors_open(&file, path, NULL) == RP_OK) {
        float values[16];
        (void)rp_safetensors_metadata(&file, "what");
        (void)rp_safetensors_read(&file, "x", values, 6, NULL);
        rp_safetensors_close(&file);
    }
    close(fd);
    return 0;
}
