/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Correlation with a template, and sums over its windows.
 *
 * Sums are made without subtractions, so that nothing cancels: down lines as what is
 * left of one block of `size` lines plus what is reached of the next (van Herk 1992,
 * Gil and Werman 1993, with + in place of the maximum), along a row by doubling. Sums
 * of integers, which are exact, slide down the lines. What is summed over many elements
 * is summed in SUM_LANES partial, whatever the vectors.
 */
#include "kernels/variant.h"

/* ------------------------------------------------------------------------ */
/* A tile's values                                                          */
/* ------------------------------------------------------------------------ */

static inline int is_measurable(double v)
{
    return fabs(v) <= MEASURABLE_MOST;
}

void NAME(survey_row)(const wide *in, ptrdiff_t n, double *partial, ptrdiff_t *bad)
{
    double sum[SUM_LANES];
    ptrdiff_t x = 0, wrong = 0;
    memcpy(sum, partial, sizeof sum);
    for (; x + SUM_LANES <= n; x += SUM_LANES)
        for (ptrdiff_t k = 0; k < SUM_LANES; k++)
            sum[k] += in[x + k];
    for (ptrdiff_t k = 0; x + k < n; k++)
        sum[k] += in[x + k];
    for (x = 0; x < n; x++)
        wrong += !is_measurable(in[x]);
    memcpy(partial, sum, sizeof sum);
    *bad += wrong;
}

void NAME(shift_row)(const wide *restrict in, ptrdiff_t n, double offset, double reach,
                     wide *restrict out, double *partial)
{
    double sum[SUM_LANES];
    ptrdiff_t x = 0;
    memcpy(sum, partial, sizeof sum);
    for (; x < n; x++)
        out[x] = fabs(in[x] - offset) <= reach ? in[x] - offset : 0;
    for (x = 0; x + SUM_LANES <= n; x += SUM_LANES)
        for (ptrdiff_t k = 0; k < SUM_LANES; k++)
            sum[k] += out[x + k] * out[x + k];
    for (ptrdiff_t k = 0; x + k < n; k++)
        sum[k] += out[x + k] * out[x + k];
    memcpy(partial, sum, sizeof sum);
}

void NAME(square_row)(const wide *restrict in, ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = in[x] * in[x];
}

void NAME(far_row)(const wide *restrict in, ptrdiff_t n, double offset, double reach,
                   wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = fabs(in[x] - offset) <= reach ? 0 : 1;
}

/* ------------------------------------------------------------------------ */
/* Sums over windows                                                        */
/* ------------------------------------------------------------------------ */

static inline void add_to(wide *restrict to, const wide *restrict from, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] += from[x];
}

static inline void add_lines(const wide *restrict a, const wide *restrict b,
                             ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = a[x] + b[x];
}

/* The block of lines from `first` to before `end`, summed up from its last. */
static void sum_upwards(const wide *lines, ptrdiff_t step, ptrdiff_t n, ptrdiff_t first,
                        ptrdiff_t end, wide *sums)
{
    memcpy(sums + (end - 1 - first) * n, lines + (end - 1) * step,
           (size_t)n * sizeof *sums);
    for (ptrdiff_t y = end - 2; y >= first; y--)
        add_lines(lines + y * step, sums + (y + 1 - first) * n, n,
                  sums + (y - first) * n);
}

void NAME(window_lines)(wide *lines, ptrdiff_t step, ptrdiff_t n, ptrdiff_t count,
                        ptrdiff_t size, wide *spare)
{
    wide *reached = spare + size * n;
    if (size == 1)
        return;
    for (ptrdiff_t first = 0; first + size <= count; first += size) {
        sum_upwards(lines, step, n, first, first + size, spare);
        memcpy(lines + first * step, spare, (size_t)n * sizeof *spare);
        for (ptrdiff_t k = 1; k < size && first + size + k <= count; k++) {
            const wide *next = lines + (first + size + k - 1) * step;
            if (k == 1)
                memcpy(reached, next, (size_t)n * sizeof *next);
            else
                add_to(reached, next, n);
            add_lines(spare + k * n, reached, n, lines + (first + k) * step);
        }
    }
}

/*
 * Of each place two groups of elements become one; a[0] and b[0] are sums of `of_a` and
 * of `of_b` elements, a[1] and b[1] of their squared deviations from the group's mean
 * (T. Chan, G. Golub and R. LeVeque, "Algorithms for Computing the Sample Variance",
 * The American Statistician 37 (1983), 242-247). Nothing cancels. `out` may be `a`,
 * which may be what `b` reads later.
 */
void NAME(merge_spread)(const wide *const *a, double of_a, const wide *const *b,
                        double of_b, ptrdiff_t n, wide *const *out)
{
    const wide *sums_a = a[0], *spread_a = a[1], *sums_b = b[0], *spread_b = b[1];
    wide *sums = out[0], *spread = out[1];
    const double scale = 1 / (of_a * of_b * (of_a + of_b));
    INDEPENDENT_TURNS
    for (ptrdiff_t x = 0; x < n; x++) {
        wide apart = sums_a[x] * of_b - sums_b[x] * of_a;
        spread[x] = spread_a[x] + spread_b[x] + apart * apart * scale;
        sums[x] = sums_a[x] + sums_b[x];
    }
}

