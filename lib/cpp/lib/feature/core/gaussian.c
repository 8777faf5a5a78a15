/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gaussian weights for callers from C. (Python passes the weights that NumPy
 * computes, because the reference has them from there, last bit included.)
 */
#include <math.h>

#include "feature.h"
#include "kernels/math.h"

#define RADIUS_AT_MOST ((ptrdiff_t)1 << 30)

ptrdiff_t feature_gaussian_weights(double sigma, ptrdiff_t capacity, double *weights)
{
    if (!(sigma >= 0) || sigma > (double)RADIUS_AT_MOST / 4 - 1)
        return -1;
    ptrdiff_t radius = (ptrdiff_t)(4 * sigma + 0.5);
    if (radius == 0) {
        if (capacity > 0)
            weights[0] = 1;
        return 0;
    }
    double factor = -0.5 / (sigma * sigma), sum = 1;
    for (ptrdiff_t k = radius; k > 0; k--)
        sum += 2 * exp_below_zero(factor * (double)(k * k));
    for (ptrdiff_t k = 0; k <= radius && k < capacity; k++)
        weights[k] = exp_below_zero(factor * (double)(k * k)) / sum;
    return radius;
}
