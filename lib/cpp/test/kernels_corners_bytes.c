/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/corners.c: Kitchen and Rosenfeld's measure of bytes against that of wide. */
#include "kernels_test.h"

#include "spec.h"

#define PAD 64
#define COLS 300
#define PITCH (PAD + COLS + PAD)

typedef struct short_rows {
    int16_t memory[3][PITCH];
    const int16_t *row[3];
} short_rows;

static void fill(short_rows *r, ptrdiff_t least, ptrdiff_t most)
{
    for (ptrdiff_t y = 0; y < 3; y++) {
        for (ptrdiff_t x = 0; x < PITCH; x++)
            r->memory[y][x] = (int16_t)(least + random_below(most - least + 1));
        r->row[y] = r->memory[y] + PAD;
    }
}

void check_gradient_bytes_row(const real_kernels *k, int is_float)
{
    static short_rows r;
    (void)is_float;
    for (int round = 0; round < 200; round++) {
        int16_t down[PITCH], right[PITCH];
        ptrdiff_t n = 1 + random_below(COLS);
        int wrong = 0;
        fill(&r, 0, round % 2 ? 255 : 2);
        k->gradient_bytes_row(r.row, n, down, right);
        for (ptrdiff_t x = 0; x < n; x++) {
            const int16_t *a = r.row[0] + x, *b = r.row[1] + x, *c = r.row[2] + x;
            wrong += down[x] != c[-1] + 2 * c[0] + c[1] - a[-1] - 2 * a[0] - a[1];
            wrong += right[x] != a[1] + 2 * b[1] + c[1] - a[-1] - 2 * b[-1] - c[-1];
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
    }
}

/* SciPy's steps, with the signs of their zeros. */
static double spec_difference(double before, double here, double after)
{
    return here * 0 - (before - after);
}

static double spec_weighed(double before, double here, double after)
{
    return here * 2 + (before + after);
}

static double spec_across(const short_rows *r, ptrdiff_t x)
{
    double d[3];
    for (ptrdiff_t k = 0; k < 3; k++)
        d[k] = spec_difference(r->row[0][x + k - 1], r->row[1][x + k - 1],
                               r->row[2][x + k - 1]);
    return spec_weighed(d[0], d[1], d[2]);
}

static double spec_along(const short_rows *r, ptrdiff_t x)
{
    double d[3];
    for (ptrdiff_t y = 0; y < 3; y++)
        d[y] = spec_difference(r->row[y][x - 1], r->row[y][x], r->row[y][x + 1]);
    return spec_weighed(d[0], d[1], d[2]);
}

void check_kitchen_rosenfeld_bytes_row(const real_kernels *k, int is_float)
{
    static short_rows down, right;
    void *row[6]; /* of reals */
    for (int r = 0; r < COUNT_OF(row); r++)
        row[r] = malloc(COLS * sizeof(double));
    for (int round = 0; round < 200; round++) {
        wide out[COLS + 1];
        ptrdiff_t n = 1 + random_below(COLS), most = round % 2 ? 1020 : 2, wrong = 0;
        fill(&down, round % 3 == 0 ? -1 : -most, round % 3 == 0 ? 0 : most);
        fill(&right, -most, most);
        for (ptrdiff_t x = 0; x < n; x++) {
            put_real(row[0], x, down.row[1][x], is_float);
            put_real(row[1], x, right.row[1][x], is_float);
            put_real(row[2], x, spec_across(&down, x), is_float);
            put_real(row[3], x, spec_across(&right, x), is_float);
            put_real(row[4], x, spec_along(&right, x), is_float);
        }
        const void *first[2] = {row[0], row[1]}, *second[3] = {row[2], row[3], row[4]};
        k->kitchen_rosenfeld_row(first, second, n, row[5]);
        out[n] = 42;
        k->kitchen_rosenfeld_bytes_row(down.row, right.row, n, out);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(out[x], real_at(row[5], x, is_float));
        check_case("(n %td, gradients up to %td)", n, most);
        CHECK(wrong == 0 && out[n] == 42);
    }
    for (int r = 0; r < COUNT_OF(row); r++)
        free(row[r]);
}
