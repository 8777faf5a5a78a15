/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CENSURE: keypoints where a disc differs most from the ring around it.
 *
 * M. Agrawal, K. Konolige, M. R. Blas, "CenSurE: Center Surround Extremas for Realtime
 * Feature Detection and Matching", European Conference on Computer Vision (2008),
 * 102-115. A scale's response is the mean over the ring minus the mean over the disc,
 * so that a dark disc on bright ground is positive. Discs and rings are
 *
 *   DoB      squares of side 2 n + 1 and 4 n + 1 for scale n, from an integral image;
 *            0 where the larger one reaches beyond the image
 *   octagon  squares with their corners cut off, from the paper's table; beyond the
 *            border the image is reflected, its outermost pixels twice
 *   star     a square and the same turned by 45 degrees, with OpenCV's sizes
 *
 * A keypoint is a response that reaches the threshold and that none of the 26 around
 * it in row, column and scale exceeds, or none falls below. (Minima below 0, bright
 * discs on dark ground, never reach a positive threshold. That is the reference's
 * habit, and kept.) Then lines are dropped: with A the structure tensor in a Gaussian
 * window that grows with the scale, trace(A)^2 > threshold det(A). Beyond the border
 * stands 0 for it. Octagons and stars that reach further beyond the image than by one
 * pixel at the lower and right side are no keypoints.
 *
 * How it runs. The image is cut into tiles, and in each the rows of all scales'
 * responses are made one after the other: rings of three rows a scale are all that is
 * kept. The tensor is made at candidates only (censure_lines.c).
 *
 * Octagons and stars: screen, then decide. The reference sums some thousand products a
 * pixel, and its roundings decide ties. Here sums over the rows of pixels as integers
 * give a disc by two numbers a row, the responses in float32, and a bound of how far
 * they are from the reference's. Where candidates and what they are compared with lie
 * further apart than that, the screen is right. The others are summed as the reference
 * does it (bilevel_exact_row), a pixel at a time; or, where a tile has many of them
 * (flat pictures with a threshold of 0), the whole tile is made so.
 *
 * Images that hold NaN, or numbers so large that NaN could come of them, go another
 * way (censure_stack.c).
 *
 * Memory: the integral image for DoB. A thread has about 1 MiB for the usual scales,
 * and 16 bytes a finding, for a moment three times that.
 */
#include "censure.h"

#include <math.h>
#include <string.h>

#include "core/integral.h"
#include "core/memory.h"
#include "core/plane.h"

#define DECIDED_SHARE 400 /* of the tile's responses: more decisions cost more */
#define NANOSECONDS_PER_RESPONSE 1
#define MODERATE_DOUBLE 1e280 /* no sum of smaller numbers overflows */
#define MODERATE_FLOAT 1e37
#define FAR 1e30 /* from all responses of the screen */

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

static ptrdiff_t tiles_across(const censure_job *job)
{
    return (job->cols + CENSURE_TILE_COLS - 1) / CENSURE_TILE_COLS;
}

ptrdiff_t censure_tiles(const censure_job *job)
{
    return (job->rows + CENSURE_TILE_ROWS - 1) / CENSURE_TILE_ROWS * tiles_across(job);
}

void censure_place_tile(censure_tile *t, ptrdiff_t index)
{
    const censure_job *job = t->job;
    t->top = index / tiles_across(job) * CENSURE_TILE_ROWS;
    t->left = index % tiles_across(job) * CENSURE_TILE_COLS;
    ptrdiff_t rows = job->rows - t->top, cols = job->cols - t->left;
    t->rows = rows < CENSURE_TILE_ROWS ? rows : CENSURE_TILE_ROWS;
    t->cols = cols < CENSURE_TILE_COLS ? cols : CENSURE_TILE_COLS;
}

static void layout(censure_tile *t, const censure_job *job, arena *a)
{
    censure_filters_layout(t, job, a);
    censure_window_layout(&t->window, job, a);
    t->words = arena_take(a, CENSURE_TILE_COLS / WORD_BITS, sizeof *t->words);
    t->chosen = arena_take(a, CENSURE_TILE_COLS, sizeof *t->chosen);
}

