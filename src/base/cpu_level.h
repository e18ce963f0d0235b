/* cpu_level.h: which of the inner loops can this processor run?
 *
 * Loops that matter are compiled once for each level of x86-64 (the System V ABI's names for sets
 * of instructions that came together; the flags are in src/tensor/meson.build) and the best one is
 * taken at run time. cpu_levels.def lists the levels that are built. */
#ifndef RP_BASE_CPU_LEVEL_H
#define RP_BASE_CPU_LEVEL_H

/* Each can do what those before it can. */
typedef enum rp_cpu_level {
    RP_CPU_BASE,   /* what the compiler takes without being asked */
    RP_CPU_V3,     /* AVX2, FMA, BMI2 */
    RP_CPU_V4,     /* AVX-512 F, BW, VL, DQ */
    RP_CPU_V4_BF16 /* and dot products of bfloat16; no level of the ABI */
} rp_cpu_level;

/* The highest level of this processor; RP_CPU_BASE where the build has no others. */
rp_cpu_level rp_cpu_level_find(void);

#endif
