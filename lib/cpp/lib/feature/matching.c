/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Matching: for each descriptor of one set the nearest of another.
 *
 * What it computes, for the distances d(i, j) of descriptor i of the first set and j
 * of the second:
 *
 *   1. j(i), the index of the least d(i, .); of equal ones the first, and a distance
 *      that is no number before all, as numpy.argmin has it.
 *   2. With `cross_check`, i stays only when it is the index of the least d(., j(i)).
 *   3. With `max_distance`, only when d(i, j(i)) is less.
 *   4. With `max_ratio`, only when d(i, j(i)) over the second least of d(i, .) is less
 *      (D. G. Lowe, "Distinctive Image Features from Scale-Invariant Keypoints",
 *      International Journal of Computer Vision 60 (2004), 91-110, section 7.1); a
 *      second least of 0 counts as epsilon, and where there is none as infinity.
 *
 * Distances are the doubles that SciPy's cdist gives, summed from the first element to
 * the last, so that ties are decided alike.
 *
 * How it runs. No matrix of all distances is made. The second set is packed in panels
 * of 64 that stand side by side (kernels/matching.c). A block of queries goes over all
 * panels and gets a row of float32 scores, which stays in the second cache. The least
 * two of a row and a bound of the scores' error tell who may be among the nearest two;
 * these few are decided by their exact distance. There are three ways to a score:
 *
 *   bits   of bool descriptors, 64 elements a word: exact counts;
 *   dots   of Euclidean distances: |b|^2 - 2 a.b in float32, whose error is below
 *          (P + 8) 2^-24 (|a| + |b|)^2; exact for short descriptors of uint8;
 *   lanes  of everything else, and where dots could leave float32's range: the distance
 *          itself in double, a lane for each of the panel, rounded once.
 *
 * The cross check asks the same of the second set, for those that were anybody's
 * nearest only.
 *
 * Cost of a pair: P / 64 exclusive ors and counts of words, or P products. Memory: both
 * sets once more, and for each thread one block of scores, at most 512 KiB or four
 * rows.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define SCORES_IN_CACHE (128 * 1024) /* of a block */
#define QUERIES_AT_MOST 32
#define WORD_BITS 64
#define NANOSECONDS_PER_PRODUCT 0.03
#define EXACT_LENGTH 128 /* sums of squares of so many bytes fit float32 */

/* Squares of norms between which products of floats neither overflow nor vanish. */
#define LEAST_SQUARE 1e-25
#define MOST_SQUARE 1e30

typedef enum route { BITS, DOTS, LANES } route;

/* A set of descriptors in panels. */
typedef struct side {
    const feature_array *array;
    ptrdiff_t count, panels;
    unsigned char *packed;
    float *norms;   /* of DOTS: squares of norms, infinity behind the last */
    double *square; /* the largest of each panel, NaN where one is no number */
    double largest; /* of all */
} side;

/* What one descriptor has found. */
typedef struct nearest {
    int64_t index;
    double distance, second;
} nearest;

/* One call. */
typedef struct match_job {
    const feature_match_parameters *how;
    const plain_kernels *plain;
    route route;
    ptrdiff_t length, words; /* elements; of a packed descriptor, in its own units */
    size_t unit;
    int needs_distance;
    side first, second;
    /* the sweep in progress */
    const side *queries, *others;
    const int64_t *list; /* which of the queries; NULL: all */
    ptrdiff_t listed, block;
    nearest *found;
    unsigned char *scratch;
    size_t scratch_size;
} match_job;

/* One thread's buffers. */
typedef struct match_scratch {
    unsigned char *queries; /* packed, one behind the other */
    double *query, *others; /* rows for exact distances */
    float *scores;
    uint32_t *numbers;
} match_scratch;

/* ------------------------------------------------------------------------ */
/* Packing                                                                  */
/* ------------------------------------------------------------------------ */

static void load_descriptor(const match_job *job, const feature_array *array,
                            ptrdiff_t i, double *row)
{
    job->plain->load_unscaled_row(row_of(array, i), array->strides[1], job->length,
                                  (feature_dtype)array->dtype, row);
}

