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
 *
 * A tile in which that takes long, as where half of it is quiet and dark and half is
 * bright, is computed with care from there on: its windows' squared deviations from
 * their own means are merged from those of their parts, which leaves very few windows
 * in doubt. If that does not help, because a few outliers make the spectrum coarse,
 * products are made directly, too.
 *
 * Cost: about 20 operations a pixel for the sums, and one (of bytes an eighth to a
 * sixtieth) for each element of the template directly, or two transforms of the tile.
 * Memory for each thread: the tile in double, five times (images of integers of 8 bits:
 * twice, volumes three times), with care seven; one spectrum of the template. Tiles are
 * at most about 400 x 400 unless templates are large: those of t x t elements take
 * tiles of 2 t x 2 t or more.
 */
#include "template.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"

/* Windows are computed again below these, in units of their squares and of the tile's:
 * rounding in sums (1e-15) and in spectra (2e-15) makes less than 5e-11 then. */
#define DOUBT 1e-5
#define NOISE 2.5e-9
/* With care what remains are rounding of pixels less the tile's mean and of products
 * with them: in doubt are deviations below 1e-5 of the distance from the mean. */
#define DOUBT_WITH_CARE 1e-10
/* A tile is computed with care when so many times its pixels have been read again. */
#define READINGS_AT_MOST 30

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
    s->bad = job->is_exact ? NULL : arena_take(a, pixels, sizeof(wide));
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

/* Pixels less the tile's offset; returns the sum of their squares. */
static double shift_lines(const match_job *job, const match_scratch *s, wide *to)
{
    double lanes[SUM_LANES] = {0}, energy = 0;
    for (ptrdiff_t p = 0; p < s->used[0]; p++)
        for (ptrdiff_t y = 0; y < s->used[1]; y++)
            job->plain->shift_row(line_in(job, s->raw, p, y), s->used[2], s->offset,
                                  line_in(job, to, p, y), lanes);
    for (int k = 0; k < SUM_LANES; k++)
        energy += lanes[k];
    return energy;
}

static void shift_tile(const match_job *job, match_scratch *s, double sum)
{
    s->offset = s->unmeasurable ? 0 : sum / (double)product(s->used);
    s->energy = shift_lines(job, s, s->shifted);
}

/* ------------------------------------------------------------------------ */
/* Windows                                                                  */
/* ------------------------------------------------------------------------ */

/* Sums over windows along planes and rows, of a whole tile; those along columns are
 * still to come. */
static void sum_windows(const match_job *job, const match_scratch *s, wide *plane)
{
    ptrdiff_t pitch = job->length[2], area = job->length[1] * pitch;
    if (job->side[0] > 1)
        job->plain->window_lines(plane, area, s->used[1] * pitch, s->used[0],
                                 job->side[0], s->spare);
    for (ptrdiff_t p = 0; p < s->count[0]; p++)
        job->plain->window_lines(plane + p * area, pitch, s->used[2], s->used[1],
                                 job->side[1], s->spare);
}

/* The same of row y of plane p of a tile whose sums slide: a line less, one more. */
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
        for (ptrdiff_t y = 0; y < s->used[1]; y++) {
            job->plain->square_row(line_in(job, s->shifted, p, y), s->used[2],
                                   line_in(job, s->squares, p, y));
            if (s->unmeasurable)
                job->plain->unmeasurable_row(line_in(job, s->raw, p, y), s->used[2],
                                             line_in(job, s->bad, p, y));
        }
}

/* Sums of n numbers, of their squares, of their products with others: in runs, so that
 * the rounding of millions of them does not add up. */
typedef struct moments {
    double sum, squares, products;
} moments;

static moments add_up(const double *v, const double *with, ptrdiff_t n)
{
    moments all = {0, 0, 0};
    for (ptrdiff_t first = 0; first < n; first += TEMPLATE_RUN) {
        ptrdiff_t end = n - first < TEMPLATE_RUN ? n : first + TEMPLATE_RUN;
        moments run = {0, 0, 0};
        for (ptrdiff_t k = first; k < end; k++) {
            run.sum += v[k];
            run.squares += v[k] * v[k];
            run.products += v[k] * with[k];
        }
        all.sum += run.sum;
        all.squares += run.squares;
        all.products += run.products;
    }
    return all;
}

/* Less their mean, that is less the first of them before: so equal ones become 0. */
static void centre(double *v, ptrdiff_t n)
{
    double first = v[0];
    for (ptrdiff_t k = 0; k < n; k++)
        v[k] -= first;
    double mean = add_up(v, v, n).sum / (double)n;
    for (ptrdiff_t k = 0; k < n; k++)
        v[k] -= mean;
}

/* The coefficient from its numerator and `count` times the window's squared deviations
 * from its mean. */
static double quotient(const template_numbers *t, double numerator, double variation)
{
    double square = variation * t->variation;
    double denominator = sqrt(square > 0 ? square : 0);
    double r = denominator > t->least ? numerator / denominator : 0;
    return r < -1 ? -1 : r > 1 ? 1 : r;
}

