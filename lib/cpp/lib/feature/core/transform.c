/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plans and steps of transforms; the loops are in kernels/transform.c.
 *
 * Two real lines are one complex line: its transform holds both, one in the part that
 * is mirrored with the same sign, one in the other. A cosine transform is the Fourier
 * transform of the line's even elements followed by its odd ones backwards (Makhoul
 * 1980), turned by a quarter circle over the line. An inverse is the transform of what
 * has real and imaginary parts exchanged, exchanged again.
 *
 * Lengths with a prime factor above TRANSFORM_PRIME go Bluestein's (1970) way: with
 * j k = (j^2 + k^2 - (k - j)^2) / 2 the transform is a convolution with a chirp, which
 * two transforms of any longer length make.
 *
 * A thread's scratch: `n` + 2 elements in the array's order, n for the transform, and
 * for Bluestein twice the longer length.
 */
#include "core/transform.h"

#include <math.h>
#include <string.h>

#define PITCH TRANSFORM_LINES

/* ------------------------------------------------------------------------ */
/* Plans                                                                    */
/* ------------------------------------------------------------------------ */

static void add_levels(fft_tables *f, ptrdiff_t *rest, ptrdiff_t radix)
{
    for (; *rest % radix == 0; *rest /= radix) {
        ptrdiff_t inner = 1;
        for (int k = 0; k < f->levels; k++)
            inner *= f->level[k].radix;
        f->level[f->levels++] = (fft_level){radix, inner, NULL, NULL};
    }
}

/* Whether n has prime factors up to `prime` only; the levels are those of n then. */
static int factorize(fft_tables *f, ptrdiff_t n, ptrdiff_t prime)
{
    ptrdiff_t fours = n, rest;
    while (fours % 4 == 0)
        fours /= 4;
    f->n = n;
    f->levels = 0;
    rest = fours;
    for (ptrdiff_t radix = 2; radix <= prime && rest > 1; radix++)
        add_levels(f, &rest, radix);
    if (rest > 1)
        return 0;
    rest = n / fours;
    add_levels(f, &rest, 4);
    return 1;
}

void transform_layout(transform *t, ptrdiff_t n, arena *a)
{
    ptrdiff_t longer = 2 * n - 1;
    t->n = n;
    t->bluestein = !factorize(&t->fft, n, TRANSFORM_PRIME);
    if (t->bluestein)
        while (!factorize(&t->fft, longer, 5))
            longer++;
    size_t complex_size = 2 * sizeof(double), whole = (size_t)t->fft.n;
    t->order = arena_take(a, whole, sizeof *t->order);
    t->quarter = arena_take(a, (size_t)n / 2 + 1, complex_size);
    t->circle = arena_take(a, whole, complex_size);
    t->chirp = t->spectrum = t->spare = NULL;
    if (t->bluestein) {
        t->chirp = arena_take(a, (size_t)n, complex_size);
        t->spectrum = arena_take(a, whole, complex_size);
        t->spare = arena_take(a, whole, PITCH * sizeof(double));
    }
    for (int k = 0; k < t->fft.levels; k++) {
        fft_level *l = &t->fft.level[k];
        size_t turns = (size_t)((l->radix - 1) * (l->inner - 1));
        l->turns = arena_take(a, turns, complex_size);
        l->roots = arena_take(a, (size_t)l->radix, complex_size);
    }
}

static void copy_turn(double *to, const double *circle, ptrdiff_t k)
{
    memcpy(to, circle + 2 * k, 2 * sizeof *to);
}

static void fill_level(const transform *t, const fft_level *l)
{
    ptrdiff_t apart = t->fft.n / (l->radix * l->inner);
    double *turns = l->turns;
    for (ptrdiff_t q = 1; q < l->inner; q++)
        for (ptrdiff_t i = 1; i < l->radix; i++, turns += 2)
            copy_turn(turns, t->circle, i * q * apart);
    for (ptrdiff_t i = 0; i < l->radix; i++)
        copy_turn(l->roots + 2 * i, t->circle, i * (t->fft.n / l->radix));
}

/* Reversed digits, from the inner levels' to those of one more. */
static void fill_order(const transform *t)
{
    t->order[0] = 0;
    for (int k = 0; k < t->fft.levels; k++) {
        const fft_level *l = &t->fft.level[k];
        for (ptrdiff_t j = l->inner - 1; j >= 0; j--)
            for (ptrdiff_t i = l->radix - 1; i >= 0; i--)
                t->order[j * l->radix + i] = i * l->inner + t->order[j];
    }
}

