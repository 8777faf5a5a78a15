/* SPDX-License-Identifier: BSD-3-Clause */
/* The circle of FAST: sixteen pixels at distance 3, in the reference's order. */
#ifndef KERNELS_ARC_H
#define KERNELS_ARC_H

#include "kernels/variant.h"

#define CIRCLE 16

static const int circle_row[CIRCLE] = {0, 1,  2,  3,  3,  3,  2,  1,
                                       0, -1, -2, -3, -3, -3, -2, -1};
static const int circle_col[CIRCLE] = {3,  3,  2,  1,  0, -1, -2, -3,
                                       -3, -3, -2, -1, 0, 1,  2,  3};

/*
 * In which lanes can a corner be, by what is set of four pixels a quarter apart? An arc
 * of 12 holds three of them, one of 9 two neighbours, one of 5 any.
 */
static inline uint64_t quarters_of(const uint64_t *q, int arc)
{
    if (arc >= 12)
        return ((q[0] | q[1]) & q[2] & q[3]) | (q[0] & q[1] & (q[2] | q[3]));
    if (arc >= 9)
        return (q[0] | q[2]) & (q[1] | q[3]);
    return arc >= 5 ? q[0] | q[1] | q[2] | q[3] : ~UINT64_C(0);
}

#endif
