/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ORB: oriented FAST keypoints on a pyramid, with turned BRIEF descriptors.
 *
 * E. Rublee, V. Rabaud, K. Konolige and G. Bradski, "ORB: an efficient alternative to
 * SIFT and SURF", ICCV 2011.
 *
 *   1. Levels of the pyramid, and on each the corners of FAST that no neighbour exceeds
 *      (orb_pyramid.c).
 *   2. Harris' response at the corners that are far enough from the border, det A -
 *      k trace(A)^2 with the tensor A of corners.c and a Gaussian of sigma 1. It is
 *      made there only, eight corners side by side, each from its 11 x 11 pixels: the
 *      same numbers as those of the plane.
 *   3. The choice. Where more are found than asked for, the highest responses stay, in
 *      their order (NaN first; equal ones in the reverse of the order found), else all,
 *      in the order found: level after level, by descending response of FAST.
 *   4. Of the chosen ones the direction to the centroid of the disc of 31 pixels, and
 *      256 comparisons of pairs of pixels turned by it and rounded to whole pixels,
 *      halves away from zero; a bit is whether the first is darker. The table is
 *      published data (core/orb_pairs.h), read as (row, column) as scikit-image does.
 *
 * Units and types. Levels are float32 for float16 and float32 images, else float64,
 * integers scaled to [0, 1] or [-1, 1]; bytes are compared as bytes where they can be.
 * Angles are radians from the direction of columns towards that of rows; one that is no
 * number counts as 0.
 *
 * Cost. A pixel of a level takes about 5 ns on one core, a corner's response 0.1 us, a
 * keypoint 0.8 us; all is shared by the threads. Memory: the levels, which must be
 * there until the choice is made (3.1 images in their type for 8 levels of a factor of
 * 1.2), a bit a pixel, and 70 bytes a corner.
 */
#include "orb.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/orb_pairs.h"
#include "core/points.h"
#include "core/segments.h"

#define POINTS_A_BAND 16
#define RESPONSE_NANOSECONDS 150.0
#define ANGLE_NANOSECONDS 300.0
#define BITS_NANOSECONDS 300.0
#define HARRIS_REACH (HARRIS_RADIUS + 1)
#define DETECT_BORDER 16
#define DESCRIBE_BORDER 20
#define DISC_REACH 15
#define DISC_SIDE (2 * DISC_REACH + 1)

/* ------------------------------------------------------------------------ */
/* Candidates                                                               */
/* ------------------------------------------------------------------------ */

/* A corner; in a list they stand in the order of levels, then row after row. */
typedef struct candidate {
    double fast, harris;
    int32_t level, row, col;
} candidate;

typedef struct orb_job {
    orb_call call;
    ptrdiff_t border;
    ptrdiff_t *starts; /* of each band of all levels, its first candidate */
    candidate *candidates;
    ptrdiff_t count;
    point *chosen; /* places are numbers of candidates */
    const feature_array *points, *angles, *responses, *descriptors;
} orb_job;

static ptrdiff_t level_of_band(const orb_call *call, ptrdiff_t band)
{
    ptrdiff_t k = 0;
    while (k + 1 < call->p->levels && call->levels[k + 1].first_band <= band)
        k++;
    return k;
}

/* Bits of columns `first` to before `end` in word w. */
static uint64_t word_mask(ptrdiff_t w, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t low = first - w * ORB_WORD, high = end - w * ORB_WORD;
    if (high <= 0 || low >= ORB_WORD)
        return 0;
    uint64_t mask = high < ORB_WORD ? (UINT64_C(1) << high) - 1 : ~UINT64_C(0);
    return low > 0 ? mask & ~UINT64_C(0) << low : mask;
}

/* How many corners of a band are `border` pixels from the border; listed in `to`
 * unless that is NULL. */
static ptrdiff_t list_band(const orb_call *call, ptrdiff_t band, ptrdiff_t border,
                           candidate *to)
{
    ptrdiff_t k = level_of_band(call, band), count = 0;
    const orb_level *level = call->levels + k;
    ptrdiff_t first = (band - level->first_band) * ORB_BAND_ROWS;
    ptrdiff_t end = first + ORB_BAND_ROWS, below = level->shape[0] - border + 1;
    end = end < below ? end : below;
    for (ptrdiff_t y = first < border ? border : first; y < end; y++)
        for (ptrdiff_t w = 0; w < level->words_per_row; w++) {
            uint64_t bits = level->words[y * level->words_per_row + w];
            bits &= word_mask(w, border, level->shape[1] - border + 1);
            for (; to != NULL && bits != 0; bits &= bits - 1, count++) {
                int32_t x = (int32_t)(w * ORB_WORD + __builtin_ctzll(bits));
                to[count] = (candidate){0, 0, (int32_t)k, (int32_t)y, x};
            }
            count += __builtin_popcountll(bits);
        }
    return count;
}