/* The chirp, and the transform of its conjugate, which goes on to both sides of 0. */
static void fill_chirp(const transform *t, const plain_kernels *plain)
{
    ptrdiff_t n = t->n, whole = t->fft.n;
    plain->circle_row(2 * n, 2 * n, t->spare);
    for (ptrdiff_t k = 0; k < n; k++)
        copy_turn(t->chirp + 2 * k, t->spare, (ptrdiff_t)((int64_t)k * k % (2 * n)));
    memset(t->spare, 0, (size_t)whole * PITCH * sizeof(double));
    for (ptrdiff_t k = 0; k < n; k++) {
        double *before = t->spare + t->order[k == 0 ? 0 : whole - k] * PITCH;
        double *after = t->spare + t->order[k] * PITCH;
        before[0] = after[0] = t->chirp[2 * k];
        before[TRANSFORM_LANES] = after[TRANSFORM_LANES] = t->chirp[2 * k + 1];
    }
    plain->fft_block(&t->fft, t->spare);
    for (ptrdiff_t k = 0; k < whole; k++) {
        t->spectrum[2 * k] = t->spare[k * PITCH] / (double)whole;
        t->spectrum[2 * k + 1] =
            -t->spare[k * PITCH + TRANSFORM_LANES] / (double)whole;
    }
}

void transform_prepare(transform *t)
{
    const plain_kernels *plain = plain_kernels_in_use();
    plain->circle_row(4 * t->n, t->n / 2 + 1, t->quarter);
    plain->circle_row(t->fft.n, t->fft.n, t->circle);
    for (int k = 0; k < t->fft.levels; k++)
        fill_level(t, &t->fft.level[k]);
    fill_order(t);
    if (t->bluestein)
        fill_chirp(t, plain);
}

double *transform_scratch(const transform *t, arena *a)
{
    size_t elements = 2 * (size_t)t->n + 2 + (t->bluestein ? 2 * (size_t)t->fft.n : 0);
    return arena_take(a, elements, PITCH * sizeof(double));
}

/* ------------------------------------------------------------------------ */
/* One block                                                                */
/* ------------------------------------------------------------------------ */

/* A block under way. */
typedef struct block {
    const transform_job *job;
    const plain_kernels *plain;
    const transform *t;
    ptrdiff_t plane, first; /* line */
    const ptrdiff_t *order; /* in which `lines` want what is to be transformed */
    wide *ordered;          /* elements as they stand in the array */
    wide *lines, *rest;
} block;

static int is_complex(transform_kind kind)
{
    return kind == TRANSFORM_FFT || kind == TRANSFORM_FFT_INVERSE ||
           kind == TRANSFORM_CORRELATE;
}

static ptrdiff_t lines_a_block(const transform_job *job)
{
    return is_complex(job->kind) ? TRANSFORM_LANES : TRANSFORM_LINES;
}

static ptrdiff_t blocks_a_plane(const transform_job *job)
{
    return (job->count + lines_a_block(job) - 1) / lines_a_block(job);
}

/* Where in memory the block's lines stand, n elements each. */
static fft_lines lines_of(const block *b, const transform_side *side, ptrdiff_t n)
{
    ptrdiff_t left = b->job->count - b->first, lanes = lines_a_block(b->job);
    return (fft_lines){.count = left < lanes ? left : lanes,
                       .lanes = lanes,
                       .next = side->next,
                       .step = side->step,
                       .length = side->length > 0 ? side->length : n,
                       .n = n,
                       .factor = 1};
}

static ptrdiff_t offset_of(const block *b, const transform_side *side)
{
    return b->plane * side->plane + b->first * side->next;
}

static void gather(const block *b, const double *from, const fft_lines *how, wide *to)
{
    b->plain->gather_lines(from + offset_of(b, &b->job->in), how, to);
}

static void scatter(const block *b, const wide *from, const fft_lines *how, double *to)
{
    b->plain->scatter_lines(from, how, to + offset_of(b, &b->job->out));
}

/* The transform of `lines`, in place. */
static void transform_lines(const transform *t, const plain_kernels *plain, wide *lines,
                            wide *rest)
{
    ptrdiff_t whole = t->fft.n;
    if (!t->bluestein) {
        plain->fft_block(&t->fft, lines);
        return;
    }
    wide *second = rest + whole * PITCH;
    memset(rest, 0, (size_t)(whole * PITCH) * sizeof *rest);
    plain->chirp_block(lines, PITCH, t->chirp, t->n, t->order, rest);
    plain->fft_block(&t->fft, rest);
    plain->chirp_block(rest, PITCH, t->spectrum, whole, t->order, second);
    plain->fft_block(&t->fft, second);
    /* A transform in place of its inverse has its elements in the other direction. */
    plain->chirp_block(second, PITCH, t->chirp, 1, NULL, lines);
    plain->chirp_block(second + (whole - 1) * PITCH, -PITCH, t->chirp + 2, t->n - 1,
                       NULL, lines + PITCH);
}

