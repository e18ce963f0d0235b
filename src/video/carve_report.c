/* carve_report.c: what carving found, in words and as JSON. */
#include "video/carve.h"
#include "video/report.h"

static const char *const states[RP_CARVED_STATES] = {
    [RP_CARVED_WHOLE] = "whole",
    [RP_CARVED_RECOVERED] = "recovered",
    [RP_CARVED_PARTLY] = "recovered in part",
    [RP_CARVED_DOUBTFUL] = "its own index does not fit it",
    [RP_CARVED_RAW] = ("raw: no clip of the same camera to give it an index; name one with "
                       "--reference"),
};

static const char *const kinds[] = {
    [RP_VOLUME_RAW] = "no file system",
    [RP_VOLUME_EXFAT] = "exFAT",
    [RP_VOLUME_FAT32] = "FAT32",
};

static void count_uses(const rp_volume *volume, uint64_t counts[3]) {
    for (uint32_t c = 2; c - 2 < volume->cluster_count; c++) counts[volume->use[c]]++;
}

static void tell(rp_text *text, const rp_volume *volume, const rp_carved *carved, size_t count) {
    uint64_t counts[3] = {0};
    count_uses(volume, counts);
    rp_text_format(text,
                   "%s, %u clusters of %u bytes: %llu in files, %llu marked as taken but in no "
                   "file, %llu free\n",
                   kinds[volume->kind], volume->cluster_count, volume->cluster_bytes,
                   (unsigned long long)counts[RP_CLUSTER_OWNED],
                   (unsigned long long)counts[RP_CLUSTER_LOST],
                   (unsigned long long)counts[RP_CLUSTER_FREE]);
    rp_text_format(text, "%zu recording%s found\n", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        rp_text_format(text, "%s: %.1f MB in %llu piece%s from cluster %u", carved[i].path,
                       (double)carved[i].size_bytes / 1e6, (unsigned long long)carved[i].fragments,
                       carved[i].fragments == 1 ? "" : "s", carved[i].first_cluster);
        if (carved[i].entry != NULL) rp_text_format(text, ", once %s", carved[i].entry);
        rp_text_format(text, ": %s\n", states[carved[i].state]);
        if (carved[i].report != NULL) rp_text_add(text, carved[i].report);
    }
}

void rp_carve_report(rp_video_report *report, const rp_volume *volume, const rp_carved *carved,
                     size_t count) {
    tell(&report->text, volume, carved, count);
    rp_json json = {.text = &report->json};
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "file_system", kinds[volume->kind]);
    rp_json_integer(&json, "cluster_bytes", volume->cluster_bytes);
    rp_json_integer(&json, "cluster_count", volume->cluster_count);
    rp_json_array(&json, "recordings");
    for (size_t i = 0; i < count; i++) {
        static const char *const words[RP_CARVED_STATES] = {"whole", "recovered", "partly",
                                                            "doubtful", "raw"};
        rp_json_object(&json, NULL);
        rp_json_text(&json, "path", carved[i].path);
        rp_json_text(&json, "entry", carved[i].entry);
        rp_json_text(&json, "state", words[carved[i].state]);
        rp_json_integer(&json, "bytes", (int64_t)carved[i].size_bytes);
        rp_json_integer(&json, "pieces", (int64_t)carved[i].fragments);
        rp_json_integer(&json, "first_cluster", carved[i].first_cluster);
        rp_json_end(&json);
    }
    rp_json_end(&json);
    rp_json_end(&json);
    rp_text_add_char(&report->json, '\n');
}
