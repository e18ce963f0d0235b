/* follow.c: see follow.h.
 *
 * Evidence. What must be told apart is this recording's next cluster from noise, and from clusters
 * of other recordings, which are as full of marks. A mark exactly where it is due speaks against
 * both: it counts its bits, up to EXACT_MAX. A mark that had to be looked for speaks against noise
 * alone, unless it is found much sooner than marks are apart on the average, or where a gap of
 * known length ends. Marks further on in the piece say that it is video: 2 bits each, up to
 * INSIDE_MAX. Marks of a kind that this recording never had speak against it: pictures without
 * delimiters where it has them, many slices where it has one, another codec. */
#include "video/follow.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"

enum {
    EXACT_MAX = 40,
    INSIDE_MAX = 20,
    HEAD_BYTES = 12, /* in which most of a mark's evidence lies */
    LOOKED_MIN = 5,  /* bits that must be left for a mark found by looking */
    FOUND_SOON_MAX = 12,
    FOUND_LATE_MAX = 8,
    FOUND_IN_GAP = 4,
    LATE_COST = 4, /* for each doubling of the longest gap so far */
    COMES_TO_END = 4,
    COST_OPAQUE = 1,
    COST_IN_GAP = 3,
    COST_MISSED = 14, /* no mark where one was due, and none behind it */
    COST_LONG_GAP = 20,
    COST_BAD_BOX = 15,
    TABLE_MIN = 128,
    TABLE_BITS = 16,
    PADDING_BITS = 8, /* more than a cluster of zeros that is nobody's has */
    COST_STRANGE = 8,
    STRANGE_MAX = 32,
    KNOWN_MARKS = 24,          /* from so many on a recording's kinds of marks are known */
    KNOWN_GAPS = 4,            /* and how long its gaps are */
    GAP_FIRST_MAX = 512 << 10, /* half a second of four channels of 24 bits is 288,000 bytes */
    GAP_NEAR = 64,             /* sound per chunk varies by a frame or so */
    GAP_LONG = 16 << 10        /* shorter ones may be two frames of AAC now and one the next time */
};

/* One call of rp_follow_feed. */
struct feed {
    rp_follow *follow;
    const uint8_t *data;
    uint64_t base, end;          /* of data in the recording */
    uint64_t box_end;            /* of the mdat that was open when the piece began; 0: none was */
    int border, inside, strange; /* evidence */
    bool has_mark, is_over, has_missed;
};

/* ---- marks in the recording's own terms ---- */

/* RP_MARK_LOOK bytes at `at`; `copy` holds them where they lie across the border of two pieces. */
static const uint8_t *look(const struct feed *feed, uint64_t at, uint8_t *copy) {
    assert(at + RP_MARK_LOOK <= feed->end);
    if (at >= feed->base) return feed->data + (at - feed->base);
    const size_t before = (size_t)(feed->base - at);
    assert(before <= feed->follow->tail_size);
    memcpy(copy, feed->follow->tail + feed->follow->tail_size - before,
           before < RP_MARK_LOOK ? before : RP_MARK_LOOK);
    if (before < RP_MARK_LOOK) memcpy(copy + before, feed->data, RP_MARK_LOOK - before);
    return copy;
}

static bool is_allowed(const rp_follow *follow, rp_mark_kind kind) {
    if (kind == RP_MARK_H264) return follow->votes_hevc < follow->votes_h264 + 3;
    if (kind == RP_MARK_HEVC) return follow->votes_h264 < follow->votes_hevc + 3;
    return true;
}

static rp_mark mark_at(const struct feed *feed, uint64_t at) {
    static const rp_mark_kind kinds[] = {RP_MARK_RTMD, RP_MARK_FDSC, RP_MARK_MEBX,
                                         RP_MARK_H264, RP_MARK_HEVC, RP_MARK_BOX};
    uint8_t copy[RP_MARK_LOOK];
    const uint8_t *p = look(feed, at, copy);
    rp_mark best = {0};
    const uint64_t box_end = feed->follow->box_end;
    if (!feed->follow->in_payload) return rp_mark_read(p, RP_MARK_BOX);
    for (size_t i = 0; i < RP_COUNT(kinds); i++) {
        if (!is_allowed(feed->follow, kinds[i])) continue;
        if (kinds[i] == RP_MARK_BOX && box_end != 0) continue;
        const rp_mark mark = rp_mark_read(p, kinds[i]);
        const bool fits = box_end == 0 || (at < box_end && mark.size <= box_end - at);
        if (mark.bits > best.bits && fits) best = mark;
    }
    return best;
}