static void respond_band(void *context, ptrdiff_t band, int thread)
{
    const orb_job *job = context;
    const orb_call *call = &job->call;
    candidate *first = job->candidates + job->starts[band];
    ptrdiff_t n = list_band(call, band, job->border, first);
    (void)thread;
    for (ptrdiff_t i = 0; i < n; i += PATCHES) {
        const void *pixels[PATCHES], *patches[PATCHES];
        ptrdiff_t strides[PATCHES];
        double fast[PATCHES], harris[PATCHES];
        for (ptrdiff_t k = 0; k < PATCHES; k++) {
            const candidate *c = first + (i + k < n ? i + k : i);
            const orb_level *level = call->levels + c->level;
            pixels[k] = orb_pixel(level, c->row, c->col);
            patches[k] = orb_pixel(level, c->row - HARRIS_REACH, c->col - HARRIS_REACH);
            strides[k] = level->shape[1];
        }
        call->real->fast_sums(pixels, strides, fast);
        call->real->harris_points(patches, strides, call->p->harris->weights,
                                  call->p->harris_k, harris);
        for (ptrdiff_t k = 0; k < PATCHES && i + k < n; k++) {
            first[i + k].fast = fast[k];
            first[i + k].harris = harris[k];
        }
    }
}

static feature_status find_candidates(orb_job *job, ptrdiff_t *seen)
{
    orb_call *call = &job->call;
    *seen = 0;
    job->starts = memory_lease((size_t)call->bands * sizeof *job->starts);
    if (job->starts == NULL)
        return FEATURE_NO_MEMORY;
    for (ptrdiff_t band = 0; band < call->bands; band++) {
        job->starts[band] = job->count;
        job->count += list_band(call, band, job->border, NULL);
    }
    *seen = job->count;
    for (ptrdiff_t band = 0; band < call->bands && *seen == 0; band++)
        *seen = list_band(call, band, DETECT_BORDER, NULL);
    if (job->count == 0)
        return FEATURE_OK;
    job->candidates = memory_lease((size_t)job->count * sizeof *job->candidates);
    if (job->candidates == NULL)
        return FEATURE_NO_MEMORY;
    team t = team_for(call->run, call->bands,
                      (double)job->count * RESPONSE_NANOSECONDS);
    return team_run(&t, call->bands, respond_band, job);
}

/* ------------------------------------------------------------------------ */
/* The choice                                                               */
/* ------------------------------------------------------------------------ */

/* Small ones first: NaN, then from the highest down. */
static uint64_t harris_key(double response)
{
    return response != response ? 0 : descending_key(FEATURE_FLOAT64, &response);
}

/* Puts listed points in the order found: each level's from FAST's highest down. */
static void order_found(const candidate *all, point *points, point *spare, ptrdiff_t n)
{
    ptrdiff_t start = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        points[i].key =
            descending_key(FEATURE_FLOAT64, &all[points[i].place].fast);
    for (ptrdiff_t i = 1; i <= n; i++)
        if (i == n || all[points[i].place].level != all[points[start].place].level) {
            points_sort(points + start, spare, i - start);
            start = i;
        }
}

static void reverse(point *points, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n / 2; i++) {
        point p = points[i];
        points[i] = points[n - 1 - i];
        points[n - 1 - i] = p;
    }
}

/* Puts them in the order of Harris' response; those of equal ones come in the reverse
 * of the order found. */
static void order_by_harris(const candidate *all, point *points, point *spare,
                            ptrdiff_t n)
{
    order_found(all, points, spare, n);
    reverse(points, n);
    for (ptrdiff_t i = 0; i < n; i++)
        points[i].key = harris_key(all[points[i].place].harris);
    points_sort(points, spare, n);
}

/* Moves the `most` smallest keys, and all that equal the last of them in their leading
 * bits, to the front, and returns how many that are. */
