/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses of the dense corner measures, in the reference's order of operations and
 * in its type: each result is rounded to a real. tensor[] are rows of down down,
 * down right and right right.
 */
#include "kernels/variant.h"

static inline real determinant(real rr, real rc, real cc)
{
    return rr * cc - rc * rc;
}

void NAME(harris_row)(const wide *const *tensor, ptrdiff_t n, int by_trace,
                      double factor, wide *restrict out)
{
    const wide *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    real k = (real)factor;
    if (by_trace) {
        for (ptrdiff_t x = 0; x < n; x++) {
            real det = determinant((real)rr[x], (real)rc[x], (real)cc[x]);
            real trace = (real)rr[x] + (real)cc[x];
            out[x] = 2 * det / (trace + k);
        }
    } else {
        for (ptrdiff_t x = 0; x < n; x++) {
            real det = determinant((real)rr[x], (real)rc[x], (real)cc[x]);
            real trace = (real)rr[x] + (real)cc[x];
            out[x] = det - k * (trace * trace);
        }
    }
}

static inline real square_root(real v)
{
    return sizeof(real) == 4 ? (real)sqrtf((float)v) : (real)sqrt((double)v);
}

void NAME(shi_tomasi_row)(const wide *const *tensor, ptrdiff_t n, wide *restrict out)
{
    const wide *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        real a = (real)rr[x], b = (real)rc[x], c = (real)cc[x];
        real difference = a - c;
        out[x] = ((a + c) - square_root(difference * difference + 4 * (b * b))) / 2;
    }
}

void NAME(foerstner_row)(const wide *const *tensor, ptrdiff_t n, wide *restrict size,
                         wide *restrict roundness)
{
    const wide *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        real det = determinant((real)rr[x], (real)rc[x], (real)cc[x]);
        real trace = (real)rr[x] + (real)cc[x];
        real w = det / trace, q = 4 * det / (trace * trace);
        size[x] = trace == 0 ? 0 : w;
        roundness[x] = trace == 0 ? 0 : q;
    }
}

/* Gradients and second derivatives, by their names in the paper (y down). */
void NAME(kitchen_rosenfeld_row)(const wide *const *first, const wide *const *second,
                                 ptrdiff_t n, wide *restrict out)
{
    const wide *down = first[0], *right = first[1];
    const wide *yy = second[0], *xy = second[1], *xx = second[2];
    for (ptrdiff_t k = 0; k < n; k++) {
        real y = (real)down[k], x = (real)right[k];
        real above = (real)xx[k] * (y * y) + (real)yy[k] * (x * x) -
                     2 * (real)xy[k] * x * y;
        real below = x * x + y * y;
        real ratio = above / below;
        out[k] = below == 0 ? 0 : ratio;
    }
}
