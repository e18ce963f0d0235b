/* saved_profile.h: the box `rprp` of a saved profile, see profile.h. */
#ifndef RP_VIDEO_SAVED_PROFILE_H
#define RP_VIDEO_SAVED_PROFILE_H

#include "video/profile.h"

/* Takes in what was saved; false where the box is absent or of another version. `size`: bytes of
 * the file that the profile's movie was read from. */
bool rp_video_saved_profile_load(rp_video_profile *profile, uint64_t size);

#endif