/* rtmd samples have one size throughout a recording: the distance to the next in the same piece. */
static uint32_t rtmd_size(const struct feed *feed, uint64_t at) {
    if (feed->follow->rtmd_size != 0) return feed->follow->rtmd_size;
    for (uint64_t next = at + 64; next < at + (64 << 10) && next + RP_MARK_LOOK <= feed->end;
         next++) {
        if (next < feed->base) continue;
        if (rp_mark_read(feed->data + (next - feed->base), RP_MARK_RTMD).bits > 0)
            return (uint32_t)(next - at);
    }
    return RP_MARK_RTMD_DEFAULT;
}

/* Which bit of `types` stands for a NAL unit. */
static uint64_t type_bit(const rp_mark *mark) {
    const bool is_slice = mark->kind == RP_MARK_H264 ? mark->type <= 5 : mark->type <= 21;
    return (uint64_t)1 << (is_slice && !mark->starts_unit ? 63 : mark->type);
}

/* Compares a NAL unit with what this recording's were like, and remembers it. */
static void know_mark(struct feed *feed, const rp_mark *mark) {
    rp_follow *follow = feed->follow;
    const uint64_t bit = type_bit(mark);
    const bool is_slice = mark->kind == RP_MARK_H264 ? mark->type <= 5 : mark->type <= 21;
    const uint64_t delimiter = mark->kind == RP_MARK_H264 ? 1u << 9 : (uint64_t)1 << 35;
    const bool lacks_delimiter =
        is_slice && mark->starts_unit && !follow->had_delimiter && (follow->types & delimiter) != 0;
    if (follow->marks > KNOWN_MARKS && feed->strange < STRANGE_MAX &&
        ((follow->types & bit) == 0 || lacks_delimiter))
        feed->strange += COST_STRANGE;
    follow->types |= bit;
    follow->unit_bytes += mark->size;
    follow->had_delimiter = !is_slice;
}

/* Steps over the mark at `at`. */
static void take_mark(struct feed *feed, uint64_t at, const rp_mark *mark) {
    rp_follow *follow = feed->follow;
    if (mark->kind >= RP_MARK_H264) know_mark(feed, mark);
    else if (follow->marks > KNOWN_MARKS && (follow->kinds & 1u << mark->kind) == 0 &&
             mark->kind != RP_MARK_BOX)
        feed->strange += COST_STRANGE;
    follow->marks++;
    follow->kinds |= 1u << mark->kind;
    follow->votes_h264 += mark->kind == RP_MARK_H264;
    follow->votes_hevc += mark->kind == RP_MARK_HEVC;
    follow->in_gap = false;
    follow->due = at + mark->size;
    if (mark->kind == RP_MARK_RTMD) {
        follow->rtmd_size = rtmd_size(feed, at);
        follow->due = at + follow->rtmd_size;
        if (follow->box_end != 0 && follow->due > follow->box_end) follow->due = follow->box_end;
    } else if (mark->kind == RP_MARK_BOX) {
        const bool is_mdat = mark->type == 0x6d646174;
        follow->has_moov = follow->has_moov || mark->type == 0x6d6f6f76;
        follow->has_ftyp = follow->has_ftyp || mark->type == 0x66747970;
        follow->in_payload = is_mdat;
        follow->in_padding = mark->type == 0x66726565 || mark->type == 0x736b6970; /* free, skip */
        follow->box_end = is_mdat && mark->size > mark->header ? at + mark->size : 0;
        if (is_mdat) follow->due = at + mark->header;
    }
    follow->sound = follow->due;
}

/* ---- evidence ---- */

/* Counts a mark of the piece, at `at`. What lies in the tail of the piece before says nothing of
 * this one; across the border, as much as lies on this side. */
static void count_mark(struct feed *feed, uint64_t at, int bits) {
    const int most = bits < EXACT_MAX ? bits : EXACT_MAX;
    if (at < feed->base) {
        const uint64_t before = feed->base - at;
        if (before < HEAD_BYTES) feed->border += most * (int)(HEAD_BYTES - before) / HEAD_BYTES;
        return;
    }
    if (!feed->has_mark) feed->border += most;
    else if (feed->inside < INSIDE_MAX) feed->inside += 2;
    feed->has_mark = true;
}