static void pack_bits(const match_job *job, const feature_array *array, ptrdiff_t i,
                      uint64_t *words, ptrdiff_t apart)
{
    const uint8_t *at = row_of(array, i);
    ptrdiff_t stride = array->strides[1];
    for (ptrdiff_t w = 0; w < job->words; w++) {
        uint64_t word = 0;
        ptrdiff_t left = job->length - w * WORD_BITS;
        ptrdiff_t k = 0;
        for (; stride == 1 && k < WORD_BITS && k + 8 <= left; k += 8) {
            uint64_t eight; /* bools, whose lowest bits meet in the highest byte */
            memcpy(&eight, at + w * WORD_BITS + k, sizeof eight);
            word |= (eight * UINT64_C(0x0102040810204080) >> 56) << k;
        }
        for (; k < WORD_BITS && k < left; k++)
            word |= (uint64_t)(at[(w * WORD_BITS + k) * stride] != 0) << k;
        words[w * apart] = word;
    }
}

/* Descriptor i, its elements `apart` units from each other; returns its square. */
static double pack_one(const match_job *job, const feature_array *array, ptrdiff_t i,
                       double *row, void *to, ptrdiff_t apart)
{
    double square = 0;
    if (job->route == BITS) {
        pack_bits(job, array, i, to, apart);
        return 0;
    }
    load_descriptor(job, array, i, row);
    for (ptrdiff_t p = 0; p < job->length; p++) {
        square += row[p] * row[p];
        if (job->route == DOTS)
            ((float *)to)[p * apart] = (float)row[p];
        else
            ((double *)to)[p * apart] = row[p];
    }
    return square;
}

static match_scratch scratch_of(const match_job *job, unsigned char *base, arena *a)
{
    match_scratch s;
    size_t length = (size_t)job->length;
    *a = (arena){base, 0};
    s.queries = arena_take(a, QUERIES_AT_MOST * (size_t)job->words, job->unit);
    s.query = arena_take(a, length, sizeof *s.query);
    s.others = arena_take(a, TOGETHER * length, sizeof *s.others);
    ptrdiff_t most = job->first.panels > job->second.panels ? job->first.panels
                                                            : job->second.panels;
    s.scores = arena_take(a, (size_t)(most * PANEL) * (size_t)job->block,
                          sizeof *s.scores);
    s.numbers = arena_take(a, (size_t)(most * PANEL) + 1, sizeof *s.numbers);
    return s;
}

static match_scratch thread_scratch(const match_job *job, int thread)
{
    arena a;
    return scratch_of(job, job->scratch + (size_t)thread * job->scratch_size, &a);
}

static side *side_of_panel(match_job *job, ptrdiff_t *panel)
{
    if (*panel < job->second.panels)
        return &job->second;
    *panel -= job->second.panels;
    return &job->first;
}

static void pack_panel(void *context, ptrdiff_t panel, int thread)
{
    match_job *job = context;
    side *s = side_of_panel(job, &panel);
    match_scratch scratch = thread_scratch(job, thread);
    unsigned char *to =
        s->packed + (size_t)(panel * PANEL * job->words) * job->unit;
    double largest = 0;
    memset(to, 0, (size_t)(PANEL * job->words) * job->unit);
    for (ptrdiff_t k = 0; k < PANEL; k++) {
        ptrdiff_t i = panel * PANEL + k;
        double square = INFINITY;
        if (i < s->count) {
            square = pack_one(job, s->array, i, scratch.query,
                              to + k * (ptrdiff_t)job->unit, PANEL);
            largest = square > largest || square != square ? square : largest;
        }
        s->norms[i] = (float)square;
    }
    s->square[panel] = largest;
}

static feature_status pack(match_job *job, team *t, int both)
{
    feature_status status = team_run(
        t, job->second.panels + (both ? job->first.panels : 0), pack_panel, job);
    for (int k = 0; k < 1 + both; k++) {
        side *s = k == 0 ? &job->second : &job->first;
        s->largest = 0;
        for (ptrdiff_t panel = 0; panel < s->panels; panel++)
            if (!(s->square[panel] <= s->largest))
                s->largest = s->square[panel];
    }
    return status;
}

/* ------------------------------------------------------------------------ */
/* A block of queries                                                       */
/* ------------------------------------------------------------------------ */

