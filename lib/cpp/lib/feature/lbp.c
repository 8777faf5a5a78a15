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
 * screen in lower precision: on a photograph a quarter of all vectors would hold a tie.
 * (Of bytes, the usual eight samples need none: lbp_bytes.c decides by integers.) But a
 * row is mixed once for all samples in the same column of the circle, of which
 * there are two or more, and for all the rows of pixels that see it.
 *
 * In images of integers a sample that lies on a pixel is that pixel. In others 0 times
 * infinity must be computed to become NaN, as in the reference.
 *
 * The unit of work is a tile: BAND_ROWS rows of TILE columns. A thread holds the rows
 * of pixels around the current one as doubles, with zeros beyond the border, so that
 * the border needs no code of its own, and a line for each column of the circle: the
 * same rows, mixed. Of large circles, whose rows would be many, each sample has a line
 * of its own, of the two rows that it lies between. Codes are made SAMPLES_A_WORD
 * samples at a time in an int32, and mapped by a table where they are short and pixels
 * many.
 *
 * Cost: five operations a sample and pixel, in vectors of doubles.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/border.h"
#include "core/fetch.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"
#include "lbp.h"

#define REACH_HELD 16 /* rows of larger circles are not kept, */
#define LINES_HELD 512 /* nor those of more columns, rows times columns */
#define TABLE_BITS 8
#define NANOSECONDS_PER_SAMPLE 0.3

/* Where one sample lies from its pixel. */
typedef struct offset {
    double row, col;             /* as given */
    double row_floor, col_floor; /* as numbers */
    ptrdiff_t down, right;       /* the same as integers, */
    ptrdiff_t below, beside;     /* and 1 where it lies behind that row, that column */
    int outside;                 /* of the image, for every pixel */
    ptrdiff_t line;              /* in which its column is mixed, or -1 */
} offset;

typedef struct pattern_job {
    const feature_array *image, *out;
    const plain_kernels *kernels;
    int method, whole;             /* pixels are finite: nothing is NaN */
    ptrdiff_t count, words, reach; /* of samples, of int32 a code, of pixels */
    ptrdiff_t tiles, bands;
    int keeps_rows, streamed;
    ptrdiff_t lines, depth; /* of mixed rows; each has so many */
    offset *offsets;
    const offset **columns; /* a sample of each line */
    uint8_t *table;         /* NULL: no table */
    team team;
    thread_memory memory;
} pattern_job;

/* One thread's buffers for one tile. */
typedef struct tile {
    ptrdiff_t top, end, left, cols; /* rows top to before end */
    ptrdiff_t pitch;                /* of source rows */
    circle_sample *samples;
    wide *zeros;
    wide *source; /* rows around the current one, or pieces of two rows */
    wide *across, *mixed; /* of each line */
    wide *variance;
    int32_t *codes;
    double *numbers; /* or others: a row of the result that is streamed */
} tile;

#define PITCH (TILE + ROW_BLOCK)