void NAME(slide_row)(const wide *restrict reached, const wide *restrict left,
                     ptrdiff_t n, wide *restrict sums, wide *restrict squares)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        sums[x] += reached[x] - left[x];
        squares[x] += reached[x] * reached[x] - left[x] * left[x];
    }
}

/* Sums of 4 `power` elements from sums of `power`. */
static inline void add_four(const wide *from, ptrdiff_t power, ptrdiff_t n, wide *to)
{
    const wide *a = from, *b = a + power, *c = b + power, *d = c + power;
    INDEPENDENT_TURNS
    for (ptrdiff_t x = 0; x <= n - 4 * power; x++)
        to[x] = (a[x] + b[x]) + (c[x] + d[x]);
}

/* One more part of a window's sum: 1 or 2 times `power` elements, behind `have`. */
static inline void add_part(const wide *held, ptrdiff_t power, ptrdiff_t times,
                            ptrdiff_t have, ptrdiff_t n, wide *restrict sums)
{
    const wide *part = held + have, *second = part + power;
    n -= have + times * power - 1;
    for (ptrdiff_t x = 0; x < n; x++) {
        wide sum = times == 2 ? part[x] + second[x] : part[x];
        sums[x] = have > 0 ? sums[x] + sum : sum;
    }
}

/* `held` has sums of 1, 4, 16, ... elements in turn, `sums` those of as many as the
 * lower bits of `size` say. */
void NAME(window_row)(const wide *row, ptrdiff_t n, ptrdiff_t size, wide *restrict sums,
                      wide *spare)
{
    const wide *held = row;
    ptrdiff_t have = 0;
    for (ptrdiff_t power = 1; have < size; power *= 4) {
        for (ptrdiff_t times = 1; times <= 2; times++)
            if (size & (times * power)) {
                add_part(held, power, times, have, n, sums);
                have += times * power;
            }
        int is_last = size == 4 * power;
        if (have < size)
            add_four(held, power, n, is_last ? sums : spare);
        if (is_last)
            return;
        held = spare;
    }
}

/* ------------------------------------------------------------------------ */
/* Correlation                                                              */
/* ------------------------------------------------------------------------ */

#define BLOCK (4 * VECTOR_WIDES)

/* Products with a line of the template, in runs, so that the rounding of millions of
 * them does not add up. */
static inline void add_runs(const wide *line, const double *w, ptrdiff_t cols, vec *sum)
{
    for (ptrdiff_t first = 0; first < cols; first += TEMPLATE_RUN) {
        ptrdiff_t end = cols - first < TEMPLATE_RUN ? cols : first + TEMPLATE_RUN;
        vec run[4] = {{0}};
        for (ptrdiff_t k = first; k < end; k++)
            for (ptrdiff_t v = 0; v < 4; v++)
                run[v] += load(line + k + v * VECTOR_WIDES) * w[k];
        for (ptrdiff_t v = 0; v < 4; v++)
            sum[v] += run[v];
    }
}

void NAME(template_row)(const wide *in, const template_shape *t, const double *weights,
                        ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += BLOCK) {
        vec sum[4] = {{0}};
        const double *w = weights;
        for (ptrdiff_t p = 0; p < t->planes; p++)
            for (ptrdiff_t y = 0; y < t->rows; y++, w += t->cols)
                add_runs(in + p * t->plane + y * t->pitch + x, w, t->cols, sum);
        for (ptrdiff_t v = 0; v < 4; v++)
            store(out + x + v * VECTOR_WIDES, sum[v]);
    }
}

/*
 * Products of bytes in integers. Neighbouring weights, 4 or 2, are multiplied at once
 * with as many neighbouring pixels, so that lanes of one register are 4 or 2 results
 * apart; as many registers hold those between. Two rows of results are made together,
 * so that pixels are read half as often.
 */
#if defined(__AVX512VNNI__)
#define PRODUCT_NANOSECONDS 0.005
#define PHASES 4
#define PHASE_LANES 16
typedef __m512i sums;

static inline sums weights_at(const int8_t *w)
{
    int32_t four;
    memcpy(&four, w, sizeof four);
    return _mm512_set1_epi32(four);
}

static inline sums add_products(sums sum, const uint8_t *in, sums weights)
{
    return _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(in), weights);
}
#elif defined(__AVX2__)
#define PRODUCT_NANOSECONDS 0.036
#define PHASES 2
#define PHASE_LANES 8
typedef __m256i sums;

static inline sums weights_at(const int8_t *w)
{
    return _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)w[0] |
                                       (uint32_t)(uint16_t)w[1] << 16));
}

static inline sums add_products(sums sum, const uint8_t *in, sums weights)
{
    __m256i pixels =
        _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)in));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, weights));
}
#elif defined(__SSE2__)
#define PRODUCT_NANOSECONDS 0.076
#define PHASES 2
#define PHASE_LANES 4
typedef __m128i sums;

