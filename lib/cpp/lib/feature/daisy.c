/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DAISY: histograms of gradients around the points of a grid. E. Tola, V. Lepetit and
 * P. Fua, "DAISY: An efficient dense descriptor applied to wide-baseline stereo", IEEE
 * Transactions on Pattern Analysis and Machine Intelligence 32 (2010), 815-830, with
 * scikit-image's definitions.
 *
 * Maps. The gradient is the next pixel minus this one along each axis, 0 in the last
 * column and row. A pixel counts for orientation o by the gradient's length times
 * exp(kappa cos(angle - o)), kappa = orientations / pi: von Mises' distribution, not
 * normalised. Orientations start at -pi, angles run from columns towards rows. The
 * cosine is a scalar product, so that there is no arctangent.
 *
 * Histograms. A map smoothed by a Gaussian (border: reflected) gives one bin at each
 * place: that of the centre at a grid point, those of the rings at points around it.
 * Ring r is smoothed more than ring r - 1, the centre as much as the first.
 *
 * What is computed. Maps are made for all pixels near grid points, row by row; they are
 * smoothed along the row at columns that some histogram needs, and down the columns at
 * the histograms' places only. Maps of one pixel stand side by side. So an
 * image of maps exists nowhere: it is 8 times as large as the image, and smoothed for
 * each ring.
 *
 * Tiles. Some columns and rows of grid points are a unit of work. It moves down in
 * batches of rows, whose smoothed rows are kept in a ring for each filter, column by
 * column, as they are read. Along the columns sums are made for all rows of a batch
 * before the next few columns, so that what they read stays in the first cache.
 * Neighbouring tiles compute the maps between them twice, which costs more than rings
 * that the second cache does not hold: so tiles are wide, and as many as the threads
 * share evenly.
 *
 * Memory: about 4 MiB a thread for the usual parameters. Cost, with the usual rings and
 * where all pixels are needed: 60 multiplications a map, pixel and axis, with 90
 * additions along the rows, where all filters take the same pairs, and 120 down the
 * columns; from steps of about 8 on the rest decides, one exp a map and pixel.
 */
#include <string.h>

#include "core/array.h"
#include "core/border.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define ORIENTATIONS_AT_MOST 2000
#define COUNT_AT_MOST 0x1p40 /* so that no product of sizes overflows */
#define TILE_COLS 256        /* pixels; no fewer than the next for more threads */
#define TILE_COLS_LEAST 64
#define TILE_ROWS 512
#define BATCH_ROWS 16
#define POINTS_TOGETHER 8 /* columns of grid points */
#define NANOSECONDS_PER_PIXEL 60

/* What the two filters of a ring need around a grid point. */
typedef struct daisy_level {
    const feature_filter *down, *right;
    ptrdiff_t reach; /* of its histograms, rows and columns */
} daisy_level;

typedef struct daisy_job {
    const feature_array *image, *out;
    const feature_daisy_parameters *p;
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t rows, cols, points_down, points_right, values;
    ptrdiff_t halo; /* how far a histogram's filter reaches from its grid point */
    ptrdiff_t tile_down, tile_right, tiles_right, tiles; /* in points */
    ptrdiff_t batch;
    daisy_fan fan;
    double *sine, *cosine;
    daisy_level *levels;
    team team;
    thread_memory memory;
    int streamed;
} daisy_job;

enum { UNUSED = -1, NEEDED = -2 };

/* Rows smoothed along themselves, at needed columns, each column in one piece. */
typedef struct daisy_ring {
    wide *rows;
    ptrdiff_t capacity, pitch; /* rows; values from one column to the next */
    ptrdiff_t count;   /* of columns */
    ptrdiff_t shared;  /* the first of them, which all rings of a group have */
    ptrdiff_t *column; /* where they stand in the row of maps */
    ptrdiff_t *place;  /* of each pixel of the tile its column's, or one of these: */
    const wide **table;
} daisy_ring;

/* One thread's buffers. */
typedef struct daisy_tile {
    ptrdiff_t first_down, end_down, first_right, end_right; /* points */
    ptrdiff_t left, width;                                  /* pixels, with the halo */
    wide *here, *below, *right, *down, *length;
    wide *maps;
    const wide **shifts;
    daisy_ring *rings;
    wide *descriptors;
    double *finished; /* or floats: a descriptor that is streamed */
    ptrdiff_t loaded; /* the first row below those in the rings */
} daisy_tile;

