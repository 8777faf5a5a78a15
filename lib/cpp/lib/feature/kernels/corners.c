/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses of the dense corner measures, in the reference's order of operations and
 * in its type. tensor[] are rows of down down, down right and right right.
 */
#include "kernels/variant.h"

static inline real determinant(real rr, real rc, real cc)
{
    return rr * cc - rc * rc;
}

void NAME(harris_row)(const void *const *tensor, ptrdiff_t n, int by_trace,
                      double factor, void *restrict out)
{
    const real *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    real k = (real)factor, *restrict to = out;
    if (by_trace) {
        for (ptrdiff_t x = 0; x < n; x++) {
            real det = determinant(rr[x], rc[x], cc[x]), trace = rr[x] + cc[x];
            to[x] = 2 * det / (trace + k);
        }
    } else {
        for (ptrdiff_t x = 0; x < n; x++) {
            real det = determinant(rr[x], rc[x], cc[x]), trace = rr[x] + cc[x];
            to[x] = det - k * (trace * trace);
        }
    }
}

static inline real square_root(real v)
{
    return sizeof(real) == 4 ? (real)sqrtf((float)v) : (real)sqrt((double)v);
}

void NAME(shi_tomasi_row)(const void *const *tensor, ptrdiff_t n, void *restrict out)
{
    const real *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    real *restrict to = out;
    for (ptrdiff_t x = 0; x < n; x++) {
        real a = rr[x], b = rc[x], c = cc[x], difference = a - c;
        to[x] = ((a + c) - square_root(difference * difference + 4 * (b * b))) / 2;
    }
}

void NAME(foerstner_row)(const void *const *tensor, ptrdiff_t n, void *restrict size,
                         void *restrict roundness)
{
    const real *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    real *restrict to = size, *restrict round_to = roundness;
    for (ptrdiff_t x = 0; x < n; x++) {
        real det = determinant(rr[x], rc[x], cc[x]), trace = rr[x] + cc[x];
        real w = det / trace, q = 4 * det / (trace * trace);
        to[x] = trace == 0 ? 0 : w;
        round_to[x] = trace == 0 ? 0 : q;
    }
}

/* ------------------------------------------------------------------------ */
/* Kitchen and Rosenfeld                                                    */
/* ------------------------------------------------------------------------ */

/* Gradients and second derivatives, by their names in the paper (y down). */
static inline real turning(real y, real x, real yy, real xy, real xx)
{
    real above = xx * (y * y) + yy * (x * x) - 2 * xy * x * y;
    real below = x * x + y * y;
    real ratio = above / below;
    return below == 0 ? 0 : ratio;
}

void NAME(kitchen_rosenfeld_row)(const void *const *first, const void *const *second,
                                 ptrdiff_t n, void *restrict out)
{
    const real *down = first[0], *right = first[1];
    const real *yy = second[0], *xy = second[1], *xx = second[2];
    real *restrict to = out;
    for (ptrdiff_t k = 0; k < n; k++)
        to[k] = turning(down[k], right[k], yy[k], xy[k], xx[k]);
}

/* Of bytes all derivatives are integers below 2^14, but that a difference is -0 where
 * the middle, times the filter's 0, is -0 and both sides are equal. Gradients have no
 * -0, as bytes are not negative. A second derivative is -0 where the three differences
 * of which it is made are; the sign of a response of 0 depends on it. */
#define MINUS_ZERO INT16_MIN

/* Three elements in a row or in a column, and as many of each as a vector has. */
typedef struct three {
    const int16_t *before, *here, *after;
} three;

static inline three along(const int16_t *const *rows, ptrdiff_t y, ptrdiff_t x)
{
    return (three){rows[y] + x - 1, rows[y] + x, rows[y] + x + 1};
}

static inline three across(const int16_t *const *rows, ptrdiff_t x)
{
    return (three){rows[0] + x, rows[1] + x, rows[2] + x};
}

static inline shorts difference(three t, shorts *minus_zero)
{
    shorts before = load_shorts(t.before), after = load_shorts(t.after);
    *minus_zero &= (load_shorts(t.here) < 0) & (before == after);
    return after - before;
}

static inline void second_derivative(three first, three middle, three last,
                                     int16_t *out)
{
    shorts minus_zero = ~(shorts){0};
    shorts a = difference(first, &minus_zero), b = difference(middle, &minus_zero),
           c = difference(last, &minus_zero);
    shorts v = (a + c + b + b) | (minus_zero & MINUS_ZERO);
    memcpy(out, &v, sizeof v);
}

static inline real real_of(int16_t v)
{
    return v == MINUS_ZERO ? -(real)0 : (real)v;
}

void NAME(gradient_bytes_row)(const int16_t *const *rows, ptrdiff_t n,
                              int16_t *restrict down, int16_t *restrict right)
{
    for (ptrdiff_t x = 0; x < n; x += SHORTS) {
        const int16_t *above = rows[0] + x, *here = rows[1] + x, *below = rows[2] + x;
        shorts falling = load_shorts(below + 1) - load_shorts(above - 1);
        shorts rising = load_shorts(below - 1) - load_shorts(above + 1);
        shorts steep = load_shorts(below) - load_shorts(above);
        shorts flat = load_shorts(here + 1) - load_shorts(here - 1);
        steep = falling + rising + steep + steep;
        flat = falling - rising + flat + flat;
        memcpy(down + x, &steep, sizeof steep);
        memcpy(right + x, &flat, sizeof flat);
    }
}

#define TURN_BLOCK 128

void NAME(kitchen_rosenfeld_bytes_row)(const int16_t *const *down,
                                       const int16_t *const *right, ptrdiff_t n,
                                       wide *restrict out)
{
    int16_t yy[TURN_BLOCK], xy[TURN_BLOCK], xx[TURN_BLOCK];
    for (ptrdiff_t start = 0; start < n; start += TURN_BLOCK) {
        ptrdiff_t count = n - start < TURN_BLOCK ? n - start : TURN_BLOCK;
        for (ptrdiff_t k = 0; k < count; k += SHORTS) {
            ptrdiff_t x = start + k;
            second_derivative(across(down, x - 1), across(down, x), across(down, x + 1),
                              yy + k);
            second_derivative(across(right, x - 1), across(right, x),
                              across(right, x + 1), xy + k);
            second_derivative(along(right, 0, x), along(right, 1, x),
                              along(right, 2, x), xx + k);
        }
        const int16_t *y = down[1] + start, *x = right[1] + start;
        for (ptrdiff_t k = 0; k < count; k++)
            out[start + k] = turning((real)y[k], (real)x[k], real_of(yy[k]),
                                     real_of(xy[k]), real_of(xx[k]));
    }
}
