/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local binary patterns.
 *
 * T. Ojala, M. Pietikainen, T. Maenpaa, "Multiresolution gray-scale and rotation
 * invariant texture classification with local binary patterns", IEEE Transactions on
 * Pattern Analysis and Machine Intelligence 24 (2002), 971-987. Around each pixel the
 * image is sampled on a circle, from the direction of columns counter-clockwise on the
 * screen; a sample's bit is 1 where it is not below the pixel. Beyond the border the
 * image is 0. What is made of the bits is told in feature.h, for method.
 *
 * Samples between pixels are interpolated linearly, and pictures are full of ties: flat
 * areas, and slopes on which the interpolated value is that of the centre but for
 * rounding. So the reference's rounding is reproduced, operation by operation, all in
 * double: the sample's absolute row and column r + dr and c + dc are rounded, the parts
 * behind the point are taken (they change a little where a power of two is passed),
 * then the upper pair of pixels is mixed, the lower pair, and the two. There is no
 * screen in lower precision: on a photograph a quarter of all vectors would hold a tie,
 * and three of the ten operations can be spared instead: the lower pair of a row is the
 * upper pair of the next, and is kept.
 *
 * In images of integers a sample that lies on a pixel is that pixel. In others 0 times
 * infinity must be computed to become NaN, as in the reference.
 *
 * The unit of work is a tile: BAND_ROWS rows of TILE columns. A thread holds the rows of
 * pixels around the current one as doubles, with zeros beyond the border, so that the
 * border needs no code of its own; of large circles, whose rows would be many, the
 * piece that a sample needs is loaded for each. Codes are made SAMPLES_A_WORD samples
 * at a time in an int32, and mapped by a table where they are short and pixels many.
 *
 * Cost: seven operations a sample and pixel, in vectors of doubles.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 64
#define TILE 256
#define REACH_HELD 16 /* rows of larger circles are not kept */
#define TABLE_BITS 10
#define NANOSECONDS_PER_SAMPLE 0.3

/* Where one sample lies from its pixel. */
typedef struct offset {
    double row, col;             /* as given */
    double row_floor, col_floor; /* as numbers */
    ptrdiff_t down, right;       /* the same as integers, */
    ptrdiff_t below, beside;     /* and 1 where it lies behind that row, that column */
    int outside;                 /* of the image, for every pixel */
} offset;

typedef struct pattern_job {
    const feature_array *image, *out;
    const plain_kernels *kernels;
    int method, whole;             /* pixels are finite: nothing is NaN */
    ptrdiff_t count, words, reach; /* of samples, of int32 a code, of pixels */
    ptrdiff_t tiles, bands;
    int keeps_rows;
    offset *offsets;
    int32_t *table; /* NULL: no table */
    unsigned char *scratch;
    size_t scratch_size;
} pattern_job;

/* One thread's buffers for one tile. */
typedef struct tile {
    ptrdiff_t top, end, left, cols; /* rows top to before end */
    ptrdiff_t pitch;                /* of source rows */
    circle_sample *samples;
    wide *zeros;
    wide *source; /* rows around the current one, or pieces, one a sample and one */
    wide *across, *held;
    wide *variance;
    int32_t *codes;
} tile;

#define PITCH (TILE + ROW_BLOCK)

static void layout(tile *t, const pattern_job *job, arena *a)
{
    size_t count = (size_t)job->count;
    t->pitch = (job->keeps_rows ? 2 * job->reach : 1) + PITCH;
    size_t rows = job->keeps_rows ? 2 * (size_t)job->reach + 1 : count + 1;
    t->samples = arena_take(a, count, sizeof *t->samples);
    t->zeros = arena_take(a, (size_t)t->pitch, sizeof(wide));
    t->source = arena_take(a, rows * (size_t)t->pitch, sizeof(wide));
    t->across = arena_take(a, count * PITCH, sizeof(wide));
    t->held = arena_take(a, count * PITCH, sizeof(wide));
    t->variance = arena_take(a, PITCH, sizeof(wide));
    t->codes = arena_take(a, (size_t)job->words * PITCH, sizeof *t->codes);
}

