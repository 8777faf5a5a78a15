/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structure tensor of an image, a row at a time: Sobel's gradients, their three
 * products, and a Gaussian of each. No plane is stored; a thread keeps a ring of
 * rows of products, those under the filter.
 */
#ifndef CORE_TENSOR_H
#define CORE_TENSOR_H

#include "core/smooth.h"
#include "core/sobel.h"
#include "core/source.h"

typedef struct tensor_plan {
    smooth_plan smooth;
    sobel_plan sobel;
    image_source source;
} tensor_plan;

/* One thread's buffers. */
typedef struct tensor_rows {
    const tensor_plan *plan;
    sobel sobel;
    image_source source;
    smoother smoother;
    wide *row[3]; /* down down, down right, right right; padded, in one block */
} tensor_rows;

/* The Sobel operator takes its borders from the filters. */
tensor_plan tensor_plan_for(const feature_array *image, const feature_filter *axis,
                            double cval);
void tensor_layout(tensor_rows *t, const tensor_plan *plan, arena *a);
void tensor_start(tensor_rows *t, ptrdiff_t first_row);

/* Makes t->row the tensor of row y; y must not decrease within a band. */
void tensor_move(tensor_rows *t, ptrdiff_t y);

#endif
