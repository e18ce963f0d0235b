/* clock.h: seconds on a clock that only runs forward. */
#ifndef RP_BASE_CLOCK_H
#define RP_BASE_CLOCK_H

double rp_clock_seconds(void);

#endif
