/* report.h: a recovery or an inspection in words and as JSON. */
#ifndef RP_VIDEO_REPORT_H
#define RP_VIDEO_REPORT_H

#include "base/json.h"
#include "video/plan.h"

struct rp_video_report {
    rp_text text, json;
};

/* NULL when memory ran out. */
rp_video_report *rp_video_report_create(void);

/* Says how the recovery went. `output` NULL: nothing was written. */
rp_status rp_video_report_recovery(rp_video_report *report, const rp_video_plan *plan,
                                   const char *broken, const char *output, rp_error *error);

/* Says what stands in a file: `movie` may be without an index. */
rp_status rp_video_report_inspection(rp_video_report *report, const rp_video_layout *layout,
                                     const rp_video_profile *profile, const rp_mapped_file *file,
                                     const char *path, rp_error *error);

/* Is everything explained, down to what no sample can be? */
bool rp_video_report_is_complete(const rp_video_plan *plan);

#endif
