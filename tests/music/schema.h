/* schema.h: the rules of MusicXML 4.0 (W3C, 2021) for all elements that Reprise writes: order and
 * number of children, allowed values, required attributes; and what holds for times in a measure.
 */
#ifndef RP_TESTS_MUSIC_SCHEMA_H
#define RP_TESTS_MUSIC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct schema_options {
    bool is_published; /* by the published Delinearizer: measures without numbers, rests of a
                          measure of unknown time without duration */
    bool adds_up;      /* all staves of a measure end together */
};

/* The first rule that the document breaks, as a line that the caller frees; NULL: none. */
char *schema_complaint(const char *musicxml, size_t size, const struct schema_options *options);

#endif
