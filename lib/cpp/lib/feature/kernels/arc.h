/* SPDX-License-Identifier: BSD-3-Clause */
/* The circle of FAST: sixteen pixels at distance 3, in the reference's order. */
#ifndef KERNELS_ARC_H
#define KERNELS_ARC_H

#include <stdint.h>

#define CIRCLE 16

static const int circle_row[CIRCLE] = {0, 1,  2,  3,  3,  3,  2,  1,
                                       0, -1, -2, -3, -3, -3, -2, -1};
static const int circle_col[CIRCLE] = {3,  3,  2,  1,  0, -1, -2, -3,
                                       -3, -3, -2, -1, 0, 1,  2,  3};

/* Are `arc` bits in a row set, round the circle? */
static inline int has_arc(uint32_t bits, int arc)
{
    uint32_t run = bits | bits << CIRCLE;
    for (int done = 1; done < arc;) {
        int step = done < arc - done ? done : arc - done;
        run &= run >> step;
        done += step;
    }
    return (run & 0xffff) != 0;
}

#endif
