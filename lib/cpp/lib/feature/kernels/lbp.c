/* SPDX-License-Identifier: BSD-3-Clause */
/* Local binary patterns of a row, in the reference's order of operations. */
#include "kernels/variant.h"

#define VECTORS 4
#define BLOCK (VECTORS * VECTOR_WIDES) /* divides ROW_BLOCK */

typedef int32_t narrow __attribute__((vector_size(VECTOR_BYTES / 2)));

void NAME(lbp_fractions)(double column, double floor, ptrdiff_t first, ptrdiff_t n,
                         wide *restrict across)
{
    /* The sum is rounded, and differently far from the origin; the rest is exact. */
    for (ptrdiff_t x = 0; x < n; x++) {
        double at = (double)(first + x);
        across[x] = (at + column) - (at + floor);
    }
}

void NAME(lbp_mix_row)(const wide *from, const wide *across, ptrdiff_t right,
                       ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES) {
        vec part = load(across + x);
        store(out + x, (1 - part) * load(from + x) + part * load(from + x + right));
    }
}

/* The sample in a block of pixels. */
static inline void take_sample(const circle_sample *s, ptrdiff_t x, vec *values)
{
    for (int k = 0; k < VECTORS; k++)
        values[k] = load(s->upper + x + k * VECTOR_WIDES);
    if (s->lower != NULL)
        for (int k = 0; k < VECTORS; k++)
            values[k] =
                s->up * values[k] + s->down * load(s->lower + x + k * VECTOR_WIDES);
}

/* `sum` plus `bit` where the value is not below the centre. Of two infinities it is
 * not, as their difference is NaN; else that need not be taken. */
static inline vec add_where_reached(vec sum, vec value, vec centre, int finite,
                                    vec bit)
{
#if defined(__AVX512F__)
    __m512d difference = finite ? (__m512d)value : (__m512d)(value - centre);
    __m512d least = finite ? (__m512d)centre : _mm512_setzero_pd();
    __mmask8 set = _mm512_cmp_pd_mask(difference, least, _CMP_GE_OQ);
    return (vec)_mm512_mask_add_pd((__m512d)sum, set, (__m512d)sum, (__m512d)bit);
#else
    wide_mask set = finite ? (wide_mask)(value >= centre)
                           : (wide_mask)(value - centre >= 0);
    return sum + (vec)(set & (wide_mask)bit);
#endif
}

static inline void code_block(const circle_sample *samples, ptrdiff_t count,
                              const wide *centre, ptrdiff_t x, int finite,
                              int32_t *codes)
{
    vec sum[VECTORS] = {{0}}, values[VECTORS], centres[VECTORS];
    double bit = 1;
    for (int k = 0; k < VECTORS; k++)
        centres[k] = load(centre + x + k * VECTOR_WIDES);
    for (ptrdiff_t i = 0; i < count; i++, bit *= 2) {
        take_sample(&samples[i], x, values);
        for (int k = 0; k < VECTORS; k++)
            sum[k] = add_where_reached(sum[k], values[k], centres[k], finite,
                                       bit - (vec){0});
    }
    for (int k = 0; k < VECTORS; k++) {
        narrow code = __builtin_convertvector(sum[k], narrow);
        memcpy(codes + x + k * VECTOR_WIDES, &code, sizeof code);
    }
}

void NAME(lbp_code_row)(const circle_sample *samples, ptrdiff_t count,
                        const wide *centre, ptrdiff_t n, int finite, int32_t *codes)
{
    if (finite)
        for (ptrdiff_t x = 0; x < n; x += BLOCK)
            code_block(samples, count, centre, x, 1, codes);
    else
        for (ptrdiff_t x = 0; x < n; x += BLOCK)
            code_block(samples, count, centre, x, 0, codes);
}

