/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/segments.h"

static mask_segment segment_at(const uint8_t *row, ptrdiff_t stride, ptrdiff_t cols,
                               ptrdiff_t reach, ptrdiff_t left, ptrdiff_t from)
{
    mask_segment segment = {.right = left - reach, .whole = 1};
    for (ptrdiff_t k = 0; k < SEGMENT; k++) {
        ptrdiff_t x = left + k;
        int is_under = x >= from && x < cols && row[x * stride];
        segment.weight[k] = is_under ? (wide)(x - reach) : 0;
        segment.keep[k] = is_under ? UINT64_MAX : 0;
        segment.whole &= is_under;
    }
    return segment;
}

ptrdiff_t list_segments(const uint8_t *row, ptrdiff_t stride, ptrdiff_t cols,
                        ptrdiff_t reach, mask_segment *segments)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t x = 0; x < cols;) {
        if (!row[x * stride]) {
            x++;
            continue;
        }
        ptrdiff_t last = cols - SEGMENT, left = last >= 0 && x > last ? last : x;
        segments[count++] = segment_at(row, stride, cols, reach, left, x);
        x = left + SEGMENT;
    }
    return count;
}