/* ------------------------------------------------------------------------ */
/* Buffers                                                                  */
/* ------------------------------------------------------------------------ */

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* As many as pairs of filters: one for each ring, the first also for the centre. */
static ptrdiff_t levels_of(const feature_daisy_parameters *p)
{
    return p->rings > 0 ? p->rings : 1;
}

static ptrdiff_t tile_width(const daisy_job *job)
{
    return (job->tile_right - 1) * job->p->step + 1 + 2 * job->halo;
}

/* Columns of one level that a tile needs at most. */
static ptrdiff_t columns_at_most(const daisy_job *job, ptrdiff_t level)
{
    ptrdiff_t span =
        (job->tile_right - 1) * job->p->step + 1 + 2 * job->levels[level].reach;
    ptrdiff_t places = job->p->histograms + (level == 0);
    return smaller(span, places * job->tile_right);
}

/* Descriptors and what they are followed by. */
static ptrdiff_t descriptor_pitch(const daisy_job *job)
{
    return (job->values + 15) / 8 * 8;
}

static void layout_ring(daisy_ring *ring, const daisy_job *job, ptrdiff_t level,
                        arena *a)
{
    const daisy_level *l = &job->levels[level];
    ptrdiff_t columns = columns_at_most(job, level), n = job->p->orientations;
    ptrdiff_t half = l->reach + l->down->radius;
    ptrdiff_t window = (job->batch - 1) * job->p->step + 2 * half + 1;
    ptrdiff_t capacity = window + job->halo - half;
    daisy_ring made = {.capacity = capacity, .pitch = (capacity | 1) * n};
    made.rows = arena_take(a, (size_t)columns, (size_t)made.pitch * sizeof(wide));
    arena_take(a, ROW_BLOCK, sizeof(wide)); /* read behind the last value */
    made.column = arena_take(a, (size_t)columns, sizeof(ptrdiff_t));
    made.place = arena_take(a, (size_t)tile_width(job), sizeof(ptrdiff_t));
    made.table = arena_take(a, (size_t)window, sizeof(wide *));
    if (a->base != NULL)
        *ring = made;
}

static void layout(daisy_tile *t, const daisy_job *job, arena *a)
{
    size_t cols = (size_t)job->cols + ROW_BLOCK, width = (size_t)tile_width(job);
    size_t n = (size_t)job->p->orientations;
    t->here = arena_take(a, cols, sizeof(wide));
    t->below = arena_take(a, cols, sizeof(wide));
    t->right = arena_take(a, width + ROW_BLOCK, sizeof(wide));
    t->down = arena_take(a, width + ROW_BLOCK, sizeof(wide));
    t->length = arena_take(a, width + ROW_BLOCK, sizeof(wide));
    t->maps = arena_take(a, width * n + ROW_BLOCK, sizeof(wide));
    t->shifts = arena_take(a, 2 * (size_t)job->halo + 1, sizeof(wide *));
    t->descriptors = arena_take(a, (size_t)job->batch * POINTS_TOGETHER,
                                (size_t)descriptor_pitch(job) * sizeof(wide));
    t->finished = arena_take(a, (size_t)job->values, sizeof *t->finished);
    t->rings = arena_take(a, (size_t)levels_of(job->p), sizeof(daisy_ring));
    for (ptrdiff_t k = 0; k < levels_of(job->p); k++)
        layout_ring(a->base == NULL ? NULL : &t->rings[k], job, k, a);
}

static void layout_shared(daisy_job *job, arena *a)
{
    size_t directions = (size_t)job->p->orientations + ROW_BLOCK;
    job->sine = arena_take(a, directions, sizeof(double));
    job->cosine = arena_take(a, directions, sizeof(double));
    job->levels = arena_take(a, (size_t)levels_of(job->p), sizeof(daisy_level));
}

/* ------------------------------------------------------------------------ */
/* Rows of maps                                                             */
/* ------------------------------------------------------------------------ */

static const ptrdiff_t *offset_of(const daisy_job *job, ptrdiff_t ring, ptrdiff_t k)
{
    return job->p->offsets + 2 * (ring * job->p->histograms + k);
}

/* Pixels of row y from column `first` on. */
static void read_pixels(const daisy_job *job, ptrdiff_t y, ptrdiff_t first, ptrdiff_t n,
                        wide *out)
{
    const feature_array *image = job->image;
    job->plain->load_row(row_of(image, y) + first * image->strides[1],
                         image->strides[1], n, (feature_dtype)image->dtype, out);
}

