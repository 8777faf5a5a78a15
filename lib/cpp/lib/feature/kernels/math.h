/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elementary functions of plain arithmetic, so that they give the same bits on
 * every processor and with every C library. The stated errors are tested.
 */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/*
 * exp(x) for x <= 0; error below 1 unit in the last place down to x = -700, 0
 * below that. exp(x) = 2^k exp(r) with r = x - k ln 2 in two parts, |r| <= ln 2 / 2;
 * Taylor's series for exp(r) ends where a term is below 2^-56.
 */
static inline double exp_below_zero(double x)
{
    if (x < -700)
        return 0;
    double k = (double)(int)(x * 0x1.71547652b82fep+0 - 0.5);
    double r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b39p-40;
    double sum = 0;
    for (int n = 14; n > 1; n--)
        sum = (sum + 1) * r / n;
    uint64_t bits = (uint64_t)(1023 + (int)k) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power * (1 + (r + r * sum));
}

/*
 * atan(x), error below 2 units in the last place. Reduced to |r| <= 0.66 by
 * atan(x) = pi/2 - atan(1/x) = pi/4 + atan((x - 1) / (x + 1)), then Moshier's
 * rational function (Cephes). Choices, no branches, so that it becomes vectors.
 */
static inline double arctangent(double x)
{
    double size = fabs(x);
    int steep = size > 2.41421356237309504880, middle = size > 0.66;
    double above = steep ? -1.0 : middle ? size - 1 : size;
    double below = steep ? size : middle ? size + 1 : 1.0;
    double base = steep ? 0x1.921fb54442d18p+0 : middle ? 0x1.921fb54442d18p-1 : 0.0;
    double rest = steep ? 0x1.1a62633145c07p-54 : middle ? 0x1.1a62633145c07p-55 : 0.0;
    double r = above / below, z = r * r;
    double p = (((-8.750608600031904122785e-1 * z - 1.615753718733365076637e1) * z -
                 7.500855792314704667340e1) * z - 1.228866684490136173410e2) * z -
               6.485021904942025371773e1;
    double q = ((((z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2) * z +
                 4.328810604912902668951e2) * z + 4.853903996359136964868e2) * z +
               1.945506571482613964425e2;
    double angle = base + ((r * (z * p / q) + r) + rest);
    return copysign(angle, x);
}

#endif
