/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scores of descriptors against a panel of PANEL others that stand side by side:
 * element p of all of them, then element p + 1. A score is what a query is ordered
 * by, in float32; what is close is decided by pair_distances, in double and in SciPy's
 * order of operations.
 *
 *   bit_panel   the number of bits in which two differ, exact
 *   byte_panel  norm - 2 dot, the squared distance without the query's own norm, of
 *               whole numbers; queries less 128, as processors multiply bytes without
 *               sign by bytes with one, which the norms make good
 *   dot_panel   the same of floats
 *   lane_panel  any distance, summed in double and rounded once
 */
#include "kernels/variant.h"

/* Bits ---------------------------------------------------------------------- */

#if defined(__AVX512VPOPCNTDQ__)
static inline void count_bits(const uint64_t *query, const uint64_t *panel,
                              ptrdiff_t words, float *counts)
{
    __m512i sum[PANEL / 8]; /* in registers, once the loops are written out */
    UNROLLED
    for (int k = 0; k < PANEL / 8; k++)
        sum[k] = _mm512_setzero_si512();
    for (ptrdiff_t w = 0; w < words; w++) {
        UNROLLED
        for (int k = 0; k < PANEL / 8; k++) {
            __m512i v = _mm512_loadu_si512(panel + w * PANEL + k * 8);
            v = _mm512_xor_si512(v, _mm512_set1_epi64((long long)query[w]));
            sum[k] = _mm512_add_epi64(sum[k], _mm512_popcnt_epi64(v));
        }
    }
    UNROLLED
    for (int k = 0; k < PANEL / 8; k++)
        _mm256_storeu_ps(counts + k * 8, _mm512_cvtepu64_ps(sum[k]));
}
#elif defined(__AVX2__)
/* Bits of each byte by a table of four, summed over the eight of a word. */
static inline __m256i bits_of_words(__m256i v)
{
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i table = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i bytes = _mm256_add_epi8(
        _mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
    return _mm256_sad_epu8(bytes, _mm256_setzero_si256());
}

static inline void count_bits(const uint64_t *query, const uint64_t *panel,
                              ptrdiff_t words, float *counts)
{
    for (int k = 0; k < PANEL; k += 4) {
        __m256i sum = _mm256_setzero_si256();
        uint64_t four[4];
        for (ptrdiff_t w = 0; w < words; w++) {
            __m256i v = _mm256_loadu_si256((const void *)(panel + w * PANEL + k));
            v = _mm256_xor_si256(v, _mm256_set1_epi64x((long long)query[w]));
            sum = _mm256_add_epi64(sum, bits_of_words(v));
        }
        _mm256_storeu_si256((void *)four, sum);
        for (int i = 0; i < 4; i++)
            counts[k + i] = (float)(uint32_t)four[i];
    }
}
#else
static inline void count_bits(const uint64_t *query, const uint64_t *panel,
                              ptrdiff_t words, float *counts)
{
    for (int k = 0; k < PANEL; k++) {
        int count = 0;
        for (ptrdiff_t w = 0; w < words; w++)
            count += __builtin_popcountll(panel[w * PANEL + k] ^ query[w]);
        counts[k] = (float)count;
    }
}
#endif

void NAME(bit_panel)(const uint64_t *queries, ptrdiff_t count, const uint64_t *panel,
                     ptrdiff_t words, float *scores, ptrdiff_t pitch)
{
    for (ptrdiff_t q = 0; q < count; q++)
        count_bits(queries + q * words, panel, words, scores + q * pitch);
}

/* Dots ---------------------------------------------------------------------- */

#define SIDE_BY_SIDE (VECTOR_BYTES == 64 ? 4 : 2) /* vectors, for each query */

/* Lanes of four bytes or of a float. */
typedef lane_mask units;

static inline units load_units(const void *p)
{
    units v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* One unit in all lanes. */
static inline units spread(const void *p)
{
    int32_t unit;
    memcpy(&unit, p, sizeof unit);
    return unit - (units){0};
}

/* a b + c; rounded once where the processor can, since a score is only a screen. */
static inline units add_product(units a, units b, units c)
{
#if defined(__AVX512F__)
    return (units)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (units)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return (units)((lanes)a * (lanes)b + (lanes)c);
#endif
}

/* c and the four products of the bytes of a, without sign, and of a query's, which have
 * one. Where the processor multiplies but numbers of 16 bits, queries are widened:
 * bytes 0 and 2 of a unit, then 1 and 3. */
#if defined(__AVX512VNNI__)
#define QUERY_UNITS 1

static inline units add_bytes(units a, const unsigned char *query, units c)
{
    return (units)_mm512_dpbusd_epi32((__m512i)c, (__m512i)a, (__m512i)spread(query));
}

static const void *widened(const int8_t *queries, ptrdiff_t length, void *spare)
{
    (void)length, (void)spare;
    return queries;
}
#else
#define QUERY_UNITS 2

static inline units add_pair(shorts a, units b, units c)
{
#if defined(__AVX2__)
    return (units)_mm256_madd_epi16((__m256i)a, (__m256i)b) + c;
#elif defined(__SSE2__)
    return (units)_mm_madd_epi16((__m128i)a, (__m128i)b) + c;
#else
    units low = ((units)a << 16 >> 16) * (b << 16 >> 16);
    return low + ((units)a >> 16) * (b >> 16) + c;
#endif
}

static inline units add_bytes(units a, const unsigned char *query, units c)
{
    typedef uint16_t positive __attribute__((vector_size(VECTOR_BYTES)));
    c = add_pair((shorts)a & 0xff, spread(query), c);
    return add_pair((shorts)((positive)a >> 8), spread(query + 4), c);
}

static const void *widened(const int8_t *queries, ptrdiff_t length, void *spare)
{
    int16_t *to = spare;
    for (ptrdiff_t p = 0; p < TOGETHER * length; p++)
        for (int k = 0; k < 4; k++)
            to[4 * p + k % 2 * 2 + k / 2] = queries[4 * p + k];
    return to;
}
#endif

/* Dots of TOGETHER queries, of `length` units, with SIDE_BY_SIDE vectors of a panel. */
static inline void dot_block(const unsigned char *queries, const unsigned char *panel,
                             ptrdiff_t length, int of_bytes, const float *norms,
                             float *scores, ptrdiff_t pitch)
{
    const ptrdiff_t unit = 4, step = of_bytes ? QUERY_UNITS * unit : unit;
    units dot[TOGETHER][SIDE_BY_SIDE] = {0};
    for (ptrdiff_t p = 0; p < length; p++)
        for (int v = 0; v < SIDE_BY_SIDE; v++) {
            units other = load_units(panel + (p * PANEL + v * LANES) * unit);
            for (int q = 0; q < TOGETHER; q++) {
                const unsigned char *query = queries + (q * length + p) * step;
                dot[q][v] = of_bytes ? add_bytes(other, query, dot[q][v])
                                     : add_product(other, spread(query), dot[q][v]);
            }
        }
    for (int q = 0; q < TOGETHER; q++)
        for (int v = 0; v < SIDE_BY_SIDE; v++) {
            lanes product =
                of_bytes ? __builtin_convertvector(dot[q][v], lanes) : (lanes)dot[q][v];
            lanes score = load_lanes(norms + v * LANES) - 2 * product;
            memcpy(scores + q * pitch + v * LANES, &score, sizeof score);
        }
}

/* Those of TOGETHER queries with a panel. */
static inline void dot_blocks(const void *queries, const void *panel, ptrdiff_t length,
                              int of_bytes, const float *norms, float *scores,
                              ptrdiff_t pitch)
{
    const unsigned char *first = panel;
    for (int k = 0; k < PANEL; k += SIDE_BY_SIDE * (int)LANES)
        dot_block(queries, first + k * 4, length, of_bytes, norms + k, scores + k,
                  pitch);
}

/* `count` is a multiple of TOGETHER; rows behind the last may hold anything. */
void NAME(dot_panel)(const float *queries, ptrdiff_t count, const float *panel,
                     ptrdiff_t length, const float *norms, float *scores,
                     ptrdiff_t pitch)
{
    for (ptrdiff_t q = 0; q < count; q += TOGETHER)
        dot_blocks(queries + q * length, panel, length, 0, norms, scores + q * pitch,
                   pitch);
}

void NAME(byte_panel)(const int8_t *queries, ptrdiff_t count, const uint8_t *panel,
                      ptrdiff_t length, const float *norms, void *spare, float *scores,
                      ptrdiff_t pitch)
{
    for (ptrdiff_t q = 0; q < count; q += TOGETHER)
        dot_blocks(widened(queries + q * length * 4, length, spare), panel, length, 1,
                   norms, scores + q * pitch, pitch);
}

/* Any distance -------------------------------------------------------------- */

/* One more element of a sum. */
static inline double add_term(double sum, double a, double b, int32_t metric)
{
    double d = a - b;
    double size = d < 0 ? -d : d;
    switch (metric) {
    case FEATURE_HAMMING:
        return sum + (a != b);
    case FEATURE_CITYBLOCK:
        return sum + size;
    case FEATURE_CHEBYSHEV:
        return size > sum ? size : sum;
    default:
        return sum + d * d;
    }
}

/* From the sum of all terms to the distance. */
static inline double finish(double sum, ptrdiff_t length, int32_t metric)
{
    if (metric == FEATURE_EUCLIDEAN)
        return sqrt(sum);
    return metric == FEATURE_HAMMING ? sum / (double)length : sum;
}

static inline void lane_scores(const double *query, const double *panel,
                               ptrdiff_t length, int32_t metric, float *scores)
{
    double sum[PANEL] = {0};
    for (ptrdiff_t p = 0; p < length; p++)
        for (int k = 0; k < PANEL; k++)
            sum[k] = add_term(sum[k], query[p], panel[p * PANEL + k], metric);
    for (int k = 0; k < PANEL; k++)
        scores[k] = (float)finish(sum[k], length, metric);
}

void NAME(lane_panel)(const double *queries, ptrdiff_t count, const double *panel,
                      ptrdiff_t length, int32_t metric, float *scores, ptrdiff_t pitch)
{
    for (ptrdiff_t q = 0; q < count; q++) {
        const double *query = queries + q * length;
        float *out = scores + q * pitch;
        switch (metric) { /* of a constant the loops become vectors */
        case FEATURE_HAMMING:
            lane_scores(query, panel, length, FEATURE_HAMMING, out);
            break;
        case FEATURE_CITYBLOCK:
            lane_scores(query, panel, length, FEATURE_CITYBLOCK, out);
            break;
        case FEATURE_CHEBYSHEV:
            lane_scores(query, panel, length, FEATURE_CHEBYSHEV, out);
            break;
        case FEATURE_EUCLIDEAN:
            lane_scores(query, panel, length, FEATURE_EUCLIDEAN, out);
            break;
        default:
            lane_scores(query, panel, length, FEATURE_SQEUCLIDEAN, out);
            break;
        }
    }
}

/* The distances of one query to TOGETHER others, exactly as SciPy computes them; side
 * by side, since each sum waits for itself. */
void NAME(pair_distances)(const double *query, const double *others, ptrdiff_t apart,
                          ptrdiff_t length, int32_t metric, double *distances)
{
    double sum[TOGETHER] = {0};
    for (ptrdiff_t p = 0; p < length; p++)
        for (int k = 0; k < TOGETHER; k++)
            sum[k] = add_term(sum[k], query[p], others[k * apart + p], metric);
    for (int k = 0; k < TOGETHER; k++)
        distances[k] = finish(sum[k], length, metric);
}

/* Scores --------------------------------------------------------------------- */

#define CHAINS 4 /* that do not wait for each other */

/* Takes v into the least two of each lane. */
static inline void take_lanes(lanes v, lanes *one, lanes *two)
{
    *two = lesser_of_lanes(larger_of_lanes(*one, v), *two);
    *one = lesser_of_lanes(v, *one);
}

/* The least two of n scores, a multiple of PANEL; NaN are passed over. */
void NAME(least_two)(const float *scores, ptrdiff_t n, float *least, float *second)
{
    _Static_assert(PANEL % (CHAINS * LANES) == 0, "whole steps");
    lanes one[CHAINS], two[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        one[c] = two[c] = (lanes){0} + INFINITY;
    for (ptrdiff_t x = 0; x < n; x += CHAINS * LANES)
        for (int c = 0; c < CHAINS; c++)
            take_lanes(load_lanes(scores + x + c * LANES), &one[c], &two[c]);
    for (int c = 1; c < CHAINS; c++) {
        take_lanes(one[c], &one[0], &two[0]);
        take_lanes(two[c], &one[0], &two[0]);
    }
    float a = INFINITY, b = INFINITY;
    for (int k = 0; k < 2 * LANES; k++) {
        float v = k < LANES ? one[0][k] : two[0][k - LANES];
        b = v < a ? a : v < b ? v : b;
        a = v < a ? v : a;
    }
    *least = a;
    *second = b;
}

/* Takes the least two of some rows, and the number of the least's row, into those of
 * other rows; of equal ones the first row. */
static inline void join(lanes a, lanes a2, lane_mask row, float *least, float *second,
                        int32_t *rows)
{
    lanes b = load_lanes(least), b2 = load_lanes(second);
    lane_mask old;
    memcpy(&old, rows, sizeof old);
    lane_mask nearer = (a < b) | ((a == b) & (row < old));
    lanes one = lesser_of_lanes(a, b);
    lanes two = lesser_of_lanes(larger_of_lanes(a, b), lesser_of_lanes(a2, b2));
    row = (nearer & row) | (~nearer & old);
    memcpy(least, &one, sizeof one);
    memcpy(second, &two, sizeof two);
    memcpy(rows, &row, sizeof row);
}

/* What `count` rows of scores tell of the columns of a panel, `squares` added to each
 * row; rows count from `first`. Scores are numbers, or NaN, which are passed over. */
void NAME(column_leasts)(const float *scores, ptrdiff_t count, ptrdiff_t pitch,
                         const float *squares, int32_t first, float *least,
                         float *second, int32_t *row)
{
    for (int k = 0; k < PANEL; k += LANES) {
        lanes one = (lanes){0} + INFINITY, two = one;
        lane_mask at = (lane_mask){0} + INT32_MAX;
        for (ptrdiff_t q = 0; q < count; q++) {
            lanes v = load_lanes(scores + q * pitch + k) + squares[q];
            lane_mask nearer = v < one;
            at = (nearer & (first + (int32_t)q)) | (~nearer & at);
            take_lanes(v, &one, &two);
        }
        join(one, two, at, least + k, second + k, row + k);
    }
}

/* Takes what other rows have told of n columns, a multiple of PANEL. */
void NAME(join_leasts)(ptrdiff_t n, const float *other_least, const float *other_second,
                       const int32_t *other_row, float *least, float *second,
                       int32_t *row)
{
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        lane_mask at;
        memcpy(&at, other_row + x, sizeof at);
        join(load_lanes(other_least + x), load_lanes(other_second + x), at, least + x,
             second + x, row + x);
    }
}

/* The numbers of the scores that are not above a limit, NaN among them. */
void NAME(not_above)(const float *scores, ptrdiff_t n, float limit, uint32_t *numbers,
                     ptrdiff_t *count)
{
    ptrdiff_t found = 0;
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        lane_mask kept = ~(load_lanes(scores + x) > limit);
        if (!any_lane(kept))
            continue;
        for (ptrdiff_t k = x; k < x + LANES; k++) {
            numbers[found] = (uint32_t)k;
            found += !(scores[k] > limit);
        }
    }
    *count = found;
}
