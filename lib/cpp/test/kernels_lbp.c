/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/lbp.c against loops over pixels and bits. */
#include "kernels_test.h"

#include <math.h>

#define COLS 130
#define SAMPLES 40

void check_lbp_fractions(const plain_kernels *k)
{
    double across[COLS];
    static const double columns[] = {0.70711, -0.70711, 2.89778, -3, 0};
    for (int round = 0; round < 50; round++) {
        double column = columns[round % COUNT_OF(columns)];
        ptrdiff_t first = random_below(5000);
        int wrong = 0;
        k->lbp_fractions(column, floor(column), first, COLS, across);
        for (ptrdiff_t x = 0; x < COLS; x++) {
            double at = (double)(first + x) + column;
            wrong += across[x] != at - floor(at);
        }
        CHECK(wrong == 0);
    }
}

void check_lbp_mix_row(const plain_kernels *k)
{
    for (int round = 0; round < 30; round++) {
        ptrdiff_t n = 1 + random_below(COLS), right = round % 2;
        wide_row from = wide_row_new(n + 1), across = wide_row_new(n);
        wide_row out = wide_row_new(n);
        int wrong = 0;
        for (ptrdiff_t x = 0; x <= n; x++)
            from.first[x] = (double)random_below(4);
        for (ptrdiff_t x = 0; x < n; x++)
            across.first[x] = (double)random_below(100000) / 100000;
        k->lbp_mix_row(from.first, across.first, right, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            double part = across.first[x], left = (1 - part) * from.first[x];
            wrong += out.first[x] != left + part * from.first[x + right];
        }
        CHECK(wrong == 0);
        guarded_free(&from.memory);
        guarded_free(&across.memory);
        guarded_free(&out.memory);
    }
}

/* Samples of every kind over rows of small numbers, where ties are many. */
typedef struct circle {
    circle_sample samples[SAMPLES];
    wide_row upper[SAMPLES], lower[SAMPLES], centre;
    ptrdiff_t count, n;
} circle;

static wide_row row_of_ties(ptrdiff_t n, int finite)
{
    wide_row row = wide_row_new(n);
    for (ptrdiff_t x = 0; x < n; x++) {
        row.first[x] = (double)random_below(4);
        if (!finite && random_below(4) == 0)
            row.first[x] = (random_below(2) ? 1 : -1) * (double)INFINITY;
    }
    return row;
}

static void circle_new(circle *c, int finite)
{
    c->count = 1 + random_below(SAMPLES_A_WORD);
    c->n = 1 + random_below(COLS);
    c->centre = row_of_ties(c->n, finite);
    for (ptrdiff_t i = 0; i < c->count; i++) {
        circle_sample *s = &c->samples[i];
        c->upper[i] = row_of_ties(c->n, finite);
        c->lower[i] = row_of_ties(c->n, finite);
        *s = (circle_sample){.upper = c->upper[i].first, .up = 1};
        if (random_below(3) > 0) {
            s->lower = c->lower[i].first;
            s->down = 0.29289;
            s->up = 1 - s->down;
        }
    }
}

static void circle_free(circle *c)
{
    for (ptrdiff_t i = 0; i < c->count; i++) {
        guarded_free(&c->upper[i].memory);
        guarded_free(&c->lower[i].memory);
    }
    guarded_free(&c->centre.memory);
}

static double sample_of(const circle *c, ptrdiff_t i, ptrdiff_t x)
{
    const circle_sample *s = &c->samples[i];
    if (s->lower == NULL)
        return s->upper[x];
    double top = s->up * s->upper[x], bottom = s->down * s->lower[x];
    return top + bottom;
}

void check_lbp_code_row(const plain_kernels *k)
{
    static circle c;
    for (int round = 0; round < 60; round++) {
        int32_t codes[COLS + ROW_BLOCK];
        int wrong = 0;
        circle_new(&c, round % 2);
        k->lbp_code_row(c.samples, c.count, c.centre.first, c.n, round % 2, codes);
        for (ptrdiff_t x = 0; x < c.n; x++) {
            uint32_t expected = 0;
            for (ptrdiff_t i = 0; i < c.count; i++)
                expected |= (uint32_t)(sample_of(&c, i, x) - c.centre.first[x] >= 0)
                            << i;
            wrong += (uint32_t)codes[x] != expected;
        }
        CHECK(wrong == 0);
        circle_free(&c);
    }
}

void check_lbp_variance_row(const plain_kernels *k)
{
    static circle c;
    for (int round = 0; round < 60; round++) {
        int wrong = 0;
        circle_new(&c, 1);
        wide_row out = wide_row_new(c.n);
        k->lbp_variance_row(c.samples, c.count, c.n, out.first);
        for (ptrdiff_t x = 0; x < c.n; x++) {
            double sum = 0, squares = 0, count = (double)c.count;
            for (ptrdiff_t i = 0; i < c.count; i++) {
                double v = sample_of(&c, i, x), square = v * v;
                sum += v;
                squares += square;
            }
            double product = sum * sum, variance = (squares - product / count) / count;
            wrong += !same_double(out.first[x], variance != 0 ? variance : (double)NAN);
        }
        CHECK(wrong == 0);
        guarded_free(&out.memory);
        circle_free(&c);
    }
}

/* ------------------------------------------------------------------------ */
/* Patterns                                                                 */
/* ------------------------------------------------------------------------ */

static uint64_t turned(uint64_t code, int turns, int count)
{
    for (int turn = 0; turn < turns; turn++)
        code = code >> 1 | (code & 1) << (count - 1);
    return code;
}

