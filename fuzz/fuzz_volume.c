/* fuzz_volume.c: the readers of card file systems, and every chain that they found. */
#include "base/arena.h"
#include "media/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_arena arena = {.limit_bytes = 64 << 20};
    rp_volume volume;
    if (rp_volume_open(&volume, data, size, &arena, NULL) == RP_OK) {
        for (size_t i = 0; i < volume.file_count; i++) {
            rp_volume_runs runs;
            if (rp_volume_file_runs(&runs, &volume, &volume.files[i], NULL) != RP_OK) break;
        }
    }
    rp_arena_clear(&arena);
    return 0;
}
