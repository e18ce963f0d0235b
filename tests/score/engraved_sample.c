/* engraved_sample.c: see engraved_sample.h. */
#include "engraved_sample.h"

#include <stdio.h>
#include <string.h>

#include "page/png_image.h"

#define LINE(x1, x2, y) \
    "<polyline class=\"StaffLines\" fill=\"none\" points=\"" #x1 "," #y " " #x2 "," #y "\"/>\n"
#define CURVE "C5,-10 6,-20 5,-30 "

const char rp_engraved_sample_svg[] =
    "<?xml version=\"1.0\"?>\n<svg width=\"1200px\" height=\"720px\" viewBox=\"0 0 1200 720\">\n"
    "<title>a page</title>\n" LINE(120, 1080, 60) LINE(120, 1080, 70) LINE(120, 1080, 80)
        LINE(120, 1080, 90) LINE(120, 1080, 100) LINE(120, 600, 200) LINE(600, 1080, 200.2)
            LINE(120, 1080, 210) LINE(120, 1080, 220) LINE(120, 1080, 230) LINE(120, 1080, 240)
                LINE(120, 1080, 320) LINE(120, 1080, 330) LINE(120, 1080, 340) LINE(120, 1080, 350)
                    LINE(120, 1080, 360)
    "<polyline class=\"StaffLines\" points=\"120,500 1080,500\"/>\n"
    "<path class=\"Bracket\" d=\"M100,60 C101,70 102,80 100,100\"/>\n"
    "<path class=\"Bracket\" transform=\"matrix(2,0,0,1.6,100,360)\" d=\"M2,-50 " CURVE CURVE CURVE
        CURVE CURVE CURVE CURVE CURVE "C0,-100 0,-100 8,-100 C7,0 7,-1 7,0 Z\"/>\n"
    "</svg>\n";

const char rp_engraved_sample_mpos[] =
    "<?xml version=\"1.0\"?>\n<score><elements>\n"
    "<element id=\"0\" x=\"1200\" y=\"600\" sx=\"4800\" sy=\"3000\" page=\"0\"/>\n"
    "<element id=\"1\" x=\"6000\" y=\"600\" sx=\"4800\" sy=\"3000\" page=\"0\"/>\n"
    "</elements><events/></score>\n";

#define HEAD                                                                                   \
    "<attributes><divisions>2</divisions><key><fifths>-1</fifths></key><time><beats>2</beats>" \
    "<beat-type>4</beat-type></time><staves>2</staves><clef number=\"1\"><sign>G</sign>"       \
    "<line>2</line></clef><clef number=\"2\"><sign>F</sign><line>4</line></clef></attributes>"
#define HALF(step, octave, voice, staff)                                  \
    "<note default-x=\"7.5\"><pitch><step>" step "</step><octave>" octave \
    "</octave></pitch><duration>4</duration><voice>" voice                \
    "</voice><type>half</type>"                                           \
    "<stem>up</stem><staff>" staff                                        \
    "</staff><notations><articulations>\n< default-x=\"3\"/>"             \
    "</articulations></notations></note>\n"
#define REST "<note><rest/><duration>4</duration><voice>5</voice><staff>2</staff></note>\n"
#define BACK "<backup><duration>4</duration></backup>\n"

const char rp_engraved_sample_musicxml[] =
    "<?xml version=\"1.0\"?>\n<score-partwise version=\"3.1\"><part-list>\n"
    "<score-part id=\"P1\"><part-name>Voice</part-name><score-instrument id=\"I1\">"
    "<instrument-name>Voice</instrument-name></score-instrument></score-part>\n"
    "<score-part id=\"P2\"><part-name>Piano</part-name><score-instrument id=\"I2\">"
    "<instrument-name/></score-instrument></score-part></part-list>\n"
    "<part id=\"P1\"><measure number=\"1\"/><measure number=\"2\"/></part>\n"
    "<part id=\"P2\"><measure number=\"1\" width=\"90\">" HEAD HALF("F", "4", "1", "1") BACK REST
    "</measure>\n<measure number=\"2\">" HALF("G", "4", "1", "1") BACK REST
    "</measure></part></score-partwise>\n";

static bool write_text(const char *folder, const char *name, const char *text) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return rp_new_file_write(path, text, strlen(text), NULL) == RP_OK;
}

bool rp_engraved_sample_write(const char *folder) {
    static uint8_t pixels[600 * 1000];
    const rp_page_image image = {.width = 1000, .height = 600, .stride = 1000, .data = pixels};
    char path[1024];
    rp_page_image_fill(&image, 255);
    for (int line = 0; line < 5; line++) { /* the piano's staves, in px */
        memset(pixels + (167 + 8 * line) * 1000 + 100, 0, 800);
        memset(pixels + (267 + 8 * line) * 1000 + 100, 0, 800);
    }
    snprintf(path, sizeof path, "%s/out.png", folder);
    return rp_page_png_write(path, &image, NULL) == RP_OK &&
           write_text(folder, "out.svg", rp_engraved_sample_svg) &&
           write_text(folder, "out.mpos", rp_engraved_sample_mpos) &&
           write_text(folder, "out.musicxml", rp_engraved_sample_musicxml);
}
