/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/points.h"

#include <string.h>

/* ------------------------------------------------------------------------ */
/* Keys                                                                     */
/* ------------------------------------------------------------------------ */

#define FLOAT_KEY(type, infinity)                                                      \
    do {                                                                               \
        type word;                                                                     \
        memcpy(&word, at, sizeof word);                                                \
        return float_key(word, 8 * (int)sizeof word, infinity);                        \
    } while (0)

/* Negated in its own type; the sign of a signed one is turned. */
#define INTEGER_KEY(type, turned)                                                      \
    do {                                                                               \
        type word;                                                                     \
        memcpy(&word, at, sizeof word);                                                \
        uint64_t key = (uint64_t)(type)(0 - (uint64_t)word)                            \
                       << (64 - 8 * (int)sizeof word);                                 \
        return key ^ (uint64_t)(turned) << 63;                                         \
    } while (0)

uint64_t descending_key_of(int32_t dtype, const void *at)
{
    switch (dtype) {
    case FEATURE_UINT8:
        INTEGER_KEY(uint8_t, 0);
    case FEATURE_INT8:
        INTEGER_KEY(uint8_t, 1);
    case FEATURE_UINT16:
        INTEGER_KEY(uint16_t, 0);
    case FEATURE_INT16:
        INTEGER_KEY(uint16_t, 1);
    case FEATURE_UINT32:
        INTEGER_KEY(uint32_t, 0);
    case FEATURE_INT32:
        INTEGER_KEY(uint32_t, 1);
    case FEATURE_UINT64:
        INTEGER_KEY(uint64_t, 0);
    case FEATURE_INT64:
        INTEGER_KEY(uint64_t, 1);
    case FEATURE_FLOAT16:
        FLOAT_KEY(uint16_t, 0x7c00);
    case FEATURE_FLOAT32:
        FLOAT_KEY(uint32_t, 0x7f800000);
    case FEATURE_FLOAT64:
        FLOAT_KEY(uint64_t, UINT64_C(0x7ff0000000000000));
    default:
        return 0;
    }
}

double descending_value(uint64_t key)
{
    uint64_t sign = UINT64_C(1) << 63;
    uint64_t word = key >= sign ? key : sign - 1 - key; /* of 0 and below, or above */
    double value;
    memcpy(&value, &word, sizeof value);
    return value == 0 ? 0 : value;
}

/* ------------------------------------------------------------------------ */
/* Order                                                                    */
/* ------------------------------------------------------------------------ */

#define DIGIT 11
#define SMALL_DIGIT 7 /* of not so many points: counts of a digit take time, too */
#define SMALL 1000
#define DIGITS (1 << DIGIT)
#define TOGETHER 3 /* digits that are counted in one reading */
#define FEW 24

/* Stable; gives up after `budget` moves and says so. */
static int insert_in_order(point *points, ptrdiff_t n, ptrdiff_t budget)
{
    for (ptrdiff_t i = 1; i < n; i++) {
        point p = points[i];
        ptrdiff_t k = i;
        for (; k > 0 && points[k - 1].key > p.key; k--)
            points[k] = points[k - 1];
        points[k] = p;
        budget -= i - k;
        if (budget < 0)
            return 0;
    }
    return 1;
}

static inline uint32_t digit_of(uint64_t key, int shift, int width)
{
    return key >> shift & ((1u << width) - 1);
}

/* One pass of a radix sort; 0 when all points have the same digit. `start` counts each
 * digit, and is used up. */
static int sort_by_digit(const point *from, point *to, ptrdiff_t n, int shift,
                         int width, uint32_t *start)
{
    if (start[digit_of(from[0].key, shift, width)] == (uint32_t)n)
        return 0;
    uint32_t sum = 0;
    for (int k = 0; k < 1 << width; k++) {
        uint32_t count = start[k];
        start[k] = sum;
        sum += count;
    }
    for (ptrdiff_t i = 0; i < n; i++)
        to[start[digit_of(from[i].key, shift, width)]++] = from[i];
    return 1;
}

