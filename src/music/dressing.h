/* dressing.h: what stands around the notes of a piano part in print, for music that is made to be
 * engraved and learnt from: a singer with words above, dynamics, words and pedal marks between,
 * staves of another size, tuplets whose digits are printed at first only, as editors do. Nothing of
 * it is in LMX; readers must see past it. */
#ifndef RP_MUSIC_DRESSING_H
#define RP_MUSIC_DRESSING_H

#include "base/random.h"
#include "music/xml_tree.h"

/* Wraps a finished piano part (music/finish.h) as a score and dresses it, by chance. On lack of
 * memory the tree's arena has failed. */
rp_xml_node *rp_dress_part(rp_xml_tree *tree, rp_xml_node *part, rp_random *random);

#endif
