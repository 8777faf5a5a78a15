/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Template: the correlation coefficient of a template and each window of an image.
 *
 * J. P. Lewis, "Fast Template Matching", Vision Interface (1995), 120-123. With the n
 * elements t of the template and those x of a window
 *
 *     r = (n S xt - S x S t) / sqrt((n S xx - S x S x) (n S tt - S t S t))
 *
 * where S is a sum over the window. Element (0, 0) of the response belongs to the
 * window at the image's first pixel; padding is the caller's affair.
 *
 * Three ways to S xt, in tiles of the response, each with the pixels of its windows:
 *
 *   bytes      image and template of bytes: products in integers
 *   direct     small templates: products in double
 *   spectrum   else: real Fourier transforms (core/transform.h) of tiles that overlap
 *              by the template's sides less one (overlap-save)
 *
 * The choice, and the sides of tiles, follow from what each costs on one thread of a
 * processor with AVX2, wherever it runs, so that results depend on neither; but the
 * cost of products of bytes is that of the instructions in use, as all ways of bytes
 * give the same bits.
 *
 * Integers of 8 bits (and bools) are exact where a template has fewer than 2^18
 * elements (512 x 511): sums and products stay below 2^53, products from a spectrum are
 * rounded to the next integer, from which they are off by less than 1e-5. All ways give
 * the same bits. Sums of a row's windows (in two dimensions) are those of the row
 * before, less a line, and a line more.
 *
 * Other types: each tile less its mean, the template less its own, so that offsets do
 * not cancel digits. Sums have no subtractions (kernels/template.c). A window whose
 * variation is small beside its distance from the tile's mean, or beside what a
 * spectrum is off by, is computed again from its own pixels, less the first of them and
 * then their mean; unless all of them are equal: that gives 0. So a response is off by
 * less than 1e-10, as a rule by less than 1e-13, whatever stands beside the window.
 * What is done where that takes long, as where half of a tile is quiet and dark and
 * half is bright, is told in template_care.c.
 *
 * Cost: about 20 operations a pixel for the sums, and one (of bytes an eighth to a
 * sixtieth) for each element of the template directly, or two transforms of the tile.
 * Memory for each thread: the tile in double, five times (images of integers of 8 bits:
 * twice, volumes three times), with care nine; one spectrum of the template. Tiles are
 * at most about 400 x 400 for templates up to 64 x 64; larger ones of t x t elements
 * take tiles of 2 t x 2 t or more, up to 1500 x 1500 where the image is as large.
 */
#include "template.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */
/* ------------------------------------------------------------------------ */

static ptrdiff_t longest_spare(const match_job *job)
{
    ptrdiff_t planes = (job->side[0] + 1) * job->length[1];
    ptrdiff_t rows = job->side[1] + 1;
    return (job->side[0] > 1 && planes > rows ? planes : rows) * job->length[2];
}

/* Do the sums of a row follow from the row's before? Integers' do, which are exact. */
static int slides(const match_job *job)
{
    return job->is_exact && job->side[0] == 1;
}

static void layout(match_scratch *s, const match_job *job, arena *a)
{
    size_t pixels = (size_t)product(job->length) + 4 * ROW_BLOCK;
    size_t cols = (size_t)job->length[2] + 4 * ROW_BLOCK;
    size_t more = job->way == BYTES ? (size_t)job->length[2] : 0; /* byte_products */
    size_t lines = (size_t)(job->length[0] * job->length[1]);
    s->raw = arena_take(a, pixels, sizeof(wide));
    s->shifted = job->is_exact ? s->raw : arena_take(a, pixels, sizeof(wide));
    s->products = arena_take(a, pixels + more, sizeof(wide));
    s->squares = slides(job) ? NULL : arena_take(a, pixels, sizeof(wide));
    s->bytes = job->way == BYTES ? arena_take(a, pixels + more, 1) : NULL;
    s->real = s->imaginary = NULL;
    if (job->way == SPECTRUM) {
        s->real = arena_take(a, lines * (size_t)half_of(job), sizeof(double));
        s->imaginary = arena_take(a, lines * (size_t)half_of(job), sizeof(double));
    }
    s->far = job->is_exact ? NULL : arena_take(a, pixels, sizeof(wide));
    s->settled = job->is_exact ? NULL : arena_take(a, pixels, sizeof(wide));
    for (int k = 0; k < 2; k++)
        s->held[k] = job->is_exact ? NULL : arena_take(a, pixels, sizeof(wide));
    s->spare = arena_take(a, (size_t)longest_spare(job), sizeof(wide));
    for (int k = 0; k < 4; k++)
        s->row[k] = arena_take(a, cols, sizeof(wide));
    for (int k = 0; k < 2; k++)
        s->slide[k] = arena_take(a, slides(job) ? cols : 0, sizeof(wide));
    s->window = arena_take(a, (size_t)product(job->side), sizeof(wide));
}

