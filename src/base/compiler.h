/* compiler.h: the one home of compiler extensions and of the few macros that are allowed. */
#ifndef RP_BASE_COMPILER_H
#define RP_BASE_COMPILER_H

#define RP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define RP_PRINTF(format_index, first_index) \
    __attribute__((format(printf, format_index, first_index)))
#define RP_UNUSED __attribute__((unused))
#define RP_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define RP_INLINE static inline __attribute__((always_inline))
#else
#define RP_PRINTF(format_index, first_index)
#define RP_UNUSED
#define RP_ALIGNED(bytes)
#define RP_INLINE static inline
#endif

/* Return a failed status at once. Only where nothing is left to free; elsewhere `goto done`. */
#define RP_TRY(call)                                      \
    do {                                                  \
        const rp_status rp_try_status = (call);           \
        if (rp_try_status != RP_OK) return rp_try_status; \
    } while (0)

#endif
