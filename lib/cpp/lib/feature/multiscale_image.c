/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multiscale features of 2-D images (multiscale.c tells what they are).
 *
 * A tile of at most TILE_ROWS by TILE_COLS pixels is one unit of work. The pixels that
 * its largest Gaussian reaches are converted to floats once. For each scale strips of
 * STRIP columns are summed down, and the sums turned, so that STRIP rows lie side by
 * side as another strip; those are summed in the same way and turned back. Halo: two
 * pixels for texture, one for edges. Wide tiles are better than square ones, since sums
 * down the columns are made for the whole width that sums along the rows need: at the
 * largest scale 128 columns more than the tile has.
 *
 * A thread keeps, by default, 3 MiB: TILE_ROWS + 128 rows of pixels, a strip, the
 * turned sums of one scale, and the smoothed tile at each scale.
 */
#include <string.h>

#include "multiscale.h"

#define HALO_AT_MOST 2
#define TILE_ROWS (3 * STRIP - 2 * HALO_AT_MOST) /* whole strips with their halo */
#define TILE_COLS 1024
/* Measured; only the break-even of threads depends on it. */
#define NANOSECONDS_PER_TAP 0.1

typedef struct image_job {
    multiscale_job *job;
    ptrdiff_t rows, tile_rows, tile_cols, tiles_down, tiles_across;
    ptrdiff_t halo, groups; /* strips of rows in a tile */
    ptrdiff_t pixel_pitch, turned_size, smoothed_pitch;
    thread_memory memory;
} image_job;

/* Rows and columns [first, end) of the image. */
typedef struct span {
    ptrdiff_t first, end;
} span;

typedef struct tile {
    span rows, cols;                   /* whose features are made */
    span smoothed_rows, smoothed_cols; /* with their halo */
    span pixel_rows, pixel_cols;       /* that the filters reach */
} tile;

typedef struct tile_scratch {
    float *pixels, *sums, *turned;
    wide *spare, *strip;
    float **scales;
    chunk_scratch chunk;
} tile_scratch;