/* The maps of row y of the image; beyond its border they are reflected. */
static void make_maps(const daisy_job *job, daisy_tile *t, ptrdiff_t y)
{
    ptrdiff_t n = job->p->orientations, last = job->cols - 1;
    ptrdiff_t first = t->left > 0 ? t->left : 0;
    ptrdiff_t end = smaller(t->left + t->width, job->cols), count = end - first;
    ptrdiff_t read = smaller(count + 1, job->cols - first);
    read_pixels(job, y, first, read, t->here);
    job->real->slope_row(t->here + 1, t->here, read - 1, t->right);
    if (end > last)
        t->right[last - first] = 0;
    memset(t->down, 0, (size_t)count * sizeof(wide));
    if (y < job->rows - 1) {
        read_pixels(job, y + 1, first, count, t->below);
        job->real->slope_row(t->below, t->here, count, t->down);
    }
    wide *maps = t->maps + (first - t->left) * n;
    job->real->daisy_maps(t->right, t->down, count, &job->fan, t->length, maps);
    size_t size = (size_t)n * sizeof(wide);
    for (ptrdiff_t x = t->left; x < t->left + t->width; x++) {
        ptrdiff_t from = border_index(x, job->cols, FEATURE_REFLECT);
        if (from != x)
            memcpy(t->maps + (x - t->left) * n, t->maps + (from - t->left) * n, size);
    }
}

static wide *ring_row(const daisy_job *job, const daisy_ring *ring, ptrdiff_t y)
{
    return ring->rows + positive_modulo(y, ring->capacity) * job->p->orientations;
}

/* Smooths the row of maps along itself for the levels of a group: together where all
 * have the column, then each at its other columns. */
static void smooth_group(const daisy_job *job, daisy_tile *t, ptrdiff_t y,
                         ptrdiff_t first, int many)
{
    ptrdiff_t n = job->p->orientations, widest = 0;
    daisy_ring *rings = t->rings + first;
    daisy_filter filters[DAISY_FILTERS];
    for (int k = 0; k < many; k++) {
        const feature_filter *right = job->levels[first + k].right;
        filters[k] = (daisy_filter){right->weights, right->radius, rings[k].pitch,
                                    ring_row(job, &rings[k], y)};
        widest = right->radius > widest ? right->radius : widest;
    }
    for (ptrdiff_t k = -widest; k <= widest; k++)
        t->shifts[k + widest] = t->maps + k * n;
    job->plain->daisy_sums(t->shifts, filters, many, rings->column, rings->shared, n);
    for (int k = 0; k < many; k++) {
        const daisy_ring *ring = &rings[k];
        filters[k].out += ring->shared * ring->pitch;
        job->plain->daisy_sums(t->shifts + widest - filters[k].radius, &filters[k], 1,
                               ring->column + ring->shared, ring->count - ring->shared,
                               n);
    }
}

static int group_at(const daisy_job *job, ptrdiff_t first)
{
    return (int)smaller(levels_of(job->p) - first, DAISY_FILTERS);
}

static void smooth_maps(const daisy_job *job, daisy_tile *t, ptrdiff_t y)
{
    for (ptrdiff_t first = 0; first < levels_of(job->p); first += DAISY_FILTERS)
        smooth_group(job, t, y, first, group_at(job, first));
}

/* Makes rows up to `end` available, from `first` on, unless it is stopped. */
static void need_rows(daisy_job *job, daisy_tile *t, ptrdiff_t first, ptrdiff_t end,
                      int thread)
{
    if (t->loaded < first)
        t->loaded = first;
    for (; t->loaded < end && !team_is_stopped(&job->team, thread); t->loaded++) {
        make_maps(job, t, border_index(t->loaded, job->rows, FEATURE_REFLECT));
        smooth_maps(job, t, t->loaded);
    }
}

/* ------------------------------------------------------------------------ */
/* Descriptors                                                              */
/* ------------------------------------------------------------------------ */

static ptrdiff_t pixel_of(const daisy_job *job, ptrdiff_t point)
{
    return job->p->margin + point * job->p->step;
}

