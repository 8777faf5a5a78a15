/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/censure.c and censure_rows.c against plain loops. */
#include "kernels_test.h"

#include "spec.h"

#define MOST 200
#define WORDS (MOST / 64 + 1)

/* ------------------------------------------------------------------------ */
/* Boxes                                                                    */
/* ------------------------------------------------------------------------ */

static double box(const double *const *rows, int top, int bottom, ptrdiff_t left,
                  ptrdiff_t right)
{
    double before = left < 0 ? 0 : rows[bottom][left];
    double above = left < 0 ? 0 : rows[top][left];
    return rows[bottom][right] + above - before - rows[top][right];
}

void check_box_contrast_row(const plain_kernels *k)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t size = 1 + random_below(9), n = 1 + random_below(MOST);
        ptrdiff_t first = 2 * size + (random_below(2) ? 0 : random_below(30));
        ptrdiff_t cols = first + n + 2 * size;
        guarded memory[5];
        double *rows[5], outer = random_between(0, 1), inner = random_between(0, 2);
        int wrong = 0;
        for (int r = 0; r < 5; r++) {
            ptrdiff_t length = r < 4 ? cols : n;
            memory[r] = guarded_new((size_t)length * sizeof(double), random_side());
            rows[r] = (double *)(void *)memory[r].bytes;
            for (ptrdiff_t x = 0; x < length; x++)
                rows[r][x] = random_between(-9, 9);
        }
        const double *const *in = (const double *const *)rows;
        k->box_contrast_row(in, size, first, n, outer, inner, rows[4]);
        for (ptrdiff_t x = 0; x < n; x++) {
            ptrdiff_t at = first + x;
            double within = box(in, 1, 2, at - size - 1, at + size);
            double whole = box(in, 0, 3, at - 2 * size - 1, at + 2 * size);
            wrong += rows[4][x] != outer * whole - inner * within;
        }
        check_case("(size %td, first %td, n %td)", size, first, n);
        CHECK(wrong == 0);
        for (int r = 0; r < 5; r++)
            guarded_free(&memory[r]);
    }
}

/* ------------------------------------------------------------------------ */
/* Integer sums                                                             */
/* ------------------------------------------------------------------------ */

typedef struct count_row {
    guarded memory;
    uint32_t *first;
} count_row;

/* Padded by a block more than others are. */
static count_row count_row_new(ptrdiff_t n)
{
    size_t size = (size_t)(row_pitch(n) + ROW_BLOCK) * sizeof(uint32_t);
    count_row row = {guarded_new(size, random_side()), NULL};
    random_fill(row.memory.bytes, size);
    row.first = (uint32_t *)(void *)row.memory.bytes + ROW_PAD;
    return row;
}

void check_pixel_sums(const plain_kernels *k)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        double scale = random_below(2) ? 255 : random_between(1, 1e6);
        wide_row pixels = wide_row_new(n);
        count_row sums = count_row_new(n + 1);
        uint32_t sum = 0;
        int wrong = 0;
        for (ptrdiff_t x = 0; x < n; x++)
            pixels.first[x] = random_below(2) ? (double)random_below(256) / 255
                                              : random_between(-1, 1);
        k->pixel_sums(pixels.first, n, scale, sums.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = pixels.first[x] * scale;
            wrong += sums.first[x] != sum;
            sum += (uint32_t)(int32_t)(v + (v < 0 ? -0.5 : 0.5));
        }
        check_case("(n %td, scale %g)", n, scale);
        CHECK(wrong == 0 && sums.first[n] == sum);
        guarded_free(&pixels.memory);
        guarded_free(&sums.memory);
    }
}

