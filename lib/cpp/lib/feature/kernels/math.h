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
 * ln(x), error below 1.5 units in the last place. x = 2^e m with m between the roots of
 * 1/2 and 2; ln m = 2 artanh(s) with s = (m - 1) / (m + 1), whose series ends after 11
 * terms. -infinity for 0, NaN below. Choices, no branches, so that loops of it become
 * vectors.
 */
static inline double logarithm(double x)
{
    const uint64_t half_root = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    int tiny = x < 0x1p-1022;
    double scaled = tiny ? x * 0x1p54 : x, m, e;
    uint64_t bits;
    memcpy(&bits, &scaled, sizeof bits);
    bits += one - half_root;
    uint64_t mantissa = (bits & 0xfffffffffffff) + half_root;
    uint64_t exponent = bits >> 52 | 0x4330000000000000; /* 2^52 + e + 1023 */
    memcpy(&m, &mantissa, sizeof m);
    memcpy(&e, &exponent, sizeof e);
    e -= tiny ? 0x1p52 + 1023 + 54 : 0x1p52 + 1023;
    double s = (m - 1) / (m + 1), square = s * s, series = 0;
    for (int n = 21; n > 1; n -= 2)
        series = (1.0 / n + series) * square;
    /* 2 s = f - s f with f = m - 1, which is exact */
    double f = m - 1;
    double value = e * 0x1.62e42fefa0000p-1 +
                   (f - s * (f - 2 * series) + e * 0x1.cf79abc9e3b39p-40);
    value = x > 0x1.fffffffffffffp+1023 ? x : value;
    double none = x == 0 ? -(double)INFINITY : (double)NAN;
    return x > 0 ? value : x != x ? x : none;
}

/*
 * exp(x) for x <= 0 without branches or divisions, so that loops of it become vectors;
 * error below 1 unit in the last place down to x = -700, 0 below that, NaN for NaN. As
 * exp_below_zero, but k is found by adding 3 * 2^51, which leaves it in the lowest
 * bits.
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
 * atan(small / large), 0 <= small <= large, without the quotient; error below 2 units
 * in the last place, NaN for two zeros or infinities. Turned by 0, pi/8 or pi/4 with
 * the theorem of addition; the rest is below tan(pi/16), where Taylor's series ends
 * after 13 terms. Choices, no branches, so that loops of it become vectors.
 */
static inline double octant_angle(double small, double large)
{
    int middle = small > large * 0x1.975f5e0553158p-3;
    int last = small > large * 0x1.561b82ab7f990p-1;
    double c = last ? 1.0 : 0x1.a827999fcef32p-2;
    double turn_large = middle ? large * c : 0, turn_small = middle ? small * c : 0;
    double base = last ? 0x1.921fb54442d18p-1 : middle ? 0x1.921fb54442d18p-2 : 0.0;
    double r = (small - turn_large) / (large + turn_small), square = r * r, series = 0;
    for (int n = 25; n > 1; n -= 2)
        series = (1.0 / n - series) * square;
    return base + (r - r * series);
}

/* atan(a / b); as the quotient would have it where one of them is 0 or infinite. */
static inline double ratio_angle(double a, double b)
{
    double above = fabs(a), below = fabs(b);
    double small = above > below ? below : above, large = above > below ? above : below;
    double scale = large > 1 ? 0.25 : 1; /* no sum of two becomes infinite */
    double angle = octant_angle(small * scale, large * scale);
    double turned = 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54);
    angle = above > below ? turned : angle;
    return (a < 0) != (b < 0) ? -angle : angle;
}

/*
 * The same in floats, and in right angles: 2 / pi atan(a / b); error below 2.5 units
 * in the last place. The parts that octant_angle turns by are exact here, and Taylor's
 * series ends after five terms.
 */
static inline float right_angles_of_ratio(float a, float b)
{
    float above = fabsf(a), below = fabsf(b);
    float small = above > below ? below : above, large = above > below ? above : below;
    float scale = large > 1 ? 0.25f : large < 0x1p-60f ? 0x1p60f : 1.0f;
    small *= scale; /* no sum becomes infinite, no product loses bits */
    large *= scale;
    int middle = small > large * 0x1.975f5ep-3f;
    int last = small > large * 0x1.561b82p-1f;
    float c = last ? 1.0f : 0x1.a8279ap-2f, base = last ? 0.5f : middle ? 0.25f : 0.0f;
    float turn_large = middle ? large * c : 0, turn_small = middle ? small * c : 0;
    float r = (small - turn_large) / (large + turn_small), square = r * r, series = 0;
    for (int n = 9; n > 1; n -= 2)
        series = (1.0f / (float)n - series) * square;
    r *= 0x1.45f306p-1f;
    float angle = base + (r - r * series);
    angle = above > below ? 1 - angle : angle;
    return (a < 0) != (b < 0) ? -angle : angle;
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
        angle = octant_angle(small == large ? 1 : small / large, 1);
    if (a > b)
        angle = 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54);
    if (x_bits >> 63)
        angle = 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53);
    return y_bits >> 63 ? -angle : angle;
}