/* ------------------------------------------------------------------------ */
/* Pixels                                                                   */
/* ------------------------------------------------------------------------ */

/* Pixels of row y, which may lie outside, from column x on, which may too. */
static const wide *load_pixels(const pattern_job *job, const tile *t, ptrdiff_t y,
                               ptrdiff_t x, ptrdiff_t n, wide *buffer)
{
    const feature_array *image = job->image;
    ptrdiff_t first = x < 0 ? -x : 0;
    ptrdiff_t end = x + n > image->shape[1] ? image->shape[1] - x : n;
    if (y < 0 || y >= image->shape[0] || first >= end)
        return t->zeros;
    for (ptrdiff_t k = 0; k < first; k++)
        buffer[k] = 0;
    job->kernels->load_unscaled_row(row_of(image, y) + (x + first) * image->strides[1],
                                    image->strides[1], end - first,
                                    (feature_dtype)image->dtype, buffer + first);
    for (ptrdiff_t k = end; k < n; k++)
        buffer[k] = 0;
    return buffer;
}

static wide *slot_of(const pattern_job *job, const tile *t, ptrdiff_t y)
{
    ptrdiff_t rows = 2 * job->reach + 1;
    return t->source + (y + job->reach) % rows * t->pitch;
}

/* Makes row y readable where rows are kept; copies zeros, since slots are fixed. */
static void keep_row(const pattern_job *job, const tile *t, ptrdiff_t y)
{
    ptrdiff_t n = t->cols + 2 * job->reach;
    wide *slot = slot_of(job, t, y);
    if (load_pixels(job, t, y, t->left - job->reach, n, slot) == t->zeros)
        memset(slot, 0, (size_t)n * sizeof *slot);
}

/* Pixels of row y from column x on, for sample k. */
static const wide *pixels_at(const pattern_job *job, const tile *t, ptrdiff_t y,
                             ptrdiff_t x, ptrdiff_t k)
{
    if (job->keeps_rows)
        return slot_of(job, t, y) + (x - t->left + job->reach);
    return load_pixels(job, t, y, x, t->cols + 1, t->source + k * t->pitch);
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

/* What of the samples is the same for all rows, and the first rows to hold. */
static void start_tile(const pattern_job *job, tile *t)
{
    if (job->keeps_rows)
        for (ptrdiff_t y = t->top - job->reach; y < t->top + job->reach; y++)
            keep_row(job, t, y);
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const offset *o = &job->offsets[k];
        circle_sample *s = &t->samples[k];
        *s = (circle_sample){.from = t->zeros, .right = o->beside};
        if (o->outside || (job->whole && !o->below && !o->beside))
            continue;
        wide *across = t->across + k * PITCH;
        job->kernels->lbp_fractions(o->col, o->col_floor, t->left, t->cols, across);
        s->across = across;
        if (!o->below)
            continue;
        s->held = t->held + k * PITCH;
        s->from = pixels_at(job, t, t->top + o->down, t->left + o->right, k);
        job->kernels->lbp_hold_row(s, t->cols);
    }
}

/* The samples of row y. */
static void aim(const pattern_job *job, tile *t, ptrdiff_t y)
{
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const offset *o = &job->offsets[k];
        circle_sample *s = &t->samples[k];
        if (o->outside)
            continue;
        double at = (double)y;
        s->down = (at + o->row) - (at + o->row_floor);
        s->up = 1 - s->down;
        s->from = pixels_at(job, t, y + o->down + o->below, t->left + o->right, k);
    }
}

static void write_variance(const pattern_job *job, const tile *t, void *out)
{
    job->kernels->lbp_variance_row(t->samples, job->count, t->cols, t->variance);
    real_kernels_for(FEATURE_FLOAT64)
        ->store_row(t->variance, t->cols, out, job->out->strides[1]);
}