static ptrdiff_t take_leading(point *points, ptrdiff_t n, ptrdiff_t most)
{
    enum { BITS = 12 };
    uint64_t low = UINT64_MAX, high = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        low = points[i].key < low ? points[i].key : low;
        high = points[i].key > high ? points[i].key : high;
    }
    int shift = high > low ? 64 - __builtin_clzll(high - low) - BITS : 0;
    ptrdiff_t counts[1 << BITS] = {0}, sum = 0, kept = 0;
    shift = shift > 0 ? shift : 0;
    for (ptrdiff_t i = 0; i < n; i++)
        counts[(points[i].key - low) >> shift]++;
    uint64_t last = 0;
    while (sum + counts[last] < most)
        sum += counts[last++];
    for (ptrdiff_t i = 0; i < n; i++)
        if ((points[i].key - low) >> shift <= last)
            points[kept++] = points[i];
    return kept;
}

/* The chosen candidates in order; their number. `points` has room for twice as many. */
static ptrdiff_t choose(const orb_job *job, point *points, ptrdiff_t most)
{
    const candidate *all = job->candidates;
    ptrdiff_t n = job->count;
    point *spare = points + n;
    if (most == 0)
        return 0;
    for (ptrdiff_t i = 0; i < n; i++)
        points[i] = (point){.place = i, .key = harris_key(all[i].harris)};
    if (n < most) {
        order_found(all, points, spare, n);
        return n;
    }
    n = take_leading(points, n, most);
    order_by_harris(all, points, spare, n);
    return most;
}

/* ------------------------------------------------------------------------ */
/* Keypoints                                                                */
/* ------------------------------------------------------------------------ */

typedef struct disc {
    ptrdiff_t first[DISC_SIDE + 1];
    mask_segment segments[DISC_SIDE * (DISC_SIDE / SEGMENT + 1)];
    patch_mask mask;
} disc;

/* The patch whose centroid gives the direction: half its width in each row. */
static void fill_disc(disc *d)
{
    static const int32_t reach[DISC_REACH + 1] = {15, 15, 15, 15, 14, 14, 14, 13,
                                                  13, 12, 11, 10, 9,  8,  6,  3};
    ptrdiff_t count = 0;
    for (ptrdiff_t y = 0; y < DISC_SIDE; y++) {
        int32_t width = reach[y < DISC_REACH ? DISC_REACH - y : y - DISC_REACH];
        uint8_t row[DISC_SIDE] = {0};
        memset(row + DISC_REACH - width, 1, 2 * (size_t)width + 1);
        d->first[y] = count;
        count += list_segments(row, 1, DISC_SIDE, DISC_REACH, d->segments + count);
    }
    d->first[DISC_SIDE] = count;
    d->mask = (patch_mask){d->first, d->segments, DISC_SIDE, DISC_REACH, DISC_REACH};
}

typedef struct point_job {
    const orb_job *job;
    const disc *disc; /* NULL: angles are given */
    ptrdiff_t count;
} point_job;

static int64_t *point_row(const feature_array *points, ptrdiff_t k)
{
    return (int64_t *)(void *)row_of(points, k);
}

/* Directions of some keypoints, whose places are written down already. */
static void turn_group(const point_job *p, ptrdiff_t first, ptrdiff_t n)
{
    const orb_job *job = p->job;
    const void *patches[PATCHES];
    ptrdiff_t strides[PATCHES];
    patch_reals found;
    for (ptrdiff_t k = 0; k < PATCHES; k++) {
        const int64_t *at = point_row(job->points, first + (k < n ? k : 0));
        const orb_level *level = job->call.levels + at[0];
        patches[k] = orb_pixel(level, at[1] - DISC_REACH, at[2] - DISC_REACH);
        strides[k] = level->shape[1];
    }
    job->call.real->orientations(patches, strides, &p->disc->mask, &found);
    double *angles = (double *)job->angles->data + first;
    for (ptrdiff_t k = 0; k < n; k++)
        angles[k] = job->call.item == sizeof(float) ? (double)found.floats[k]
                                                    : found.doubles[k];
}

