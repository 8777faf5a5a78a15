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
 * these few are decided by their exact distance. There are four ways to a score:
 *
 *   bits   of bool descriptors, 64 elements a word: exact counts;
 *   bytes  of Euclidean distances of uint8: |b|^2 - 2 a.b of whole numbers, four
 *          products at a time; exact for short descriptors;
 *   dots   of other Euclidean distances: the same in float32, whose error is below
 *          (P + 8) 2^-24 (|a| + |b|)^2;
 *   lanes  of everything else, and where dots could leave float32's range: the distance
 *          itself in double, a lane for each of the panel, rounded once.
 *
 * The cross check wants the nearest of the second set's descriptors, too, of those that
 * were anybody's nearest. The same scores tell them: each thread notes the least two of
 * every column that it sees and the row of the least, and the least two of all threads'
 * decide, where they are further apart than the error. The few that are left ask in a
 * second sweep, with the sets in each other's place; of `lanes`, which may be no
 * numbers, all do.
 *
 * Cost of a pair: P / 64 exclusive ors and counts of words, or P products. Memory: one
 * set once more, or both, and for each thread one block of scores, at most 512 KiB or
 * four rows, and three numbers a column.
 */
#include "matching.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/array.h"

#define SCORES_IN_CACHE (128 * 1024) /* of a block */
#define NANOSECONDS_PER_PRODUCT 0.03
#define EXACT_LENGTH 128 /* sums of squares of so many bytes, twice, fit float32 */

/* Squares of norms between which products of floats neither overflow nor vanish. */
#define LEAST_SQUARE 1e-25
#define MOST_SQUARE 1e30

/* ------------------------------------------------------------------------ */
/* Scratch memory                                                           */
/* ------------------------------------------------------------------------ */

/* Bytes of a unit, of DOTS as many as of LANES, in case that they must take over. */
static size_t unit_at_most(const match_job *job)
{
    return job->route == DOTS ? sizeof(double) : job->unit;
}

static match_scratch scratch_of(const match_job *job, unsigned char *base, arena *a)
{
    match_scratch s;
    size_t length = (size_t)job->length;
    ptrdiff_t most =
        job->first.panels > job->second.panels ? job->first.panels : job->second.panels;
    size_t across = (size_t)(most * PANEL);
    *a = (arena){base, 0};
    s.queries = arena_take(a, QUERIES_AT_MOST * (size_t)job->words, unit_at_most(job));
    s.query = arena_take(a, length, sizeof *s.query);
    s.others = arena_take(a, TOGETHER * length, sizeof *s.others);
    s.scores = arena_take(a, across * (size_t)job->block, sizeof *s.scores);
    s.numbers = arena_take(a, across + 1, sizeof *s.numbers);
    s.columns.least = arena_take(a, across, sizeof *s.columns.least);
    s.columns.second = arena_take(a, across, sizeof *s.columns.second);
    s.columns.row = arena_take(a, across, sizeof *s.columns.row);
    s.columns.largest = arena_take(a, 1, sizeof *s.columns.largest);
    return s;
}

match_scratch match_scratch_of(const match_job *job, int thread)
{
    arena a;
    return scratch_of(job, arena_of(&job->memory, thread).base, &a);
}

/* ------------------------------------------------------------------------ */
/* A block of queries                                                       */
/* ------------------------------------------------------------------------ */

/* What the block's scores of one panel tell of its columns. */
static void see_columns(const match_job *job, const match_scratch *s, ptrdiff_t panel,
                        ptrdiff_t first, ptrdiff_t count, const float *squares)
{
    ptrdiff_t at = panel * PANEL;
    job->plain->column_leasts(s->scores + at, count, job->others->panels * PANEL,
                              squares, (int32_t)first, s->columns.least + at,
                              s->columns.second + at, s->columns.row + at);
}

