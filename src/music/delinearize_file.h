/* delinearize_file.h: LMX text to MusicXML text; what reprise/music.h offers by path. */
#ifndef RP_MUSIC_DELINEARIZE_FILE_H
#define RP_MUSIC_DELINEARIZE_FILE_H

#include "base/text.h"
#include "music/xml_reader.h"
#include "reprise/music.h"

/* Appends the document made of the tokens in `source`. Fails as rp_music_delinearize. */
rp_status rp_delinearize_source(rp_text *musicxml, const rp_xml_source *source,
                                const rp_music_delinearize_options *options,
                                rp_music_delinearize_report *report, rp_error *error);

#endif
