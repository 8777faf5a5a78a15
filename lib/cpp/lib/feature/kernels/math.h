/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elementary functions of plain arithmetic, so that they give the same bits on
 * every processor and with every C library. The stated errors are tested.
 */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H

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

#endif