static void point_band(void *context, ptrdiff_t band, int thread)
{
    const point_job *p = context;
    const orb_job *job = p->job;
    ptrdiff_t first = band * POINTS_A_BAND, end = first + POINTS_A_BAND;
    end = end < p->count ? end : p->count;
    (void)thread;
    for (ptrdiff_t i = first; p->disc != NULL && i < end; i++) {
        const candidate *c = job->candidates + job->chosen[i].place;
        int64_t *to = point_row(job->points, i);
        to[0] = c->level;
        to[1] = c->row;
        to[2] = c->col;
        ((double *)job->responses->data)[i] = c->harris;
    }
    for (ptrdiff_t i = first; p->disc != NULL && i < end; i += PATCHES)
        turn_group(p, i, end - i < PATCHES ? end - i : PATCHES);
    for (ptrdiff_t i = first; job->descriptors != NULL && i < end; i++) {
        const int64_t *at = point_row(job->points, i);
        const orb_level *level = job->call.levels + at[0];
        job->call.real->orb_bits(orb_pixel(level, at[1], at[2]),
                                 (int32_t)level->shape[1],
                                 ((const double *)job->angles->data)[i],
                                 row_of(job->descriptors, i));
    }
}

static feature_status finish_points(const orb_job *job, const disc *d, ptrdiff_t count)
{
    point_job p = {job, d, count};
    ptrdiff_t bands = (count + POINTS_A_BAND - 1) / POINTS_A_BAND;
    double nanoseconds = (d != NULL ? ANGLE_NANOSECONDS : 0) +
                         (job->descriptors != NULL ? BITS_NANOSECONDS : 0);
    team t = team_for(job->call.run, bands, (double)count * nanoseconds);
    return count == 0 ? FEATURE_OK : team_run(&t, bands, point_band, &p);
}

/* ------------------------------------------------------------------------ */
/* Public functions                                                         */
/* ------------------------------------------------------------------------ */

static int are_shapes(const feature_array *image, const feature_orb_parameters *p)
{
    if (p->levels < 1 || p->levels > INT32_MAX || p->shapes == NULL)
        return 0;
    for (ptrdiff_t k = 0; k < 2 * p->levels; k++) {
        ptrdiff_t most = k < 2 ? image->shape[k] : p->shapes[k - 2];
        if (p->shapes[k] < 2 || p->shapes[k] > most || (k < 2 && p->shapes[k] < most))
            return 0;
    }
    return image->shape[0] <= INT32_MAX && image->shape[1] <= ORB_COLUMNS_AT_MOST;
}