/* One for each thread, in a block of their own that the caller gives back. */
static censure_tile *open_tiles(const censure_job *job, int threads)
{
    unsigned char *block = NULL;
    censure_tile *tiles = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        tiles = arena_take(&a, (size_t)threads, sizeof *tiles);
        for (int k = 0; k < threads; k++) {
            censure_tile t = {.job = job, .exact = job->exact};
            layout(&t, job, &a);
            if (block != NULL)
                tiles[k] = t;
        }
        if (block == NULL &&
            (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return NULL;
    }
    return tiles;
}

static void close_tiles(censure_tile *tiles, int threads)
{
    for (int k = 0; k < threads && tiles != NULL; k++)
        memory_return(tiles[k].list.points);
    memory_return(tiles);
}

/* ------------------------------------------------------------------------ */
/* Extrema                                                                  */
/* ------------------------------------------------------------------------ */

int censure_near_border(const censure_job *job, ptrdiff_t scale, ptrdiff_t i,
                        ptrdiff_t n)
{
    ptrdiff_t distance = censure_border(job, scale);
    return i < distance || i > n - distance;
}

void censure_list(censure_tile *t, ptrdiff_t y, ptrdiff_t scale, ptrdiff_t count)
{
    const censure_job *job = t->job;
    count = censure_test_lines(t, y, scale, count);
    if (points_reserve(&t->list, count) != FEATURE_OK) {
        t->status = FEATURE_NO_MEMORY;
        return;
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        int64_t place = (y * job->cols + t->chosen[k]) * job->scales + scale;
        t->list.points[t->list.count++] = (point){(uint64_t)place, place};
    }
}

/* The rows that one is compared with, itself in the middle. */
static void gather(const censure_tile *t, ptrdiff_t y, ptrdiff_t scale,
                   const void **rows)
{
    ptrdiff_t last = t->job->rows - 1;
    ptrdiff_t near[3] = {y > 0 ? y - 1 : y, y, y < last ? y + 1 : y};
    for (int k = 0; k < 9; k++)
        rows[k] = censure_row(t, scale - 1 + k / 3, near[k % 3]);
}

/*
 * Is pixel x of the tile, which may be an extremum for all that the screen knows, one?
 * Only what lies within the slack is summed.
 */
static int decide(censure_tile *t, ptrdiff_t y, ptrdiff_t scale,
                  const float *const *rows, ptrdiff_t x)
{
    const censure_job *job = t->job;
    double here = rows[4][x], slack = job->shapes.slack, far = 2 * slack, exact = 0;
    int summed = !(here >= job->least * job->shapes.scale + slack);
    int most = 1, least = 1;
    ptrdiff_t near = 0;
    for (int k = 0; k < 27; k++) {
        double other = rows[k / 3][x + k % 3 - 1];
        most &= other <= here + far;
        least &= other >= here - far;
        near += fabs(other - here) <= far;
    }
    if (!most && !least)
        return 0;
    if (!summed && near == 1)
        return 1;
    t->undecided++;
    censure_load_around(t, y, t->left + x);
    exact = censure_exact(t, scale, y, 0);
    if (!(exact >= job->least))
        return 0;
    for (int k = 0; k < 27 && (most || least); k++) {
        ptrdiff_t right = k % 3 - 1, down = k / 3 % 3 - 1;
        if (k == 13 || fabs(rows[k / 3][x + right] - here) > far)
            continue;
        double other = censure_exact(t, scale - 1 + k / 9, y + down, right);
        most &= other <= exact;
        least &= other >= exact;
    }
    return most || least;
}

/* Columns that the words mark, and that are not too near to the border. */
static ptrdiff_t choose(censure_tile *t, ptrdiff_t y, ptrdiff_t scale,
                        const void *const *rows)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t w = 0; w * WORD_BITS < t->cols; w++)
        for (uint64_t left = t->words[w]; left != 0; left &= left - 1) {
            ptrdiff_t x = w * WORD_BITS + __builtin_ctzll(left);
            if (censure_near_border(t->job, scale, t->left + x, t->job->cols))
                continue;
            if (t->exact || decide(t, y, scale, (const float *const *)rows, x))
                t->chosen[count++] = t->left + x;
        }
    return count;
}

