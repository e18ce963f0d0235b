/* carve_search.c: see carve_search.h.
 *
 * Clusters are met in the order of the card. Each is given to one of the recordings that are open,
 * begins a new one, or is nobody's; a hypothesis is one way of having shared them out so
 * far, with the sum of the evidence (follow.h). The best BEAM hypotheses are kept, those that came
 * to the same state once: where two recordings take turns (a clip and its proxy), a cluster without
 * marks may be anyone's until the next mark is due. Most of the time one hypothesis is far
 * ahead: then all others are dropped, its choices become final, and a cluster that continues the
 * recording served last is given to it without asking further.
 *
 * Recorders fill a card upwards and go on at its beginning when they reach the end; so a second
 * round offers what is left over to the recordings that are still open. */
#include "video/carve_search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    BEAM = 24,
    OPEN_MAX = 6, /* recordings at once: a clip, its proxy, and some that lost power */
    CHOICES_MAX = BEAM * (OPEN_MAX + 2),
    NODES_MAX = 1 << 20,
    IDLE_MAX = 8,    /* clusters that nobody took, after which the best hypothesis is final */
    AHEAD = 60,      /* bits: hypotheses this far behind are dropped */
    CLEAR = 34,      /* bits: a fit that needs no comparison */
    BONUS_NEXT = 6,  /* for the cluster right after the recording's last one */
    BONUS_LINK = 14, /* for the one that the table names; as much against another */
    MIDDLE_COST = 55 /* for a recording that begins without ftyp: its start may be gone */
};

enum { NOBODY = -1, BEGINS = -2 };

struct open_stream {
    uint32_t start, last, served; /* first and latest cluster; when it got it */
    rp_follow follow;
};

struct hypothesis {
    int64_t bits;
    int32_t node; /* the latest choice, -1: none since the last flush */
    uint32_t count;
    struct open_stream open[OPEN_MAX];
};

/* One cluster given to one recording; chains lead back to the last flush. */
struct node {
    int32_t before;
    uint32_t cluster, start;
};

struct choice {
    int64_t bits;
    uint64_t key; /* equal: the same state */
    int parent, taker;
    rp_follow follow; /* of the taker, after it took */
};

/* Hypotheses share most of their recordings: each state is fed a cluster once. */
struct fed {
    uint64_t key;
    int bits;
    rp_follow after;
};

struct search {
    const rp_volume *volume;
    const uint32_t *links;
    rp_carve_found *found;
    struct hypothesis *beam, *next; /* BEAM each */
    size_t beam_count;
    struct choice *choices;
    size_t choice_count;
    struct fed *fed; /* CHOICES_MAX, for the cluster at hand */
    size_t fed_count;
    struct node *nodes;
    size_t node_count, node_capacity;
    uint8_t *taken;    /* a cluster given out for good */
    uint32_t previous; /* cluster met before this one */
    uint32_t clock;
    uint32_t idle; /* clusters since anybody took one */
    bool may_begin, failed;
};

/* ---- what was decided ---- */

static rp_carve_stream *stream_of(struct search *search, uint32_t start) {
    rp_carve_found *found = search->found;
    for (size_t i = found->count; i-- > 0;)
        if (found->streams[i].start == start) return &found->streams[i];
    if (found->count == found->capacity) {
        const size_t capacity = found->capacity == 0 ? 16 : found->capacity * 2;
        rp_carve_stream *streams = rp_arena_array(search->volume->arena, capacity, sizeof *streams);
        if (streams == NULL) return NULL;
        if (found->count > 0) memcpy(streams, found->streams, found->count * sizeof *streams);
        found->streams = streams;
        found->capacity = capacity;
    }
    rp_carve_stream *stream = &found->streams[found->count++];
    *stream = (rp_carve_stream){.start = start};
    return stream;
}

/* Makes the choices of the best hypothesis final and forgets all others. */
static void flush(struct search *search) {
    size_t best = 0;
    for (size_t i = 1; i < search->beam_count; i++)
        if (search->beam[i].bits > search->beam[best].bits) best = i;
    if (best != 0) search->beam[0] = search->beam[best];
    search->beam_count = 1;
    /* The chain leads backwards: turn it round first. */
    int32_t after = -1;
    for (int32_t at = search->beam[0].node; at >= 0;) {
        const int32_t before = search->nodes[at].before;
        search->nodes[at].before = after;
        after = at;
        at = before;
    }
    for (int32_t at = after; at >= 0 && !search->failed; at = search->nodes[at].before) {
        const struct node *node = &search->nodes[at];
        rp_carve_stream *stream = stream_of(search, node->start);
        search->failed = stream == NULL ||
                         !rp_volume_runs_add(&stream->runs, search->volume->arena, node->cluster);
        search->taken[node->cluster] = 1;
    }
    search->beam[0].node = -1;
    search->beam[0].bits = 0;
    search->node_count = 0;
}