/* ------------------------------------------------------------------------ */
/* A tile's pixels                                                          */
/* ------------------------------------------------------------------------ */

static const unsigned char *pixel(const match_job *job, ptrdiff_t p, ptrdiff_t y,
                                  ptrdiff_t x)
{
    return (const unsigned char *)job->image->data + p * job->stride[0] +
           y * job->stride[1] + x * job->stride[2];
}

static void place_tile(const match_job *job, match_scratch *s, ptrdiff_t index)
{
    for (int k = AXES - 1; k >= 0; k--) {
        s->first[k] = index % job->tiles[k] * job->tile[k];
        index /= job->tiles[k];
        ptrdiff_t left = job->out[k] - s->first[k];
        s->count[k] = left < job->tile[k] ? left : job->tile[k];
        s->used[k] = s->count[k] + job->side[k] - 1;
    }
}

/* Pixels as bytes; a bool is true whatever byte is not 0. */
static void load_bytes(const match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y)
{
    const uint8_t *from =
        pixel(job, s->first[0] + p, s->first[1] + y, s->first[2]);
    uint8_t *to = s->bytes + (p * job->length[1] + y) * job->length[2];
    if (job->image->dtype == FEATURE_BOOL)
        for (ptrdiff_t x = 0; x < s->used[2]; x++)
            to[x] = from[x * job->stride[2]] != 0;
    else if (job->stride[2] == 1)
        memcpy(to, from, (size_t)s->used[2]);
    else
        for (ptrdiff_t x = 0; x < s->used[2]; x++)
            to[x] = from[x * job->stride[2]];
}

/* Pixels as they are; returns their sum in the order of lanes. */
static double load_tile(const match_job *job, match_scratch *s)
{
    double lanes[SUM_LANES] = {0}, sum = 0;
    s->unmeasurable = 0;
    for (ptrdiff_t p = 0; p < s->used[0]; p++)
        for (ptrdiff_t y = 0; y < s->used[1]; y++) {
            wide *line = line_in(job, s->raw, p, y);
            job->plain->load_unscaled_row(
                pixel(job, s->first[0] + p, s->first[1] + y, s->first[2]),
                job->stride[2], s->used[2], (feature_dtype)job->image->dtype, line);
            if (job->way == BYTES)
                load_bytes(job, s, p, y);
            if (!job->is_exact)
                job->plain->survey_row(line, s->used[2], lanes, &s->unmeasurable);
        }
    for (int k = 0; k < SUM_LANES; k++)
        sum += lanes[k];
    return sum;
}

static void shift_tile(const match_job *job, match_scratch *s, double sum)
{
    s->offset = s->unmeasurable ? 0 : sum / (double)product(s->used);
    s->reach = s->unmeasurable ? MEASURABLE_MOST : INFINITY;
    s->energy = template_shift_lines(job, s, s->shifted);
}

/* ------------------------------------------------------------------------ */
/* A tile's windows                                                         */
/* ------------------------------------------------------------------------ */

/* Sums over the windows along row y of plane p of a tile whose sums slide: a line less,
 * one more. */
static void slide_windows(const match_job *job, match_scratch *s, ptrdiff_t p,
                          ptrdiff_t y)
{
    const ptrdiff_t n = s->used[2], side = job->side[1];
    const wide *none = s->row[2];
    if (y == 0) {
        for (ptrdiff_t x = 0; x < n; x++)
            s->row[2][x] = s->slide[0][x] = s->slide[1][x] = 0;
        for (ptrdiff_t k = 0; k < side - 1; k++)
            job->plain->slide_row(line_in(job, s->raw, p, k), none, n, s->slide[0],
                                  s->slide[1]);
    }
    job->plain->slide_row(line_in(job, s->raw, p, y + side - 1),
                          y == 0 ? none : line_in(job, s->raw, p, y - 1), n,
                          s->slide[0], s->slide[1]);
}

static void square_tile(const match_job *job, match_scratch *s)
{
    for (ptrdiff_t p = 0; p < s->used[0]; p++)
        for (ptrdiff_t y = 0; y < s->used[1]; y++)
            job->plain->square_row(line_in(job, s->shifted, p, y), s->used[2],
                                   line_in(job, s->squares, p, y));
}

/* Windows that hold what cannot be measured are 0. */
static void clear_far(const match_scratch *s, wide *out)
{
    for (ptrdiff_t x = 0; x < s->count[2]; x++)
        out[x] = s->row[3][x] > 0 ? 0 : out[x];
}