static void score_block(const match_job *job, const match_scratch *s, ptrdiff_t count)
{
    const side *others = job->others;
    ptrdiff_t pitch = others->panels * PANEL, length = job->words;
    for (ptrdiff_t panel = 0; panel < others->panels; panel++) {
        const unsigned char *packed =
            others->packed + (size_t)(panel * PANEL * length) * job->unit;
        float *scores = s->scores + panel * PANEL;
        if (job->route == BITS)
            job->plain->bit_panel((const void *)s->queries, count, (const void *)packed,
                                  length, scores, pitch);
        else if (job->route == DOTS)
            job->plain->dot_panel((const void *)s->queries,
                                  (count + TOGETHER - 1) / TOGETHER * TOGETHER,
                                  (const void *)packed, length,
                                  others->norms + panel * PANEL, scores, pitch);
        else
            job->plain->lane_panel((const void *)s->queries, count,
                                   (const void *)packed, length, job->how->metric,
                                   scores, pitch);
    }
    for (ptrdiff_t q = 0; q < count; q++)
        for (ptrdiff_t k = others->count; k < pitch; k++)
            s->scores[q * pitch + k] = INFINITY;
}

/* How far a score may be from what it stands for. */
static double score_error(const match_job *job, double square, double score)
{
    if (job->route == BITS)
        return 0;
    if (job->route == LANES)
        return fabs(score) * FLT_EPSILON + FLT_MIN;
    if (job->queries->array->dtype == FEATURE_UINT8 && job->length <= EXACT_LENGTH)
        return 0;
    if (!(square < MOST_SQUARE)) /* of this query alone: all are to be decided */
        return INFINITY;
    double norms = sqrt(square) + sqrt(job->others->largest);
    return ((double)job->length + 8) * 0x1.1p-24 * norms * norms;
}

/* Exact distances of up to TOGETHER candidates. */
static void decide(const match_job *job, const match_scratch *s, ptrdiff_t query,
                   const uint32_t *numbers, ptrdiff_t count, const float *scores,
                   double *distances)
{
    if (job->route == BITS) {
        for (ptrdiff_t k = 0; k < count; k++)
            distances[k] = (double)scores[numbers[k]] / (double)job->length;
        return;
    }
    load_descriptor(job, job->queries->array, query, s->query);
    for (ptrdiff_t k = 0; k < TOGETHER; k++)
        load_descriptor(job, job->others->array, numbers[k < count ? k : 0],
                        s->others + k * job->length);
    job->plain->pair_distances(s->query, s->others, job->length, job->length,
                               job->how->metric, distances);
}

/* Takes one more distance, of a higher index than those before. */
static void take(nearest *n, int64_t index, double distance)
{
    int is_first = n->index < 0;
    int nearer = is_first || (n->distance == n->distance &&
                              (distance != distance || distance < n->distance));
    double other = nearer ? n->distance : distance;
    if (!is_first && !(other >= n->second))
        n->second = other;
    if (nearer) {
        n->index = index;
        n->distance = distance;
    }
}

static nearest find_nearest(const match_job *job, const match_scratch *s,
                            ptrdiff_t query, double square, const float *scores)
{
    nearest n = {-1, INFINITY, INFINITY};
    float least, second;
    ptrdiff_t count;
    job->plain->least_two(scores, job->others->panels * PANEL, &least, &second);
    double limit = job->how->max_ratio < 1 ? second : least;
    limit += 2 * score_error(job, square, limit);
    job->plain->not_above(scores, job->others->panels * PANEL,
                          nextafterf((float)limit, INFINITY), s->numbers, &count);
    while (s->numbers[count - 1] >= job->others->count) /* in a panel behind the last */
        count--;
    if (count == 1 && !job->needs_distance) {
        n.index = s->numbers[0];
        return n;
    }
    for (ptrdiff_t k = 0; k < count; k += TOGETHER) {
        double distances[TOGETHER];
        ptrdiff_t some = count - k < TOGETHER ? count - k : TOGETHER;
        decide(job, s, query, s->numbers + k, some, scores, distances);
        for (ptrdiff_t i = 0; i < some; i++)
            take(&n, s->numbers[k + i], distances[i]);
    }
    return n;
}

