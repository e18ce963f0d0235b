/* inspect.c RECORDING: says what a recording holds and what is wrong with it. */
#include <stdio.h>

#include "reprise/video.h"

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "inspect RECORDING\n"), RP_USAGE;
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_status status = rp_video_inspect(&report, argv[1], &error);
    if (report != NULL) fputs(rp_video_report_text(report), stdout);
    if (error.text[0] != '\0') fprintf(stderr, "inspect: %s\n", error.text);
    rp_video_report_destroy(report);
    return (int)status;
}
