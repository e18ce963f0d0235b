/* music_file.h: a file of music in memory: what it is, and its bytes, unpacked if compressed. */
#ifndef RP_MUSIC_MUSIC_FILE_H
#define RP_MUSIC_MUSIC_FILE_H

#include "base/mapped_file.h"
#include "base/text.h"
#include "music/xml_reader.h"
#include "reprise/music.h"

typedef struct rp_music_file {
    rp_music_format format; /* MUSICXML (also of an .mxl), LMX or MIDI */
    rp_xml_source source;   /* the bytes; `name` is the path as given, borrowed */
    rp_mapped_file mapped;
    rp_text unpacked;
} rp_music_file;

/* Opens a file of music. What it is shows in its first bytes: a zip, MThd, XML, or a token of LMX;
 * else in its ending. RP_INPUT: unreadable, a damaged .mxl, a picture, or none of these; nothing is
 * left to close then. End with rp_music_file_close. */
rp_status rp_music_file_open(rp_music_file *file, const char *path, rp_error *error);
void rp_music_file_close(rp_music_file *file);

#endif