static void match_block(void *context, ptrdiff_t index, int thread)
{
    const match_job *job = context;
    match_scratch s = thread_scratch(job, thread);
    ptrdiff_t first = index * job->block, left = job->listed - first;
    ptrdiff_t count = left < job->block ? left : job->block;
    double squares[QUERIES_AT_MOST];
    size_t bytes = (size_t)job->words * job->unit;
    for (ptrdiff_t q = 0; q < count; q++) {
        ptrdiff_t query = job->list == NULL ? first + q : job->list[first + q];
        squares[q] = pack_one(job, job->queries->array, query, s.query,
                              s.queries + (size_t)q * bytes, 1);
    }
    score_block(job, &s, count);
    for (ptrdiff_t q = 0; q < count; q++) {
        ptrdiff_t query = job->list == NULL ? first + q : job->list[first + q];
        job->found[query] = find_nearest(job, &s, query, squares[q],
                                         s.scores + q * job->others->panels * PANEL);
    }
}

static feature_status sweep(match_job *job, team *t, const side *queries,
                            const side *others, const int64_t *list, ptrdiff_t listed,
                            nearest *found)
{
    job->queries = queries;
    job->others = others;
    job->list = list;
    job->listed = listed;
    job->found = found;
    return team_run(t, (listed + job->block - 1) / job->block, match_block, job);
}

/* ------------------------------------------------------------------------ */
/* The job                                                                  */
/* ------------------------------------------------------------------------ */

static feature_status check_match(const feature_array *first,
                                  const feature_array *second,
                                  const feature_match_parameters *how)
{
    feature_status status = check_array(first, 2);
    if (status == FEATURE_OK)
        status = check_array(second, 2);
    if (status != FEATURE_OK)
        return status;
    int is_bool = first->dtype == FEATURE_BOOL;
    if (first->dtype != second->dtype ||
        (!is_bool && first->dtype != FEATURE_UINT8 && first->dtype != FEATURE_FLOAT32 &&
         first->dtype != FEATURE_FLOAT64))
        return FEATURE_BAD_DTYPE;
    if (first->shape[1] != second->shape[1] || second->shape[0] < 1 ||
        second->shape[0] > INT32_MAX || first->shape[0] > INT32_MAX)
        return FEATURE_BAD_ARGUMENT;
    if (how == NULL || how->metric < FEATURE_HAMMING ||
        how->metric > FEATURE_CHEBYSHEV || (is_bool && how->metric != FEATURE_HAMMING))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static void choose_route(match_job *job, route r)
{
    job->route = r;
    job->words =
        r == BITS ? (job->length + WORD_BITS - 1) / WORD_BITS : job->length;
    job->unit = r == DOTS ? sizeof(float) : sizeof(double);
}

static match_job new_match(const feature_array *first, const feature_array *second,
                           const feature_match_parameters *how)
{
    match_job job = {.how = how, .plain = plain_kernels_in_use()};
    job.length = first->shape[1];
    job.needs_distance = how->max_distance < INFINITY || how->max_ratio < 1;
    job.first = (side){.array = first, .count = first->shape[0]};
    job.second = (side){.array = second, .count = second->shape[0]};
    side *sides[2] = {&job.first, &job.second};
    ptrdiff_t most = 1;
    for (int k = 0; k < 2; k++) {
        sides[k]->panels = (sides[k]->count + PANEL - 1) / PANEL;
        most = sides[k]->panels > most ? sides[k]->panels : most;
    }
    ptrdiff_t fit = SCORES_IN_CACHE / (most * PANEL) / TOGETHER * TOGETHER;
    job.block = fit < TOGETHER          ? TOGETHER
                : fit < QUERIES_AT_MOST ? fit
                                        : QUERIES_AT_MOST;
    int is_euclidean =
        how->metric == FEATURE_EUCLIDEAN || how->metric == FEATURE_SQEUCLIDEAN;
    choose_route(&job, first->dtype == FEATURE_BOOL ? BITS
                       : is_euclidean               ? DOTS
                                                    : LANES);
    return job;
}

static void lay_side(const match_job *job, side *s, arena *a)
{
    size_t all = (size_t)(s->panels * PANEL);
    /* of DOTS as large as of LANES, in case that they must take over */
    size_t unit = job->route == BITS ? job->unit : sizeof(double);
    s->packed = arena_take(a, all, (size_t)job->words * unit);
    s->norms = arena_take(a, all, sizeof *s->norms);
    s->square = arena_take(a, (size_t)s->panels, sizeof *s->square);
}

typedef struct match_results {
    nearest *forward, *backward;
    int64_t *wanted;
} match_results;

static unsigned char *lease_match(match_job *job, int threads, match_results *r)
{
    arena one;
    size_t unit = job->unit;
    job->unit = sizeof(double); /* of whatever route is taken in the end */
    scratch_of(job, NULL, &one);
    job->unit = unit;
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        lay_side(job, &job->second, &a);
        if (job->how->cross_check)
            lay_side(job, &job->first, &a);
        r->forward = arena_take(&a, (size_t)job->first.count, sizeof *r->forward);
        r->backward = arena_take(&a, (size_t)job->second.count, sizeof *r->backward);
        r->wanted = arena_take(&a, (size_t)job->second.count, sizeof *r->wanted);
        job->scratch = arena_take(&a, (size_t)threads,
                                  one.used == SIZE_MAX ? SIZE_MAX / 2 : one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return NULL;
    }
    job->scratch_size = one.used;
    return block;
}

/* Can float32 hold the products, and tell them from 0? */
static int is_moderate(const side *s)
{
    return s->largest < MOST_SQUARE && (s->largest > LEAST_SQUARE || s->largest == 0);
}

/* Those of the second set that are somebody's nearest, each once; their number. */
static ptrdiff_t list_wanted(const match_job *job, match_results *r)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t j = 0; j < job->second.count; j++)
        r->backward[j].index = -1;
    for (ptrdiff_t i = 0; i < job->first.count; i++)
        r->backward[r->forward[i].index].index = 0;
    for (ptrdiff_t j = 0; j < job->second.count; j++)
        if (r->backward[j].index == 0)
            r->wanted[count++] = j;
    return count;
}