static void search_row(censure_tile *t, ptrdiff_t y)
{
    const censure_job *job = t->job;
    const censure_shapes *s = &job->shapes;
    const void *rows[9];
    for (ptrdiff_t scale = 1; scale < job->scales - 1; scale++) {
        if (censure_near_border(job, scale, y, job->rows))
            continue;
        gather(t, y, scale, rows);
        if (t->exact) {
            job->of_double->extrema_row(rows, t->cols, job->least, 0, t->words);
        } else {
            double least = fmin(fmax(job->least * s->scale, -FAR), FAR);
            job->of_float->extrema_row(rows, t->cols,
                                       least - s->slack - fabs(least) * 0x1p-20,
                                       2 * s->slack, t->words);
        }
        ptrdiff_t count = choose(t, y, scale, rows);
        if (count > 0)
            censure_list(t, y, scale, count);
    }
}

/* Ends early where there is too much to decide. */
static int search_tile(censure_tile *t)
{
    const censure_job *job = t->job;
    ptrdiff_t first = t->top > 0 ? t->top - 1 : 0, end = t->top + t->rows;
    ptrdiff_t most = t->rows * t->cols * job->scales / DECIDED_SHARE;
    censure_start(t);
    for (ptrdiff_t y = first; y <= end; y++) {
        if (y < job->rows)
            censure_make_rows(t, y);
        if (y > t->top)
            search_row(t, y - 1);
        if (t->undecided > most)
            return 0;
    }
    return 1;
}

static void search_band(void *context, ptrdiff_t index, int thread)
{
    censure_tile *t = (censure_tile *)context + thread;
    ptrdiff_t before = t->list.count;
    censure_place_tile(t, index);
    t->exact = t->job->exact;
    if (search_tile(t))
        return;
    t->list.count = before;
    t->exact = 1;
    search_tile(t);
}

/* ------------------------------------------------------------------------ */
/* The list                                                                 */
/* ------------------------------------------------------------------------ */

static void write_points(const censure_job *job, const point *points, ptrdiff_t n,
                         feature_censure_list *list)
{
    for (ptrdiff_t k = 0; k < n && k < list->capacity; k++) {
        int64_t pixel = points[k].place / job->scales;
        list->keypoints[2 * k] = pixel / job->cols;
        list->keypoints[2 * k + 1] = pixel % job->cols;
        list->scales[k] = points[k].place % job->scales + job->search->min_scale;
    }
}