/*
 * The same without branches, so that loops of it become vectors: for numbers whose sum
 * is finite, 0 for two zeros, error below 4 units in the last place, half a unit beside
 * diagonals, none on axes and diagonals. The nearest of nine directions, multiples of
 * pi/8 in two parts, is turned away before the division; of what is left, at most
 * tan(pi/16), Taylor's series ends after 10 terms.
 */
static inline double angle_without_branches(double y, double x)
{
    double a = y < 0 ? -y : y, b = x < 0 ? -x : x;
    double small = a < b ? a : b, large = a < b ? b : a;
    int middle = small > large * 0x1.975f5e0553158p-3;
    int last = small > large * 0x1.561b82ab7f990p-1;
    double c = last ? 1.0 : middle ? 0x1.a827999fcef32p-2 : 0.0;
    double k = last ? 2.0 : middle ? 1.0 : 0.0;
    double divisor = large + c * small;
    double r = (small - c * large) / (divisor > 0 ? divisor : 1);
    double square = r * r, series = 0;
    for (int n = 21; n > 1; n -= 2)
        series = (1.0 / n - series) * square;
    double rest = r - r * series;
    rest = a > b ? -rest : rest;
    k = a > b ? 4 - k : k;
    rest = x < 0 ? -rest : rest;
    k = x < 0 ? 8 - k : k;
    double angle = k * 0x1.921fb54442000p-2 + (k * 0x1.a308d313198a3p-43 + rest);
    return y < 0 ? -angle : angle;
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

/* The length of the vector (x, y), bit for bit as hypot of the GNU C library (2.35 and
 * later, without fused operations) has it; error below 1 unit in the last place. C. F.
 * Borges, "Algorithm 1014: An improved algorithm for hypot(x, y)", ACM Transactions on
 * Mathematical Software 47 (2020). */
static inline double corrected_length(double large, double small)
{
    double h = sqrt(large * large + small * small), first, second;
    if (h <= 2 * small) {
        double delta = h - small;
        first = large * (2 * delta - large);
        second = (delta - 2 * (large - small)) * delta;
    } else {
        double delta = h - large;
        first = 2 * delta * (large - 2 * small);
        second = (4 * delta - small) * small + delta * delta;
    }
    return h - (first + second) / (2 * h);
}

static inline double length_of(double x, double y)
{
    double a = x < 0 ? -x : x, b = y < 0 ? -y : y;
    double large = a < b ? b : a, small = a < b ? a : b;
    if (a > 0x1.fffffffffffffp+1023 || b > 0x1.fffffffffffffp+1023)
        return HUGE_VAL; /* also where the other is NaN */
    if (a != a || b != b)
        return a + b;
    if (small <= large * 0x1p-54)
        return large + small;
    if (large > 0x1p+511)
        return corrected_length(large * 0x1p-600, small * 0x1p-600) / 0x1p-600;
    if (small < 0x1p-459)
        return corrected_length(large / 0x1p-600, small / 0x1p-600) * 0x1p-600;
    return corrected_length(large, small);
}

/*
 * The sine and the cosine of an angle in radians, of at most 2^20; errors below 1 unit
 * in the last place. Quarter turns are taken off with pi/2 in three parts, whose first
 * two have 33 bits, so that products with their number are exact; what is left, at most
 * pi/4, is kept in two parts, and Taylor's series ends where a term is below 2^-60. An
 * angle that is no number counts as 0.
 */
static inline void sine_and_cosine(double angle, double *sine, double *cosine)
{
    if (!(angle >= -0x1p20 && angle <= 0x1p20))
        angle = 0;
    double turns = angle * 0x1.45f306dc9c883p-1;
    int quarters = (int)(turns < 0 ? turns - 0.5 : turns + 0.5);
    double k = quarters, first = angle - k * 0x1.921fb54400000p+0;
    double high = first - k * 0x1.0b4611a600000p-34;
    double low = ((first - high) - k * 0x1.0b4611a600000p-34) -
                 k * 0x1.3198a2e037073p-69;
    double r = high + low, rest = low - (r - high), square = r * r;
    double odd = 0, even = 0;
    for (int n = 18; n > 2; n -= 2) {
        odd = (1 - odd) * square / (n * (n + 1));
        even = (1 - even) * square / (n * (n - 1));
    }
    odd = (1 - odd) * square / 6; /* sin r = r - r odd */
    even = (1 - even);            /* cos r = 1 - square even / 2 */
    double s = r + (rest * (1 - 0.5 * square) - r * odd);
    double half = 0.5 * square, whole = 1 - half;
    double c = whole + (((1 - whole) - half) + (half * (1 - even) - r * rest));
    double of_quarter[4] = {s, c, -s, -c};
    *sine = of_quarter[quarters & 3];
    *cosine = of_quarter[(quarters + 1) & 3];
}

#endif