static ptrdiff_t larger_of(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t length_of(span s)
{
    return s.end - s.first;
}

/* `by` more on both sides, as far as there is something. */
static span widened(span s, ptrdiff_t by, ptrdiff_t n)
{
    return (span){s.first > by ? s.first - by : 0, n - s.end > by ? s.end + by : n};
}

/* ------------------------------------------------------------------------ */
/* Buffers                                                                  */
/* ------------------------------------------------------------------------ */

static void layout(tile_scratch *s, const image_job *image, arena *a)
{
    const multiscale_job *job = image->job;
    ptrdiff_t rows = image->groups * STRIP, cols = image->smoothed_pitch;
    ptrdiff_t under = 2 * job->radius, longest = larger_of(rows, cols);
    ptrdiff_t pixel_rows = rows + under < image->rows ? rows + under : image->rows;
    s->pixels = arena_take(a, (size_t)pixel_rows,
                           (size_t)image->pixel_pitch * sizeof(float));
    s->spare = arena_take(a, (size_t)image->pixel_pitch + ROW_BLOCK, sizeof(wide));
    s->strip = arena_take(a, (size_t)(longest + under + 2), STRIP * sizeof(wide));
    s->sums = arena_take(a, (size_t)longest + STRIP, STRIP * sizeof(float));
    s->turned = arena_take(a, (size_t)image->groups,
                           (size_t)image->turned_size * sizeof(float));
    s->scales = arena_take(a, (size_t)job->count, sizeof(float *));
    size_t plane_bytes = (size_t)(rows * image->smoothed_pitch) * sizeof(float);
    unsigned char *planes = arena_take(a, (size_t)job->count, plane_bytes);
    multiscale_layout(&s->chunk, job, a);
    for (ptrdiff_t k = 0; a->base != NULL && k < job->count; k++)
        s->scales[k] = (float *)(void *)(planes + (size_t)k * plane_bytes);
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

static tile tile_number(const image_job *image, ptrdiff_t index)
{
    const multiscale_job *job = image->job;
    ptrdiff_t y = index / image->tiles_across * image->tile_rows;
    ptrdiff_t x = index % image->tiles_across * image->tile_cols;
    ptrdiff_t bottom = y + image->tile_rows, right = x + image->tile_cols;
    tile t;
    t.rows = (span){y, bottom < image->rows ? bottom : image->rows};
    t.cols = (span){x, right < job->cols ? right : job->cols};
    t.smoothed_rows = widened(t.rows, image->halo, image->rows);
    t.smoothed_cols = widened(t.cols, image->halo, job->cols);
    t.pixel_rows = widened(t.smoothed_rows, job->radius, image->rows);
    t.pixel_cols = widened(t.smoothed_cols, job->radius, job->cols);
    return t;
}

/* Each row is followed by zeros, which the last strip may take in. */
static void load_tile(const image_job *image, const tile *t, tile_scratch *s)
{
    ptrdiff_t cols = length_of(t->pixel_cols), pitch = image->pixel_pitch;
    for (ptrdiff_t y = t->pixel_rows.first; y < t->pixel_rows.end; y++) {
        float *row = s->pixels + (y - t->pixel_rows.first) * pitch;
        ptrdiff_t index[2] = {y, 0};
        multiscale_load(image->job, index, t->pixel_cols.first, cols, s->spare, row);
        memset(row + cols, 0, (size_t)(pitch - cols) * sizeof(float));
    }
}

/* Sums down STRIP columns from x on, turned: `at` is where they belong in a strip. */
static void sum_down(const image_job *image, const tile *t, tile_scratch *s,
                     const feature_filter *filter, ptrdiff_t x, ptrdiff_t at)
{
    const plain_kernels *plain = image->job->plain;
    ptrdiff_t n = length_of(t->smoothed_rows), lanes = image->groups * STRIP;
    span rows = widened(t->smoothed_rows, filter->radius, image->rows);
    ptrdiff_t first = rows.first - (t->smoothed_rows.first - filter->radius);
    const float *pixels = s->pixels + x - t->pixel_cols.first +
                          (rows.first - t->pixel_rows.first) * image->pixel_pitch;
    plain->widen_strip(pixels, image->pixel_pitch, length_of(rows),
                       s->strip + first * STRIP);
    multiscale_sum_strip(image->job, filter, s->strip, first, length_of(rows), n,
                         s->sums);
    memset(s->sums + n * STRIP, 0, (size_t)((lanes - n) * STRIP) * sizeof(float));
    for (ptrdiff_t g = 0; g < image->groups; g++)
        plain->turn_tile(s->sums + g * STRIP * STRIP, STRIP,
                         s->turned + g * image->turned_size + at * STRIP, STRIP);
}

/* The tile at one scale. */
static void smooth_tile(const image_job *image, const tile *t, tile_scratch *s,
                        const feature_filter *filter, float *out)
{
    const plain_kernels *plain = image->job->plain;
    ptrdiff_t n = length_of(t->smoothed_cols);
    span cols = widened(t->smoothed_cols, filter->radius, image->job->cols);
    ptrdiff_t first = cols.first - (t->smoothed_cols.first - filter->radius);
    for (ptrdiff_t x = cols.first; x < cols.end; x += STRIP)
        sum_down(image, t, s, filter, x, x - cols.first);
    for (ptrdiff_t g = 0; g * STRIP < length_of(t->smoothed_rows); g++) {
        plain->widen_strip(s->turned + g * image->turned_size, STRIP, length_of(cols),
                           s->strip + first * STRIP);
        multiscale_sum_strip(image->job, filter, s->strip, first, length_of(cols), n,
                             s->sums);
        for (ptrdiff_t x = 0; x < n; x += STRIP)
            plain->turn_tile(s->sums + x * STRIP, STRIP,
                             out + g * STRIP * image->smoothed_pitch + x,
                             image->smoothed_pitch);
    }
}

static void make_tile(void *context, ptrdiff_t index, int thread)
{
    const image_job *image = context;
    const multiscale_job *job = image->job;
    tile_scratch s;
    arena a = arena_of(&image->memory, thread);
    layout(&s, image, &a);
    tile t = tile_number(image, index);
    load_tile(image, &t, &s);
    for (ptrdiff_t k = 0; k < job->count; k++)
        smooth_tile(image, &t, &s, &job->parameters->scales[k], s.scales[k]);
    ptrdiff_t apart[2] = {image->smoothed_pitch, 1};
    ptrdiff_t corner[2] = {t.smoothed_rows.first, t.smoothed_cols.first};
    smoothed_part part = {s.scales, apart, corner};
    for (ptrdiff_t y = t.rows.first; y < t.rows.end; y++)
        for (ptrdiff_t x = t.cols.first; x < t.cols.end; x += CHUNK) {
            ptrdiff_t n = t.cols.end - x < CHUNK ? t.cols.end - x : CHUNK;
            ptrdiff_t at[2] = {y, x};
            multiscale_make_chunk(job, &part, &s.chunk, at, n);
        }
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

/* n in equal parts of at most `most`; two, four, ... of them, for two threads. */
static ptrdiff_t part_of(ptrdiff_t n, ptrdiff_t most, int even, ptrdiff_t *parts)
{
    ptrdiff_t count = (n + most - 1) / most;
    count += even && count > 1 && count % 2;
    ptrdiff_t part = (n + count - 1) / count;
    *parts = (n + part - 1) / part;
    return part;
}

static double nanoseconds(const image_job *image)
{
    double taps = 0;
    for (ptrdiff_t k = 0; k < image->job->count; k++)
        taps += 4 + 2 * (double)image->job->parameters->scales[k].radius;
    return (double)image->rows * (double)image->job->cols * taps * NANOSECONDS_PER_TAP;
}

feature_status multiscale_of_image(multiscale_job *job, const feature_run *run)
{
    const feature_multiscale_parameters *wanted = job->parameters;
    image_job image = {.job = job, .rows = job->image->shape[0]};
    image.halo = wanted->texture ? HALO_AT_MOST : wanted->edges ? 1 : 0;
    image.tile_rows = part_of(image.rows, TILE_ROWS, 1, &image.tiles_down);
    image.tile_cols = part_of(job->cols, TILE_COLS, 0, &image.tiles_across);
    ptrdiff_t rows = image.tile_rows + 2 * image.halo;
    ptrdiff_t cols = image.tile_cols + 2 * image.halo;
    if (job->radius > PTRDIFF_MAX / (16 * STRIP * (ptrdiff_t)sizeof(wide)))
        return FEATURE_NO_MEMORY;
    ptrdiff_t reach = cols + 2 * job->radius;
    image.groups = (rows + STRIP - 1) / STRIP;
    image.smoothed_pitch = multiscale_pitch(cols + STRIP);
    image.pixel_pitch =
        multiscale_pitch((reach < job->cols ? reach : job->cols) + STRIP);
    image.turned_size = (reach + 2 * STRIP) * STRIP;
    ptrdiff_t tiles = image.tiles_down * image.tiles_across;
    team t = team_for(run, tiles, nanoseconds(&image));
    tile_scratch counting;
    arena one = {NULL, 0};
    layout(&counting, &image, &one);
    return team_run_with(&t, tiles, make_tile, &image, &image.memory, &one);
}
