/* SPDX-License-Identifier: BSD-3-Clause */
/* An image as a source of rows (core/smooth.h, core/sobel.h). */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "core/array.h"
#include "kernels/kernels.h"

typedef struct image_source {
    const feature_array *image; /* two dimensions */
    const plain_kernels *plain;
    int unscaled; /* integers as they are, not scaled to [0, 1] or [-1, 1] */
} image_source;

/* A row_reader. */
static inline void read_image_row(void *from, ptrdiff_t y, wide *row)
{
    const image_source *source = from;
    const feature_array *image = source->image;
    (source->unscaled ? source->plain->load_unscaled_row : source->plain->load_row)(
        row_of(image, y), image->strides[1], image->shape[1],
        (feature_dtype)image->dtype, row);
}

#endif
