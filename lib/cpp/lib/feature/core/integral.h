/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The integral image as the reference has it: sums down the columns, then along the
 * rows, one after the other in double; no row or column of zeros.
 */
#ifndef CORE_INTEGRAL_H
#define CORE_INTEGRAL_H

#include "core/threads.h"

/* `integral` is contiguous, with the image's two dimensions. */
feature_status integral_image(team *t, const feature_array *image, double *integral);

/* The same in parts, for those who read a few rows around each only: `count` bands of
 * `rows` rows, each with the `above` rows before it. */
typedef struct integral_bands {
    const feature_array *image;
    ptrdiff_t count, rows, above;
    double *before; /* count x columns: the sums down to before each */
} integral_bands;

static inline ptrdiff_t integral_first_row(const integral_bands *bands, ptrdiff_t band)
{
    ptrdiff_t first = band * bands->rows - bands->above;
    return first > 0 ? first : 0;
}

/* Reads the image once and fills `before`. */
feature_status integral_start_bands(team *t, const integral_bands *bands);

/* Rows of a band, from integral_first_row to before `end`; `down` has room for one. */
void integral_of_band(const integral_bands *bands, ptrdiff_t band, ptrdiff_t end,
                      double *down, double *out);

#endif
