/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cosine and Fourier transforms of any length, in double.
 *
 * A transform works on blocks of lines side by side: TRANSFORM_LINES lines of real
 * numbers (two to a complex one, TRANSFORM_LANES to a register) or TRANSFORM_LANES
 * lines of complex ones. Blocks are what threads share. What a block gives depends on
 * the lines in it and on nothing else, so results have the same bits on any processor
 * and any number of threads. A line that holds NaN or infinity spoils its block.
 *
 * One call, from a family:
 *
 *     transform t;
 *     transform_layout(&t, n, &a);               twice: counting, then on memory
 *     scratch[k] = transform_scratch(&t, &a);    the same, for each thread
 *     transform_prepare(&t);                     once there is memory
 *     transform_job job = transform_along(&t, TRANSFORM_DCT, shape, ndim, axis);
 *     team_run(&team, transform_blocks(&job), transform_band, &job);
 *
 * Errors, relative to the largest element of the block's result: TRANSFORM_ERROR(n),
 * tested. Symmetric filters with the border mode `reflect` are exact products in the
 * domain of the cosine transform: see transform_multipliers.
 */
#ifndef CORE_TRANSFORM_H
#define CORE_TRANSFORM_H

#include "core/memory.h"
#include "kernels/kernels.h"

/*
 *  DCT            out[k] = sum of in[j] cos(pi k (j + 1/2) / n)    (half of SciPy's)
 *  DCT_INVERSE    what gives `in` back, from in[k] times its weight where there are any
 *  FFT            out[k] = sum of in[j] exp(-2 pi i j k / n), complex to complex
 *  FFT_INVERSE    what gives `in` back (1 / n is in it)
 *  REAL           FFT of real lines: n / 2 + 1 complex elements, the others mirror them
 *  REAL_INVERSE   what gives the real lines back
 *  CORRELATE      FFT, product with the conjugate of `with`, FFT_INVERSE
 */
typedef enum transform_kind {
    TRANSFORM_DCT,
    TRANSFORM_DCT_INVERSE,
    TRANSFORM_FFT,
    TRANSFORM_FFT_INVERSE,
    TRANSFORM_REAL,
    TRANSFORM_REAL_INVERSE,
    TRANSFORM_CORRELATE
} transform_kind;

/* One length's tables. Read only once prepared: threads and axes may share it. */
typedef struct transform {
    ptrdiff_t n;
    int bluestein;    /* `fft` is longer than n, at least 2 n - 1 */
    fft_tables fft;
    ptrdiff_t *order; /* where the fft wants its element k */
    double *quarter;  /* cos, sin of 2 pi k / (4 n), k <= n / 2 */
    double *chirp;    /* Bluestein: cos, sin of pi k^2 / n, k < n */
    double *spectrum; /* Bluestein: the chirp's, conjugate, divided by fft.n */
    double *circle;   /* cos, sin of 2 pi k / fft.n, for making the tables */
    double *spare;    /* Bluestein: a block, for the same */
} transform;

/* For 1 <= n < 2^29. Takes about 50 n bytes (large prime factors: up to 500 n). */
void transform_layout(transform *t, ptrdiff_t n, arena *a);

/* Computes the tables, about 10 ns an element. */
void transform_prepare(transform *t);

/* What one thread needs: 256 n bytes (large prime factors: up to 900 n). */
double *transform_scratch(const transform *t, arena *a);

/* Error bound, relative to the largest element of the result's block; a round trip's is
 * the sum of both. */
#define TRANSFORM_ERROR(n) (4e-16 * (2 + log2((double)(n))))

#define TRANSFORM_TERMS 8 /* of the weights, at most */

/*
 * One side of a transform. Steps count doubles. Element k of line i of plane p is
 * real[p * plane + i * next + k * step]; so a two-dimensional array's columns are lines
 * with step = cols, next = 1, its rows lines with step = 1, next = cols, and the lines
 * along the middle axis of a volume those of `planes` such arrays. in and out may be
 * the same memory with the same steps; else they must not overlap.
 */
typedef struct transform_side {
    double *real;
    double *imaginary; /* only where elements are complex; the same steps */
    ptrdiff_t plane, next, step;
    ptrdiff_t length; /* 0: all. Less than n: what is missing of `in` is 0, and of `out`
                       * only so many are written. Not for n / 2 + 1 elements of REAL */
} transform_side;

/*
 * Lines to be transformed. Weights (DCT_INVERSE only) multiply element k of line i of
 * plane p, counted i' = p * count + i, by
 *
 *     sum over t < terms of along[t][k] * across[t][i']
 *
 * so that a Gaussian is one term, a difference of two Gaussians two, and a Laplacian of
 * Gaussian as many as there are axes: do that axis first, the others without weights.
 */
typedef struct transform_job {
    const transform *t;
    transform_kind kind;
    transform_side in, out;
    const double *with[2];   /* CORRELATE only: real, imaginary; the same steps as in */
    ptrdiff_t planes, count; /* of lines; `count` of them in each plane */
    int terms;               /* 0: no weights */
    const double *along[TRANSFORM_TERMS], *across[TRANSFORM_TERMS];
    double *const *scratch; /* of each thread */
} transform_job;

/* Lines along one axis of a contiguous array, in and out alike; the last axis' lines
 * are one plane. in.real, out.real, weights and scratch are the caller's to set. */
transform_job transform_along(const transform *t, transform_kind kind,
                              const ptrdiff_t *shape, int ndim, int axis);

/* The number of blocks. They depend on the lines, not on threads. */
ptrdiff_t transform_blocks(const transform_job *job);

/* Transforms block `index`, with the scratch of `thread`: for team_run. */
void transform_band(void *job, ptrdiff_t index, int thread);

/* Nanoseconds that the whole job takes on one thread, about, wherever it runs: for
 * team_for, and for the choice between a filter and a transform. */
double transform_nanoseconds(const transform_job *job);

/*
 * The multipliers of symmetric filters with border `reflect` on lines of n elements:
 *
 *     out[f][k] = w[0] + 2 sum over r of w[r] cos(pi k r / n),  k < n,  w of filters[f]
 *
 * for any radius, also above n. Second derivatives of a Gaussian are symmetric too.
 * `doubled` is a transform of length 2 n, `scratch` one of its. Errors below half of
 * TRANSFORM_ERROR(2 n) times the sum of |w|; sixteen filters cost what one costs.
 */
void transform_multipliers(const transform *doubled, const feature_filter *filters,
                           ptrdiff_t count, double *const *out, double *scratch);

#endif