static inline sums weights_at(const int8_t *w)
{
    return _mm_set1_epi32(
        (int32_t)((uint32_t)(uint16_t)w[0] | (uint32_t)(uint16_t)w[1] << 16));
}

static inline sums add_products(sums sum, const uint8_t *in, sums weights)
{
    __m128i pixels = _mm_unpacklo_epi8(
        _mm_loadl_epi64((const __m128i *)(const void *)in), _mm_setzero_si128());
    return _mm_add_epi32(sum, _mm_madd_epi16(pixels, weights));
}
#endif

#if defined(PHASES)
/* Adds a line's products with one row of weights to `upper`, with another to `lower`.
 */
static inline void add_line(const uint8_t *line, const int8_t *w, const int8_t *v,
                            ptrdiff_t cols, sums *upper, sums *lower)
{
    for (ptrdiff_t k = 0; k < cols; k += PHASES) {
        sums a = weights_at(w + k), b = weights_at(v + k);
        for (ptrdiff_t i = 0; i < PHASES; i++) {
            upper[i] = add_products(upper[i], line + k + i, a);
            lower[i] = add_products(lower[i], line + k + i, b);
        }
    }
}

static inline void store_phases(const sums *sum, wide *out)
{
    int32_t found[PHASES][PHASE_LANES];
    memcpy(found, sum, sizeof found);
    for (ptrdiff_t x = 0; x < PHASE_LANES; x++)
        for (ptrdiff_t i = 0; i < PHASES; i++)
            out[x * PHASES + i] = found[i][x];
}

/* Results x to x + PHASES * PHASE_LANES of a row and of the one below. A line that is
 * row y of a window is row y - 1 of the window below. */
static inline void byte_block(const uint8_t *in, const template_shape *t,
                              const int8_t *weights, wide *out, ptrdiff_t step)
{
    const ptrdiff_t cols = (t->cols + 3) / 4 * 4;
    sums upper[PHASES], lower[PHASES];
    memset(upper, 0, sizeof upper);
    memset(lower, 0, sizeof lower);
    for (ptrdiff_t p = 0; p < t->planes; p++) {
        const int8_t *w = weights + p * (t->rows + 1) * cols;
        for (ptrdiff_t y = 0; y <= t->rows; y++, w += cols)
            add_line(in + p * t->plane + y * t->pitch, w, w - cols, cols, upper, lower);
    }
    store_phases(upper, out);
    store_phases(lower, out + step);
}

void NAME(byte_template_rows)(const uint8_t *in, const template_shape *t,
                              const int8_t *weights, ptrdiff_t n, wide *out,
                              ptrdiff_t step)
{
    for (ptrdiff_t x = 0; x < n; x += PHASES * PHASE_LANES)
        byte_block(in + x, t, weights, out + x, step);
}
#else
#define PRODUCT_NANOSECONDS 0.3

static int32_t byte_sum(const uint8_t *in, const template_shape *t, const int8_t *w)
{
    const ptrdiff_t cols = (t->cols + 3) / 4 * 4;
    int32_t sum = 0;
    for (ptrdiff_t p = 0; p < t->planes; p++, w += cols)
        for (ptrdiff_t y = 0; y < t->rows; y++, w += cols)
            for (ptrdiff_t k = 0; k < t->cols; k++)
                sum += in[p * t->plane + y * t->pitch + k] * w[k];
    return sum;
}

void NAME(byte_template_rows)(const uint8_t *in, const template_shape *t,
                              const int8_t *weights, ptrdiff_t n, wide *out,
                              ptrdiff_t step)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        out[x] = byte_sum(in + x, t, weights);
        out[x + step] = byte_sum(in + x + t->pitch, t, weights);
    }
}
#endif

void NAME(byte_product_cost)(double *nanoseconds)
{
    *nanoseconds = PRODUCT_NANOSECONDS;
}

/* ------------------------------------------------------------------------ */
/* Coefficients                                                             */
/* ------------------------------------------------------------------------ */

void NAME(coefficient_row)(const wide *restrict products, const wide *restrict sums_1,
                           const wide *restrict sums_2, const template_numbers *t,
                           ptrdiff_t n, wide *restrict out, ptrdiff_t *doubtful)
{
    ptrdiff_t doubts = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        double product = products[x], s = sums_1[x], squares = t->count * sums_2[x];
        double whole = (product + 0x1.8p52) - 0x1.8p52;
        product = t->is_whole ? whole : product;
        double numerator = t->count * product - s * t->sum;
        double variation = squares - s * s;
        double square = variation * t->variation;
        double denominator = sqrt(square > 0 ? square : 0);
        double r = numerator / denominator;
        r = r < -1 ? -1 : r;
        r = r > 1 ? 1 : r;
        out[x] = denominator > t->least ? r : 0;
        doubts += !(variation > t->doubt * squares) | !(variation > t->noise);
    }
    *doubtful = doubts;
}
