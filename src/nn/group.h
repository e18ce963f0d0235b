/* group.h: processes that train one model together, each on its share of every batch.
 *
 * They are what `mpirun -n N` started; a process started alone, or a build without MPI
 * (`meson -Dmpi=disabled`), is a group of one. Every member makes the same calls in the same order.
 * Sums come out equal on all members, so that weights which start equal stay equal. A member that
 * dies takes the run with it: mpirun says which, and the checkpoint is there to resume. */
#ifndef RP_NN_GROUP_H
#define RP_NN_GROUP_H

#include "tensor/device.h"

typedef struct rp_group {
    int rank, size;     /* 0 <= rank < size */
    rp_sharing sharing; /* for rp_device.sharing, so that norms are over the whole batch */
} rp_group;

/* Joins the group of this process. RP_SYSTEM: MPI does not start. */
rp_status rp_group_join(rp_group *group, rp_error *error);

/* Leaves it; the process cannot join again. `failed`: the others are waiting for what will not
 * come, so they are ended too. */
void rp_group_leave(rp_group *group, bool failed);

/* The sums over all members, in place, on all members. */
void rp_group_sum(const rp_group *group, double *values, int64_t count);
void rp_group_sum_f32(const rp_group *group, float *values, int64_t count);

#endif