/* Counts a box. The one behind an mdat that began in an earlier piece lies where it was due long
 * before, and says in full how many pieces came between, whatever marks this piece held before. */
static void count_box(struct feed *feed, uint64_t at, int bits) {
    const bool was_due = at >= feed->base && feed->box_end != 0 && at == feed->box_end;
    if (was_due && feed->has_mark) feed->border += bits < EXACT_MAX ? bits : EXACT_MAX;
    else count_mark(feed, at, bits);
}

static void open_gap(struct feed *feed, uint64_t at) {
    rp_follow *follow = feed->follow;
    if (!feed->has_mark) feed->has_missed = true;
    follow->in_gap = true;
    follow->gap_start = at;
}

/* Two gaps of nearly one length: the next will be as long, and the mark is due behind it. */
static uint64_t known_gap(const rp_follow *follow) {
    const uint64_t a = follow->gap_last[0], b = follow->gap_last[1];
    const uint64_t apart = a > b ? a - b : b - a;
    return a > 4 * GAP_NEAR && apart < GAP_NEAR ? a - GAP_NEAR : 0;
}

/* Bytes of a NAL unit on the average; a guess before any was met. */
static uint64_t mean_unit(const rp_follow *follow) {
    return (follow->unit_bytes + 4096) / (follow->votes_h264 + follow->votes_hevc + 1);
}

/* Bits of the mark at `at` and of what follows it, where that lies in sight. A picture in the midst
 * of a gap must begin as pictures do, and what its length leads to must be a mark as well or the
 * next gap; noise rarely is. */
static int looked_bits(const struct feed *feed, uint64_t at, rp_mark *mark) {
    *mark = mark_at(feed, at);
    if (mark->bits == 0 || (mark->kind >= RP_MARK_H264 && !mark->starts_unit)) return 0;
    const uint64_t next = at + mark->size;
    if (mark->kind < RP_MARK_H264) return (int)mark->bits;
    const uint64_t large = 4 * mean_unit(feed->follow);
    const int size_cost = mark->size > large ? 2 * (int)rp_mark_log2(mark->size / large) : 0;
    if (next + RP_MARK_LOOK > feed->end) return (int)mark->bits - size_cost;
    const rp_mark second = mark_at(feed, next);
    return (int)(mark->bits + second.bits) - size_cost - (second.bits == 0 ? 3 : 0);
}

/* Where to look next from `at`: all marks but fdsc begin with a zero byte, and none with four. */
static uint64_t next_place(const struct feed *feed, uint64_t at, uint64_t limit) {
    if (at < feed->base) return at;
    const uint8_t *data = feed->data - feed->base;
    if (rp_be32(data + at) == 0) {
        uint64_t next = at + 4;
        while (next < limit && data[next] == 0) next++;
        return next - 3 < limit ? next - 3 : limit;
    }
    if (data[at] == 0 || (feed->follow->kinds & 1u << RP_MARK_FDSC) != 0) return at;
    const uint8_t *zero = memchr(data + at, 0, (size_t)(limit - at));
    return zero == NULL ? limit : (uint64_t)(zero - data);
}

/* What a gap of this length costs that is longer than any before. */
static int late_cost(const rp_follow *follow, uint64_t length) {
    if (follow->gaps < KNOWN_GAPS || length <= follow->gap_longest) return 0;
    const int cost = LATE_COST * (int)rp_mark_log2(length / follow->gap_longest);
    return cost < COST_LONG_GAP ? cost : COST_LONG_GAP;
}

/* What finding a mark at `at` by looking says for the border of the pieces. */
static int found_bits(const struct feed *feed, uint64_t at, int left) {
    const rp_follow *follow = feed->follow;
    if (known_gap(follow) > 0) {
        const uint64_t due = follow->gap_start + follow->gap_last[0];
        if (at + GAP_NEAR > due && at < due + GAP_NEAR) return left;
    }
    if (!feed->has_missed) return FOUND_IN_GAP - late_cost(follow, at - follow->gap_start);
    const uint64_t mean = mean_unit(follow);
    const int soon = (int)rp_mark_log2(mean) - (int)rp_mark_log2(at - follow->gap_start);
    if (soon > FOUND_SOON_MAX) return FOUND_SOON_MAX;
    return soon < -FOUND_LATE_MAX ? -FOUND_LATE_MAX : soon;
}