static feature_status check_call(const feature_array *image,
                                 const feature_orb_parameters *p)
{
    feature_status status = check_array(image, 2);
    if (status != FEATURE_OK)
        return status;
    if (p == NULL || p->axis == NULL || !filter_is_valid(&p->axis[0]) ||
        !filter_is_valid(&p->axis[1]) || p->harris == NULL ||
        !filter_is_valid(p->harris) || p->harris->radius != HARRIS_RADIUS ||
        p->fast_n < 0 || p->fast_n > 16 || p->most < 0 || !are_shapes(image, p))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* `count` rows of a dtype, whose elements stand side by side. */
static feature_status check_rows(const feature_array *array, int32_t ndim,
                                 feature_dtype dtype, ptrdiff_t count, ptrdiff_t cols)
{
    feature_status status = check_array(array, ndim);
    if (status != FEATURE_OK)
        return status;
    if (array->dtype != (int32_t)dtype)
        return FEATURE_BAD_DTYPE;
    if (array->shape[0] != count || (ndim > 1 && array->shape[1] != cols) ||
        (!is_empty(array) && array->strides[ndim - 1] != dtype_size(dtype) &&
         array->shape[ndim - 1] > 1))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* What both calls take, as many rows as there are points. */
static feature_status check_orb(const feature_array *image,
                                const feature_orb_parameters *p,
                                const feature_array *points,
                                const feature_array *angles,
                                const feature_array *descriptors)
{
    feature_status status = check_call(image, p);
    if (status == FEATURE_OK)
        status = check_array(points, 2);
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t count = points->shape[0];
    status = check_rows(points, 2, FEATURE_INT64, count, 3);
    if (status == FEATURE_OK)
        status = check_rows(angles, 1, FEATURE_FLOAT64, count, 0);
    if (status == FEATURE_OK && descriptors != NULL)
        status = check_rows(descriptors, 2, FEATURE_BOOL, count, ORB_BITS);
    return status;
}

static orb_call call_of(const feature_array *image, const feature_orb_parameters *p,
                        int finds, const feature_run *run)
{
    feature_dtype stored = storage_type(image);
    orb_call call = {.image = image, .p = p, .run = run, .finds = finds};
    call.plain = plain_kernels_in_use();
    call.real = real_kernels_for(stored);
    call.item = dtype_size((int32_t)stored);
    call.is_plane = image->dtype == (int32_t)stored && is_contiguous(image);
    call.rule = (fast_rule){
        .threshold = p->fast_threshold, .arc = p->fast_n, .step = -1};
    call.bytes = finds && image->dtype == FEATURE_UINT8 && p->fast_threshold >= 0 &&
                 image->strides[1] == 1;
    return call;
}

static feature_status detect(orb_job *job, const disc *d, ptrdiff_t *counts)
{
    feature_status status = orb_build(&job->call);
    if (status == FEATURE_OK)
        status = find_candidates(job, &counts[1]);
    counts[2] = 0;
    for (ptrdiff_t k = 0; k < job->call.p->levels && status == FEATURE_OK; k++)
        counts[2] += job->call.levels[k].is_empty;
    if (status != FEATURE_OK || job->count == 0)
        return status;
    job->chosen = memory_lease(2 * (size_t)job->count * sizeof *job->chosen);
    if (job->chosen == NULL)
        return FEATURE_NO_MEMORY;
    ptrdiff_t capacity = job->points->shape[0];
    counts[0] = choose(job, job->chosen, job->call.p->most);
    return finish_points(job, d, counts[0] < capacity ? counts[0] : capacity);
}

feature_status feature_orb_detect(const feature_array *image,
                                  const feature_orb_parameters *parameters,
                                  const feature_array *points,
                                  const feature_array *angles,
                                  const feature_array *responses,
                                  const feature_array *descriptors, ptrdiff_t *counts,
                                  const feature_run *run)
{
    feature_status status = check_orb(image, parameters, points, angles, descriptors);
    if (status == FEATURE_OK)
        status = check_rows(responses, 1, FEATURE_FLOAT64, points->shape[0], 0);
    if (status == FEATURE_OK && counts == NULL)
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    counts[0] = counts[1] = 0;
    counts[2] = parameters->levels;
    if (parameters->fast_n == 0)
        return FEATURE_OK;
    orb_job job = {.points = points, .angles = angles, .responses = responses};
    disc d;
    fill_disc(&d);
    job.descriptors = descriptors;
    job.border = descriptors != NULL ? DESCRIBE_BORDER : DETECT_BORDER;
    job.call = call_of(image, parameters, 1, run);
    if (job.call.bytes)
        fast_bound_bytes(&job.call.bounds, &job.call.rule);
    status = orb_open(&job.call);
    if (status == FEATURE_OK)
        status = detect(&job, &d, counts);
    /* In the order of leasing, in which the next call finds them. */
    memory_return(job.call.block);
    memory_return(job.starts);
    memory_return(job.candidates);
    memory_return(job.chosen);
    return status;
}

static int are_inside(const feature_array *points, const feature_orb_parameters *p)
{
    for (ptrdiff_t k = 0; k < points->shape[0]; k++) {
        const int64_t *at = point_row(points, k);
        if (at[0] < 0 || at[0] >= p->levels)
            return 0;
        for (int i = 0; i < 2; i++)
            if (at[1 + i] < DESCRIBE_BORDER ||
                at[1 + i] > p->shapes[2 * at[0] + i] - DESCRIBE_BORDER)
                return 0;
    }
    return 1;
}

feature_status feature_orb_extract(const feature_array *image,
                                   const feature_orb_parameters *parameters,
                                   const feature_array *points,
                                   const feature_array *angles,
                                   const feature_array *descriptors,
                                   const feature_run *run)
{
    feature_status status = check_orb(image, parameters, points, angles, descriptors);
    if (status == FEATURE_OK && descriptors == NULL)
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK && !are_inside(points, parameters))
        status = FEATURE_BAD_ARGUMENT;
    ptrdiff_t count = status == FEATURE_OK ? points->shape[0] : 0;
    if (count == 0)
        return status;
    orb_job job = {.points = points, .angles = angles, .descriptors = descriptors};
    job.call = call_of(image, parameters, 0, run);
    status = orb_open(&job.call);
    if (status == FEATURE_OK)
        status = orb_build(&job.call);
    if (status == FEATURE_OK)
        status = finish_points(&job, NULL, count);
    memory_return(job.call.block);
    return status;
}