void NAME(lbp_variance_row)(const circle_sample *samples, ptrdiff_t count, ptrdiff_t n,
                            wide *out)
{
    const double number = (double)count;
    for (ptrdiff_t x = 0; x < n; x += BLOCK) {
        vec sum[VECTORS] = {{0}}, squares[VECTORS] = {{0}}, values[VECTORS];
        for (ptrdiff_t i = 0; i < count; i++) {
            take_sample(&samples[i], x, values);
            for (int k = 0; k < VECTORS; k++) {
                sum[k] += values[k];
                squares[k] += values[k] * values[k];
            }
        }
        for (int k = 0; k < VECTORS; k++)
            store(out + x + k * VECTOR_WIDES,
                  (squares[k] - sum[k] * sum[k] / number) / number);
    }
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = out[x] != 0 ? out[x] : (double)NAN;
}

/* ------------------------------------------------------------------------ */
/* Patterns                                                                 */
/* ------------------------------------------------------------------------ */

/* Vectors by hand: compilers that know popcnt make it of ones_in, lane by lane. */
typedef uint32_t lane_words __attribute__((vector_size(VECTOR_BYTES)));

static inline lane_words ones_in(lane_words v)
{
#if defined(__AVX512VPOPCNTDQ__)
    return (lane_words)_mm512_popcnt_epi32((__m512i)v);
#else
    v -= v >> 1 & 0x55555555;
    v = (v & 0x33333333) + (v >> 2 & 0x33333333);
    v = (v + (v >> 4)) & 0x0f0f0f0f;
    return v * 0x01010101 >> 24;
#endif
}

/* How many of the lowest bits are 0. */
static inline lane_words zeros_before(lane_words v)
{
    return ones_in((v & -v) - 1);
}

static inline lane_words either(lane_words which, lane_words a, lane_words b)
{
    return (which & a) | (~which & b);
}

static inline lane_words nri_uniform(lane_words code, lane_words ones, uint32_t samples)
{
    lane_words first_one = zeros_before(code), first_zero = zeros_before(~code);
    lane_words turns =
        either((lane_words)(first_one == 0), ones - first_zero, samples - first_one);
    lane_words number = 1 + (ones - 1) * samples + turns;
    number &= (lane_words)(ones != 0);
    lane_words all = (lane_words){0} + samples * (samples - 1) + 1;
    return either((lane_words)(ones == samples), all, number);
}

static inline lane_words uniform(lane_words code, uint32_t samples,
                                 int rotations_differ)
{
    lane_words changes = ones_in((code ^ code >> 1) & ((1u << (samples - 1)) - 1));
    lane_words number = ones_in(code);
    uint32_t other = samples + 1;
    if (rotations_differ) {
        number = nri_uniform(code, number, samples);
        other = samples * (samples - 1) + 2;
    }
    return either((lane_words)(changes <= 2), number, (lane_words){0} + other);
}

static void map_uniform(int32_t *codes, ptrdiff_t n, uint32_t samples,
                        int rotations_differ)
{
    lane_words code = {0};
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        size_t size = (size_t)(n - x < LANES ? n - x : LANES) * sizeof *codes;
        if (size == sizeof code)
            memcpy(&code, codes + x, sizeof code);
        else
            memcpy(&code, codes + x, size);
        code = uniform(code, samples, rotations_differ);
        if (size == sizeof code)
            memcpy(codes + x, &code, sizeof code);
        else
            memcpy(codes + x, &code, size);
    }
}

#define TURNED 128

/* The least rotation of some codes: turn after turn, so that vectors hold codes. */
static void turn_codes(int32_t *codes, ptrdiff_t n, uint32_t count)
{
    uint32_t code[TURNED] = {0}, least[TURNED];
    memcpy(code, codes, (size_t)n * sizeof *codes);
    memcpy(least, code, sizeof least);
    for (uint32_t turn = 1; turn < count; turn++)
        for (int x = 0; x < TURNED; x++) {
            code[x] = code[x] >> 1 | (code[x] & 1) << (count - 1);
            least[x] = code[x] < least[x] ? code[x] : least[x];
        }
    memcpy(codes, least, (size_t)n * sizeof *codes);
}