/* What `method` makes of a pattern, by trying all. */
static uint64_t spec_number(uint64_t code, int count, int method)
{
    uint64_t least = code, ones = 0, changes = 0, p = (uint64_t)count;
    for (int i = 0; i < count; i++) {
        least = turned(code, i, count) < least ? turned(code, i, count) : least;
        ones += code >> i & 1;
        changes += i + 1 < count && (code >> i & 1) != (code >> (i + 1) & 1);
    }
    if (method == FEATURE_LBP_DEFAULT || method == FEATURE_LBP_ROR)
        return method == FEATURE_LBP_ROR ? least : code;
    if (method == FEATURE_LBP_UNIFORM)
        return changes <= 2 ? ones : p + 1;
    if (changes > 2)
        return p * (p - 1) + 2;
    if (ones == 0 || ones == p)
        return ones == 0 ? 0 : p * (p - 1) + 1;
    /* Rotations to the right, counted from all ones in the lowest bits. */
    uint64_t first = (UINT64_C(1) << ones) - 1;
    int turns = 0;
    while (turned(first, turns, count) != code)
        turns++;
    return 1 + (ones - 1) * p + (uint64_t)turns;
}

void check_lbp_map_row(const plain_kernels *k)
{
    for (int round = 0; round < 200; round++) {
        int32_t codes[COLS], before[COLS];
        int count = 1 + (int)random_below(31), method = round % 4, wrong = 0;
        ptrdiff_t n = 1 + random_below(COLS);
        for (ptrdiff_t x = 0; x < n; x++) {
            uint64_t run = (UINT64_C(1) << random_below(count + 1)) - 1;
            uint64_t any = random_bits() & ((UINT64_C(1) << count) - 1);
            codes[x] = (int32_t)(random_below(2) ? any : turned(run, 3, count));
        }
        memcpy(before, codes, sizeof codes);
        k->lbp_map_row(codes, n, count, method);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += (uint64_t)codes[x] !=
                     spec_number((uint64_t)before[x], count, method);
        check_case("(%d samples, method %d)", count, method);
        CHECK(wrong == 0);
    }
}

static const feature_dtype types[] = {FEATURE_UINT8, FEATURE_UINT16, FEATURE_UINT32,
                                      FEATURE_UINT64, FEATURE_FLOAT64};
static const size_t sizes[] = {1, 2, 4, 8, 8};

static double stored_at(const unsigned char *at, int type)
{
    uint16_t b;
    uint32_t c;
    uint64_t d;
    double e;
    memcpy(&b, at, type == 1 ? sizeof b : 0);
    memcpy(&c, at, type == 2 ? sizeof c : 0);
    memcpy(&d, at, type == 3 ? sizeof d : 0);
    memcpy(&e, at, type == 4 ? sizeof e : 0);
    return type == 0 ? *at : type == 1 ? b : type == 2 ? c : type == 3 ? (double)d : e;
}

void check_lbp_look_up_row(const plain_kernels *k)
{
    uint8_t table[256];
    for (int round = 0; round < 60; round++) {
        int32_t codes[COLS];
        int type = round % 5, wrong = 0;
        ptrdiff_t n = 1 + random_below(COLS), step = 1 + random_below(2);
        ptrdiff_t stride = step * (ptrdiff_t)sizes[type];
        guarded out = guarded_new(span_of(n, stride, sizes[type]), random_side());
        unsigned char *first = start_of(&out, n, stride);
        random_fill(table, sizeof table);
        for (ptrdiff_t x = 0; x < n; x++)
            codes[x] = (int32_t)random_below(256);
        k->lbp_look_up_row(codes, n, table, types[type], first, stride);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += stored_at(first + x * stride, type) != table[codes[x]];
        CHECK(wrong == 0);
        guarded_free(&out);
    }
}

void check_lbp_store_row(const plain_kernels *k)
{
    for (int round = 0; round < 60; round++) {
        int32_t codes[COLS];
        int type = round % 5, wrong = 0;
        ptrdiff_t n = 1 + random_below(COLS), step = random_below(3) - 1;
        step = step == 0 ? 3 : step;
        ptrdiff_t stride = step * (ptrdiff_t)sizes[type];
        guarded out = guarded_new(span_of(n, stride, sizes[type]), random_side());
        unsigned char *first = start_of(&out, n, stride);
        for (ptrdiff_t x = 0; x < n; x++)
            codes[x] = (int32_t)random_below(256);
        k->lbp_store_row(codes, n, types[type], first, stride);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += stored_at(first + x * stride, type) != codes[x];
        CHECK(wrong == 0);
        guarded_free(&out);
    }
}

void check_lbp_store_long_row(const plain_kernels *k)
{
    for (int round = 0; round < 100; round++) {
        int32_t words[3][COLS];
        uint64_t out[COLS];
        int count = 32 + (int)random_below(32), method = round % 4, wrong = 0;
        for (int x = 0; x < COLS; x++) {
            uint64_t run = (UINT64_C(1) << random_below(count)) - 1;
            uint64_t code = random_below(2) ? random_bits() : turned(run, 5, count);
            code &= (UINT64_C(1) << count) - 1;
            out[x] = code;
            for (int w = 0; w < 3; w++)
                words[w][x] = (int32_t)(code >> (31 * w) & 0x7fffffff);
        }
        uint64_t found[COLS];
        k->lbp_store_long_row(words[0], COLS, COLS, count, method, FEATURE_UINT64,
                              found, sizeof(uint64_t));
        for (int x = 0; x < COLS; x++)
            wrong += found[x] != spec_number(out[x], count, method);
        check_case("(%d samples, method %d)", count, method);
        CHECK(wrong == 0);
    }
}