static void write_codes(const pattern_job *job, const tile *t, ptrdiff_t y, void *out)
{
    const plain_kernels *k = job->kernels;
    const wide *centre = pixels_at(job, t, y, t->left, job->count);
    feature_dtype dtype = (feature_dtype)job->out->dtype;
    for (ptrdiff_t word = 0; word < job->words; word++) {
        ptrdiff_t first = word * SAMPLES_A_WORD, count = job->count - first;
        count = count < SAMPLES_A_WORD ? count : SAMPLES_A_WORD;
        k->lbp_code_row(t->samples + first, count, centre, t->cols,
                        t->codes + word * PITCH);
    }
    if (job->words > 1) {
        k->lbp_store_long_row(t->codes, PITCH, t->cols, job->count, job->method, dtype,
                              out, job->out->strides[1]);
        return;
    }
    if (job->table != NULL)
        k->lbp_look_up_row(t->codes, t->cols, job->table);
    else
        k->lbp_map_row(t->codes, t->cols, (int)job->count, job->method);
    k->lbp_store_row(t->codes, t->cols, dtype, out, job->out->strides[1]);
}

static void make_tile(void *context, ptrdiff_t index, int thread)
{
    const pattern_job *job = context;
    arena a = {job->scratch + (size_t)thread * job->scratch_size, 0};
    tile t;
    layout(&t, job, &a);
    t.top = index / job->tiles * BAND_ROWS;
    t.left = index % job->tiles * TILE;
    t.end = t.top + BAND_ROWS < job->image->shape[0] ? t.top + BAND_ROWS
                                                     : job->image->shape[0];
    t.cols = t.left + TILE < job->image->shape[1] ? TILE : job->image->shape[1] - t.left;
    memset(t.zeros, 0, (size_t)t.pitch * sizeof *t.zeros);
    start_tile(job, &t);
    for (ptrdiff_t y = t.top; y < t.end; y++) {
        unsigned char *out = row_of(job->out, y) + t.left * job->out->strides[1];
        if (job->keeps_rows)
            keep_row(job, &t, y + job->reach);
        aim(job, &t, y);
        if (job->method == FEATURE_LBP_VAR)
            write_variance(job, &t, out);
        else
            write_codes(job, &t, y, out);
    }
}

/* ------------------------------------------------------------------------ */
/* The plan                                                                 */
/* ------------------------------------------------------------------------ */

static feature_status check_arguments(const feature_array *image,
                                      const feature_array *samples, int32_t method,
                                      const feature_array *out)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_array(samples, 2);
    if (status == FEATURE_OK)
        status = check_array(out, 2);
    if (status == FEATURE_OK)
        status = check_plane(out, (feature_dtype)out->dtype, image);
    if (status != FEATURE_OK)
        return status;
    int integers = out->dtype == FEATURE_UINT8 || out->dtype == FEATURE_UINT16 ||
                   out->dtype == FEATURE_UINT32 || out->dtype == FEATURE_UINT64;
    if (samples->dtype != FEATURE_FLOAT64 ||
        (out->dtype != FEATURE_FLOAT64 && (!integers || method == FEATURE_LBP_VAR)))
        return FEATURE_BAD_DTYPE;
    int long_code = method == FEATURE_LBP_DEFAULT || method == FEATURE_LBP_ROR;
    if (method < FEATURE_LBP_DEFAULT || method > FEATURE_LBP_VAR ||
        samples->shape[0] < 1 || samples->shape[1] != 2 ||
        (long_code && samples->shape[0] > 64))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static double sample_at(const feature_array *samples, ptrdiff_t k, int axis)
{
    return *(const double *)(const void *)(row_of(samples, k) +
                                           axis * samples->strides[1]);
}

static offset offset_of(const pattern_job *job, double row, double col)
{
    double rows = (double)job->image->shape[0], cols = (double)job->image->shape[1];
    offset o = {.row = row, .col = col};
    o.outside = fabs(row) > rows + 1 || fabs(col) > cols + 1;
    if (o.outside)
        return o;
    o.row_floor = floor(row);
    o.col_floor = floor(col);
    o.down = (ptrdiff_t)o.row_floor;
    o.right = (ptrdiff_t)o.col_floor;
    o.below = o.row_floor != row;
    o.beside = o.col_floor != col;
    return o;
}

