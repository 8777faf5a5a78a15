/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Orientation maps for daisy, sums along filters at single pixels, and the norms.
 *
 * The maps of all orientations stand side by side for each pixel, so that vectors hold
 * orientations and any pixel can be summed around alone.
 */
#include "kernels/sums.h"
#include "kernels/variant.h"

typedef int64_t whole __attribute__((vector_size(VECTOR_BYTES)));

/* ------------------------------------------------------------------------ */
/* Maps                                                                     */
/* ------------------------------------------------------------------------ */

#define ROUNDER 0x1.8p52 /* its last place is 1 */

/*
 * exp(x) for |x| < 700, relative error below 2e-15 + 3e-16 |x|, which rounding x alone
 * can cost: 2^k exp(r), |r| <= ln 2 / 2, where exp(r) = 1 + r + r^2 p(r) and p
 * interpolates at Chebyshev's nodes.
 */
static inline vec exponential(vec x)
{
    vec shifted = x * 0x1.71547652b82fep+0 + ROUNDER, k = shifted - ROUNDER;
    vec r = x - k * 0x1.62e42fefa39efp-1;
    vec sum = r * 0x1.2880411bad1aap-22 + 0x1.72c72ca338df0p-19;
    sum = sum * r + 0x1.a019c9a5652d3p-16;
    sum = sum * r + 0x1.a019ada3609f3p-13;
    sum = sum * r + 0x1.6c16c1738ff55p-10;
    sum = sum * r + 0x1.1111111c478ebp-7;
    sum = sum * r + 0x1.5555555554cb7p-5;
    sum = sum * r + 0x1.5555555553b78p-3;
    sum = sum * r + 0.5;
    sum = (sum * r + 1) * r + 1;
    return (vec)((whole)sum + ((whole)shifted << 52));
}

/* The length of each gradient, and its direction times kappa, in place. */
static void turn(wide *right, wide *down, ptrdiff_t n, double kappa, wide *length)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        double a = right[x], b = down[x], size = sqrt(a * a + b * b);
        int has_direction = size > 0 && size < (double)INFINITY;
        double scale = has_direction ? kappa / size : 0;
        length[x] = stored(sqrt(stored(stored(a * a) + stored(b * b))));
        right[x] = has_direction ? a * scale : 0;
        down[x] = has_direction ? b * scale : 0;
    }
}

void NAME(daisy_maps)(wide *right, wide *down, ptrdiff_t n, const daisy_fan *fan,
                      wide *length, wide *out)
{
    turn(right, down, n, fan->kappa, length);
    for (ptrdiff_t x = 0; x < n; x++)
        for (ptrdiff_t o = 0; o < fan->count; o += VECTOR_WIDES) {
            vec cosine = load(fan->cosine + o) * right[x];
            vec v = exponential(cosine + load(fan->sine + o) * down[x]) * length[x];
            store(out + x * fan->count + o, v);
        }
}

/* ------------------------------------------------------------------------ */
/* Norms                                                                    */
/* ------------------------------------------------------------------------ */

#define TINY 1e-10

static double divisor_of(const wide *values, ptrdiff_t n, int32_t norm)
{
    if (norm == FEATURE_DAISY_L1)
        return sum_of(values, n);
    return sqrt(energy_of(values, n));
}

void NAME(daisy_finish)(wide *values, ptrdiff_t count, ptrdiff_t orientations,
                        int32_t norm, void *out)
{
    real *to = out;
    if (norm == FEATURE_DAISY_OFF) {
        for (ptrdiff_t k = 0; k < count; k++)
            to[k] = (real)values[k];
        return;
    }
    for (ptrdiff_t k = 0; k < count; k++)
        values[k] = stored(stored(values[k]) + TINY);
    ptrdiff_t part = norm == FEATURE_DAISY_EACH ? orientations : count;
    for (ptrdiff_t first = 0; first < count; first += part) {
        double scale = 1 / divisor_of(values + first, part, norm);
        for (ptrdiff_t k = first; k < first + part; k++)
            to[k] = (real)(values[k] * scale);
    }
}
