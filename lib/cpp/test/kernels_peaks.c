/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/peaks.c, labels.c and ring.c: bits of local maxima, runs, sliding maxima. */
#include "kernels_test.h"

#include <math.h>

#include "spec.h"

#define LINES 5
#define MOST 400

/* Some lines of reals with few levels, so that there are ties, and what a kernel needs
 * beside them; every line ends where its memory ends. */
typedef struct line_set {
    guarded memory[LINES], spare;
    const void *lines[LINES];
    ptrdiff_t n, words;
    peak_line how;
    int is_float;
    uint64_t bits[MOST / 64 + 1];
} line_set;

static double value_of(const line_set *s, ptrdiff_t line, ptrdiff_t x)
{
    return s->is_float ? (double)((const float *)s->lines[line])[x]
                       : ((const double *)s->lines[line])[x];
}

static line_set lines_new(int is_float)
{
    line_set s = {.n = 1 + random_below(MOST - 1), .is_float = is_float};
    size_t size = is_float ? 4 : 8;
    ptrdiff_t levels = 2 + random_below(60);
    s.words = (s.n + 63) / 64;
    s.how = (peak_line){(double)random_below(levels), random_below(9), random_below(9)};
    for (int k = 0; k < LINES; k++) {
        s.memory[k] = guarded_new((size_t)s.n * size, random_side());
        s.lines[k] = s.memory[k].bytes;
        for (ptrdiff_t x = 0; x < s.n; x++) {
            double v = (double)random_below(levels);
            float narrow = (float)v;
            memcpy(s.memory[k].bytes + (size_t)x * size,
                   is_float ? (void *)&narrow : &v, size);
        }
    }
    size_t spare = (size_t)(s.n + s.how.before + s.how.after + 2) * size;
    s.spare = guarded_new(spare, random_side());
    return s;
}

static void lines_free(line_set *s)
{
    for (int k = 0; k < LINES; k++)
        guarded_free(&s->memory[k]);
    guarded_free(&s->spare);
}

/* Is the pixel of line 0 not exceeded by columns x - before to x + after? */
static int is_most(const line_set *s, ptrdiff_t x, ptrdiff_t before, ptrdiff_t after)
{
    for (int k = 0; k < LINES; k++)
        for (ptrdiff_t i = x - before; i <= x + after; i++)
            if (i >= 0 && i < s->n && value_of(s, k, i) > value_of(s, 0, x))
                return 0;
    return 1;
}

static int bit(const line_set *s, ptrdiff_t x)
{
    return (int)(s->bits[x / 64] >> x % 64 & 1);
}

void check_least_of_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        double above = (double)(random_below(2) ? 1000 : -1000), least = above;
        int32_t has_nan = 0;
        int with_nan = random_below(3) == 0;
        ptrdiff_t at = random_below(s.n);
        unsigned char *pixel = s.memory[0].bytes + (size_t)at * (is_float ? 4 : 8);
        float narrow = with_nan ? NAN : -INFINITY;
        double number = (double)narrow;
        if (with_nan || random_below(4) == 0)
            memcpy(pixel, is_float ? (void *)&narrow : &number, is_float ? 4 : 8);
        for (ptrdiff_t x = 0; x < s.n; x++)
            above = value_of(&s, 0, x) < above ? value_of(&s, 0, x) : above;
        k->least_of_row(s.lines[0], s.n, &least, &has_nan);
        check_case("(n %td)", s.n);
        CHECK(least == above && has_nan == with_nan);
        lines_free(&s);
    }
}

void check_largest_of_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        double below = (double)(random_below(2) ? 1000 : -1000), most = below;
        for (ptrdiff_t x = 0; x < s.n; x++)
            below = fmax(below, value_of(&s, 0, x));
        k->largest_of_row(s.lines[0], s.n, &most);
        check_case("(n %td)", s.n);
        CHECK(most == below);
        lines_free(&s);
    }
}