void check_slanted_sums(const plain_kernels *k)
{
    for (int round = 0; round < 100; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        count_row row[7];
        for (int r = 0; r < 7; r++)
            row[r] = count_row_new(n);
        const uint32_t *before[3] = {row[1].first, row[2].first, row[3].first};
        uint32_t *out[3] = {row[4].first, row[5].first, row[6].first};
        int wrong = 0;
        k->slanted_sums(row[0].first, before, n, out);
        for (ptrdiff_t x = 0; x < n; x++) {
            uint32_t sum = row[0].first[x];
            wrong += out[0][x] != before[0][x] + sum;
            wrong += out[1][x] != before[1][x - 1] + sum;
            wrong += out[2][x] != before[2][x + 1] + sum;
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        for (int r = 0; r < 7; r++)
            guarded_free(&row[r].memory);
    }
}

void check_disc_rows(const plain_kernels *k)
{
    enum { DISCS = 3, PAIRS = 5, REACH = 6 };
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(MOST), taps[2 * PAIRS * DISCS], used = 0;
        ptrdiff_t pitch = row_pitch(n) + ROW_BLOCK;
        count_row base = count_row_new(n + 2 * REACH), out = count_row_new(3 * pitch);
        int32_t pairs[DISCS];
        int wrong = 0;
        for (int disc = 0; disc < DISCS; disc++) {
            pairs[disc] = (int32_t)random_below(PAIRS + 1);
            for (int tap = 0; tap < 2 * pairs[disc]; tap++)
                taps[used++] = random_below(2 * REACH);
        }
        k->disc_rows(base.first, taps, pairs, DISCS, n, (int32_t *)(void *)out.first,
                     pitch);
        used = 0;
        for (int disc = 0; disc < DISCS; disc++, used += 2 * pairs[disc - 1])
            for (ptrdiff_t x = 0; x < n; x++) {
                uint32_t sum = 0;
                for (int pair = 0; pair < pairs[disc]; pair++)
                    sum += base.first[taps[used + 2 * pair] + x] -
                           base.first[taps[used + 2 * pair + 1] + x];
                wrong += out.first[disc * pitch + x] != sum;
            }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        guarded_free(&base.memory);
        guarded_free(&out.memory);
    }
}

void check_bilevel_row(const plain_kernels *k)
{
    for (int round = 0; round < 100; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        count_row outer = count_row_new(n), inner = count_row_new(n);
        float_row out = float_row_new(n);
        const int32_t *a = (const int32_t *)(const void *)outer.first;
        const int32_t *b = (const int32_t *)(const void *)inner.first;
        float one = (float)random_between(0, 1), other = (float)random_between(0, 1);
        int wrong = 0;
        k->bilevel_row(a, b, one, other, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            float first = (float)a[x] * one, second = (float)b[x] * other;
            wrong += !same_double((double)out.first[x], (double)(first - second));
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        guarded_free(&outer.memory);
        guarded_free(&inner.memory);
        guarded_free(&out.memory);
    }
}

/* ------------------------------------------------------------------------ */
/* Extrema                                                                  */
/* ------------------------------------------------------------------------ */

static int is_extremum(const void *const *rows, ptrdiff_t x, double least, double slack,
                       int is_float)
{
    double v = real_at(rows[4], x, is_float);
    int most = 1, lowest = 1;
    for (int k = 0; k < 27; k++) {
        double other = real_at(rows[k / 3], x + k % 3 - 1, is_float);
        most &= other <= v + slack;
        lowest &= other >= v - slack;
    }
    return v >= least && (most || lowest);
}

/* Few levels, so that there are ties. */
void check_extrema_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = 1 + random_below(MOST), levels = 2 + random_below(60);
        double least = (double)random_below(levels), slack = (double)random_below(3);
        wide_row memory[9];
        const void *rows[9];
        uint64_t words[WORDS];
        int wrong = 0;
        for (int r = 0; r < 9; r++) {
            memory[r] = wide_row_new(n + 2 * ROW_BLOCK);
            void *row = memory[r].first;
            rows[r] = row;
            for (ptrdiff_t x = -1; x < n + 2 * ROW_BLOCK + 1; x++) {
                double v = (double)random_below(levels);
                if (is_float)
                    ((float *)row)[x] = (float)v;
                else
                    ((double *)row)[x] = v;
            }
        }
        k->extrema_row(rows, n, least, slack, words);
        for (ptrdiff_t x = 0; x < (n + 63) / 64 * 64; x++)
            wrong += (int)(words[x / 64] >> x % 64 & 1) !=
                     (x < n && is_extremum(rows, x, least, slack, is_float));
        check_case("(n %td, least %g, slack %g)", n, least, slack);
        CHECK(wrong == 0);
        for (int r = 0; r < 9; r++)
            guarded_free(&memory[r].memory);
    }
}