void NAME(lbp_map_row)(int32_t *codes, ptrdiff_t n, int samples, int method)
{
    const uint32_t count = (uint32_t)samples;
    if (method == FEATURE_LBP_ROR)
        for (ptrdiff_t x = 0; x < n; x += TURNED)
            turn_codes(codes + x, n - x < TURNED ? n - x : TURNED, count);
    else if (method == FEATURE_LBP_UNIFORM)
        map_uniform(codes, n, count, 0);
    else if (method == FEATURE_LBP_NRI_UNIFORM)
        map_uniform(codes, n, count, 1);
}

/* ------------------------------------------------------------------------ */
/* Long patterns                                                            */
/* ------------------------------------------------------------------------ */

typedef struct long_pattern {
    const int32_t *words;
    ptrdiff_t pitch, samples;
} long_pattern;

static inline int bit_of(const long_pattern *p, ptrdiff_t i)
{
    return p->words[i / SAMPLES_A_WORD * p->pitch] >> (i % SAMPLES_A_WORD) & 1;
}

/* Of at most 64 bits. */
static uint64_t number_of(const long_pattern *p)
{
    uint64_t number = 0;
    for (ptrdiff_t i = 0; i < p->samples; i++)
        number |= (uint64_t)bit_of(p, i) << i;
    return number;
}

static uint64_t least_rotation(uint64_t code, ptrdiff_t samples)
{
    uint64_t least = code;
    for (ptrdiff_t turn = 1; turn < samples; turn++) {
        code = code >> 1 | (code & 1) << (samples - 1);
        least = code < least ? code : least;
    }
    return least;
}

static uint64_t uniform_number(const long_pattern *p, int rotations_differ)
{
    uint64_t samples = (uint64_t)p->samples, ones = 0, changes = 0;
    uint64_t first_one = samples, first_zero = samples;
    for (ptrdiff_t i = p->samples - 1; i >= 0; i--) {
        int bit = bit_of(p, i);
        ones += (uint64_t)bit;
        changes += i + 1 < p->samples && bit != bit_of(p, i + 1);
        first_one = bit ? (uint64_t)i : first_one;
        first_zero = bit ? first_zero : (uint64_t)i;
    }
    if (!rotations_differ)
        return changes <= 2 ? ones : samples + 1;
    if (changes > 2)
        return samples * (samples - 1) + 2;
    if (ones == 0 || ones == samples)
        return ones == 0 ? 0 : samples * (samples - 1) + 1;
    uint64_t turns = first_one == 0 ? ones - first_zero : samples - first_one;
    return 1 + (ones - 1) * samples + turns;
}

static uint64_t number_by(const long_pattern *p, int method)
{
    switch (method) {
    case FEATURE_LBP_DEFAULT:
        return number_of(p);
    case FEATURE_LBP_ROR:
        return least_rotation(number_of(p), p->samples);
    default:
        return uniform_number(p, method == FEATURE_LBP_NRI_UNIFORM);
    }
}

/* ------------------------------------------------------------------------ */
/* Storing                                                                  */
/* ------------------------------------------------------------------------ */

#define STORE(type, numbers)                                                           \
    do {                                                                               \
        if (stride == (ptrdiff_t)sizeof(type))                                         \
            for (ptrdiff_t x = 0; x < n; x++)                                          \
                ((type *)out)[x] = (type)(numbers)[x];                                 \
        else                                                                           \
            for (ptrdiff_t x = 0; x < n; x++)                                          \
                *(type *)(void *)((unsigned char *)out + x * stride) =                 \
                    (type)(numbers)[x];                                                \
    } while (0)

