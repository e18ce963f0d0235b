/* joints.h: what joins two neighbouring staves. */
#ifndef RP_PAGE_JOINTS_H
#define RP_PAGE_JOINTS_H

#include "page/staves.h"

typedef struct rp_page_joint {
    int32_t barlines; /* lines through the whole gap, the one at the left ends not counted */
    double left_line; /* 0..1: share of the gap's height with ink along the left ends */
    double brace;     /* 0..1: share of both staves' height with ink just left of them */
    double bracket;   /* 0..1: of that, along one upright: a brace is bent, a bracket is not */
    double overlap;   /* 0..1: share of the longer staff's width that both have */
} rp_page_joint;

/* Looks at the gap between `upper` and `lower`. */
rp_page_joint rp_page_joint_see(const rp_page_image *ink, const rp_page_staves *staves,
                                const rp_page_staff *upper, const rp_page_staff *lower);

/* How much the joint speaks for one piano system: above 0 for, below against; about 3 when all is
 * clear. */
double rp_page_joint_score(const rp_page_joint *joint);

#endif
