/* systems.c PAGE OUT.png: counts the piano systems of a page and draws them. */
#include <stdio.h>

#include "reprise/page.h"

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "systems PAGE OUT.png\n"), RP_USAGE;
    size_t count = 0;
    rp_error error = {0};
    const rp_status status = rp_page_systems_draw(argv[2], argv[1], NULL, &count, &error);
    if (status == RP_OK) printf("%zu systems\n", count);
    else fprintf(stderr, "systems: %s\n", error.text);
    return (int)status;
}
