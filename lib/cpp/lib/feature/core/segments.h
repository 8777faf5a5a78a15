/* SPDX-License-Identifier: BSD-3-Clause */
/* The pixels under a mask in segments, for the kernel `orientations`. */
#ifndef CORE_SEGMENTS_H
#define CORE_SEGMENTS_H

#include "kernels/kernels.h"

/* A row has at most so many segments. */
static inline ptrdiff_t segments_at_most(ptrdiff_t cols)
{
    return cols / SEGMENT + 1;
}

/* Lists those of one row of a mask of `cols` columns, whose middle is at `reach`;
 * returns their number. Segments lie inside the row where that is long enough. */
ptrdiff_t list_segments(const uint8_t *row, ptrdiff_t stride, ptrdiff_t cols,
                        ptrdiff_t reach, mask_segment *segments);

#endif