static int32_t add_node(struct search *search, int32_t before, uint32_t cluster, uint32_t start) {
    if (search->node_count == search->node_capacity) {
        const size_t capacity = search->node_capacity == 0 ? 1024 : search->node_capacity * 2;
        struct node *nodes = realloc(search->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            search->failed = true;
            return before;
        }
        search->nodes = nodes;
        search->node_capacity = capacity;
    }
    search->nodes[search->node_count] =
        (struct node){.before = before, .cluster = cluster, .start = start};
    return (int32_t)search->node_count++;
}

/* ---- choices for one cluster ---- */

static uint64_t mix(uint64_t a, uint64_t b) {
    a = (a ^ b) * 0x9e3779b97f4a7c15u;
    return a ^ a >> 29;
}

static uint64_t key_of(uint32_t start, uint32_t last, const rp_follow *follow) {
    return mix(mix(mix(start, last), follow->length), follow->due * 2 + follow->in_gap);
}

/* What position alone says for or against giving `cluster` to the recording. */
static int place_bits(const struct search *search, const struct open_stream *open,
                      uint32_t cluster) {
    const uint32_t link = search->links[open->last];
    int bits = open->last == search->previous ? BONUS_NEXT : 0;
    if (link != 0 && search->volume->use[link] != RP_CLUSTER_OWNED)
        bits += link == cluster ? BONUS_LINK : -BONUS_LINK;
    return bits;
}

static void add_choice(struct search *search, size_t parent, int taker, int bits,
                       const rp_follow *follow, uint32_t cluster) {
    const struct hypothesis *from = &search->beam[parent];
    uint64_t key = 0;
    for (uint32_t i = 0; i < from->count; i++)
        if ((int)i != taker)
            key += key_of(from->open[i].start, from->open[i].last, &from->open[i].follow);
    if (taker != NOBODY)
        key += key_of(taker >= 0 ? from->open[taker].start : cluster, cluster, follow);
    struct choice *choice = &search->choices[search->choice_count++];
    choice->bits = from->bits + bits;
    choice->key = key;
    choice->parent = (int)parent;
    choice->taker = taker;
    if (follow != NULL) choice->follow = *follow;
}

struct piece {
    uint32_t cluster;
    const uint8_t *data;
    size_t size;
    bool is_zero;
    int begins;  /* bits */
    int content; /* bits that say it is video, whoever's */
};

static const struct fed *feed(struct search *search, uint64_t key, const rp_follow *follow,
                              const struct piece *piece) {
    for (size_t i = 0; i < search->fed_count; i++)
        if (search->fed[i].key == key) return &search->fed[i];
    struct fed *fed = &search->fed[search->fed_count++];
    fed->key = key;
    fed->after = *follow;
    fed->bits = rp_follow_feed(&fed->after, piece->data, piece->size);
    return fed;
}

static void add_choices(struct search *search, size_t parent, const struct piece *piece) {
    const struct hypothesis *from = &search->beam[parent];
    const bool is_lost = search->volume->use[piece->cluster] == RP_CLUSTER_LOST;
    add_choice(search, parent, NOBODY,
               (piece->is_zero ? BONUS_NEXT : -piece->content / 2) - (is_lost ? 2 : 0), NULL,
               piece->cluster);
    for (uint32_t i = 0; i < from->count; i++) {
        const struct open_stream *open = &from->open[i];
        const struct fed *fed =
            feed(search, key_of(open->start, open->last, &open->follow), &open->follow, piece);
        /* Inside a unit or a gap of this recording there should be no sight of pictures. */
        const int blind = fed->after.marks == open->follow.marks ? piece->content : 0;
        if (fed->bits != RP_FOLLOW_REJECT)
            add_choice(search, parent, (int)i,
                       fed->bits - blind + place_bits(search, open, piece->cluster), &fed->after,
                       piece->cluster);
    }
    if (!search->may_begin || piece->is_zero) return;
    const bool has_head = piece->begins > 0;
    const rp_follow fresh = {.in_payload = !has_head, .in_gap = !has_head};
    const struct fed *fed = feed(search, 0, &fresh, piece);
    const int cost = piece->begins >= RP_FOLLOW_SURE ? 0 : MIDDLE_COST;
    if (has_head || fed->bits > cost)
        add_choice(search, parent, BEGINS, fed->bits - cost, &fed->after, piece->cluster);
}

/* ---- from choices to the next hypotheses ---- */

