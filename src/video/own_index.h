/* own_index.h: the index that a recording has itself: can it be read, and are the samples that it
 * names in the file? A film whose boxes are all there may still be one that nobody can play. */
#ifndef RP_VIDEO_OWN_INDEX_H
#define RP_VIDEO_OWN_INDEX_H

#include "video/layout.h"
#include "video/profile.h"

/* Learns the profile from the recording's own index, and corrects what the boxes alone made of the
 * layout: the form becomes RP_VIDEO_CUT_DATA where the file ends before the last samples do. An
 * index is damaged that cannot be read, whose tables contradict each other, or whose samples lie
 * where none can: then the form is RP_VIDEO_NO_INDEX, and the profile is empty. A file without an
 * index is left as it is. `name` and the file must outlive the profile. RP_SYSTEM: no memory. */
rp_status rp_video_own_index_learn(rp_video_profile *profile, rp_video_layout *layout,
                                   const rp_mapped_file *file, const char *name, rp_arena *arena,
                                   rp_error *error);

#endif
