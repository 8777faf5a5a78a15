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
#define BUCKETS (1 << DIGIT)
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
        uint32_t start[TOGETHER][BUCKETS];
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

/* How many bits are left once those that all keys begin with are taken away. */
static int bits_that_differ(const point *points, ptrdiff_t n)
{
    uint64_t differing = 0;
    for (ptrdiff_t i = 1; i < n; i++)
        differing |= points[i].key ^ points[0].key;
    return differing == 0 ? 0 : 64 - __builtin_clzll(differing);
}

/* The two leading digits of what differs decide nearly all; what they leave equal is
 * inserted. */
void points_sort(point *points, point *spare, ptrdiff_t n)
{
    if (n <= FEW) {
        insert_in_order(points, n, PTRDIFF_MAX);
        return;
    }
    int bits = bits_that_differ(points, n), width = n < SMALL ? SMALL_DIGIT : DIGIT;
    int first = bits > 2 * width ? bits - 2 * width : 0;
    sort_by_digits(points, spare, n, first, 2, width);
    if (first > 0 && !insert_in_order(points, n, 4 * n))
        sort_by_digits(points, spare, n, 0, (bits + width - 1) / width, width);
}

/* ------------------------------------------------------------------------ */
/* Order, by several threads                                                */
/* ------------------------------------------------------------------------ */

#define PARTS 8
#define SAMPLES_A_PART 32

/* Points by ranges of keys: part k holds those from limits[k] to below limits[k + 1],
 * and all larger ones are of the last; it begins at starts[k]. */
typedef struct sort_job {
    point *points, *spare;
    ptrdiff_t n, parts;
    uint64_t limits[PARTS];
    ptrdiff_t starts[PARTS + 1];
} sort_job;

/* Limits that cut a sample of the keys into equal parts. */
static void find_limits(sort_job *job)
{
    point sample[PARTS * SAMPLES_A_PART];
    ptrdiff_t count = job->parts * SAMPLES_A_PART;
    for (ptrdiff_t i = 0; i < count; i++)
        sample[i] = job->points[job->n / count * i];
    insert_in_order(sample, count, PTRDIFF_MAX);
    job->limits[0] = 0;
    for (ptrdiff_t k = 1; k < job->parts; k++)
        job->limits[k] = sample[k * SAMPLES_A_PART].key;
}

static void count_below(void *context, ptrdiff_t part, int thread)
{
    sort_job *job = context;
    uint64_t limit = job->limits[part];
    ptrdiff_t count = 0;
    (void)thread;
    for (ptrdiff_t i = 0; i < job->n; i++)
        count += job->points[i].key < limit;
    job->starts[part] = count;
}

/* Copies a part's points to where it begins in `spare`. */
static void pick_part(void *context, ptrdiff_t part, int thread)
{
    const sort_job *job = context;
    uint64_t low = job->limits[part], last = UINT64_MAX;
    if (part + 1 < job->parts)
        last = job->limits[part + 1] - 1;
    point *to = job->spare + job->starts[part],
          *end = job->spare + job->starts[part + 1];
    (void)thread;
    for (const point *from = job->points; to < end; from++) {
        *to = *from;
        to += from->key - low <= last - low;
    }
}

static void sort_part(void *context, ptrdiff_t part, int thread)
{
    const sort_job *job = context;
    ptrdiff_t start = job->starts[part], count = job->starts[part + 1] - start;
    (void)thread;
    points_sort(job->spare + start, job->points + start, count);
    memcpy(job->points + start, job->spare + start, (size_t)count * sizeof(point));
}

feature_status points_sort_shared(team *t, point *points, point *spare, ptrdiff_t n)
{
    sort_job job = {.points = points, .spare = spare, .n = n};
    job.parts = t == NULL ? 1 : t->threads < PARTS ? t->threads : PARTS;
    if (n < POINTS_SHARED || job.parts < 2) {
        points_sort(points, spare, n);
        return FEATURE_OK;
    }
    find_limits(&job);
    job.starts[job.parts] = n;
    feature_status status = team_run(t, job.parts, count_below, &job);
    if (status == FEATURE_OK)
        status = team_run(t, job.parts, pick_part, &job);
    if (status == FEATURE_OK)
        status = team_run(t, job.parts, sort_part, &job);
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