/* The weights across the block's lines. */
static void copy_across(const block *b, double *across)
{
    const transform_job *job = b->job;
    ptrdiff_t left = job->count - b->first;
    size_t count = (size_t)(left < TRANSFORM_LINES ? left : TRANSFORM_LINES);
    memset(across, 0, (size_t)(job->terms * TRANSFORM_LINES) * sizeof *across);
    for (int k = 0; k < job->terms; k++)
        memcpy(across + k * TRANSFORM_LINES,
               job->across[k] + b->plane * job->count + b->first,
               count * sizeof *across);
}

static void cosine(const block *b)
{
    fft_lines in = lines_of(b, &b->job->in, b->t->n);
    fft_lines out = lines_of(b, &b->job->out, b->t->n);
    in.order = b->order;
    in.folded = 1;
    gather(b, b->job->in.real, &in, b->lines);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    b->plain->cosine_block(b->t->quarter, b->t->n, b->lines);
    scatter(b, b->lines, &out, b->job->out.real);
}

static void cosine_inverse(const block *b)
{
    ptrdiff_t n = b->t->n;
    fft_lines in = lines_of(b, &b->job->in, n), out = lines_of(b, &b->job->out, n);
    double across[TRANSFORM_TERMS * TRANSFORM_LINES];
    weighed_lines from = {b->ordered,    PITCH,         1 / (double)n,
                          b->job->terms, b->job->along, across};
    out.exchanged = TRANSFORM_LANES;
    out.folded = 1;
    copy_across(b, across);
    if (in.count == in.lanes && in.next == 1 && in.length == n) { /* as they stand */
        from.first = b->job->in.real + offset_of(b, &b->job->in);
        from.step = in.step;
    } else {
        gather(b, b->job->in.real, &in, b->ordered);
    }
    b->plain->cosine_inverse_block(&from, b->t->quarter, n, b->order, b->lines);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    scatter(b, b->lines, &out, b->job->out.real);
}

static void fourier(const block *b, int inverse)
{
    ptrdiff_t n = b->t->n, real = inverse ? TRANSFORM_LANES : 0;
    fft_lines in = lines_of(b, &b->job->in, n), out = lines_of(b, &b->job->out, n);
    wide *imaginary = b->lines + (TRANSFORM_LANES - real);
    in.order = b->order;
    in.factor = inverse ? 1 / (double)n : 1;
    gather(b, b->job->in.real, &in, b->lines + real);
    gather(b, b->job->in.imaginary, &in, imaginary);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    scatter(b, b->lines + real, &out, b->job->out.real);
    scatter(b, imaginary, &out, b->job->out.imaginary);
}

/* There and back, while the lines are in the cache. */
static void correlate(const block *b)
{
    const transform_job *job = b->job;
    ptrdiff_t n = b->t->n, at = offset_of(b, &job->in);
    fft_lines in = lines_of(b, &job->in, n), out = lines_of(b, &job->out, n);
    in.order = b->order;
    gather(b, job->in.real, &in, b->lines);
    gather(b, job->in.imaginary, &in, b->lines + TRANSFORM_LANES);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    b->plain->correlate_block(b->lines, job->with[0] + at, job->with[1] + at, in.step,
                              in.count, 1 / (double)n, n, b->order, b->ordered);
    transform_lines(b->t, b->plain, b->ordered, b->rest);
    scatter(b, b->ordered + TRANSFORM_LANES, &out, job->out.real);
    scatter(b, b->ordered, &out, job->out.imaginary);
}

static void real(const block *b)
{
    ptrdiff_t half = b->t->n / 2 + 1;
    fft_lines in = lines_of(b, &b->job->in, b->t->n);
    fft_lines out = lines_of(b, &b->job->out, half);
    in.order = b->order;
    out.length = half;
    gather(b, b->job->in.real, &in, b->lines);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    b->plain->real_block(b->lines, b->t->n, b->ordered);
    scatter(b, b->ordered, &out, b->job->out.real);
    scatter(b, b->ordered + half * PITCH, &out, b->job->out.imaginary);
}