static ptrdiff_t farthest(ptrdiff_t reach, ptrdiff_t from, ptrdiff_t step)
{
    ptrdiff_t after = from + step, before = -from;
    after = after > before ? after : before;
    return after > reach ? after : reach;
}

static feature_status read_samples(pattern_job *job, const feature_array *samples)
{
    job->reach = 0;
    for (ptrdiff_t k = 0; k < job->count; k++) {
        double row = sample_at(samples, k, 0), col = sample_at(samples, k, 1);
        if (!isfinite(row) || !isfinite(col))
            return FEATURE_BAD_ARGUMENT;
        offset o = job->offsets[k] = offset_of(job, row, col);
        if (o.outside)
            continue;
        job->reach = farthest(job->reach, o.down, o.below);
        job->reach = farthest(job->reach, o.right, o.beside);
    }
    job->keeps_rows = job->reach <= REACH_HELD;
    return FEATURE_OK;
}

static void fill_table(const pattern_job *job)
{
    ptrdiff_t codes = (ptrdiff_t)1 << job->count;
    for (ptrdiff_t code = 0; code < codes; code++)
        job->table[code] = (int32_t)code;
    job->kernels->lbp_map_row(job->table, codes, (int)job->count, job->method);
}

static int wants_table(const pattern_job *job)
{
    double pixels = (double)job->image->shape[0] * (double)job->image->shape[1];
    return job->count <= TABLE_BITS && job->method != FEATURE_LBP_DEFAULT &&
           job->method != FEATURE_LBP_VAR && pixels > (double)(4 << job->count);
}

/* Offsets and table first, which tell how much the tiles need. */
static feature_status make_patterns(pattern_job *job, const feature_array *samples,
                                    const feature_run *run)
{
    arena first = {NULL, 0}, one = {NULL, 0}, rest = {NULL, 0};
    tile counting;
    for (int pass = 0; pass < 2; pass++) {
        first.used = 0;
        job->offsets = arena_take(&first, (size_t)job->count, sizeof *job->offsets);
        job->table = arena_take(&first, (size_t)1 << TABLE_BITS, sizeof *job->table);
        if (pass == 0 && (first.used == SIZE_MAX ||
                          (first.base = memory_lease(first.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    feature_status status = read_samples(job, samples);
    if (!wants_table(job))
        job->table = NULL;
    else
        fill_table(job);
    layout(&counting, job, &one);
    double pixels = (double)job->image->shape[0] * (double)job->image->shape[1];
    team t = team_for(run, job->tiles * job->bands,
                      pixels * (double)job->count * NANOSECONDS_PER_SAMPLE);
    arena_take(&rest, (size_t)t.threads, one.used);
    job->scratch_size = one.used;
    job->scratch = NULL;
    if (status == FEATURE_OK &&
        (one.used == SIZE_MAX || rest.used == SIZE_MAX ||
         (job->scratch = memory_lease(rest.used)) == NULL))
        status = FEATURE_NO_MEMORY;
    if (status == FEATURE_OK) {
        status = team_run(&t, job->tiles * job->bands, make_tile, job);
        memory_return(job->scratch);
    }
    memory_return(first.base);
    return status;
}

feature_status feature_local_binary_pattern(const feature_array *image,
                                            const feature_array *samples,
                                            int32_t method, const feature_array *out,
                                            const feature_run *run)
{
    feature_status status = check_arguments(image, samples, method, out);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    pattern_job job = {.image = image, .out = out, .method = method};
    job.kernels = plain_kernels_in_use();
    job.whole = image->dtype < FEATURE_FLOAT16;
    job.count = samples->shape[0];
    job.words = (job.count + SAMPLES_A_WORD - 1) / SAMPLES_A_WORD;
    job.tiles = (image->shape[1] + TILE - 1) / TILE;
    job.bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    return make_patterns(&job, samples, run);
}