#define STORE_AS(dtype, numbers)                                                       \
    do {                                                                               \
        if ((dtype) == FEATURE_UINT8)                                                  \
            STORE(uint8_t, numbers);                                                   \
        else if ((dtype) == FEATURE_UINT16)                                            \
            STORE(uint16_t, numbers);                                                  \
        else if ((dtype) == FEATURE_UINT32)                                            \
            STORE(uint32_t, numbers);                                                  \
        else if ((dtype) == FEATURE_UINT64)                                            \
            STORE(uint64_t, numbers);                                                  \
        else                                                                           \
            STORE(double, numbers);                                                    \
    } while (0)

void NAME(lbp_store_row)(const int32_t *restrict codes, ptrdiff_t n,
                         feature_dtype dtype, void *restrict out, ptrdiff_t stride)
{
    STORE_AS(dtype, codes);
}

#define LOOKED_UP 64

/* Bytes of a table of 256, at LOOKED_UP places. */
static inline void look_up(const uint8_t *places, const uint8_t *table,
                           uint8_t *numbers)
{
#if defined(__AVX512VBMI__)
    __m512i at = _mm512_loadu_si512(places);
    __m512i low = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), at,
                                           _mm512_loadu_si512(table + 64));
    __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), at,
                                            _mm512_loadu_si512(table + 192));
    _mm512_storeu_si512(numbers,
                        _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high));
#else
    for (int k = 0; k < LOOKED_UP; k++)
        numbers[k] = table[places[k]];
#endif
}

static inline void store_numbers(const uint8_t *restrict numbers, ptrdiff_t n,
                                 feature_dtype dtype, void *restrict out,
                                 ptrdiff_t stride)
{
    STORE_AS(dtype, numbers);
}

/* Codes of any integer type, stored as what a table has for them. */
#define LOOK_UP_ROW(codes)                                                             \
    do {                                                                               \
        uint8_t places[LOOKED_UP] = {0}, numbers[LOOKED_UP];                           \
        for (ptrdiff_t first = 0; first < n; first += LOOKED_UP) {                     \
            ptrdiff_t many = n - first < LOOKED_UP ? n - first : LOOKED_UP;            \
            void *to = (unsigned char *)out + first * stride;                          \
            if (many == LOOKED_UP)                                                     \
                for (ptrdiff_t x = 0; x < LOOKED_UP; x++)                              \
                    places[x] = (uint8_t)(codes)[first + x];                           \
            else                                                                       \
                for (ptrdiff_t x = 0; x < many; x++)                                   \
                    places[x] = (uint8_t)(codes)[first + x];                           \
            look_up(places, table, numbers);                                           \
            store_numbers(numbers, many, dtype, to, stride);                           \
        }                                                                              \
    } while (0)

void NAME(lbp_look_up_row)(const int32_t *restrict codes, ptrdiff_t n,
                           const uint8_t *restrict table, feature_dtype dtype,
                           void *restrict out, ptrdiff_t stride)
{
    LOOK_UP_ROW(codes);
}

void NAME(lbp_store_bytes)(const uint16_t *restrict codes, ptrdiff_t n,
                           const uint8_t *restrict table, feature_dtype dtype,
                           void *restrict out, ptrdiff_t stride)
{
    if (table == NULL)
        STORE_AS(dtype, codes);
    else
        LOOK_UP_ROW(codes);
}

void NAME(lbp_store_long_row)(const int32_t *words, ptrdiff_t pitch, ptrdiff_t n,
                              ptrdiff_t samples, int method, feature_dtype dtype,
                              void *out, ptrdiff_t stride)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        long_pattern p = {words + x, pitch, samples};
        uint64_t number = number_by(&p, method);
        void *at = (unsigned char *)out + x * stride;
        if (dtype == FEATURE_UINT8)
            *(uint8_t *)at = (uint8_t)number;
        else if (dtype == FEATURE_UINT16)
            *(uint16_t *)at = (uint16_t)number;
        else if (dtype == FEATURE_UINT32)
            *(uint32_t *)at = (uint32_t)number;
        else if (dtype == FEATURE_UINT64)
            *(uint64_t *)at = number;
        else
            *(double *)at = (double)number;
    }
}