static void store_line(const match_job *job, const match_scratch *s, ptrdiff_t p,
                       ptrdiff_t y, const wide *row)
{
    unsigned char *to = (unsigned char *)job->response->data +
                        (s->first[0] + p) * job->out_stride[0] +
                        (s->first[1] + y) * job->out_stride[1] +
                        s->first[2] * job->out_stride[2];
    real_kernels_for((feature_dtype)job->response->dtype)
        ->store_row(row, s->count[2], to, job->out_stride[2]);
}

static int plain_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                      int thread)
{
    ptrdiff_t doubtful;
    const wide *sums = s->slide[0], *squares = s->slide[1];
    if (slides(job)) {
        slide_windows(job, s, p, y);
    } else {
        sums = line_in(job, s->shifted, p, y);
        squares = line_in(job, s->squares, p, y);
    }
    job->plain->window_row(sums, s->used[2], job->side[2], s->row[0], s->spare);
    job->plain->window_row(squares, s->used[2], job->side[2], s->row[1], s->spare);
    job->plain->coefficient_row(line_in(job, s->products, p, y), s->row[0], s->row[1],
                                &s->numbers, s->count[2], s->row[2], &doubtful);
    if (doubtful == 0 || job->is_exact)
        return 1;
    return template_decide_line(job, s, p, y, thread, s->row[2]);
}

/* Returns 0 for a line that needs more care. */
static int finish_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                       int thread)
{
    if (s->unmeasurable)
        template_count_far(job, s, p, y);
    int is_done = s->is_careful ? template_careful_line(job, s, p, y, thread, s->row[2])
                                : plain_line(job, s, p, y, thread);
    if (s->unmeasurable)
        clear_far(s, s->row[2]);
    store_line(job, s, p, y, s->row[2]);
    return is_done;
}

static void settle_lines(match_job *job, match_scratch *s, ptrdiff_t first, int thread)
{
    template_settle(job, s, first, thread);
    for (ptrdiff_t line = first; line < s->count[0] * s->count[1]; line++) {
        ptrdiff_t p = line / s->count[1], y = line % s->count[1];
        store_line(job, s, p, y, line_in(job, s->settled, p, y));
    }
}

/* Line by line, with more care from the one on that needs it. */
static void finish_lines(match_job *job, match_scratch *s, int thread)
{
    ptrdiff_t rows = s->count[1], line = 0;
    while (line < s->count[0] * rows && !team_is_stopped(&job->team, thread)) {
        if (finish_line(job, s, line / rows, line % rows, thread)) {
            line++;
        } else if (!s->is_careful) {
            template_spread_windows(job, s, thread);
            s->is_careful = 1;
            s->again = 0;
        } else {
            settle_lines(job, s, line, thread);
            return;
        }
    }
}

static void match_tile(void *context, ptrdiff_t index, int thread)
{
    match_job *job = context;
    match_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout(&s, job, &a);
    s.is_careful = 0;
    s.again = 0;
    place_tile(job, &s, index);
    double sum = load_tile(job, &s);
    if (!job->is_exact)
        shift_tile(job, &s, sum);
    template_products(job, &s, thread);
    if (!slides(job)) {
        square_tile(job, &s);
        template_sum_windows(job, &s, s.shifted);
        template_sum_windows(job, &s, s.squares);
    }
    if (s.unmeasurable)
        template_sum_far(job, &s);
    s.numbers = job->numbers;
    s.numbers.noise = template_noise(job, &s);
    finish_lines(job, &s, thread);
}

/* ------------------------------------------------------------------------ */
/* The template                                                             */
/* ------------------------------------------------------------------------ */

/* Rows of the template's bytes, those of 0 included. */
static ptrdiff_t bytes_rows(const match_job *job)
{
    return job->side[0] * (job->side[1] + 1) + 1;
}

static void load_template(const match_job *job, const feature_array *model)
{
    ptrdiff_t index[AXES] = {0}, lines = line_count(model), cols = job->side[2];
    for (ptrdiff_t line = 0; line < lines; line++) {
        line_index(model, line, index);
        job->plain->load_unscaled_row(
            line_of(model, index), model->strides[model->ndim - 1], cols,
            (feature_dtype)model->dtype, job->weights + line * cols);
    }
}

