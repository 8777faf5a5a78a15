/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that is fetched into the second cache before its turn.
 *
 * After other work an image and its result lie in memory. A loop that does nothing but
 * walk through them hardly notices: the processor guesses what comes next. It does not
 * where a row is read at once and then much is computed, and its guesses end with the
 * page, which is a row of 512 doubles. Who works that way says what comes next. Nothing
 * is asked for that does not exist, and nothing changes but the time.
 */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "core/array.h"

#define LINE_BYTES 64
#define ROWS_AHEAD 2

static inline void fetch(const void *from, ptrdiff_t bytes)
{
    enum { TO_READ = 0, SECOND_CACHE = 2 };
    const unsigned char *at = from;
    for (ptrdiff_t k = 0; k < bytes; k += LINE_BYTES)
        __builtin_prefetch(at + k, TO_READ, SECOND_CACHE);
}

/* Columns [x, x + n) of a row soon after row y, which is read or written now. */
static inline void fetch_ahead(const feature_array *array, ptrdiff_t y, ptrdiff_t x,
                               ptrdiff_t n)
{
    ptrdiff_t item = dtype_size(array->dtype);
    if (y + ROWS_AHEAD < array->shape[0] && array->strides[1] == item)
        fetch(row_of(array, y + ROWS_AHEAD) + x * item, n * item);
}

#endif
