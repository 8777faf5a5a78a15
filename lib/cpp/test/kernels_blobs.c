/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/blobs.c and blob_rows.c against loops over elements. */
#include "kernels_test.h"

#include <math.h>

#include "spec.h"

#define LINES 27
#define MOST 300

/* Lines with few levels, so that there are ties; each ends where its memory ends. */
typedef struct line_set {
    guarded memory[LINES];
    const double *lines[LINES];
    ptrdiff_t count, n;
    double least, slack;
    uint64_t bits[MOST / 64 + 1];
} line_set;

static line_set lines_new(void)
{
    line_set s = {.n = 1 + random_below(MOST - 1), .count = 1 + random_below(LINES)};
    ptrdiff_t levels = 2 + random_below(60);
    s.least = (double)random_below(levels);
    s.slack = random_below(2) ? 0 : (double)random_below(3);
    for (ptrdiff_t k = 0; k < s.count; k++) {
        s.memory[k] = guarded_new((size_t)s.n * sizeof(double), random_side());
        double *line = (double *)(void *)s.memory[k].bytes;
        for (ptrdiff_t x = 0; x < s.n; x++)
            line[x] = (double)random_below(levels);
        s.lines[k] = line;
    }
    return s;
}

static int is_most(const line_set *s, ptrdiff_t x)
{
    double v = s->lines[0][x];
    if (!(v >= s->least - s->slack))
        return 0;
    for (ptrdiff_t k = 0; k < s->count; k++)
        for (ptrdiff_t i = x - 1; i <= x + 1; i++)
            if (i >= 0 && i < s->n && s->lines[k][i] - s->slack > v)
                return 0;
    return 1;
}

void check_voxel_maxima(const plain_kernels *k)
{
    for (int round = 0; round < 500; round++) {
        line_set s = lines_new();
        int wrong = 0;
        k->voxel_maxima(s.lines, s.count, s.n, s.least, s.slack, s.bits);
        for (ptrdiff_t x = 0; x < (s.n + 63) / 64 * 64; x++)
            wrong += (int)(s.bits[x / 64] >> x % 64 & 1) != (x < s.n && is_most(&s, x));
        check_case("(n %td, %td lines, slack %g)", s.n, s.count, s.slack);
        CHECK(wrong == 0);
        for (ptrdiff_t line = 0; line < s.count; line++)
            guarded_free(&s.memory[line]);
    }
}

void check_range_row(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = random_below(MOST), odd = random_below(4) == 0 ? n : -1;
        guarded memory = guarded_new((size_t)n * sizeof(double), random_side());
        double *row = (double *)(void *)memory.bytes;
        double range[3] = {2, 3, 0}, low = 2, high = 3, has_nan = 0;
        for (ptrdiff_t x = 0; x < n; x++) {
            row[x] = random_between(-9, 9);
            if (odd >= 0 && random_below(n) < 2) {
                row[x] = NAN;
                has_nan = 1;
            }
            low = row[x] < low ? row[x] : low;
            high = row[x] > high ? row[x] : high;
        }
        k->range_row(row, n, range);
        check_case("(n %td)", n);
        CHECK(range[0] == low && range[1] == high && range[2] == has_nan);
        guarded_free(&memory);
    }
}

void check_combine_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = random_below(MOST);
        guarded memory[3];
        double *row[3], sign = random_below(2) ? 1 : -1, factor = random_between(-3, 3);
        int alone = random_below(3) == 0, wrong = 0;
        for (int r = 0; r < 3; r++) {
            memory[r] = guarded_new((size_t)n * sizeof(double), random_side());
            row[r] = (double *)(void *)memory[r].bytes;
        }
        for (ptrdiff_t x = 0; x < n; x++) {
            row[0][x] = row[2][x] = (double)(float)random_between(-1, 1);
            row[1][x] = (double)(float)random_between(-1, 1);
        }
        k->combine_row(row[2], alone ? NULL : row[1], sign, factor, n, row[2]);
        for (ptrdiff_t x = 0; x < n; x++) {
            double sum = alone ? row[0][x] : row[0][x] + sign * row[1][x];
            sum = is_float ? (double)(float)sum : sum;
            double expected = is_float ? (double)(float)(sum * factor) : sum * factor;
            wrong += row[2][x] != expected;
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        for (int r = 0; r < 3; r++)
            guarded_free(&memory[r]);
    }
}
