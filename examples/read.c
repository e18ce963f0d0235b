/* read.c MODEL PAGE: reads a page of piano music and says it as MusicXML. */
#include <stdio.h>

#include "reprise/score.h"

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "read MODEL PAGE\n"), RP_USAGE;
    rp_score_reader *reader = NULL;
    rp_score_result result = {0};
    rp_error error = {0};
    const rp_score_read_options options = {0};
    rp_status status = rp_score_reader_create(&reader, argv[1], 0, 0, &error);
    if (status == RP_OK) status = rp_score_read(&result, reader, argv[2], &options, NULL, &error);
    if (status == RP_OK) fputs(result.musicxml, stdout);
    else fprintf(stderr, "read: %s\n", error.text);
    rp_score_result_clear(&result);
    rp_score_reader_destroy(reader);
    return (int)status;
}
