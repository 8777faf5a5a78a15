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
 * exp(x) for x <= 0 without branches or divisions, so that loops of it become vectors;
 * error below 1 unit in the last place down to x = -700, 0 below that, NaN for NaN. As
 * above, but k is found by adding 3 * 2^51, which leaves it in the lowest bits.
 */
static inline double exponential(double x)
{
    double bounded = x < -700 ? -700 : x;
    double moved = bounded * 0x1.71547652b82fep+0 + 0x1.8p+52, k = moved - 0x1.8p+52;
    double r = (bounded - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b39p-40;
    double sum = 0, power;
    for (int n = 14; n > 1; n--)
        sum = (sum + 1) * r * (1.0 / n);
    uint64_t bits;
    memcpy(&bits, &moved, sizeof bits);
    bits = (bits << 52) + ((uint64_t)1023 << 52);
    memcpy(&power, &bits, sizeof power);
    double value = power * (1 + (r + r * sum));
    return x < -700 ? 0 : value;
}

/*
 * atan(x), error below 2 units in the last place. The larger half of the line is
 * turned by atan(x) = pi/2 - atan(1/x), then x by 0, pi/8 or pi/4 with the theorem of
 * addition; the rest is below tan(pi/16), where Taylor's series ends after 13 terms.
 * Choices, no branches, so that loops of it become vectors.
 */
static inline double arctangent(double x)
{
    double size = x < 0 ? -x : x;
    int turned = size > 1;
    double t = turned ? 1 / size : size;
    int middle = t > 0x1.975f5e0553158p-3, last = t > 0x1.561b82ab7f990p-1;
    double c = last ? 1.0 : middle ? 0x1.a827999fcef32p-2 : 0.0;
    double base = last ? 0x1.921fb54442d18p-1 : middle ? 0x1.921fb54442d18p-2 : 0.0;
    double r = (t - c) / (1 + t * c), square = r * r, series = 0;
    for (int n = 25; n > 1; n -= 2)
        series = (1.0 / n - series) * square;
    double angle = base + (r - r * series);
    angle = turned ? 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54) : angle;
    return x < 0 ? -angle : angle;
}

/* The angle of the vector (x, y) as C's atan2 has it, signs of zeros and infinities
 * included; error below 3 units in the last place. */
static inline double angle_of(double y, double x)
{
    double a = y < 0 ? -y : y, b = x < 0 ? -x : x;
    double small = a < b ? a : b, large = a < b ? b : a, angle = 0;
    uint64_t x_bits, y_bits;
    memcpy(&x_bits, &x, sizeof x_bits);
    memcpy(&y_bits, &y, sizeof y_bits);
    if (x != x || y != y)
        return x + y;
    if (large > 0)
        angle = arctangent(small == large ? 1 : small / large);
    if (a > b)
        angle = 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54);
    if (x_bits >> 63)
        angle = 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53);
    return y_bits >> 63 ? -angle : angle;
}

/*
 * cos and sin of 2 pi k / n, 0 <= k < n < 2^31; errors below 1 unit in the last place.
 * Integers take the nearest multiple of a quarter turn away, exactly. The rest, t
 * quarter turns with |t| <= 1/2, and pi/2 t are sums of two doubles; Taylor's series
 * end where a term is below 2^-58.
 */
static inline void cosine_and_sine(int64_t k, int64_t n, double *cosine, double *sine)
{
    int64_t quarters = (8 * k + n) / (2 * n);
    double turn = (double)(4 * k - quarters * n), whole = (double)n;
    double t = (double)(int64_t)(turn / whole * 0x1p21) * 0x1p-21;
    double t_rest = (turn - t * whole) / whole;
    double x = 0x1.921fb50000000p+0 * t; /* exact: 25 bits times 21 */
    double x_rest = 0x1.921fb54442d18p+0 * t_rest + 0x1.110b4611a6263p-26 * t;
    double a = x + x_rest, a_rest = (x - a) + x_rest;
    double square = a * a, sine_sum = 0, cosine_sum = 0;
    for (int j = 18; j > 0; j -= 2) {
        sine_sum = (1 - sine_sum) * square * (1.0 / (j * (j + 1)));
        if (j > 2)
            cosine_sum = (1 - cosine_sum) * square * (1.0 / (j * (j - 1)));
    }
    double half = 0.5 * square, near = 1 - half;
    double s = a + (a_rest - a * sine_sum);
    double c = near + (((1 - near) - half) + (half * cosine_sum - a * a_rest));
    double turned = quarters & 1 ? s : c, other = quarters & 1 ? c : s;
    *cosine = (quarters + 1) & 2 ? -turned : turned;
    *sine = quarters & 2 ? -other : other;
}

#endif