static void measure_template(match_job *job, const feature_array *model)
{
    ptrdiff_t n = product(job->side), cols = job->side[2];
    load_template(job, model);
    if (!job->is_exact)
        template_centre(job->weights, n);
    if (job->way == BYTES) {
        memset(job->bytes, 0, (size_t)(bytes_rows(job) * fours(cols)));
        for (ptrdiff_t k = 0; k < n; k++) {
            ptrdiff_t row = k / cols, before = row / job->side[1];
            job->weights[k] -= 128;
            weights_of(job)[(row + before) * fours(cols) + k % cols] =
                (int8_t)job->weights[k];
        }
    }
    moments m = template_moments(job->weights, job->weights, n);
    double count = (double)n, epsilon = DBL_EPSILON;
    double variation = count * m.squares - m.sum * m.sum;
    if (job->response->dtype == FEATURE_FLOAT32)
        epsilon = FLT_EPSILON;
    job->numbers = (template_numbers){.count = count,
                                      .sum = m.sum,
                                      .variation = isfinite(variation) ? variation : 0,
                                      .least = epsilon * count,
                                      .doubt = job->is_exact ? -1 : DOUBT,
                                      .is_whole = job->is_exact};
}

/* ------------------------------------------------------------------------ */
/* The function                                                             */
/* ------------------------------------------------------------------------ */

static void layout_shared(match_job *job, int threads, arena *a)
{
    size_t rows = (size_t)(job->side[0] * job->side[1]);
    job->weights = arena_take(a, rows, (size_t)job->side[2] * sizeof(double));
    size_t whole = job->way == BYTES ? (size_t)bytes_rows(job) : 0;
    job->bytes = arena_take(a, whole, (size_t)fours(job->side[2]));
    if (job->way != SPECTRUM)
        return;
    size_t lines = (size_t)(job->length[0] * job->length[1]);
    size_t half = (size_t)half_of(job) * sizeof(double);
    job->real = arena_take(a, lines, half);
    job->imaginary = arena_take(a, lines, half);
    for (int k = 0; k < AXES; k++) {
        transform_layout(&job->t[k], job->length[k], a);
        job->turning[k] = arena_take(a, (size_t)threads, sizeof(double *));
        for (int thread = 0; thread < threads; thread++) {
            double *scratch = transform_scratch(&job->t[k], a);
            if (a->base != NULL)
                job->turning[k][thread] = scratch;
        }
    }
}

static feature_status run_tiles(match_job *job, const feature_array *model)
{
    team *t = &job->team;
    match_scratch counting;
    arena each = {NULL, 0}, shared = {NULL, 0}, whole;
    feature_status status = FEATURE_OK;
    layout(&counting, job, &each);
    layout_shared(job, t->threads, &shared);
    whole = shared;
    job->memory.each = each.used;
    arena_take(&whole, (size_t)t->threads, each.used);
    if (each.used == SIZE_MAX || whole.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    unsigned char *block = memory_lease(whole.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    shared = (arena){block, 0};
    layout_shared(job, t->threads, &shared);
    job->memory.base = block + (whole.used - each.used * (size_t)t->threads);
    measure_template(job, model);
    if (job->way == SPECTRUM) {
        for (int k = 0; k < AXES; k++)
            transform_prepare(&job->t[k]);
        match_scratch first; /* its buffers, before there are tiles in them */
        arena a = {job->memory.base, 0};
        layout(&first, job, &a);
        status = template_spectrum(job, first.raw, t);
    }
    if (status == FEATURE_OK)
        status = team_run(t, product(job->tiles), match_tile, job);
    memory_return(block);
    return status;
}

static feature_status check_arrays(const feature_array *image,
                                   const feature_array *model,
                                   const feature_array *response)
{
    feature_status status = check_volume(image);
    if (status == FEATURE_OK)
        status = image->ndim < 2 || image->ndim > AXES
                     ? FEATURE_BAD_ARGUMENT
                     : check_array(model, image->ndim);
    if (status == FEATURE_OK)
        status = check_array(response, image->ndim);
    if (status != FEATURE_OK)
        return status;
    if (response->dtype != (int32_t)storage_type(image))
        return FEATURE_BAD_DTYPE;
    for (int k = 0; k < image->ndim; k++)
        if (model->shape[k] < 1 || model->shape[k] > image->shape[k] ||
            response->shape[k] != image->shape[k] - model->shape[k] + 1)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

feature_status feature_match_template(const feature_array *image,
                                      const feature_array *model,
                                      const feature_array *response,
                                      const feature_run *run)
{
    feature_status status = check_arrays(image, model, response);
    if (status != FEATURE_OK)
        return status;
    match_job job = {.image = image,
                     .response = response,
                     .side = {1, 1, 1},
                     .out = {1, 1, 1},
                     .plain = plain_kernels_in_use()};
    for (int k = 0, axis = AXES - image->ndim; k < image->ndim; k++, axis++) {
        job.stride[axis] = image->strides[k];
        job.out_stride[axis] = response->strides[k];
        job.side[axis] = model->shape[k];
        job.out[axis] = response->shape[k];
    }
    double nanoseconds = template_choose(&job, model);
    job.team = team_for(run, product(job.tiles), nanoseconds);
    return run_tiles(&job, model);
}
