/* SPDX-License-Identifier: BSD-3-Clause */
/* An image of which rows, or pieces of them, are read in its storage type. */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include <string.h>

#include "core/array.h"
#include "core/fetch.h"
#include "core/memory.h"
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
    s.direct = image->dtype == (int32_t)storage && has_dense_lines(image);
    return s;
}

/* Of row y, n pixels from x on; `wide_row`, which is not touched where rows are read
 * directly, has room for as many and a block. */
static inline void read_piece(const piece_source *s, ptrdiff_t y, ptrdiff_t x,
                              ptrdiff_t n, wide *wide_row, void *out)
{
    ptrdiff_t step = s->image->strides[1];
    int narrow = s->item != sizeof(wide);
    fetch_ahead(s->image, y, x, n);
    if (s->direct) {
        memcpy(out, row_of(s->image, y) + x * step, (size_t)(n * s->item));
        return;
    }
    (s->unscaled ? s->plain->load_unscaled_row : s->plain->load_row)(
        row_of(s->image, y) + x * step, step, n, (feature_dtype)s->image->dtype,
        narrow ? wide_row : out);
    if (narrow)
        s->real->narrow_row(wide_row, n, out);
}

/* One thread's reader of whole rows. */
typedef struct piece_reader {
    const piece_source *source;
    wide *wide_row;
} piece_reader;

static inline piece_reader piece_reader_new(const piece_source *source, arena *a)
{
    ptrdiff_t room = source->image->shape[1] + ROW_BLOCK;
    return (piece_reader){source, arena_take(a, (size_t)room, sizeof(wide))};
}

/* A row_reader. */
static inline void read_image_row(void *from, ptrdiff_t y, void *row)
{
    const piece_reader *r = from;
    read_piece(r->source, y, 0, r->source->image->shape[1], r->wide_row, row);
}

#endif