/* ------------------------------------------------------------------------ */
/* The reference's sums                                                     */
/* ------------------------------------------------------------------------ */

void check_bilevel_exact_row(const real_kernels *k, int is_float)
{
    enum { REACH = 5, ROWS = 2 * REACH + 1 };
    static const int32_t outer[REACH + 1] = {5, 5, 4, 4, 2, 0};
    static const int32_t inner[3] = {2, 1, 0};
    bilevel_filter f = {outer, inner, REACH, 2, 0.0625 / 3, -0.1};
    for (int round = 0; round < 40; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        wide_row memory[ROWS], out = wide_row_new(n);
        const wide *rows[ROWS];
        int wrong = 0;
        for (int r = 0; r < ROWS; r++) {
            memory[r] = wide_row_new(n + 2 * REACH + ROW_BLOCK);
            for (ptrdiff_t x = 0; x < n + 2 * REACH; x++)
                memory[r].first[x] = random_between(-1, 1);
            rows[r] = memory[r].first + REACH;
        }
        k->bilevel_exact_row(rows, &f, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            double sum = 0;
            for (int y = -REACH; y <= REACH; y++)
                for (int right = -outer[abs(y)]; right <= outer[abs(y)]; right++) {
                    int within = abs(y) <= 2 && abs(right) <= inner[abs(y)];
                    double weight = within ? f.inner_weight : f.outer_weight;
                    sum += rows[y + REACH][x + right] * weight;
                }
            wrong += !same_double(out.first[x], spec_stored(sum, is_float));
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        for (int r = 0; r < ROWS; r++)
            guarded_free(&memory[r].memory);
        guarded_free(&out.memory);
    }
}

/* ------------------------------------------------------------------------ */
/* Lines                                                                    */
/* ------------------------------------------------------------------------ */

void check_gradient_products_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        wide_row in[3], out[3];
        const wide *rows[3];
        wide *products[3];
        int wrong = 0;
        for (int r = 0; r < 3; r++) {
            in[r] = wide_row_new(n + 2);
            out[r] = wide_row_new(n);
            for (ptrdiff_t x = 0; x < n + 2; x++)
                in[r].first[x] = spec_stored(random_between(-1, 1), is_float);
            rows[r] = in[r].first + 1;
            products[r] = out[r].first;
        }
        k->gradient_products_row(rows, n, products);
        for (ptrdiff_t x = 0; x < n; x++) {
            double down, right;
            spec_gradient(rows, x, is_float, &down, &right);
            wrong += !same_double(products[0][x], spec_stored(down * down, is_float));
            wrong += !same_double(products[1][x], spec_stored(down * right, is_float));
            wrong += !same_double(products[2][x], spec_stored(right * right, is_float));
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        for (int r = 0; r < 3; r++) {
            guarded_free(&in[r].memory);
            guarded_free(&out[r].memory);
        }
    }
}

void check_not_line_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        double most = random_below(5) ? random_between(3, 12) : (double)NAN;
        int wider = random_below(2), wrong = 0;
        wide_row in[3];
        const wide *tensor[3];
        uint8_t keep[MOST + ROW_BLOCK];
        for (int r = 0; r < 3; r++) {
            in[r] = wide_row_new(n);
            tensor[r] = in[r].first;
            for (ptrdiff_t x = 0; x < n; x++)
                in[r].first[x] =
                    spec_stored(random_between(r == 1 ? -1 : 0, 2), is_float);
        }
        k->not_line_row(tensor, n, most, wider, keep);
        for (ptrdiff_t x = 0; x < n; x++) {
            double a = tensor[0][x], b = tensor[1][x], c = tensor[2][x];
            double trace = spec_stored(a + c, is_float);
            double square = spec_stored(trace * trace, is_float);
            double det = spec_stored(a * c, is_float) - spec_stored(b * b, is_float);
            double limit = most * spec_stored(det, is_float);
            limit = wider ? limit : spec_stored(limit, is_float);
            wrong += keep[x] != !(square > limit);
        }
        check_case("(n %td, most %g)", n, most);
        CHECK(wrong == 0);
        for (int r = 0; r < 3; r++)
            guarded_free(&in[r].memory);
    }
}