/* A window by itself, from its own pixels. */
static double coefficient(const match_job *job, match_scratch *s, ptrdiff_t p,
                          ptrdiff_t y, ptrdiff_t x)
{
    const template_numbers *t = &job->numbers;
    ptrdiff_t cols = job->side[2], n = product(job->side);
    wide *line = s->window;
    s->again += (double)n;
    for (ptrdiff_t q = 0; q < job->side[0]; q++)
        for (ptrdiff_t r = 0; r < job->side[1]; r++, line += cols)
            memcpy(line, line_in(job, s->raw, p + q, y + r) + x,
                   (size_t)cols * sizeof *line);
    centre(s->window, n);
    moments m = add_up(s->window, job->weights, n);
    return quotient(t, t->count * m.products - m.sum * t->sum,
                    t->count * m.squares - m.sum * m.sum);
}

/* For each column, how many to its left, itself included, are filled over the window's
 * height with one and the same value. */
static void count_equal(const match_job *job, const match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y, wide *equal)
{
    const wide *top = line_in(job, s->raw, p, y);
    ptrdiff_t n = s->used[2];
    for (ptrdiff_t x = 0; x < n; x++)
        equal[x] = 1;
    for (ptrdiff_t q = 0; q < job->side[0]; q++)
        for (ptrdiff_t r = 0; r < job->side[1]; r++) {
            const wide *line = line_in(job, s->raw, p + q, y + r);
            for (ptrdiff_t x = 0; x < n; x++)
                equal[x] = line[x] == top[x] ? equal[x] : 0;
        }
    for (ptrdiff_t x = 1; x < n; x++)
        if (equal[x] > 0 && top[x] == top[x - 1])
            equal[x] += equal[x - 1];
}

/* A window that is in doubt; `equal` as count_equal says, `most` is what its variation
 * is at most. It is 0 where that is too little, or what it holds cannot be measured. */
static double decide(const match_job *job, match_scratch *s, const wide *equal,
                     ptrdiff_t p, ptrdiff_t y, ptrdiff_t x, double most)
{
    const template_numbers *t = &s->numbers;
    int is_flat = equal[x + job->side[2] - 1] >= (double)job->side[2];
    int is_tiny = sqrt(most * t->variation) < 0.5 * t->least;
    int is_bad = s->unmeasurable && s->row[3][x] > 0;
    return is_flat | is_tiny | is_bad ? 0 : coefficient(job, s, p, y, x);
}

/* Decides what the sums leave open. */
static void decide_line(const match_job *job, match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y, wide *out)
{
    const template_numbers *t = &s->numbers;
    const wide *sums = s->row[0], *squares = s->row[1];
    wide *equal = s->spare;
    count_equal(job, s, p, y, equal);
    for (ptrdiff_t x = 0; x < s->count[2]; x++) {
        double all = t->count * squares[x], variation = all - sums[x] * sums[x];
        if (!(variation > t->doubt * all && variation > t->noise))
            out[x] = decide(job, s, equal, p, y, x, all);
    }
}

/* ------------------------------------------------------------------------ */
/* Windows, with care                                                       */
/* ------------------------------------------------------------------------ */

/* Of two planes each: what windows of one element along an axis hold becomes, in `out`,
 * what windows of `size` hold. Places are `step` apart; what reaches over the end of a
 * line is nobody's window. `held` is used up. */
static void widen_windows(const match_job *job, wide *const *held, double elements,
                          ptrdiff_t step, ptrdiff_t size, wide *const *out)
{
    ptrdiff_t n = product(job->length), have = 0;
    for (ptrdiff_t power = 1; have < size; power *= 2) {
        double of = (double)power * elements;
        ptrdiff_t next = power * step, behind = have * step;
        if ((size & power) && have == 0) {
            for (int k = 0; k < 2; k++)
                memcpy(out[k], held[k], (size_t)n * sizeof *held[k]);
        } else if (size & power) {
            const wide *part[2] = {held[0] + behind, held[1] + behind};
            job->plain->merge_spread((const wide *const *)out, (double)have * elements,
                                     part, of, n - behind, out);
        }
        have += size & power;
        if (have < size) {
            const wide *part[2] = {held[0] + next, held[1] + next};
            job->plain->merge_spread((const wide *const *)held, of, part, of, n - next,
                                     held);
        }
    }
}

/* Sums and squared deviations of all windows of the tile, instead of plain sums. */
static void spread_tile(const match_job *job, match_scratch *s)
{
    wide *planes[2][2] = {{s->held[0], s->held[1]}, {s->shifted, s->squares}};
    ptrdiff_t steps[AXES] = {job->length[1] * job->length[2], job->length[2], 1};
    double elements = 1;
    int from = 0;
    memset(s->held[0], 0, (size_t)product(job->length) * sizeof *s->held[0]);
    memset(s->held[1], 0, (size_t)product(job->length) * sizeof *s->held[1]);
    shift_lines(job, s, s->held[0]);
    for (int k = 0; k < AXES; k++) {
        if (job->side[k] == 1)
            continue;
        widen_windows(job, planes[from], elements, steps[k], job->side[k],
                      planes[!from]);
        elements *= (double)job->side[k];
        from = !from;
    }
    for (int k = 0; k < 2; k++) {
        s->spread[k] = planes[from][k];
        s->held[k] = planes[!from][k];
    }
}

