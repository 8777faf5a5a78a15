/* SPDX-License-Identifier: BSD-3-Clause */
/* FAST's comparisons of bytes, for those who look for corners in bytes as they are. */
#ifndef CORE_FAST_H
#define CORE_FAST_H

#include "kernels/kernels.h"

#define FAST_BYTES 256

/* The bounds of every byte as a centre, by the reference's comparisons of doubles. */
typedef struct fast_bounds {
    double scaled[FAST_BYTES];
    uint8_t not_above[FAST_BYTES], not_below[FAST_BYTES];
} fast_bounds;

/* Fills the bounds by the rule's threshold, at least 0, and points the rule at them. */
void fast_bound_bytes(fast_bounds *bounds, fast_rule *rule);

#endif
