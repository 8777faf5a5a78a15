/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Smoothed rows on demand.
 *
 * A family that needs a Gaussian (or any separable filter, symmetric or odd) does not
 * make a smoothed image. It asks for one smoothed row after the other, downwards, and
 * gets each as doubles that hold what SciPy would have stored: column sums first,
 * stored, then sums along the row, stored; each in the order centre, then pairs
 * from the outermost inwards. Only the 2 radius + 4 source rows that a group of
 * rows needs are kept, so that a band of rows stays in the processor's second cache.
 *
 * Rows are padded: ROW_PAD elements before the first and ROW_BLOCK behind the last
 * belong to the row.
 *
 * Where the last places do not matter, rows are of floats and summed in float
 * ("narrow"), at half the cost.
 */
#ifndef CORE_SMOOTH_H
#define CORE_SMOOTH_H

#include "core/memory.h"
#include "kernels/kernels.h"

#define ROW_PAD 8

/* Elements between the starts of two padded rows of n. */
ptrdiff_t row_pitch(ptrdiff_t n);

/* Row y of what is filtered, as elements of the plan's type; `from` is the reader's
 * own. Of several channels, the rows begin row_pitch elements apart. */
typedef void row_reader(void *from, ptrdiff_t y, void *row);

/* What is smoothed, and how: the same for all threads of a call. */
typedef struct smooth_plan {
    const feature_array *image; /* only its shape counts where rows come from others */
    const feature_array *mask;  /* where it is false the image counts as 0; or NULL */
    const feature_filter *axis; /* two filters */
    int odd[2];                 /* those that take differences */
    double cval;
    int channels; /* images that are read together and filtered alike; 0 counts as 1 */
    int narrow;   /* floats instead of doubles; rows come from others, none is odd */
    const plain_kernels *plain;
    const real_kernels *real;
} smooth_plan;

/* One thread's buffers. */
typedef struct smoother {
    const smooth_plan *plan;
    row_reader *read; /* where rows come from; NULL: from the plan's image */
    void *from;
    unsigned char *ring; /* the source rows of a group, or all if fewer */
    void *outside;       /* a row of the border's constant */
    union {
        const wide **wides;
        const float **floats;
    } rows; /* those under the filter in order, for the kernel */
    /* Down the columns: rows with their border on both sides, of each the channels one
     * after the other. */
    unsigned char *sums[ROW_GROUP];
    ptrdiff_t first;   /* the row of sums[0] */
    ptrdiff_t *beyond; /* columns that stand beyond the border: left, then right */
    ptrdiff_t pitch, radius, ring_rows;
    ptrdiff_t loaded; /* the first row below those in the ring */
} smoother;

/* Takes the buffers of one thread. */
void smoother_layout(smoother *s, const smooth_plan *plan, arena *a);

/* Before the first row of a band, on memory that may hold anything. */
void smoother_start(smoother *s, ptrdiff_t first_row);

/* The same, where source rows come from `read`. */
void smoother_start_from(smoother *s, ptrdiff_t first_row, row_reader *read,
                         void *from);

/* Smoothed row y into a padded row, or several row_pitch apart; y must not decrease
 * within a band. */
void smoother_row(smoother *s, ptrdiff_t y, void *out);

/*
 * The same for an image of ones, which is what a border of constants needs to be
 * corrected for. All its columns are equal before the sums along the row, so that
 * most rows are equal too and cost nothing.
 */
typedef struct ones_smoother {
    smoother s;
    wide *one, *outside; /* blocks of 1 and of cval */
    wide *block;
    wide *out;
    wide *divisor, *reciprocal; /* made of `out` */
    wide last;                  /* the column sum that `out` was made from */
    int valid, invertible;
} ones_smoother;

void ones_layout(ones_smoother *s, const smooth_plan *plan, arena *a);
void ones_start(ones_smoother *s);
const wide *ones_row(ones_smoother *s, ptrdiff_t y); /* any order */

/* Divides a smoothed row y by what ones_row gives and the epsilon of its type. */
void ones_divide(ones_smoother *s, ptrdiff_t y, wide *row);

#endif