/* The bins of one histogram, `offset` away from some points of all rows of a batch. */
static void sum_down(const daisy_job *job, const daisy_tile *t, ptrdiff_t level,
                     const ptrdiff_t *offset, ptrdiff_t right, ptrdiff_t count,
                     ptrdiff_t batch, wide *out)
{
    const daisy_level *l = &job->levels[level];
    const daisy_ring *ring = &t->rings[level];
    ptrdiff_t n = job->p->orientations, pitch = descriptor_pitch(job),
              at[POINTS_TOGETHER];
    for (ptrdiff_t k = 0; k < count; k++)
        at[k] =
            ring->place[pixel_of(job, right + k) + offset[1] - t->left] * ring->pitch;
    for (ptrdiff_t row = 0; row < batch; row++) {
        daisy_filter filter = {l->down->weights, l->down->radius, pitch,
                               out + row * POINTS_TOGETHER * pitch};
        job->plain->daisy_sums(ring->table + row * job->p->step + l->reach + offset[0],
                               &filter, 1, at, count, n);
    }
}

/* From sums to the descriptor of a point. */
static void finish(const daisy_job *job, const daisy_tile *t, wide *sums,
                   ptrdiff_t point)
{
    size_t size = (size_t)(job->values * dtype_size(job->out->dtype));
    unsigned char *to = (unsigned char *)job->out->data + (size_t)point * size;
    job->real->daisy_finish(sums, job->values, job->p->orientations, job->p->norm,
                            job->streamed ? (void *)t->finished : to);
    if (job->streamed)
        job->plain->stream_bytes(t->finished, size, to);
}

/* Descriptors of `count` points of each row of a batch. */
static void describe(const daisy_job *job, daisy_tile *t, ptrdiff_t down,
                     ptrdiff_t batch, ptrdiff_t right, ptrdiff_t count)
{
    static const ptrdiff_t centre[2] = {0, 0};
    ptrdiff_t n = job->p->orientations, pitch = descriptor_pitch(job);
    wide *to = t->descriptors;
    sum_down(job, t, 0, centre, right, count, batch, to);
    for (ptrdiff_t ring = 0; ring < job->p->rings; ring++)
        for (ptrdiff_t k = 0; k < job->p->histograms; k++)
            sum_down(job, t, ring, offset_of(job, ring, k), right, count, batch,
                     to += n);
    for (ptrdiff_t row = 0; row < batch; row++)
        for (ptrdiff_t k = 0; k < count; k++)
            finish(job, t, t->descriptors + (row * POINTS_TOGETHER + k) * pitch,
                   (down + row) * job->points_right + right + k);
}