static int by_bits(const void *a, const void *b) {
    const struct choice *x = a, *y = b;
    if (x->bits != y->bits) return x->bits > y->bits ? -1 : 1;
    return x->parent != y->parent ? x->parent - y->parent : y->taker - x->taker;
}

/* A place for a new recording: a free one, a finished one's, else that of the longest idle. */
static uint32_t place_for_new(struct hypothesis *hypothesis) {
    if (hypothesis->count < OPEN_MAX) return hypothesis->count++;
    uint32_t place = 0;
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        if (hypothesis->open[i].follow.is_closed) return i;
        if (hypothesis->open[i].served < hypothesis->open[place].served) place = i;
    }
    return place;
}

static void follow_choice(struct search *search, struct hypothesis *to, const struct choice *choice,
                          uint32_t cluster) {
    *to = search->beam[choice->parent];
    to->bits = choice->bits;
    if (choice->taker == NOBODY) return;
    const uint32_t place = choice->taker >= 0 ? (uint32_t)choice->taker : place_for_new(to);
    struct open_stream *open = &to->open[place];
    if (choice->taker < 0) open->start = cluster;
    open->last = cluster;
    open->served = search->clock;
    open->follow = choice->follow;
    to->node = add_node(search, to->node, cluster, open->start);
}

static bool is_repeated(const struct choice *choices, size_t index, const size_t *kept,
                        size_t kept_count) {
    for (size_t i = 0; i < kept_count; i++)
        if (choices[kept[i]].key == choices[index].key) return true;
    return false;
}

static void keep_best(struct search *search, uint32_t cluster) {
    size_t kept[BEAM], count = 0;
    qsort(search->choices, search->choice_count, sizeof *search->choices, by_bits);
    for (size_t i = 0; i < search->choice_count && count < BEAM; i++) {
        if (search->choices[i].bits < search->choices[0].bits - AHEAD) break;
        if (is_repeated(search->choices, i, kept, count)) continue;
        kept[count++] = i;
    }
    for (size_t i = 0; i < count; i++)
        follow_choice(search, &search->next[i], &search->choices[kept[i]], cluster);
    struct hypothesis *swap = search->beam;
    search->beam = search->next;
    search->next = swap;
    search->beam_count = count;
    search->idle = search->choices[0].taker == NOBODY ? search->idle + 1 : 0;
    if (count == 1 || search->node_count > NODES_MAX || search->idle > IDLE_MAX) flush(search);
}

/* Zeros while one hypothesis stands: padding of the recording served last, else nobody's. */
static bool skip_zeros(struct search *search, const struct piece *piece) {
    if (search->beam_count != 1 || !piece->is_zero) return false;
    const struct hypothesis *only = &search->beam[0];
    for (uint32_t i = 0; i < only->count; i++)
        if (only->open[i].last == search->previous && !only->open[i].follow.is_closed) return false;
    return true;
}

/* One hypothesis, and the recording served last goes on without doubt: nobody else is asked. */
static bool go_on(struct search *search, const struct piece *piece) {
    if (search->beam_count != 1 || piece->begins > 0) return false;
    struct hypothesis *only = &search->beam[0];
    for (uint32_t i = 0; i < only->count; i++) {
        struct open_stream *open = &only->open[i];
        if (open->last != search->previous || open->last + 1 != piece->cluster) continue;
        rp_follow follow = open->follow;
        const int bits = rp_follow_feed(&follow, piece->data, piece->size);
        if (bits == RP_FOLLOW_REJECT || bits + place_bits(search, open, piece->cluster) < CLEAR)
            return false;
        open->last = piece->cluster;
        open->served = search->clock;
        open->follow = follow;
        only->node = add_node(search, only->node, piece->cluster, open->start);
        if (search->node_count > 4096) flush(search);
        return true;
    }
    return false;
}

/* Whether a cluster is full of video: a chain of marks that holds wherever it is taken up. */
static int content_bits(struct search *search, const struct piece *piece) {
    const rp_follow middle = {.in_payload = true, .in_gap = true};
    if (piece->is_zero) return 0;
    const struct fed *fed = feed(search, 1, &middle, piece);
    return fed->after.marks >= 3 ? fed->bits : 0;
}

static void step(struct search *search, struct piece *piece) {
    search->clock++;
    if (skip_zeros(search, piece) || go_on(search, piece)) return;
    search->choice_count = search->fed_count = 0;
    piece->content = content_bits(search, piece);
    for (size_t i = 0; i < search->beam_count; i++) add_choices(search, i, piece);
    keep_best(search, piece->cluster);
}

/* ---- rounds ---- */