/* All threads' findings, in order. */
static feature_status collect(const censure_job *job, const censure_tile *tiles,
                              int threads, feature_censure_list *list)
{
    ptrdiff_t n = 0;
    int unused = __builtin_clzll((uint64_t)job->rows * (uint64_t)job->cols *
                                 (uint64_t)job->scales);
    for (int k = 0; k < threads; k++) {
        if (tiles[k].status != FEATURE_OK)
            return tiles[k].status;
        n += tiles[k].list.count;
    }
    list->count = n;
    if (n == 0)
        return FEATURE_OK;
    point *points = memory_lease((size_t)n * 2 * sizeof *points);
    if (points == NULL)
        return FEATURE_NO_MEMORY;
    n = 0;
    for (int k = 0; k < threads; k++)
        for (ptrdiff_t i = 0; i < tiles[k].list.count; i++) {
            points[n] = tiles[k].list.points[i];
            points[n++].key <<= unused;
        }
    points_sort(points, points + n, n);
    write_points(job, points, n, list);
    memory_return(points);
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

/* The largest magnitude of a pixel, NaN where one is NaN. */
static feature_status find_magnitude(const censure_job *job, const feature_run *run,
                                     double *magnitude)
{
    double range[3];
    *magnitude = 1;
    if (job->image->dtype < FEATURE_FLOAT16)
        return FEATURE_OK;
    feature_status status = plane_range(job->image, range, run);
    if (status == FEATURE_OK)
        *magnitude = range[2] != 0 ? NAN : fmax(-range[0], range[1]);
    return status;
}

static feature_status check_search(const feature_array *image,
                                   const feature_censure *search,
                                   const feature_censure_list *list)
{
    feature_status status = check_array(image, 2);
    if (status != FEATURE_OK || is_empty(image))
        return status == FEATURE_OK ? FEATURE_BAD_ARGUMENT : status;
    if (search == NULL || list == NULL || search->windows == NULL ||
        search->mode < FEATURE_CENSURE_DOB || search->mode > FEATURE_CENSURE_STAR ||
        search->min_scale < 1 || search->max_scale > CENSURE_SCALE_MOST ||
        search->max_scale - search->min_scale < 2 || list->capacity < 0 ||
        (list->capacity > 0 && (list->keypoints == NULL || list->scales == NULL)))
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < search->max_scale - search->min_scale - 1; k++)
        if (!filter_is_valid(&search->windows[k]) ||
            search->windows[k].border != FEATURE_CONSTANT)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* The integral image, and a row of zeros before it. */
static feature_status make_integral(censure_job *job, team *t)
{
    size_t size = (size_t)job->rows * (size_t)job->cols;
    arena counting = {NULL, 0};
    for (int pass = 0; pass < 2; pass++) {
        job->zeros = arena_take(&counting, (size_t)job->cols, sizeof(double));
        job->integral = arena_take(&counting, size, sizeof(double));
        if (pass > 0)
            break;
        if (counting.used == SIZE_MAX)
            return FEATURE_NO_MEMORY;
        counting = (arena){memory_lease(counting.used), 0};
        if (counting.base == NULL)
            return FEATURE_NO_MEMORY;
    }
    memset(job->zeros, 0, (size_t)job->cols * sizeof(double));
    return integral_image(t, job->image, job->integral);
}

static feature_status search_image(censure_job *job, int ordinary,
                                   feature_censure_list *list, const feature_run *run)
{
    double responses = (double)job->rows * (double)job->cols * (double)job->scales;
    team t = team_for(run, censure_tiles(job), responses * NANOSECONDS_PER_RESPONSE);
    feature_status status = FEATURE_OK;
    int threads = ordinary ? t.threads : 1;
    censure_tile *tiles = open_tiles(job, threads);
    if (tiles == NULL)
        return FEATURE_NO_MEMORY;
    if (censure_is_box(job))
        status = make_integral(job, &t);
    if (status == FEATURE_OK)
        status = ordinary ? team_run(&t, censure_tiles(job), search_band, tiles)
                          : censure_search_stack(tiles, &t);
    if (status == FEATURE_OK)
        status = collect(job, tiles, threads, list);
    memory_return(job->zeros);
    close_tiles(tiles, threads);
    return status;
}

feature_status feature_censure_detect(const feature_array *image,
                                      const feature_censure *search,
                                      feature_censure_list *list,
                                      const feature_run *run)
{
    feature_status status = check_search(image, search, list);
    if (status != FEATURE_OK)
        return status;
    double magnitude, threshold = search->threshold;
    censure_job job = {
        .image = image,
        .search = search,
        .rows = image->shape[0],
        .cols = image->shape[1],
        .scales = search->max_scale - search->min_scale + 1,
        .least = threshold == threshold ? threshold : -INFINITY,
        .plain = plain_kernels_in_use(),
        .real = real_kernels_for(storage_type(image)),
        .of_float = real_kernels_for(FEATURE_FLOAT32),
        .of_double = real_kernels_for(FEATURE_FLOAT64),
    };
    status = find_magnitude(&job, run, &magnitude);
    int narrow = storage_type(image) == FEATURE_FLOAT32;
    int ordinary = magnitude <= (narrow ? MODERATE_FLOAT : MODERATE_DOUBLE);
    if (status == FEATURE_OK)
        status = censure_plan_filters(&job, magnitude);
    job.exact = !ordinary || censure_is_box(&job);
    return status == FEATURE_OK ? search_image(&job, ordinary, list, run) : status;
}
