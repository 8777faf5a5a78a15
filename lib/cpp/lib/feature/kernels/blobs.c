/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local maxima of a scale space, whose lines are contiguous doubles. Of a photograph
 * few elements reach the threshold, so that 64 are first asked for that alone.
 */
#include "kernels/bits.h"
#include "kernels/variant.h"

static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The maximum over the lines of the elements `low` to `high`. */
static inline void down_lines(const double *const *lines, ptrdiff_t count,
                              ptrdiff_t low, ptrdiff_t high, double *restrict most)
{
    ptrdiff_t n = high - low;
    memcpy(most, lines[0] + low, (size_t)n * sizeof *most);
    for (ptrdiff_t k = 1; k < count; k += 2) {
        const double *a = lines[k] + low, *b = lines[k + 1 < count ? k + 1 : k] + low;
        for (ptrdiff_t x = 0; x < n; x++)
            most[x] = larger(larger(a[x], b[x]), most[x]);
    }
}

void NAME(voxel_maxima)(const double *const *lines, ptrdiff_t count, ptrdiff_t n,
                        double least, double slack, uint64_t *words)
{
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS) {
        const double *v = lines[0] + first;
        ptrdiff_t end = n - first < WORD_BITS ? n - first : WORD_BITS;
        uint8_t marks[WORD_BITS] = {0};
        double most[WORD_BITS + 2];
        for (ptrdiff_t x = 0; x < end; x++)
            marks[x] = v[x] >= least - slack;
        uint64_t reached = pack(marks);
        words[first / WORD_BITS] = reached;
        if (reached == 0)
            continue;
        int left = first > 0, right = first + end < n;
        down_lines(lines, count, first - left, first + end + right, most + 1 - left);
        if (!left)
            most[0] = most[1];
        if (!right)
            most[end + 1] = most[end];
        for (ptrdiff_t x = 0; x < end; x++) {
            double around = larger(larger(most[x], most[x + 2]), most[x + 1]);
            marks[x] = v[x] >= around - slack;
        }
        words[first / WORD_BITS] = reached & pack(marks);
    }
}

static inline vec pick_wide(wide_mask which, vec a, vec b)
{
    return (vec)((which & (wide_mask)a) | (~which & (wide_mask)b));
}

void NAME(range_row)(const double *in, ptrdiff_t n, double *range)
{
    vec low = {0}, high, none = {0};
    wide_mask odd = {0};
    ptrdiff_t x = 0;
    low += range[0];
    high = none + range[1];
    for (; x + VECTOR_WIDES <= n; x += VECTOR_WIDES) {
        vec v = load(in + x);
        low = pick_wide((wide_mask)(v < low), v, low);
        high = pick_wide((wide_mask)(v > high), v, high);
        odd |= (wide_mask)(v != v);
    }
    for (int k = 0; k < VECTOR_WIDES; k++) {
        range[0] = low[k] < range[0] ? low[k] : range[0];
        range[1] = high[k] > range[1] ? high[k] : range[1];
        range[2] = odd[k] ? 1 : range[2];
    }
    for (; x < n; x++) {
        range[0] = in[x] < range[0] ? in[x] : range[0];
        range[1] = in[x] > range[1] ? in[x] : range[1];
        range[2] = in[x] != in[x] ? 1 : range[2];
    }
}
