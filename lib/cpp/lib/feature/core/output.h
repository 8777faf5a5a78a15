/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How lines of results are written: made where they belong, where that is memory of
 * doubles side by side; else made in a buffer and converted, or sent past the caches
 * where the results are large.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include "core/array.h"
#include "kernels/kernels.h"

typedef struct line_output {
    int in_place;
    void (*write)(const wide *row, ptrdiff_t n, void *out, ptrdiff_t stride);
} line_output;

/* For `count` results of one call, of the type that `real` stores. */
static inline line_output line_output_for(const real_kernels *real,
                                          const feature_array *results, int count)
{
    int streamed = is_streamed(results, count), direct = 1;
    for (int k = 0; k < count; k++)
        direct &= is_direct(&results[k]);
    return (line_output){.in_place = direct && !streamed,
                         .write = streamed ? real->stream_row : real->store_row};
}

#endif
