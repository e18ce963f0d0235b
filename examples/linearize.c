/* linearize.c PIECE.musicxml: says a piece as Linearized MusicXML, a line a printed system. */
#include <stdio.h>

#include "reprise/music.h"

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "linearize PIECE.musicxml\n"), RP_USAGE;
    char *lmx = NULL;
    rp_error error = {0};
    const rp_music_linearize_options options = {.by_systems = true};
    const rp_status status = rp_music_linearize(&lmx, argv[1], &options, &error);
    if (status == RP_OK) fputs(lmx, stdout);
    else fprintf(stderr, "linearize: %s\n", error.text);
    rp_text_free(lmx);
    return (int)status;
}