static bool is_zero(const uint8_t *data, size_t size) {
    return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static bool has_unfinished(const struct search *search) {
    for (uint32_t i = 0; i < search->beam[0].count; i++)
        if (!search->beam[0].open[i].follow.is_closed) return true;
    return false;
}

static bool run_round(struct search *search, rp_progress_state *progress) {
    const rp_volume *volume = search->volume;
    search->previous = 0;
    for (uint32_t cluster = 2; cluster - 2 < volume->cluster_count && !search->failed; cluster++) {
        struct piece piece = {.cluster = cluster};
        if (volume->use[cluster] == RP_CLUSTER_OWNED || search->taken[cluster]) continue;
        piece.data = rp_volume_cluster(volume, cluster, &piece.size);
        if (piece.data == NULL || piece.size < RP_FOLLOW_TAIL) continue;
        piece.is_zero = is_zero(piece.data, piece.size);
        piece.begins = search->may_begin ? rp_follow_begins(piece.data, piece.size) : 0;
        step(search, &piece);
        search->previous = cluster;
        if (!rp_progress_update(progress, (uint64_t)cluster * volume->cluster_bytes)) return false;
    }
    flush(search);
    return true;
}

/* A recording that was cut ends somewhere in a cluster that shows no more marks: the cluster after
 * its last one, where that holds something that is nobody else's, comes along. */
static void add_last_clusters(struct search *search) {
    for (size_t i = 0; i < search->found->count && !search->failed; i++) {
        rp_carve_stream *stream = &search->found->streams[i];
        const rp_volume_run *run = &stream->runs.rows[stream->runs.count - 1];
        const uint32_t next = run->first_cluster + run->count;
        size_t size;
        const uint8_t *data = rp_volume_cluster(search->volume, next, &size);
        if (stream->follow.is_closed || data == NULL || size < RP_FOLLOW_TAIL ||
            search->taken[next] || search->volume->use[next] == RP_CLUSTER_OWNED ||
            is_zero(data, size))
            continue;
        search->taken[next] = 1;
        search->failed = !rp_volume_runs_add(&stream->runs, search->volume->arena, next);
        rp_follow_feed(&stream->follow, data, size);
    }
}

/* The state after all of a recording's clusters, for whoever writes it out. */
static void follow_again(struct search *search) {
    for (size_t i = 0; i < search->found->count; i++) {
        rp_carve_stream *stream = &search->found->streams[i];
        size_t size;
        const uint8_t *data = rp_volume_cluster(search->volume, stream->start, &size);
        const bool begins = data != NULL && rp_follow_begins(data, size) > 0;
        stream->follow = (rp_follow){.in_payload = !begins, .in_gap = !begins};
        for (size_t r = 0; r < stream->runs.count; r++) {
            for (uint32_t k = 0; k < stream->runs.rows[r].count; k++) {
                data = rp_volume_cluster(search->volume, stream->runs.rows[r].first_cluster + k,
                                         &size);
                if (data != NULL && size >= RP_FOLLOW_TAIL)
                    rp_follow_feed(&stream->follow, data, size);
            }
        }
    }
}

rp_status rp_carve_search(rp_carve_found *found, const rp_volume *volume, const uint32_t *links,
                          const rp_progress *progress, rp_error *error) {
    *found = (rp_carve_found){0};
    struct search search = {.volume = volume, .links = links, .found = found, .may_begin = true};
    search.beam = calloc(BEAM, sizeof *search.beam);
    search.next = calloc(BEAM, sizeof *search.next);
    search.choices = calloc(CHOICES_MAX, sizeof *search.choices);
    search.fed = calloc(CHOICES_MAX, sizeof *search.fed);
    search.taken = calloc((size_t)volume->cluster_count + 2, 1);
    rp_status status = RP_OK;
    if (search.beam == NULL || search.next == NULL || search.choices == NULL ||
        search.fed == NULL || search.taken == NULL) {
        status = rp_fail_memory(error, "the struct search through the card");
        goto done;
    }
    search.beam_count = 1;
    search.beam[0].node = -1;
    rp_progress_state state =
        rp_progress_begin(progress, "searching the card",
                          (uint64_t)(volume->cluster_count + 2) * volume->cluster_bytes);
    bool is_done = run_round(&search, &state);
    search.may_begin = false;
    if (is_done && has_unfinished(&search)) is_done = run_round(&search, &state);
    if (search.failed) status = rp_fail_memory(error, "the struct search through the card");
    else if (!is_done) status = rp_fail(error, RP_NO, -1, "stopped");
    else follow_again(&search);
    if (status == RP_OK) add_last_clusters(&search);
done:
    free(search.beam);
    free(search.next);
    free(search.choices);
    free(search.fed);
    free(search.taken);
    free(search.nodes);
    return status;
}
