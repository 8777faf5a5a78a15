/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structure tensor of an image, a row at a time: Sobel's gradients, their three
 * products, and a Gaussian of each. No plane is stored; a thread keeps a ring of
 * rows of products, those under the filter.
 *
 * Rows are of what is stored. In doubles, all are the reference's in every bit. In
 * floats, sums of three and more are made in float: each element is off by a few last
 * places of the mean of the products' sizes around it. But under a Gaussian so narrow
 * that hardly more than one gradient counts, a tensor's determinant is nothing but what
 * rounding leaves, and long sums round often: then floats are summed in double, and are
 * the reference's too.
 */
#ifndef CORE_TENSOR_H
#define CORE_TENSOR_H

#include "core/pieces.h"
#include "core/smooth.h"
#include "core/sobel.h"

typedef struct tensor_plan {
    smooth_plan smooth;
    sobel_plan sobel;
    piece_source source;
    int careful; /* floats, of which all sums are made in double */
} tensor_plan;

/* One thread's buffers. */
typedef struct tensor_rows {
    const tensor_plan *plan;
    sobel sobel;
    piece_reader reader;
    smoother smoother;
    void *rows;             /* three padded ones in one block: */
    const void *row[3];     /* down down, down right, right right */
    wide *gradients, *sums; /* careful: two rows, and the three */
} tensor_rows;

/* The Sobel operator takes its borders from the filters. */
tensor_plan tensor_plan_for(const feature_array *image, const feature_filter *axis,
                            double cval);
void tensor_layout(tensor_rows *t, const tensor_plan *plan, arena *a);
void tensor_start(tensor_rows *t, ptrdiff_t first_row);

/* Makes t->row the tensor of row y; y must not decrease within a band. */
void tensor_move(tensor_rows *t, ptrdiff_t y);

#endif