static void real_inverse(const block *b)
{
    ptrdiff_t half = b->t->n / 2 + 1;
    fft_lines in = lines_of(b, &b->job->in, half);
    fft_lines out = lines_of(b, &b->job->out, b->t->n);
    in.length = half;
    in.factor = 1 / (double)b->t->n;
    out.exchanged = TRANSFORM_LANES;
    gather(b, b->job->in.real, &in, b->ordered);
    gather(b, b->job->in.imaginary, &in, b->ordered + half * PITCH);
    b->plain->real_inverse_block(b->ordered, b->t->n, b->order, b->lines);
    transform_lines(b->t, b->plain, b->lines, b->rest);
    scatter(b, b->lines, &out, b->job->out.real);
}

ptrdiff_t transform_blocks(const transform_job *job)
{
    return job->planes * blocks_a_plane(job);
}

void transform_band(void *context, ptrdiff_t index, int thread)
{
    const transform_job *job = context;
    const transform *t = job->t;
    ptrdiff_t blocks = blocks_a_plane(job);
    block b = {.job = job, .plain = plain_kernels_in_use(), .t = t};
    b.plane = index / blocks;
    b.first = index % blocks * lines_a_block(job);
    b.order = t->bluestein ? NULL : t->order;
    b.ordered = job->scratch[thread];
    b.lines = b.ordered + (t->n + 2) * PITCH;
    b.rest = b.lines + t->n * PITCH;
    switch (job->kind) {
    case TRANSFORM_DCT:
        cosine(&b);
        break;
    case TRANSFORM_DCT_INVERSE:
        cosine_inverse(&b);
        break;
    case TRANSFORM_FFT:
    case TRANSFORM_FFT_INVERSE:
        fourier(&b, job->kind == TRANSFORM_FFT_INVERSE);
        break;
    case TRANSFORM_CORRELATE:
        correlate(&b);
        break;
    case TRANSFORM_REAL:
        real(&b);
        break;
    case TRANSFORM_REAL_INVERSE:
        real_inverse(&b);
        break;
    }
}

/* ------------------------------------------------------------------------ */
/* Around it                                                                */
/* ------------------------------------------------------------------------ */

transform_job transform_along(const transform *t, transform_kind kind,
                              const ptrdiff_t *shape, int ndim, int axis)
{
    ptrdiff_t before = 1, behind = 1;
    for (int k = 0; k < axis; k++)
        before *= shape[k];
    for (int k = axis + 1; k < ndim; k++)
        behind *= shape[k];
    transform_job job = {.t = t, .kind = kind};
    transform_side side = {.plane = shape[axis] * behind, .next = 1, .step = behind};
    job.planes = before;
    job.count = behind;
    if (axis == ndim - 1) {
        side = (transform_side){.next = shape[axis], .step = 1};
        job.planes = 1;
        job.count = before;
    }
    job.in = job.out = side;
    return job;
}

double transform_nanoseconds(const transform_job *job)
{
    const fft_tables *f = &job->t->fft;
    double turns = job->t->bluestein ? 1.6 : 1; /* over one of the longer transforms */
    double elements = (double)transform_blocks(job) * TRANSFORM_LINES * (double)f->n;
    return elements * turns * (0.7 + 0.1 * log2((double)f->n));
}

/* Weights to both sides of 0, around the circle as often as they reach. */
static void wind(const transform *t, const feature_filter *filter, wide *lane)
{
    const ptrdiff_t *order = t->bluestein ? NULL : t->order;
    for (ptrdiff_t r = -filter->radius; r <= filter->radius; r++) {
        ptrdiff_t k = (r % t->n + t->n) % t->n;
        lane[(order == NULL ? k : order[k]) * PITCH] += filter->weights[r < 0 ? -r : r];
    }
}

/* The transform of what is mirrored around 0 is real: two of them need no parting. */
void transform_multipliers(const transform *doubled, const feature_filter *filters,
                           ptrdiff_t count, double *const *out, double *scratch)
{
    const transform *t = doubled;
    wide *lines = scratch, *rest = lines + t->n * PITCH;
    for (ptrdiff_t first = 0; first < count; first += PITCH) {
        ptrdiff_t lanes = count - first < PITCH ? count - first : PITCH;
        memset(lines, 0, (size_t)(t->n * PITCH) * sizeof *lines);
        for (ptrdiff_t k = 0; k < lanes; k++)
            wind(t, &filters[first + k], lines + k);
        transform_lines(t, plain_kernels_in_use(), lines, rest);
        for (ptrdiff_t k = 0; k < lanes; k++)
            for (ptrdiff_t j = 0; j < t->n / 2; j++)
                out[first + k][j] = lines[j * PITCH + k];
    }
}
