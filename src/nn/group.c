/* group.c: see group.h. The only file that knows MPI. */
#include "nn/group.h"

#include <stdlib.h>

#if RP_HAVE_MPI
#include <mpi.h>

/* Has a launcher started this process? MPI_Init in a process of its own takes long for nothing. */
static bool is_launched(void) {
    static const char *const marks[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
    for (size_t i = 0; i < RP_COUNT(marks); i++)
        if (getenv(marks[i]) != NULL) return true;
    return false;
}

static void share_sum(void *context, double *values, int64_t count) {
    rp_group_sum(context, values, count);
}

rp_status rp_group_join(rp_group *group, rp_error *error) {
    int has_ended = 0, level = 0;
    *group = (rp_group){.size = 1};
    if (!is_launched()) return RP_OK;
    MPI_Finalized(&has_ended);
    if (has_ended || MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS)
        return rp_fail(error, RP_SYSTEM, -1, "MPI does not start");
    MPI_Comm_rank(MPI_COMM_WORLD, &group->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &group->size);
    if (group->size > 1)
        group->sharing = (rp_sharing){.members = group->size, .context = group, .sum = share_sum};
    return RP_OK;
}

void rp_group_leave(rp_group *group, bool failed) {
    int has_begun = 0, has_ended = 0;
    MPI_Initialized(&has_begun);
    MPI_Finalized(&has_ended);
    if (!has_begun || has_ended) return;
    if (failed && group->size > 1) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
}

enum { PIECE = 1 << 28 }; /* MPI counts in int */

void rp_group_sum(const rp_group *group, double *values, int64_t count) {
    for (int64_t at = 0; group->size > 1 && at < count; at += PIECE)
        MPI_Allreduce(MPI_IN_PLACE, values + at, (int)(count - at < PIECE ? count - at : PIECE),
                      MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

void rp_group_sum_f32(const rp_group *group, float *values, int64_t count) {
    for (int64_t at = 0; group->size > 1 && at < count; at += PIECE)
        MPI_Allreduce(MPI_IN_PLACE, values + at, (int)(count - at < PIECE ? count - at : PIECE),
                      MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

#else

rp_status rp_group_join(rp_group *group, rp_error *error) {
    (void)error;
    *group = (rp_group){.size = 1};
    return RP_OK;
}

void rp_group_leave(rp_group *group, bool failed) {
    (void)group;
    (void)failed;
}

void rp_group_sum(const rp_group *group, double *values, int64_t count) {
    (void)group;
    (void)values;
    (void)count;
}

void rp_group_sum_f32(const rp_group *group, float *values, int64_t count) {
    (void)group;
    (void)values;
    (void)count;
}

#endif