static void careful_line(const match_job *job, match_scratch *s, ptrdiff_t p,
                         ptrdiff_t y, wide *out)
{
    const template_numbers *t = &s->numbers;
    ptrdiff_t at = (p * job->length[1] + y) * job->length[2];
    const wide *sums = s->spread[0] + at, *squares = s->spread[1] + at;
    wide *equal = NULL;
    for (ptrdiff_t x = 0; x < s->count[2]; x++) {
        double variation = t->count * squares[x];
        if (variation > DOUBT_WITH_CARE * sums[x] * sums[x] && variation > t->noise) {
            double products = t->count * s->products[at + x];
            out[x] = quotient(t, products - sums[x] * t->sum, variation);
            continue;
        }
        if (equal == NULL)
            count_equal(job, s, p, y, equal = s->spare);
        double all = variation + sums[x] * sums[x];
        out[x] = decide(job, s, equal, p, y, x, all);
    }
}

/* From line `next` on, if windows have been computed again too often. */
static void take_care(const match_job *job, match_scratch *s, ptrdiff_t next)
{
    if (s->again < READINGS_AT_MOST * (double)product(job->length))
        return;
    s->again = 0;
    if (s->care == PLAIN_SUMS) {
        spread_tile(job, s);
        s->care = SPREADS;
    } else if (s->care == SPREADS && job->way == SPECTRUM) {
        shift_lines(job, s, s->held[0]);
        template_direct_products(job, s, s->held[0], next);
        s->numbers.noise = 0;
        s->care = SPREADS_AND_PRODUCTS;
    }
}

/* Windows that hold what cannot be measured are 0. */
static void count_bad(const match_job *job, const match_scratch *s, ptrdiff_t p,
                      ptrdiff_t y)
{
    job->plain->window_row(line_in(job, s->bad, p, y), s->used[2], job->side[2],
                           s->row[3], s->spare);
}

static void clear_bad(const match_scratch *s, wide *out)
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

static void plain_line(const match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y)
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
    if (doubtful > 0 && !job->is_exact)
        decide_line(job, s, p, y, s->row[2]);
}

static void finish_line(const match_job *job, match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y)
{
    if (s->unmeasurable)
        count_bad(job, s, p, y);
    if (s->care == PLAIN_SUMS)
        plain_line(job, s, p, y);
    else
        careful_line(job, s, p, y, s->row[2]);
    if (s->unmeasurable)
        clear_bad(s, s->row[2]);
    store_line(job, s, p, y, s->row[2]);
}

static void match_tile(void *context, ptrdiff_t index, int thread)
{
    match_job *job = context;
    match_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout(&s, job, &a);
    s.care = PLAIN_SUMS;
    s.again = 0;
    place_tile(job, &s, index);
    double sum = load_tile(job, &s);
    if (!job->is_exact)
        shift_tile(job, &s, sum);
    template_products(job, &s, thread);
    if (!slides(job)) {
        square_tile(job, &s);
        sum_windows(job, &s, s.shifted);
        sum_windows(job, &s, s.squares);
    }
    if (s.unmeasurable)
        sum_windows(job, &s, s.bad);
    s.numbers = job->numbers;
    if (!job->is_exact && job->way == SPECTRUM)
        s.numbers.noise = NOISE * s.energy * s.numbers.count;
    ptrdiff_t lines = s.count[0] * s.count[1];
    for (ptrdiff_t k = 0; k < lines && !team_is_stopped(&job->team, thread); k++) {
        finish_line(job, &s, k / s.count[1], k % s.count[1]);
        take_care(job, &s, k + 1);
    }
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
        centre(job->weights, n);
    if (job->way == BYTES) {
        memset(job->bytes, 0, (size_t)(bytes_rows(job) * fours(cols)));
        for (ptrdiff_t k = 0; k < n; k++) {
            ptrdiff_t row = k / cols, before = row / job->side[1];
            job->weights[k] -= 128;
            weights_of(job)[(row + before) * fours(cols) + k % cols] =
                (int8_t)job->weights[k];
        }
    }
    moments m = add_up(job->weights, job->weights, n);
    double count = (double)n, epsilon = DBL_EPSILON;
    double variation = count * m.squares - m.sum * m.sum;
    if (job->response->dtype == FEATURE_FLOAT32)
        epsilon = FLT_EPSILON;
    job->numbers = (template_numbers){.count = count,
                                      .sum = m.sum,
                                      .variation = isfinite(variation) ? variation : 0,
                                      .least = epsilon * count,
                                      .doubt = job->is_exact ? -1 : DOUBT,
                                      .noise = job->is_exact ? -1 : 0,
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
    arena_take(&whole, (size_t)t->threads,
               each.used == SIZE_MAX ? SIZE_MAX / 2 : each.used);
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
