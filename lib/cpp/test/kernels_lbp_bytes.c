/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/lbp_bytes.c against doubles, and what it takes for granted of those. */
#include "kernels_test.h"

#include <math.h>

#define PAD 64
#define COLS 600
#define PITCH (PAD + COLS + PAD)

static const double circle[8][2] = {
    {0, 1},  {-0.70711, 0.70711}, {-1, 0}, {-0.70711, -0.70711},
    {0, -1}, {0.70711, -0.70711}, {1, 0},  {0.70711, 0.70711}};

/* A sample between four pixels, upper pair first, for a pixel at (row, col). */
static double sample(const double *offset, double row, double col, const int *pixels)
{
    double row_floor = floor(offset[0]), col_floor = floor(offset[1]);
    double down = (row + offset[0]) - (row + row_floor);
    double part = (col + offset[1]) - (col + col_floor);
    double high = (1 - part) * pixels[0] + part * pixels[1];
    double low = (1 - part) * pixels[2] + part * pixels[3];
    return (1 - down) * high + down * low;
}

/* The code of pixel x of the middle row, where the image has a row and column more. */
static int code_at(const int16_t *const *rows, double row, double col, ptrdiff_t x)
{
    int code = 0;
    for (int k = 0; k < 8; k++) {
        int pixels[4];
        for (int i = 0; i < 4; i++) {
            ptrdiff_t y = 1 + (ptrdiff_t)floor(circle[k][0]) + i / 2;
            ptrdiff_t at = x + (ptrdiff_t)floor(circle[k][1]) + i % 2;
            pixels[i] = y < 3 ? rows[y][at] : 0;
        }
        code |= (sample(circle[k], row, col + (double)x, pixels) >= rows[1][x]) << k;
    }
    return code;
}

static void check_row(const plain_kernels *k, const int16_t *const *rows, ptrdiff_t n)
{
    uint16_t codes[PITCH];
    double row = (double)random_below(3000), col = (double)random_below(3000);
    int wrong = 0;
    k->lbp_bytes_row(rows, n, row, col, codes);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += codes[x] != code_at(rows, row, col, x);
    check_case("(row %g, column %g, n %td)", row, col, n);
    CHECK(wrong == 0);
}

/* The sign of 29289 s + 70711 t is that of the kernel's integers, and it is 0 for
 * s = t = 0 alone: all others are so large that doubles round none away. */
static int wrong_signs(void)
{
    int wrong = 0;
    for (long s = -510; s <= 510; s++)
        for (long t = -255; t <= 255; t++) {
            long sum = 29289 * s + 70711 * t;
            long part = (t * 27148 - (t * 27148 & 0xffff)) / 0x10000;
            wrong += (sum >= 0) != (s + 2 * t + part >= 0);
            wrong += (s != 0 || t != 0) && labs(sum) < 71;
        }
    return wrong;
}

/* Four equal bytes are never mixed to less than the byte: in every interval between
 * powers of two, where the roundings of rows and columns are the same. */
static int wrong_flats(void)
{
    int wrong = 0;
    for (int y = 0; y < 50; y++)
        for (int x = 0; x < 50; x++)
            for (int c = 0; c < 256; c++)
                for (int i = 1; i < 8; i += 2) {
                    double row = y < 2 ? y : ldexp(1, y / 2) + y % 2;
                    double col = x < 2 ? x : ldexp(1, x / 2) + x % 2;
                    int pixels[4] = {c, c, c, c};
                    wrong += sample(circle[i], row, col, pixels) < c;
                }
    return wrong;
}

void check_lbp_bytes_row(const plain_kernels *k)
{
    static int16_t memory[3][PITCH];
    const int16_t *rows[3] = {memory[0] + PAD, memory[1] + PAD, memory[2] + PAD};
    CHECK(wrong_signs() == 0);
    CHECK(wrong_flats() == 0);
    for (int round = 0; round < 400; round++) {
        ptrdiff_t levels = round % 2 ? 256 : 2 + random_below(4);
        ptrdiff_t least = random_below(257 - levels);
        ptrdiff_t down = random_below(3), right = random_below(3);
        for (ptrdiff_t y = 0; y < 3; y++)
            for (ptrdiff_t x = 0; x < PITCH; x++)
                memory[y][x] =
                    (int16_t)(round % 5 == 4 ? (least + down * y + right * x) % 256
                                             : least + random_below(levels));
        check_row(k, rows, 1 + random_below(COLS));
    }
}

void check_widen_bytes(const plain_kernels *k)
{
    for (int round = 0; round < 50; round++) {
        uint8_t bytes[3 * COLS];
        int16_t out[COLS];
        ptrdiff_t n = 1 + random_below(COLS), stride = random_below(4) - 1;
        stride = stride == 0 ? -3 : stride;
        const uint8_t *first = stride < 0 ? bytes + (1 - n) * stride : bytes;
        int wrong = 0;
        random_fill(bytes, sizeof bytes);
        k->widen_bytes(first, stride, n, out);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += out[x] != first[x * stride];
        CHECK(wrong == 0);
    }
}

void check_lbp_store_bytes(const plain_kernels *k)
{
    for (int round = 0; round < 50; round++) {
        uint8_t table[256], out[COLS];
        uint16_t codes[COLS];
        ptrdiff_t n = 1 + random_below(COLS);
        int wrong = 0;
        random_fill(table, sizeof table);
        for (ptrdiff_t x = 0; x < n; x++)
            codes[x] = (uint16_t)random_below(256);
        k->lbp_store_bytes(codes, n, round % 2 ? table : NULL, FEATURE_UINT8, out, 1);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += out[x] != (round % 2 ? table[codes[x]] : codes[x]);
        CHECK(wrong == 0);
    }
}
