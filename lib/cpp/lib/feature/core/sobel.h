/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gradients by Sobel's operator (gain 8), a row at a time, as SciPy computes them:
 * the difference along one axis, stored, then 1 2 1 along the other, stored; each
 * pass with the border's rule, so that beyond a constant border the differences of
 * the first pass count as that constant too. Rows are of what is stored, float or
 * double.
 */
#ifndef CORE_SOBEL_H
#define CORE_SOBEL_H

#include "core/memory.h"
#include "core/slots.h"
#include "core/smooth.h"
#include "kernels/kernels.h"

typedef struct sobel_plan {
    ptrdiff_t rows, cols;
    int32_t border[2]; /* feature_border along axis 0 and 1 */
    double cval;
    feature_dtype stored; /* float32 or float64 */
    const real_kernels *real;
} sobel_plan;

/* One thread's buffers. */
typedef struct sobel {
    const sobel_plan *plan;
    row_reader *read;
    void *from;
    int only_down;      /* nobody asks for `right` */
    void *down, *right; /* the gradients of row `at` */
    ptrdiff_t at;
    unsigned char *pixels, *along; /* SLOTS rows, and their differences along the row */
    void *outside;                 /* a row of the border's constant */
    void *differences;             /* of the rows above and below */
    ptrdiff_t pitch, item;         /* bytes from row to row, of an element */
    row_slots slots;
} sobel;

void sobel_layout(sobel *s, const sobel_plan *plan, arena *a);

/* On memory that may hold anything; only_down may be set afterwards. */
void sobel_start(sobel *s, row_reader *read, void *from);

/* Makes s->down and s->right those of row y of the image; any order, but rows that
 * follow each other are cheap. */
void sobel_move(sobel *s, ptrdiff_t y);

/* The products of the gradients of row y, down down, down right, right right, into
 * three padded rows row_pitch apart; s->down and s->right stay as they are. */
void sobel_products(sobel *s, ptrdiff_t y, void *products);

/* The row of pixels that stands in the middle after a move to y. */
const void *sobel_held(const sobel *s, ptrdiff_t y);

#endif
