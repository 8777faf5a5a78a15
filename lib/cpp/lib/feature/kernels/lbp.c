/* SPDX-License-Identifier: BSD-3-Clause */
/* Local binary patterns of a row, in the reference's order of operations. */
#include "kernels/variant.h"

#define VECTORS 4
#define BLOCK (VECTORS * VECTOR_WIDES) /* divides ROW_BLOCK */

typedef int64_t wide_mask __attribute__((vector_size(VECTOR_BYTES)));
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

static inline vec along_row(const circle_sample *s, ptrdiff_t x)
{
    vec across = load(s->across + x);
    return (1 - across) * load(s->from + x) + across * load(s->from + x + s->right);
}

void NAME(lbp_hold_row)(const circle_sample *s, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES)
        store(s->held + x, along_row(s, x));
}

/* The sample in a block of pixels. */
static inline void take_sample(const circle_sample *s, ptrdiff_t x, vec *values)
{
    if (s->across == NULL) {
        for (int k = 0; k < VECTORS; k++)
            values[k] = load(s->from + x + k * VECTOR_WIDES);
    } else if (s->held == NULL) {
        for (int k = 0; k < VECTORS; k++) {
            vec below = along_row(s, x + k * VECTOR_WIDES);
            values[k] = s->up * below + s->down * below;
        }
    } else {
        for (int k = 0; k < VECTORS; k++) {
            wide *held = s->held + x + k * VECTOR_WIDES;
            vec below = along_row(s, x + k * VECTOR_WIDES);
            values[k] = s->up * load(held) + s->down * below;
            store(held, below);
        }
    }
}

void NAME(lbp_code_row)(const circle_sample *samples, ptrdiff_t count,
                        const wide *centre, ptrdiff_t n, int32_t *codes)
{
    for (ptrdiff_t x = 0; x < n; x += BLOCK) {
        vec sum[VECTORS] = {{0}}, values[VECTORS], centres[VECTORS];
        double bit = 1;
        for (int k = 0; k < VECTORS; k++)
            centres[k] = load(centre + x + k * VECTOR_WIDES);
        for (ptrdiff_t i = 0; i < count; i++, bit *= 2) {
            take_sample(&samples[i], x, values);
            for (int k = 0; k < VECTORS; k++) {
                wide_mask set = (wide_mask)(values[k] - centres[k] >= 0);
                sum[k] += (vec)(set & (wide_mask)(bit - (vec){0}));
            }
        }
        for (int k = 0; k < VECTORS; k++) {
            narrow code = __builtin_convertvector(sum[k], narrow);
            memcpy(codes + x + k * VECTOR_WIDES, &code, sizeof code);
        }
    }
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

static inline uint32_t ones_in(uint32_t v)
{
    v -= v >> 1 & 0x55555555;
    v = (v & 0x33333333) + (v >> 2 & 0x33333333);
    v = (v + (v >> 4)) & 0x0f0f0f0f;
    return v * 0x01010101 >> 24;
}

/* How many of the lowest bits are 0. */
static inline uint32_t zeros_before(uint32_t v)
{
    return ones_in((v & -v) - 1);
}

static inline uint32_t nri_uniform(uint32_t code, uint32_t ones, uint32_t samples)
{
    uint32_t first_one = zeros_before(code), first_zero = zeros_before(~code);
    uint32_t turns = first_one == 0 ? ones - first_zero : samples - first_one;
    uint32_t number = 1 + (ones - 1) * samples + turns;
    number = ones == 0 ? 0 : number;
    return ones == samples ? samples * (samples - 1) + 1 : number;
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
    const uint32_t count = (uint32_t)samples, neighbours = (1u << (count - 1)) - 1;
    const uint32_t rotated = count * (count - 1) + 2;
    if (method == FEATURE_LBP_ROR) {
        for (ptrdiff_t x = 0; x < n; x += TURNED)
            turn_codes(codes + x, n - x < TURNED ? n - x : TURNED, count);
    } else if (method == FEATURE_LBP_UNIFORM) {
        for (ptrdiff_t x = 0; x < n; x++) {
            uint32_t code = (uint32_t)codes[x];
            uint32_t changes = ones_in((code ^ code >> 1) & neighbours);
            codes[x] = (int32_t)(changes <= 2 ? ones_in(code) : count + 1);
        }
    } else if (method == FEATURE_LBP_NRI_UNIFORM) {
        for (ptrdiff_t x = 0; x < n; x++) {
            uint32_t code = (uint32_t)codes[x];
            uint32_t changes = ones_in((code ^ code >> 1) & neighbours);
            uint32_t number = nri_uniform(code, ones_in(code), count);
            codes[x] = (int32_t)(changes <= 2 ? number : rotated);
        }
    }
}

void NAME(lbp_look_up_row)(int32_t *codes, ptrdiff_t n, const int32_t *restrict table)
{
    for (ptrdiff_t x = 0; x < n; x++)
        codes[x] = table[codes[x]];
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

#define STORE(type)                                                                    \
    do {                                                                               \
        if (stride == (ptrdiff_t)sizeof(type))                                         \
            for (ptrdiff_t x = 0; x < n; x++)                                          \
                ((type *)out)[x] = (type)codes[x];                                     \
        else                                                                           \
            for (ptrdiff_t x = 0; x < n; x++)                                          \
                *(type *)(void *)((unsigned char *)out + x * stride) = (type)codes[x]; \
    } while (0)

void NAME(lbp_store_row)(const int32_t *restrict codes, ptrdiff_t n,
                         feature_dtype dtype, void *restrict out, ptrdiff_t stride)
{
    switch (dtype) {
    case FEATURE_UINT8:
        STORE(uint8_t);
        break;
    case FEATURE_UINT16:
        STORE(uint16_t);
        break;
    case FEATURE_UINT32:
        STORE(uint32_t);
        break;
    case FEATURE_UINT64:
        STORE(uint64_t);
        break;
    default:
        STORE(double);
        break;
    }
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