void check_reach_bits(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        int wrong = 0;
        k->reach_bits(s.lines[0], s.n, s.how.least, s.bits);
        for (ptrdiff_t x = 0; x < s.n; x++)
            wrong += bit(&s, x) != (value_of(&s, 0, x) >= s.how.least);
        check_case("(n %td)", s.n);
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

void check_peak_screen(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        int wrong = 0;
        k->peak_screen(s.lines, LINES, s.n, &s.how, s.spare.bytes, s.bits);
        for (ptrdiff_t x = 0; x < s.words * 64; x++)
            wrong += bit(&s, x) != (x < s.n && value_of(&s, 0, x) >= s.how.least &&
                                    is_most(&s, x, s.how.before > 0, s.how.after > 0));
        check_case("(n %td)", s.n);
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

/* Both ways of looking at the whole window. */
static void check_window(const real_kernels *k, int is_float, int dense)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        int wrong = 0;
        for (ptrdiff_t x = 0; x < s.n; x++)
            s.bits[x / 64] |= (uint64_t)(x % 3 > 0) << x % 64;
        if (dense)
            k->peak_dense(s.lines[0], s.lines, LINES, s.n, &s.how, s.spare.bytes,
                          s.bits);
        else
            k->peak_confirm(s.lines, LINES, s.n, &s.how, s.bits);
        for (ptrdiff_t x = 0; x < s.words * 64; x++)
            wrong += bit(&s, x) != (x < s.n && x % 3 > 0 &&
                                    is_most(&s, x, s.how.before, s.how.after));
        check_case("(n %td)", s.n);
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

void check_peak_confirm(const real_kernels *k, int is_float)
{
    check_window(k, is_float, 0);
}

void check_peak_dense(const real_kernels *k, int is_float)
{
    check_window(k, is_float, 1);
}

/* Is the pixel of a line the largest of its block, and at least `least`? */
static int is_most_of_block(const line_set *s, ptrdiff_t count, ptrdiff_t width,
                            ptrdiff_t line, ptrdiff_t x)
{
    double v = value_of(s, line, x);
    for (ptrdiff_t k = 0; k < count; k++)
        for (ptrdiff_t i = x - x % width; i < x - x % width + width && i < s->n; i++)
            if (value_of(s, k, i) > v)
                return 0;
    return v >= s->how.least;
}

void check_peak_blocks(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        ptrdiff_t count = 1 + random_below(LINES), width = 1 + random_below(40);
        uint64_t bits[LINES][MOST / 64 + 1];
        int wrong = 0;
        k->peak_blocks(s.lines, count, s.n, width, s.how.least, s.spare.bytes, bits[0],
                       COUNT_OF(bits[0]));
        for (ptrdiff_t line = 0; line < count; line++)
            for (ptrdiff_t x = 0; x < COUNT_OF(bits[0]) * 64; x++)
                wrong += (int)(bits[line][x / 64] >> x % 64 & 1) !=
                         (x < s.n && is_most_of_block(&s, count, width, line, x));
        check_case("(n %td, width %td)", s.n, width);
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

void check_peak_tall(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        while (s.n < 64) { /* where it is used */
            lines_free(&s);
            s = lines_new(is_float);
        }
        size_t size = is_float ? 4 : 8;
        ptrdiff_t side = 1 + random_below(7), rows = 1 + random_below(20), wrong = 0;
        const void *lines[26];
        guarded out = guarded_new((size_t)(rows * s.n) * size, random_side());
        ptrdiff_t which[26];
        for (ptrdiff_t i = 0; i < rows + side - 1; i++) {
            which[i] = random_below(LINES);
            lines[i] = s.lines[which[i]];
        }
        k->peak_tall(lines, side, rows, s.n, out.bytes);
        for (ptrdiff_t i = 0; i < rows * s.n; i++) {
            double most = -INFINITY;
            for (ptrdiff_t j = 0; j < side; j++)
                most = fmax(most, value_of(&s, which[i / s.n + j], i % s.n));
            wrong += most != (is_float ? (double)((const float *)out.bytes)[i]
                                       : ((const double *)out.bytes)[i]);
        }
        check_case("(n %td, side %td, rows %td)", s.n, side, rows);
        CHECK(wrong == 0);
        guarded_free(&out);
        lines_free(&s);
    }
}

void check_peak_general(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        line_set s = lines_new(is_float);
        ptrdiff_t columns[LINES];
        int wrong = 0;
        for (int i = 0; i < LINES; i++)
            columns[i] = random_below(21) - 10;
        k->peak_general(s.lines[0], s.lines, columns, LINES, s.n, &s.how, s.spare.bytes,
                        s.bits);
        for (ptrdiff_t x = 0; x < s.n; x++) {
            double most = -INFINITY, v = value_of(&s, 0, x);
            for (int i = 0; i < LINES; i++) {
                ptrdiff_t from = x + columns[i];
                from = from < 0 ? 0 : from >= s.n ? s.n - 1 : from;
                most = fmax(most, value_of(&s, i, from));
            }
            wrong += bit(&s, x) != (v >= s.how.least && v == most);
        }
        check_case("(n %td)", s.n);
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

void check_peak_background(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 50; round++) {
        line_set s = lines_new(is_float), before = s;
        int64_t labels[2 * MOST];
        int32_t narrow[MOST];
        uint8_t mask[MOST];
        double old[MOST];
        int wrong = 0;
        for (ptrdiff_t x = 0; x < s.n; x++) {
            labels[2 * x] = narrow[x] = (int32_t)random_below(3);
            old[x] = value_of(&before, 0, x);
        }
        if (round % 2)
            k->peak_background(labels, 16, s.n, FEATURE_INT64, 2, -7, s.memory[0].bytes,
                               mask);
        else
            k->peak_background(narrow, 4, s.n, FEATURE_INT32, 2, -7, s.memory[0].bytes,
                               mask);
        for (ptrdiff_t x = 0; x < s.n; x++) {
            int ours = labels[2 * x] == 2;
            wrong += mask[x] != ours || value_of(&s, 0, x) != (ours ? old[x] : -7);
        }
        CHECK(wrong == 0);
        lines_free(&s);
    }
}

void check_raw_row(const real_kernels *k, int is_float)
{
    static const uint8_t bytes[] = {0, 1, 200, 255};
    static const int16_t shorts[] = {-32768, -1, 0, 32767};
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7c00};
    static const double right[3][4] = {
        {0, 1, 200, 255}, {-32768, -1, 0, 32767}, {1, -2, 0x1p-24, INFINITY}};
    const void *in[] = {bytes, shorts, halves};
    const feature_dtype dtypes[] = {FEATURE_UINT8, FEATURE_INT16, FEATURE_FLOAT16};
    for (int kind = 0; kind < 3; kind++) {
        line_set s = {.n = 4, .is_float = is_float};
        guarded out = guarded_new(is_float ? 16 : 32, random_side());
        s.lines[0] = out.bytes;
        k->raw_row(in[kind], kind == 0 ? 1 : 2, 4, dtypes[kind], out.bytes);
        for (int x = 0; x < 4; x++)
            CHECK(value_of(&s, 0, x) == right[kind][x]);
        guarded_free(&out);
    }
}

void check_label_runs(const plain_kernels *k)
{
    static const int64_t labels[] = {0, 3, 3, 0, 0, -1, 5, 3, 3, 3};
    static const int32_t narrow[] = {0, 3, 3, 0, 0, -1, 5, 3, 3, 3};
    static const label_run right[] = {{3, 1, 3}, {5, 6, 7}, {3, 7, 10}};
    label_run runs[10];
    ptrdiff_t count;
    k->label_runs(labels, 8, 10, FEATURE_INT64, runs, &count);
    CHECK(count == 3 && memcmp(runs, right, sizeof right) == 0);
    k->label_runs(labels + 9, -8, 3, FEATURE_INT64, runs, &count);
    CHECK(count == 1 && runs[0].end == 3);
    k->label_runs(narrow, 4, 10, FEATURE_INT32, runs, &count);
    CHECK(count == 3 && memcmp(runs, right, sizeof right) == 0);
}

void check_ring_maximum(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = 1 + random_below(60), side = 1 + random_below(20);
        double line[100], values[20], out[60];
        ptrdiff_t deaths[20];
        int wrong = 0;
        for (ptrdiff_t x = 0; x < n + side - 1; x++)
            line[x] = (double)random_below(9);
        k->ring_maximum(line, n, side, values, deaths, out);
        for (ptrdiff_t x = 0; x < (side > 1 ? n : 0); x++) {
            double most = line[x];
            for (ptrdiff_t i = 1; i < side; i++)
                most = fmax(most, line[x + i]);
            wrong += out[x] != most;
        }
        CHECK(wrong == 0);
    }
}

void check_equal_bits(const plain_kernels *k)
{
    double v[130], most[130];
    uint64_t words[3];
    int wrong = 0;
    for (int x = 0; x < 130; x++) {
        v[x] = (double)random_below(4);
        most[x] = v[x] + (double)random_below(2);
    }
    v[7] = most[7] = NAN;
    k->equal_bits(v, most, 130, 1, words);
    for (int x = 0; x < 192; x++)
        wrong += (int)(words[x / 64] >> x % 64 & 1) !=
                 (x < 130 && v[x] >= 1 && v[x] == most[x]);
    CHECK(wrong == 0);
}
