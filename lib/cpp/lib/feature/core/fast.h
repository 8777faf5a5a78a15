/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST's responses, row after row, for those who look for corners.
 *
 * Bytes are compared as bytes, 64 centres at a time. Reals are made bytes first, to see
 * where no corner can be: v of 0 to 1 becomes the byte below 255 v. Where p > c + t,
 * the byte of p exceeds that of c by floor(255 t) or more (less, if rounding pushes 255
 * t over a whole number; SLACK is far more than that). So no corner is missed by bytes
 * that ask for one step less, and what they find is looked at again as reals. Rows of
 * which a pixel is outside of 0 to 1, and thresholds too small for bytes, are not
 * screened.
 */
#ifndef CORE_FAST_H
#define CORE_FAST_H

#include "core/memory.h"
#include "kernels/kernels.h"

#define FAST_BYTES 256
#define FAST_RING 8 /* rows of bytes; seven are looked at */

/* The bounds of every byte as a centre, by the reference's comparisons of doubles. */
typedef struct fast_bounds {
    double scaled[FAST_BYTES];
    uint8_t not_above[FAST_BYTES], not_below[FAST_BYTES];
} fast_bounds;

/* Fills the bounds by the rule's threshold, at least 0, and points the rule at them. */
void fast_bound_bytes(fast_bounds *bounds, fast_rule *rule);

/* One thread's buffers. */
typedef struct fast_rows {
    uint8_t *spare, *bytes; /* two rows, for bytes; the ring, for reals */
    ptrdiff_t cols;
    int32_t outside[FAST_RING];
    uint64_t *words;
} fast_rows;

/* For rows of bytes, of reals, of both or none. */
void fast_layout(fast_rows *s, ptrdiff_t cols, int bytes, int reals, arena *a);

/* The responses of the middle one of seven rows. */
void fast_respond_bytes(const fast_rows *s, const plain_kernels *kernels,
                        const void *const *rows, const fast_rule *rule, double *out);

/* The same of reals; the middle one is row y. `follows` says that the call before was
 * of row y - 1. */
void fast_respond_reals(fast_rows *s, const plain_kernels *plain,
                        const real_kernels *real, const void *const *rows, ptrdiff_t y,
                        int follows, const fast_rule *rule, void *out);

#endif