static void layout(tile *t, const pattern_job *job, arena *a)
{
    size_t lines = (size_t)job->lines, depth = (size_t)job->depth;
    t->pitch = (job->keeps_rows ? 2 * job->reach : 1) + PITCH;
    size_t rows = job->keeps_rows ? 2 * (size_t)job->reach + 1 : 2;
    t->samples = arena_take(a, (size_t)job->count, sizeof *t->samples);
    t->zeros = arena_take(a, (size_t)t->pitch, sizeof(wide));
    t->source = arena_take(a, rows * (size_t)t->pitch, sizeof(wide));
    t->across = arena_take(a, lines * PITCH, sizeof(wide));
    t->mixed = arena_take(a, lines * depth, PITCH * sizeof(wide));
    t->variance = arena_take(a, PITCH, sizeof(wide));
    t->codes = arena_take(a, (size_t)job->words * PITCH, sizeof *t->codes);
    t->numbers = arena_take(a, PITCH, sizeof *t->numbers);
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

static wide *mixed_row(const pattern_job *job, const tile *t, ptrdiff_t line,
                       ptrdiff_t y)
{
    return t->mixed + (line * job->depth + positive_modulo(y, job->depth)) * PITCH;
}

static void mix(const pattern_job *job, const tile *t, ptrdiff_t line, ptrdiff_t y,
                const wide *pixels)
{
    job->kernels->lbp_mix_row(pixels, t->across + line * PITCH,
                              job->columns[line]->beside, t->cols,
                              mixed_row(job, t, line, y));
}

/* Makes row y readable where rows are kept; copies zeros, since slots are fixed. */
static void keep_row(const pattern_job *job, const tile *t, ptrdiff_t y)
{
    ptrdiff_t n = t->cols + 2 * job->reach;
    wide *slot = slot_of(job, t, y);
    if (load_pixels(job, t, y, t->left - job->reach, n, slot) == t->zeros)
        memset(slot, 0, (size_t)n * sizeof *slot);
    for (ptrdiff_t line = 0; line < job->lines; line++)
        mix(job, t, line, y, slot + job->columns[line]->right + job->reach);
}

/* Where rows are not kept: makes what the sample of a line needs in row y. */
static void mix_around(const pattern_job *job, const tile *t, const offset *o,
                       ptrdiff_t y)
{
    ptrdiff_t first = y + o->down + (y == t->top ? 0 : o->below);
    for (ptrdiff_t row = first; row <= y + o->down + o->below; row++)
        mix(job, t, o->line, row,
            load_pixels(job, t, row, t->left + o->right, t->cols + 1, t->source));
}

static const wide *centres_of(const pattern_job *job, const tile *t, ptrdiff_t y)
{
    if (job->keeps_rows)
        return slot_of(job, t, y) + job->reach;
    return load_pixels(job, t, y, t->left, t->cols, t->source + t->pitch);
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

/* What is the same for all rows, and the first rows to hold. */
static void start_tile(const pattern_job *job, tile *t)
{
    for (ptrdiff_t line = 0; line < job->lines; line++)
        job->kernels->lbp_fractions(job->columns[line]->col,
                                    job->columns[line]->col_floor, t->left, t->cols,
                                    t->across + line * PITCH);
    if (job->keeps_rows)
        for (ptrdiff_t y = t->top - job->reach; y < t->top + job->reach; y++)
            keep_row(job, t, y);
}

/* Values in the sample's column, in a row of the image. */
static const wide *values_at(const pattern_job *job, const tile *t, const offset *o,
                             ptrdiff_t y)
{
    if (o->line < 0)
        return slot_of(job, t, y) + o->right + job->reach;
    return mixed_row(job, t, o->line, y);
}

/* The samples of row y. */
static void aim(const pattern_job *job, tile *t, ptrdiff_t y)
{
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const offset *o = &job->offsets[k];
        circle_sample *s = &t->samples[k];
        *s = (circle_sample){.upper = t->zeros};
        if (o->outside)
            continue;
        if (!job->keeps_rows)
            mix_around(job, t, o, y);
        double at = (double)y;
        s->down = (at + o->row) - (at + o->row_floor);
        s->up = 1 - s->down;
        s->upper = values_at(job, t, o, y + o->down);
        if (o->below || !job->whole)
            s->lower = values_at(job, t, o, y + o->down + o->below);
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
    const wide *centre = centres_of(job, t, y);
    feature_dtype dtype = (feature_dtype)job->out->dtype;
    for (ptrdiff_t word = 0; word < job->words; word++) {
        ptrdiff_t first = word * SAMPLES_A_WORD, count = job->count - first;
        count = count < SAMPLES_A_WORD ? count : SAMPLES_A_WORD;
        k->lbp_code_row(t->samples + first, count, centre, t->cols, job->whole,
                        t->codes + word * PITCH);
    }
    if (job->words > 1) {
        k->lbp_store_long_row(t->codes, PITCH, t->cols, job->count, job->method, dtype,
                              out, job->out->strides[1]);
        return;
    }
    if (job->table != NULL) {
        k->lbp_look_up_row(t->codes, t->cols, job->table, dtype, out,
                           job->out->strides[1]);
        return;
    }
    k->lbp_map_row(t->codes, t->cols, (int)job->count, job->method);
    k->lbp_store_row(t->codes, t->cols, dtype, out, job->out->strides[1]);
}

static void make_tile(void *context, ptrdiff_t index, int thread)
{
    pattern_job *job = context;
    const ptrdiff_t stride = job->out->strides[1];
    arena a = arena_of(&job->memory, thread);
    tile t;
    layout(&t, job, &a);
    t.top = index / job->tiles * BAND_ROWS;
    t.left = index % job->tiles * TILE;
    t.end = t.top + BAND_ROWS < job->image->shape[0] ? t.top + BAND_ROWS
                                                     : job->image->shape[0];
    t.cols =
        t.left + TILE < job->image->shape[1] ? TILE : job->image->shape[1] - t.left;
    memset(t.zeros, 0, (size_t)t.pitch * sizeof *t.zeros);
    start_tile(job, &t);
    for (ptrdiff_t y = t.top; y < t.end && !team_is_stopped(&job->team, thread); y++) {
        unsigned char *to = row_of(job->out, y) + t.left * stride;
        void *out = job->streamed ? (void *)t.numbers : to;
        if (!job->streamed)
            fetch_ahead(job->out, y, t.left, t.cols);
        if (job->keeps_rows)
            keep_row(job, &t, y + job->reach);
        aim(job, &t, y);
        if (job->method == FEATURE_LBP_VAR)
            write_variance(job, &t, out);
        else
            write_codes(job, &t, y, out);
        if (job->streamed)
            job->kernels->stream_bytes(out, (size_t)(t.cols * stride), to);
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
    return FEATURE_OK;
}

/* The line of a column, a new one where no sample before lies in it; -1: no room. */
static ptrdiff_t find_line(pattern_job *job, const offset *o)
{
    for (ptrdiff_t line = 0; line < job->lines; line++)
        if (job->columns[line]->col == o->col)
            return line;
    if ((job->lines + 1) * job->depth > LINES_HELD)
        return -1;
    job->columns[job->lines] = o;
    return job->lines++;
}

/* A line for each column where rows are kept; of whole numbers not for columns of
 * pixels. */
static int share_lines(pattern_job *job)
{
    job->lines = 0;
    job->depth = 2 * job->reach + 1;
    for (ptrdiff_t k = 0; k < job->count; k++) {
        offset *o = &job->offsets[k];
        o->line = -1;
        if (o->outside || (job->whole && !o->beside))
            continue;
        o->line = find_line(job, o);
        if (o->line < 0)
            return 0;
    }
    return 1;
}

static void plan_lines(pattern_job *job)
{
    job->keeps_rows = job->reach <= REACH_HELD && share_lines(job);
    if (job->keeps_rows)
        return;
    job->lines = 0;
    job->depth = 2;
    for (ptrdiff_t k = 0; k < job->count; k++)
        if (!job->offsets[k].outside) {
            job->columns[job->lines] = &job->offsets[k];
            job->offsets[k].line = job->lines++;
        }
}

/* What becomes of each code of so many bits. */
static void fill_table(const pattern_job *job, uint8_t *table)
{
    int32_t codes[1 << TABLE_BITS];
    ptrdiff_t count = (ptrdiff_t)1 << job->count;
    for (ptrdiff_t code = 0; code < count; code++)
        codes[code] = (int32_t)code;
    job->kernels->lbp_map_row(codes, count, (int)job->count, job->method);
    for (ptrdiff_t code = 0; code < count; code++)
        table[code] = (uint8_t)codes[code];
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
    arena first = {NULL, 0}, one = {NULL, 0};
    tile counting;
    for (int pass = 0; pass < 2; pass++) {
        first.used = 0;
        job->offsets = arena_take(&first, (size_t)job->count, sizeof *job->offsets);
        job->columns =
            arena_take(&first, (size_t)job->count, sizeof(const offset *));
        job->table = arena_take(&first, (size_t)1 << TABLE_BITS, sizeof *job->table);
        if (pass == 0 && (first.used == SIZE_MAX ||
                          (first.base = memory_lease(first.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    feature_status status = read_samples(job, samples);
    if (status != FEATURE_OK) {
        memory_return(first.base);
        return status;
    }
    plan_lines(job);
    if (!wants_table(job))
        job->table = NULL;
    else
        fill_table(job, job->table);
    layout(&counting, job, &one);
    double pixels = (double)job->image->shape[0] * (double)job->image->shape[1];
    job->team = team_for(run, job->tiles * job->bands,
                         pixels * (double)job->count * NANOSECONDS_PER_SAMPLE);
    status = team_run_with(&job->team, job->tiles * job->bands, make_tile, job,
                           &job->memory, &one);
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
    job.streamed = is_streamed(out, 1);
    job.count = samples->shape[0];
    job.words = (job.count + SAMPLES_A_WORD - 1) / SAMPLES_A_WORD;
    job.tiles = (image->shape[1] + TILE - 1) / TILE;
    job.bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    if (lbp_is_of_bytes(image, samples, method)) {
        uint8_t table[1 << TABLE_BITS];
        if (method == FEATURE_LBP_DEFAULT)
            return lbp_of_bytes(image, NULL, out, run);
        fill_table(&job, table);
        return lbp_of_bytes(image, table, out, run);
    }
    return make_patterns(&job, samples, run);
}
