/* cpu_level.c: see cpu_level.h. */
#include "base/cpu_level.h"

#if RP_HAVE_LEVELS
rp_cpu_level rp_cpu_level_find(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return RP_CPU_BASE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return RP_CPU_V3;
    return __builtin_cpu_supports("avx512bf16") ? RP_CPU_V4_BF16 : RP_CPU_V4;
}
#else
rp_cpu_level rp_cpu_level_find(void) { return RP_CPU_BASE; }
#endif