/* Points at the rows under the filters around the first point of a batch. */
static void fill_tables(const daisy_job *job, daisy_tile *t, ptrdiff_t y,
                        ptrdiff_t batch)
{
    for (ptrdiff_t level = 0; level < levels_of(job->p); level++) {
        const daisy_level *l = &job->levels[level];
        ptrdiff_t half = l->reach + l->down->radius, first = y - half;
        ptrdiff_t rows = (batch - 1) * job->p->step + 2 * half + 1;
        for (ptrdiff_t k = 0; k < rows; k++)
            t->rings[level].table[k] = ring_row(job, &t->rings[level], first + k);
    }
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

static void mark_column(const daisy_job *job, daisy_tile *t, ptrdiff_t level,
                        ptrdiff_t offset)
{
    for (ptrdiff_t point = t->first_right; point < t->end_right; point++)
        t->rings[level].place[pixel_of(job, point) + offset - t->left] = NEEDED;
}

/* Which columns the histograms of the tile need. */
static void mark_columns(const daisy_job *job, daisy_tile *t, ptrdiff_t level)
{
    daisy_ring *ring = &t->rings[level];
    ring->count = ring->shared = 0;
    for (ptrdiff_t x = 0; x < t->width; x++)
        ring->place[x] = UNUSED;
    if (level == 0)
        mark_column(job, t, 0, 0);
    for (ptrdiff_t k = 0; level < job->p->rings && k < job->p->histograms; k++)
        mark_column(job, t, level, offset_of(job, level, k)[1]);
}

static void number_column(const daisy_job *job, daisy_ring *ring, ptrdiff_t x)
{
    ring->column[ring->count] = x * job->p->orientations;
    ring->place[x] = ring->count++;
}

/* Are they, and do their filters grow? */
static int is_shared(const daisy_job *job, const daisy_tile *t, ptrdiff_t first,
                     int many, ptrdiff_t x)
{
    int shared = many > 1;
    for (ptrdiff_t k = first; k < first + many; k++) {
        shared &= t->rings[k].place[x] == NEEDED;
        shared &= k == first ||
                  job->levels[k].right->radius >= job->levels[k - 1].right->radius;
    }
    return shared;
}

/* Numbers the columns of a group of levels: those that all need come first. */
static void number_columns(const daisy_job *job, daisy_tile *t, ptrdiff_t first,
                           int many)
{
    daisy_ring *rings = t->rings + first;
    for (ptrdiff_t x = 0; x < t->width; x++)
        if (is_shared(job, t, first, many, x))
            for (int k = 0; k < many; k++)
                number_column(job, &rings[k], x);
    for (int k = 0; k < many; k++) {
        rings[k].shared = rings[k].count;
        for (ptrdiff_t x = 0; x < t->width; x++)
            if (rings[k].place[x] == NEEDED)
                number_column(job, &rings[k], x);
    }
}

static void find_columns(const daisy_job *job, daisy_tile *t)
{
    for (ptrdiff_t level = 0; level < levels_of(job->p); level++)
        mark_columns(job, t, level);
    for (ptrdiff_t first = 0; first < levels_of(job->p); first += DAISY_FILTERS)
        number_columns(job, t, first, group_at(job, first));
}

static void start(const daisy_job *job, daisy_tile *t, ptrdiff_t index, int thread)
{
    arena a = arena_of(&job->memory, thread);
    layout(t, job, &a);
    t->first_down = index / job->tiles_right * job->tile_down;
    t->end_down = smaller(t->first_down + job->tile_down, job->points_down);
    t->first_right = index % job->tiles_right * job->tile_right;
    t->end_right = smaller(t->first_right + job->tile_right, job->points_right);
    t->left = pixel_of(job, t->first_right) - job->halo;
    t->width = pixel_of(job, t->end_right - 1) + job->halo + 1 - t->left;
    t->loaded = pixel_of(job, t->first_down) - job->halo;
    find_columns(job, t);
}

static void daisy_band(void *context, ptrdiff_t index, int thread)
{
    daisy_job *job = context;
    daisy_tile t;
    start(job, &t, index, thread);
    for (ptrdiff_t down = t.first_down; down < t.end_down; down += job->batch) {
        ptrdiff_t batch = smaller(job->batch, t.end_down - down);
        ptrdiff_t y = pixel_of(job, down);
        need_rows(job, &t, y - job->halo,
                  y + (batch - 1) * job->p->step + job->halo + 1, thread);
        fill_tables(job, &t, y, batch);
        for (ptrdiff_t right = t.first_right;
             right < t.end_right && !team_is_stopped(&job->team, thread);
             right += POINTS_TOGETHER)
            describe(job, &t, down, batch, right,
                     smaller(POINTS_TOGETHER, t.end_right - right));
    }
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static feature_status check_parameters(const feature_daisy_parameters *p)
{
    if (p == NULL || p->step < 1 || p->margin < 0 || p->rings < 0 ||
        p->histograms < 0 || p->orientations < 1 ||
        p->orientations > ORIENTATIONS_AT_MOST || p->axis == NULL ||
        p->directions == NULL || p->norm < FEATURE_DAISY_L1 ||
        p->norm > FEATURE_DAISY_OFF)
        return FEATURE_BAD_ARGUMENT;
    if ((double)p->rings * (double)p->histograms > COUNT_AT_MOST ||
        (double)p->margin > COUNT_AT_MOST || (double)p->step > COUNT_AT_MOST)
        return FEATURE_NO_MEMORY;
    if (p->rings * p->histograms > 0 && p->offsets == NULL)
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < 2 * levels_of(p); k++)
        if (!filter_is_valid(&p->axis[k]) || p->axis[k].border != FEATURE_REFLECT)
            return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < 2 * p->rings * p->histograms; k++)
        if (p->offsets[k] > p->margin || p->offsets[k] < -p->margin)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static ptrdiff_t points_along(ptrdiff_t n, const feature_daisy_parameters *p)
{
    ptrdiff_t inside = n - 2 * p->margin;
    return inside <= 0 ? 0 : (inside - 1) / p->step + 1;
}

static void plan_levels(daisy_job *job)
{
    job->halo = 0;
    for (ptrdiff_t level = 0; level < levels_of(job->p); level++) {
        daisy_level *l = &job->levels[level];
        const feature_filter *axis = &job->p->axis[2 * level];
        *l = (daisy_level){.down = &axis[0], .right = &axis[1]};
        ptrdiff_t radius =
            axis[0].radius > axis[1].radius ? axis[0].radius : axis[1].radius;
        for (ptrdiff_t k = 0; level < job->p->rings && k < 2 * job->p->histograms;
             k++) {
            ptrdiff_t offset = offset_of(job, level, 0)[k];
            offset = offset < 0 ? -offset : offset;
            l->reach = offset > l->reach ? offset : l->reach;
        }
        if (l->reach + radius > job->halo)
            job->halo = l->reach + radius;
    }
}

static void plan_fan(daisy_job *job)
{
    ptrdiff_t n = job->p->orientations;
    for (ptrdiff_t k = 0; k < n + ROW_BLOCK; k++) {
        job->sine[k] = k < n ? job->p->directions[2 * k] : 0;
        job->cosine[k] = k < n ? job->p->directions[2 * k + 1] : 0;
    }
    job->fan = (daisy_fan){.sine = job->sine,
                           .cosine = job->cosine,
                           .count = n,
                           .kappa = (double)n / 0x1.921fb54442d18p+1};
}

static ptrdiff_t points_in(const daisy_job *job, ptrdiff_t pixels)
{
    return parts_of(pixels, job->p->step);
}

/* Columns of tiles, which the threads share evenly unless that makes them narrow. */
static ptrdiff_t tiles_across(const daisy_job *job, ptrdiff_t threads)
{
    ptrdiff_t points = job->points_right;
    return smaller(even_parts_of(points, points_in(job, TILE_COLS), threads),
                   parts_of(points, points_in(job, TILE_COLS_LEAST)));
}

static void plan_tiles(daisy_job *job, ptrdiff_t threads)
{
    job->tile_right = parts_of(job->points_right, tiles_across(job, threads));
    job->tile_down = smaller(points_in(job, TILE_ROWS), job->points_down);
    job->batch = smaller(points_in(job, BATCH_ROWS), job->tile_down);
    job->tiles_right = parts_of(job->points_right, job->tile_right);
    job->streamed = is_streamed(job->out, 1);
    job->tiles = job->tiles_right * parts_of(job->points_down, job->tile_down);
}

static feature_status compute(daisy_job *job, const feature_run *run)
{
    double nanoseconds = (double)job->rows * (double)job->cols * NANOSECONDS_PER_PIXEL;
    plan_tiles(job, team_for(run, PTRDIFF_MAX, nanoseconds).threads);
    job->team = team_for(run, job->tiles, nanoseconds);
    daisy_tile t;
    arena one = {NULL, 0};
    layout(&t, job, &one);
    return team_run_with(&job->team, job->tiles, daisy_band, job, &job->memory, &one);
}

static feature_status check_out(const daisy_job *job)
{
    const ptrdiff_t shape[] = {job->points_down, job->points_right, job->values};
    feature_array like = {.shape = shape, .ndim = 3};
    feature_status status = check_plane(job->out, storage_type(job->image), &like);
    if (status == FEATURE_OK && !is_empty(job->out) && !is_contiguous(job->out))
        return FEATURE_BAD_ARGUMENT;
    return status;
}

feature_status feature_daisy(const feature_array *image,
                             const feature_daisy_parameters *parameters,
                             const feature_array *descriptors, const feature_run *run)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_parameters(parameters);
    if (status != FEATURE_OK)
        return status;
    daisy_job job = {.image = image, .out = descriptors, .p = parameters};
    job.plain = plain_kernels_in_use();
    job.real = real_kernels_for(storage_type(image));
    job.rows = image->shape[0];
    job.cols = image->shape[1];
    job.points_down = points_along(job.rows, parameters);
    job.points_right = points_along(job.cols, parameters);
    job.values =
        (parameters->rings * parameters->histograms + 1) * parameters->orientations;
    status = check_out(&job);
    if (status != FEATURE_OK || is_empty(descriptors))
        return status;
    arena counting = {NULL, 0};
    layout_shared(&job, &counting);
    unsigned char *shared = memory_lease(counting.used);
    if (counting.used == SIZE_MAX || shared == NULL)
        return FEATURE_NO_MEMORY;
    arena carved = {shared, 0};
    layout_shared(&job, &carved);
    plan_levels(&job);
    plan_fan(&job);
    status = compute(&job, run);
    memory_return(shared);
    return status;
}
