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
 * The angle of the vector (x, y) as C's atan2 has it, signs of zeros and infinities
 * included; error below 2 units in the last place. The arctangent of t in [0, 1] is
 * that of the nearest k / 16 plus a series in the rest, which is below 1 / 32.
 */
static inline double angle_of(double y, double x)
{
    static const double sixteenths[17] = {
        0x0.0p+0, 0x1.ff55bb72cfdeap-5, 0x1.fd5ba9aac2f6ep-4,
        0x1.7b97b4bce5b02p-3, 0x1.f5b75f92c80ddp-3, 0x1.362773707ebccp-2,
        0x1.6f61941e4def1p-2, 0x1.a64eec3cc23fdp-2, 0x1.dac670561bb4fp-2,
        0x1.0657e94db30d0p-1, 0x1.1e00babdefeb4p-1, 0x1.345f01cce37bbp-1,
        0x1.4978fa3269ee1p-1, 0x1.5d58987169b18p-1, 0x1.700a7c5784634p-1,
        0x1.819d0b7158a4dp-1, 0x1.921fb54442d18p-1};
    double a = y < 0 ? -y : y, b = x < 0 ? -x : x;
    double small = a < b ? a : b, large = a < b ? b : a, angle = 0;
    uint64_t x_bits, y_bits;
    memcpy(&x_bits, &x, sizeof x_bits);
    memcpy(&y_bits, &y, sizeof y_bits);
    if (x != x || y != y)
        return x + y;
    if (large > 0) {
        double t = small == large ? 1 : small / large;
        int k = (int)(t * 16 + 0.5);
        double r = (t - k / 16.0) / (1 + t * (k / 16.0)), square = r * r, series = 0;
        for (int n = 15; n > 1; n -= 2)
            series = (1.0 / n - series) * square;
        angle = sixteenths[k] + (r - r * series);
    }
    if (a > b)
        angle = 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54);
    if (x_bits >> 63)
        angle = 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53);
    return y_bits >> 63 ? -angle : angle;
}

#endif
