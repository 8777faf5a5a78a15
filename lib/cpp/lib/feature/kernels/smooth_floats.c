/* SPDX-License-Identifier: BSD-3-Clause */
/* The symmetric filters of smooth.c, of rows of floats and summed in float: twice as
 * fast, and off by a few last places. */
#include "kernels/variant.h"

#define ELEMENT float
#define VECTOR lanes
#define FETCH(p) load_lanes(p)
#define KEEP(p, v) store_lanes(p, v)
#define OF(name) name##_of_floats
#include "kernels/filter_sums.h"

void NAME(smooth_float_groups)(const float *const *rows, const double *weights,
                               ptrdiff_t radius, ptrdiff_t n, float *const *out)
{
    column_groups_of_floats(rows, weights, radius, 0, n, out);
}

void NAME(smooth_floats)(const float *in, const double *weights, ptrdiff_t radius,
                         ptrdiff_t n, float *out)
{
    sum_row_of_floats(in, weights, radius, 0, n, out);
}