static feature_status find_all(match_job *job, team *t, match_results *r)
{
    int both = job->how->cross_check != 0;
    feature_status status = pack(job, t, both);
    if (status == FEATURE_OK && job->route == DOTS &&
        !(is_moderate(&job->second) && (!both || is_moderate(&job->first)))) {
        choose_route(job, LANES);
        status = pack(job, t, both);
    }
    if (status == FEATURE_OK)
        status = sweep(job, t, &job->first, &job->second, NULL, job->first.count,
                       r->forward);
    if (status != FEATURE_OK || !both)
        return status;
    ptrdiff_t count = list_wanted(job, r);
    int needed = job->needs_distance;
    feature_match_parameters nearest_only = *job->how;
    const feature_match_parameters *how = job->how;
    nearest_only.max_ratio = 1;
    job->how = &nearest_only;
    job->needs_distance = 0;
    status = sweep(job, t, &job->second, &job->first, r->wanted, count, r->backward);
    job->how = how;
    job->needs_distance = needed;
    return status;
}

static int stays(const feature_match_parameters *how, const match_results *r,
                 ptrdiff_t i)
{
    const nearest *n = &r->forward[i];
    if (how->cross_check && r->backward[n->index].index != i)
        return 0;
    if (how->max_distance < INFINITY && !(n->distance < how->max_distance))
        return 0;
    double second = n->second == 0 ? DBL_EPSILON : n->second;
    return !(how->max_ratio < 1) || n->distance / second < how->max_ratio;
}

feature_status feature_match_descriptors(const feature_array *first,
                                         const feature_array *second,
                                         const feature_match_parameters *parameters,
                                         ptrdiff_t capacity, int64_t *matches,
                                         ptrdiff_t *count, const feature_run *run)
{
    feature_status status = check_match(first, second, parameters);
    if (status == FEATURE_OK &&
        (count == NULL || capacity < 0 || (matches == NULL && capacity > 0)))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    *count = 0;
    if (first->shape[0] == 0)
        return FEATURE_OK;
    match_job job = new_match(first, second, parameters);
    double products = (double)job.first.count * (double)job.second.count *
                      (double)(job.words + 1);
    ptrdiff_t blocks = (job.first.count + job.block - 1) / job.block;
    team t = team_for(run, blocks, products * NANOSECONDS_PER_PRODUCT);
    match_results r;
    unsigned char *block = lease_match(&job, t.threads, &r);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    status = find_all(&job, &t, &r);
    for (ptrdiff_t i = 0; status == FEATURE_OK && i < first->shape[0]; i++) {
        if (!stays(parameters, &r, i))
            continue;
        if (*count < capacity) {
            matches[2 * *count] = i;
            matches[2 * *count + 1] = r.forward[i].index;
        }
        ++*count;
    }
    memory_return(block);
    return status;
}