static void score_panel(const match_job *job, const match_scratch *s, ptrdiff_t panel,
                        ptrdiff_t count)
{
    const side *others = job->others;
    const plain_kernels *plain = job->plain;
    ptrdiff_t pitch = others->panels * PANEL, length = job->words;
    ptrdiff_t whole = (count + TOGETHER - 1) / TOGETHER * TOGETHER;
    const void *queries = s->queries;
    const void *packed = others->packed + (size_t)(panel * PANEL * length) * job->unit;
    const float *norms = others->norms + panel * PANEL;
    float *scores = s->scores + panel * PANEL;
    if (job->route == BITS)
        plain->bit_panel(queries, count, packed, length, scores, pitch);
    else if (job->route == BYTES)
        plain->byte_panel(queries, whole, packed, length, norms, s->others, scores,
                          pitch);
    else if (job->route == DOTS)
        plain->dot_panel(queries, whole, packed, length, norms, scores, pitch);
    else
        plain->lane_panel(queries, count, packed, length, job->how->metric, scores,
                          pitch);
}

static int has_exact_scores(const match_job *job)
{
    return job->route == BITS || (job->route == BYTES && job->length <= EXACT_LENGTH);
}

/* How far a score may be from what it stands for. */
static double score_error(const match_job *job, double square, double score)
{
    if (has_exact_scores(job))
        return 0;
    if (job->route == LANES)
        return fabs(score) * FLT_EPSILON + FLT_MIN;
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
    match_load(job, job->queries->array, query, s->query);
    for (ptrdiff_t k = 0; k < TOGETHER; k++)
        match_load(job, job->others->array, numbers[k < count ? k : 0],
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

static ptrdiff_t query_at(const match_job *job, ptrdiff_t k)
{
    return job->list == NULL ? k : job->list[k];
}

/* Packs the queries from `first` on; returns the largest of their squares, NaN where
 * one is no number. */
static double pack_queries(const match_job *job, const match_scratch *s,
                           ptrdiff_t first, ptrdiff_t count, double *squares)
{
    size_t bytes = (size_t)job->words * job->unit;
    double largest = 0;
    for (ptrdiff_t q = 0; q < count; q++) {
        squares[q] = match_pack_one(job, job->queries->array, query_at(job, first + q),
                                    s->query, s->queries + (size_t)q * bytes, 1, NULL);
        largest = match_larger_square(largest, squares[q]);
    }
    return largest;
}

static void match_block(void *context, ptrdiff_t index, int thread)
{
    const match_job *job = context;
    match_scratch s = match_scratch_of(job, thread);
    ptrdiff_t first = index * job->block, left = job->listed - first;
    ptrdiff_t count = left < job->block ? left : job->block;
    ptrdiff_t pitch = job->others->panels * PANEL;
    double squares[QUERIES_AT_MOST];
    float rounded[QUERIES_AT_MOST];
    double largest = pack_queries(job, &s, first, count, squares);
    for (ptrdiff_t q = 0; q < count; q++)
        rounded[q] = (float)squares[q];
    for (ptrdiff_t panel = 0; panel < job->others->panels; panel++) {
        score_panel(job, &s, panel, count);
        if (job->sees_columns)
            see_columns(job, &s, panel, first, count, rounded);
    }
    if (job->sees_columns)
        *s.columns.largest = match_larger_square(*s.columns.largest, largest);
    for (ptrdiff_t q = 0; q < count; q++) {
        float *scores = s.scores + q * pitch;
        for (ptrdiff_t k = job->others->count; k < pitch; k++)
            scores[k] = INFINITY;
        job->found[query_at(job, first + q)] =
            find_nearest(job, &s, query_at(job, first + q), squares[q], scores);
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
    match_choose_route(&job, match_route_for(first, how->metric));
    return job;
}

static void lay_side(const match_job *job, side *s, arena *a)
{
    size_t all = (size_t)(s->panels * PANEL);
    s->packed = arena_take(a, all, (size_t)job->words * unit_at_most(job));
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
    scratch_of(job, NULL, &one);
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        lay_side(job, &job->second, &a);
        if (job->how->cross_check)
            lay_side(job, &job->first, &a);
        r->forward = arena_take(&a, (size_t)job->first.count, sizeof *r->forward);
        r->backward = arena_take(&a, (size_t)job->second.count, sizeof *r->backward);
        r->wanted = arena_take(&a, (size_t)job->second.count, sizeof *r->wanted);
        job->memory.base = arena_take(&a, (size_t)threads, one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return NULL;
    }
    job->memory.each = one.used;
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

static void forget_columns(const match_job *job, int threads)
{
    for (int thread = 0; thread < threads; thread++) {
        columns seen = match_scratch_of(job, thread).columns;
        for (ptrdiff_t k = 0; k < job->second.panels * PANEL; k++) {
            seen.least[k] = seen.second[k] = INFINITY;
            seen.row[k] = INT32_MAX;
        }
        *seen.largest = 0;
    }
}

/* Brings what all threads have seen of the columns into those of the first. */
static columns join_columns(const match_job *job, int threads)
{
    columns all = match_scratch_of(job, 0).columns;
    for (int thread = 1; thread < threads; thread++) {
        columns seen = match_scratch_of(job, thread).columns;
        job->plain->join_leasts(job->second.panels * PANEL, seen.least, seen.second,
                                seen.row, all.least, all.second, all.row);
        *all.largest = match_larger_square(*all.largest, *seen.largest);
    }
    return all;
}

/* Of those wanted, takes the rows of the least scores where these decide; leaves the
 * others in the list, and returns their number. */
static ptrdiff_t take_columns(const match_job *job, int threads, match_results *r,
                              ptrdiff_t wanted)
{
    columns all = join_columns(job, threads);
    int is_exact = has_exact_scores(job);
    double apart = 2 * score_error(job, *all.largest, 0);
    ptrdiff_t left = 0;
    if (!(match_larger_square(*all.largest, job->second.largest) > LEAST_SQUARE))
        apart = INFINITY; /* float32 may have lost what tells them apart */
    for (ptrdiff_t k = 0; k < wanted; k++) {
        int64_t j = r->wanted[k];
        double gap = (double)all.second[j] - all.least[j];
        if (is_exact || gap > apart)
            r->backward[j].index = all.row[j];
        else
            r->wanted[left++] = j;
    }
    return left;
}

/* Packs a set; where products of its numbers cannot be trusted, by another route. */
static feature_status pack_moderate(match_job *job, side *set, team *t)
{
    feature_status status = match_pack(job, set, t);
    if (status == FEATURE_OK && job->route == DOTS && !is_moderate(set)) {
        match_choose_route(job, LANES);
        status = match_pack(job, set, t);
    }
    return status;
}

/* The nearest of those in the list, which are of the second set. */
static feature_status find_backward(match_job *job, team *t, match_results *r,
                                    ptrdiff_t wanted)
{
    const feature_match_parameters *how = job->how;
    feature_match_parameters nearest_only = *how;
    int needed = job->needs_distance;
    nearest_only.max_ratio = 1;
    feature_status status = pack_moderate(job, &job->first, t);
    job->how = &nearest_only;
    job->needs_distance = 0;
    if (status == FEATURE_OK)
        status =
            sweep(job, t, &job->second, &job->first, r->wanted, wanted, r->backward);
    job->how = how;
    job->needs_distance = needed;
    return status;
}

static feature_status find_all(match_job *job, team *t, match_results *r)
{
    feature_status status = pack_moderate(job, &job->second, t);
    job->sees_columns = job->how->cross_check && job->route != LANES;
    if (job->sees_columns)
        forget_columns(job, t->threads);
    if (status == FEATURE_OK)
        status = sweep(job, t, &job->first, &job->second, NULL, job->first.count,
                       r->forward);
    if (status != FEATURE_OK || !job->how->cross_check)
        return status;
    ptrdiff_t wanted = list_wanted(job, r);
    if (job->sees_columns)
        wanted = take_columns(job, t->threads, r, wanted);
    job->sees_columns = 0;
    return wanted > 0 ? find_backward(job, t, r, wanted) : FEATURE_OK;
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