/* Looks for the end of the gap from `due` on, before `limit`. */
static void search_gap(struct feed *feed, uint64_t limit) {
    rp_follow *follow = feed->follow;
    const uint64_t skip = known_gap(follow);
    if (skip > GAP_LONG && follow->due < follow->gap_start + skip)
        follow->due = follow->gap_start + skip;
    const uint64_t from = follow->gap_start + skip;
    for (uint64_t at = follow->due; at < limit; at++) {
        at = next_place(feed, at, limit);
        if (at >= limit) break;
        rp_mark mark;
        const int bits = looked_bits(feed, at, &mark);
        const int left = bits - (int)rp_mark_log2(at > from ? at - from : from - at) - 4;
        if (bits == 0 || left < LOOKED_MIN) continue;
        const int found = feed->has_mark ? 2 : found_bits(feed, at, left);
        follow->gap_last[1] = follow->gap_last[0];
        follow->gap_last[0] = at - follow->gap_start;
        if (follow->gap_last[0] > follow->gap_longest) follow->gap_longest = follow->gap_last[0];
        follow->gaps++;
        count_mark(feed, at, found);
        take_mark(feed, at, &mark);
        return;
    }
    if (follow->due < limit) follow->due = limit;
}

/* ---- one step ---- */

/* Whether the piece holds nothing from `at` on: the slack behind a file that ends there. */
static bool is_slack(const struct feed *feed, uint64_t at) {
    if (at <= feed->base) return false;
    const uint8_t *rest = feed->data + (at - feed->base);
    const size_t size = (size_t)(feed->end - at);
    return rest[0] == 0 && memcmp(rest, rest + 1, size - 1) == 0;
}

/* Does the file end where its mdat does? So it was cut before its index; sizes that were not true
 * are seldom followed by nothing, or hit by the end of a unit. */
static bool is_end_of_data(const struct feed *feed, uint64_t at) {
    const rp_follow *follow = feed->follow;
    return follow->box_end == at && at > 0 && (is_slack(feed, at) || follow->sound == at);
}

/* Evidence in a piece that ends as the recording does: nothing from there on, where of as many
 * places as are left it could have begun at any. */
static int end_bits(const struct feed *feed, uint64_t at) {
    if (!is_slack(feed, at) || feed->data[at - feed->base - 1] == 0) return COMES_TO_END;
    const int bits = (int)rp_mark_log2(feed->end - at);
    return bits > COMES_TO_END ? bits : COMES_TO_END;
}

/* At the end of a box, where another must begin or the recording ends. */
static void step_box(struct feed *feed) {
    rp_follow *follow = feed->follow;
    const uint64_t at = follow->due;
    follow->in_payload = false;
    const rp_mark mark = mark_at(feed, at);
    if (mark.bits > 0) {
        count_box(feed, at, (int)mark.bits);
        take_mark(feed, at, &mark);
    } else if (follow->has_moov || is_end_of_data(feed, at)) {
        if (follow->has_moov) follow->end = at;
        follow->is_closed = feed->is_over = true;
        feed->border += end_bits(feed, at);
        if (at <= feed->base) feed->border = RP_FOLLOW_REJECT;
    } else {
        /* The size of the mdat was not true: follow what is in it. */
        if (at > 0) feed->border -= COST_BAD_BOX;
        follow->in_payload = true;
        follow->box_end = 0;
    }
}

static void step_payload(struct feed *feed, uint64_t limit) {
    rp_follow *follow = feed->follow;
    if (follow->in_gap) {
        search_gap(feed, limit);
        return;
    }
    const uint64_t at = follow->due;
    const rp_mark mark = mark_at(feed, at);
    if (mark.bits >= 9) {
        count_mark(feed, at, (int)mark.bits);
        take_mark(feed, at, &mark);
    } else {
        open_gap(feed, at);
    }
}

/* The inside of a moov is tables of 32-bit numbers, most of them small: the first byte of each is
 * zero, at one place in four, while the numbers are not. */