/* Sorts by `digits` digits of `width` bits from bit `first` on, TOGETHER at a time. */
static void sort_by_digits(point *points, point *spare, ptrdiff_t n, int first,
                           int digits, int width)
{
    point *from = points, *to = spare;
    for (int done = 0; done < digits; done += TOGETHER) {
        int shift = first + done * width;
        int here = digits - done < TOGETHER ? digits - done : TOGETHER;
        uint32_t start[TOGETHER][DIGITS];
        for (int k = 0; k < here; k++)
            memset(start[k], 0, sizeof **start << width);
        for (ptrdiff_t i = 0; i < n; i++)
            for (int k = 0; k < here; k++)
                start[k][digit_of(from[i].key >> shift, k * width, width)]++;
        for (int k = 0; k < here; k++)
            if (sort_by_digit(from, to, n, shift + k * width, width, start[k])) {
                point *other = from;
                from = to;
                to = other;
            }
    }
    if (from != points)
        memcpy(points, from, (size_t)n * sizeof *points);
}

/* The bits that are not the same in all keys. */
static uint64_t bits_that_differ(const point *points, ptrdiff_t n)
{
    uint64_t differing = 0;
    for (ptrdiff_t i = 1; i < n; i++)
        differing |= points[i].key ^ points[0].key;
    return differing;
}

/* The two leading digits of what differs decide nearly all; what they leave equal is
 * inserted. */
void points_sort(point *points, point *spare, ptrdiff_t n)
{
    if (n <= FEW) {
        insert_in_order(points, n, PTRDIFF_MAX);
        return;
    }
    uint64_t differing = bits_that_differ(points, n);
    if (differing == 0)
        return;
    int width = n < SMALL ? SMALL_DIGIT : DIGIT, last = __builtin_ctzll(differing);
    int end = 64 - __builtin_clzll(differing), first = end - 2 * width;
    first = first > last ? first : last;
    sort_by_digits(points, spare, n, first, (end - first + width - 1) / width, width);
    if (first > last && !insert_in_order(points, n, 4 * n))
        sort_by_digits(points, spare, n, last, (end - last + width - 1) / width, width);
}

/* ------------------------------------------------------------------------ */
/* Order, by several threads                                                */
/* ------------------------------------------------------------------------ */

/* Each puts a part of the list into buckets, by the leading bits of what keys exceed
 * the least one by; then each sorts some of the buckets. */
#define BUCKETS_LOG 11
#define BUCKETS (1 << BUCKETS_LOG)

typedef struct key_range {
    uint64_t low, high;
} key_range;

typedef struct division {
    uint64_t low;
    int shift;
} division;

static key_range range_of(const point *points, ptrdiff_t n)
{
    key_range r = {UINT64_MAX, 0};
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t key = points[i].key;
        r.low = key < r.low ? key : r.low;
        r.high = key > r.high ? key : r.high;
    }
    return r;
}

/* Of a range of more than one key. */
static division divide(key_range range)
{
    int bits = 64 - __builtin_clzll(range.high - range.low);
    return (division){range.low, bits > BUCKETS_LOG ? bits - BUCKETS_LOG : 0};
}

static inline uint64_t bucket_of(const division *d, uint64_t key)
{
    return (key - d->low) >> d->shift;
}

static void count_buckets(const division *d, const point *points, ptrdiff_t n,
                          uint32_t *counts)
{
    memset(counts, 0, BUCKETS * sizeof *counts);
    for (ptrdiff_t i = 0; i < n; i++)
        counts[bucket_of(d, points[i].key)]++;
}

/* Stable; `starts` tells where each bucket begins, and afterwards where it ends. */
static void fill_buckets(const division *d, const point *from, ptrdiff_t n,
                         uint32_t *starts, point *to)
{
    for (ptrdiff_t i = 0; i < n; i++)
        to[starts[bucket_of(d, from[i].key)]++] = from[i];
}

#define PARTS 8

typedef struct sort_job {
    point *points, *spare;
    ptrdiff_t n, parts;
    key_range ranges[PARTS];
    division division;
    int one_by_one;            /* is each bucket sorted alone? */
    uint32_t (*ends)[BUCKETS]; /* of what each part puts into each bucket */
} sort_job;

static ptrdiff_t start_of_part(const sort_job *job, ptrdiff_t part)
{
    return job->n * part / job->parts;
}

static const point *points_of_part(const sort_job *job, ptrdiff_t part, ptrdiff_t *n)
{
    ptrdiff_t start = start_of_part(job, part);
    *n = start_of_part(job, part + 1) - start;
    return job->points + start;
}

static void range_of_part(void *context, ptrdiff_t part, int thread)
{
    sort_job *job = context;
    ptrdiff_t n;
    const point *points = points_of_part(job, part, &n);
    (void)thread;
    job->ranges[part] = range_of(points, n);
}

