/* SPDX-License-Identifier: BSD-3-Clause */
/* An image of which pieces of rows are read in its storage type. */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include "core/array.h"
#include "kernels/kernels.h"

typedef struct piece_source {
    const feature_array *image; /* two dimensions */
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t item; /* bytes of what is read */
    int direct;     /* do rows hold just that, side by side? */
    int unscaled;   /* integers as they are, not scaled to [0, 1] or [-1, 1] */
} piece_source;

static inline piece_source piece_source_of(const feature_array *image)
{
    feature_dtype storage = storage_type(image);
    piece_source s = {.image = image,
                      .plain = plain_kernels_in_use(),
                      .real = real_kernels_for(storage),
                      .item = dtype_size(storage)};
    s.direct = image->dtype == (int32_t)storage &&
               (image->shape[1] == 1 || image->strides[1] == s.item);
    return s;
}

/* Of row y, n pixels from x on; `wide_row` has room for as many and a block. */
static inline void read_piece(const piece_source *s, ptrdiff_t y, ptrdiff_t x,
                              ptrdiff_t n, wide *wide_row, void *out)
{
    ptrdiff_t step = s->image->strides[1];
    int narrow = s->item != sizeof(wide);
    (s->unscaled ? s->plain->load_unscaled_row : s->plain->load_row)(
        row_of(s->image, y) + x * step, step, n, (feature_dtype)s->image->dtype,
        narrow ? wide_row : out);
    if (narrow)
        s->real->narrow_row(wide_row, n, out);
}

#endif