static bool is_table(const uint8_t *data, size_t size) {
    for (size_t phase = 0; phase < 4; phase++) {
        size_t words = 0, small = 0, zero = 0;
        for (size_t at = phase; at + 4 <= size; at += 4, words++) {
            small += data[at] == 0;
            zero += rp_be32(data + at) == 0;
        }
        if (small * 10 > words * 7 && zero * 10 < words * 6) return true;
    }
    return false;
}

static void weigh_table(struct feed *feed) {
    const rp_follow *follow = feed->follow;
    if (follow->in_payload || !follow->has_moov || follow->due < feed->base + TABLE_MIN) return;
    const uint64_t end = follow->due < feed->end ? follow->due : feed->end;
    if (is_table(feed->data, (size_t)(end - feed->base))) feed->border += TABLE_BITS;
}

/* Zeros inside a box that is padding, as a camera leaves room for its index: these clusters are
 * alike, and whose they are is known from the size of the box alone. */
static void weigh_padding(struct feed *feed) {
    const rp_follow *follow = feed->follow;
    const size_t size = (size_t)(feed->end - feed->base);
    if (follow->in_padding && follow->due + RP_MARK_LOOK > feed->end && feed->data[0] == 0 &&
        memcmp(feed->data, feed->data + 1, size - 1) == 0)
        feed->border += PADDING_BITS;
}

static void keep_tail(rp_follow *follow, const uint8_t *data, size_t size) {
    follow->tail_size = RP_FOLLOW_TAIL;
    memcpy(follow->tail, data + size - RP_FOLLOW_TAIL, RP_FOLLOW_TAIL);
    follow->length += size;
}

/* How long a gap may be without being strange: much longer than any before, once there were some.
 */
static uint64_t longest_believed(const rp_follow *follow) {
    const uint64_t known = 4 * follow->gap_longest > GAP_LONG ? 4 * follow->gap_longest : GAP_LONG;
    return follow->gaps >= KNOWN_GAPS || known > GAP_FIRST_MAX ? known : GAP_FIRST_MAX;
}

static int sum_up(const struct feed *feed) {
    const rp_follow *follow = feed->follow;
    int bits = feed->border + feed->inside - feed->strange;
    if (feed->border == RP_FOLLOW_REJECT) return RP_FOLLOW_REJECT;
    if (feed->is_over) return bits;
    /* Padding before the payload is known for what it is. */
    const bool is_padding = !follow->in_payload && !follow->has_moov;
    if (!feed->has_mark && feed->has_missed) bits -= COST_MISSED;
    else if (!feed->has_mark && !is_padding) bits -= follow->in_gap ? COST_IN_GAP : COST_OPAQUE;
    if (follow->in_gap && feed->end - follow->gap_start > longest_believed(follow))
        bits -= COST_LONG_GAP;
    return bits;
}

int rp_follow_feed(rp_follow *follow, const uint8_t *data, size_t size) {
    assert(size >= RP_FOLLOW_TAIL);
    if (follow->is_closed) return RP_FOLLOW_REJECT;
    struct feed feed = {.follow = follow,
                        .data = data,
                        .base = follow->length,
                        .end = follow->length + size,
                        .box_end = follow->box_end};
    weigh_table(&feed);
    weigh_padding(&feed);
    while (!feed.is_over && follow->due + RP_MARK_LOOK <= feed.end) {
        uint64_t limit = feed.end - RP_MARK_LOOK + 1;
        if (follow->box_end != 0 && follow->in_payload && limit > follow->box_end)
            limit = follow->box_end;
        if (follow->in_payload && follow->due < limit) {
            step_payload(&feed, limit);
            continue;
        }
        if (follow->in_payload && limit != follow->box_end) break; /* the gap goes on */
        follow->in_gap = false;
        step_box(&feed);
    }
    keep_tail(follow, data, size);
    return sum_up(&feed);
}

int rp_follow_begins(const uint8_t *data, size_t size) {
    if (size < RP_FOLLOW_TAIL) return 0;
    if (memcmp(data + 4, "ftyp", 4) == 0 && rp_be32(data) >= 16 && rp_be32(data) < 4096)
        return RP_FOLLOW_SURE;
    if (rp_mark_read(data, RP_MARK_RTMD).bits > 0) return 30;
    return 0;
}