static void count_part(void *context, ptrdiff_t part, int thread)
{
    sort_job *job = context;
    ptrdiff_t n;
    const point *points = points_of_part(job, part, &n);
    (void)thread;
    count_buckets(&job->division, points, n, job->ends[part]);
}

static void fill_part(void *context, ptrdiff_t part, int thread)
{
    sort_job *job = context;
    ptrdiff_t n;
    const point *points = points_of_part(job, part, &n);
    (void)thread;
    fill_buckets(&job->division, points, n, job->ends[part], job->spare);
}

static void sort_run(const sort_job *job, ptrdiff_t first, ptrdiff_t end)
{
    points_sort(job->spare + first, job->points + first, end - first);
    memcpy(job->points + first, job->spare + first,
           (size_t)(end - first) * sizeof(point));
}

/* The buckets that begin in a part of the list. */
static void sort_part(void *context, ptrdiff_t part, int thread)
{
    const sort_job *job = context;
    const uint32_t *ends = job->ends[job->parts - 1];
    ptrdiff_t from = start_of_part(job, part), to = start_of_part(job, part + 1);
    ptrdiff_t begin = 0;
    int k = 0;
    (void)thread;
    for (; k < BUCKETS && begin < from; k++)
        begin = ends[k];
    ptrdiff_t first = begin;
    for (; k < BUCKETS && begin < to; k++) {
        begin = ends[k];
        if (job->one_by_one) {
            sort_run(job, first, begin);
            first = begin;
        }
    }
    sort_run(job, first, begin);
}

/* Where what each part puts into each bucket begins. Buckets of many points each, as
 * the few values of a photograph make them, are sorted one by one: most are in order.
 */
static void place_parts(sort_job *job)
{
    uint32_t sum = 0, filled = 0;
    for (int k = 0; k < BUCKETS; k++) {
        uint32_t before = sum;
        for (ptrdiff_t part = 0; part < job->parts; part++) {
            uint32_t count = job->ends[part][k];
            job->ends[part][k] = sum;
            sum += count;
        }
        filled += sum > before;
    }
    job->one_by_one = job->n > FEW * (ptrdiff_t)filled;
}

static key_range whole_range(const sort_job *job)
{
    key_range whole = job->ranges[0];
    for (ptrdiff_t part = 1; part < job->parts; part++) {
        key_range r = job->ranges[part];
        whole.low = r.low < whole.low ? r.low : whole.low;
        whole.high = r.high > whole.high ? r.high : whole.high;
    }
    return whole;
}

static feature_status sort_shared(sort_job *job, team *t)
{
    feature_status status = team_run(t, job->parts, range_of_part, job);
    key_range range = whole_range(job);
    if (status != FEATURE_OK || range.low == range.high)
        return status;
    job->division = divide(range);
    status = team_run(t, job->parts, count_part, job);
    if (status != FEATURE_OK)
        return status;
    place_parts(job);
    status = team_run(t, job->parts, fill_part, job);
    return status == FEATURE_OK ? team_run(t, job->parts, sort_part, job) : status;
}

feature_status points_sort_shared(team *t, point *points, point *spare, ptrdiff_t n)
{
    sort_job job = {.points = points, .spare = spare, .n = n};
    job.parts = t == NULL ? 1 : t->threads < PARTS ? t->threads : PARTS;
    if (n < POINTS_SHARED || job.parts < 2) {
        points_sort(points, spare, n);
        return FEATURE_OK;
    }
    job.ends = memory_lease((size_t)job.parts * sizeof *job.ends);
    if (job.ends == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = sort_shared(&job, t);
    memory_return(job.ends);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Lists                                                                    */
/* ------------------------------------------------------------------------ */

feature_status points_reserve(point_list *list, ptrdiff_t more)
{
    if (list->count + more <= list->room)
        return FEATURE_OK;
    ptrdiff_t room = 2 * (list->count + more) + 64;
    point *points =
        room > INT32_MAX / 2 ? NULL : memory_lease((size_t)room * sizeof *points);
    if (points == NULL)
        return FEATURE_NO_MEMORY;
    if (list->count > 0)
        memcpy(points, list->points, (size_t)list->count * sizeof *points);
    memory_return(list->points);
    list->points = points;
    list->room = room;
    return FEATURE_OK;
}
