/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/daisy.c and daisy_sums.c against plain loops. */
#include "kernels_test.h"

#include <math.h>

#define PI 3.14159265358979323846

static guarded doubles_new(ptrdiff_t n)
{
    return guarded_new((size_t)n * sizeof(double), random_side());
}

static double *doubles(const guarded *g)
{
    return (double *)(void *)g->bytes;
}

void check_daisy_maps(const real_kernels *k, int is_float)
{
    enum { N = 37, MOST = 40 };
    for (int round = 0; round < 40; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        double sine[MOST + ROW_BLOCK] = {0}, cosine[MOST + ROW_BLOCK] = {0};
        guarded right = doubles_new(N), down = doubles_new(N), length = doubles_new(N);
        guarded out = doubles_new(N * n + ROW_BLOCK);
        double gx[N], gy[N];
        int wrong = 0;
        for (ptrdiff_t o = 0; o < n; o++) {
            sine[o] = sin(2 * PI * (double)o / (double)n - PI);
            cosine[o] = cos(2 * PI * (double)o / (double)n - PI);
        }
        daisy_fan fan = {sine, cosine, n, (double)n / PI};
        for (int x = 0; x < N; x++) {
            gx[x] = random_below(9) ? random_between(-1, 1) : 0;
            gy[x] = random_below(9) ? random_between(-1, 1) : 0;
            gx[x] = is_float ? (double)(float)gx[x] : gx[x];
            gy[x] = is_float ? (double)(float)gy[x] : gy[x];
        }
        gx[3] = random_below(2) ? (double)NAN : (double)INFINITY;
        memcpy(doubles(&right), gx, sizeof gx);
        memcpy(doubles(&down), gy, sizeof gy);
        k->daisy_maps(doubles(&right), doubles(&down), N, &fan, doubles(&length),
                      doubles(&out));
        for (int x = 0; x < N; x++)
            for (ptrdiff_t o = 0; o < n; o++) {
                double angle = atan2(gy[x], gx[x]), size = hypot(gx[x], gy[x]);
                double centre = 2 * PI * (double)o / (double)n - PI;
                double expected = exp(fan.kappa * cos(angle - centre)) * size;
                double found = doubles(&out)[x * n + o];
                double margin = (is_float ? 1e-6 : 1e-13) * expected;
                wrong += !(fabs(found - expected) <= margin) &&
                         !same_double(found, expected);
            }
        CHECK(wrong == 0);
        guarded_free(&right);
        guarded_free(&down);
        guarded_free(&length);
        guarded_free(&out);
    }
}

void check_daisy_finish(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(13), count = n * (1 + random_below(9));
        int32_t norm = (int32_t)random_below(4);
        guarded values = doubles_new(count);
        guarded out = guarded_new((size_t)count * (is_float ? 4 : 8), random_side());
        double v[13 * 9];
        int wrong = 0;
        for (ptrdiff_t x = 0; x < count; x++)
            doubles(&values)[x] = v[x] = (double)(float)random_between(0, 1);
        k->daisy_finish(doubles(&values), count, n, norm, out.bytes);
        for (ptrdiff_t x = 0; x < count; x++) {
            ptrdiff_t first = norm == FEATURE_DAISY_EACH ? x / n * n : 0;
            ptrdiff_t end = norm == FEATURE_DAISY_EACH ? first + n : count;
            double sum = 0, squares = 0;
            for (ptrdiff_t i = first; i < end; i++) {
                sum += v[i] + 1e-10;
                squares += (v[i] + 1e-10) * (v[i] + 1e-10);
            }
            double divisor = norm == FEATURE_DAISY_L1 ? sum : sqrt(squares);
            double expected =
                norm == FEATURE_DAISY_OFF ? v[x] : (v[x] + 1e-10) / divisor;
            double found = is_float ? (double)((float *)(void *)out.bytes)[x]
                                    : doubles(&out)[x];
            wrong += !(fabs(found - expected) <= (is_float ? 1e-6 : 1e-13));
        }
        CHECK(wrong == 0);
        guarded_free(&values);
        guarded_free(&out);
    }
}

void check_daisy_sums(const plain_kernels *k)
{
    enum { RADIUS = 6, COLS = 30 };
    for (int round = 0; round < 400; round++) {
        int many = 1 + (int)random_below(DAISY_FILTERS);
        ptrdiff_t n = 1 + random_below(13), radius = 0;
        ptrdiff_t count = random_below(16), at[15];
        double weights[DAISY_FILTERS][RADIUS + 1];
        daisy_filter filters[DAISY_FILTERS];
        guarded memory[2 * RADIUS + 1], outs[DAISY_FILTERS];
        const double *rows[2 * RADIUS + 1];
        int wrong = 0;
        for (int f = 0; f < many; f++) {
            ptrdiff_t stride = n + random_below(4);
            radius += random_below(RADIUS + 1 - radius);
            outs[f] = doubles_new(count * stride + 1);
            filters[f] = (daisy_filter){weights[f], radius, stride, doubles(&outs[f])};
            for (ptrdiff_t y = 0; y <= radius; y++)
                weights[f][y] = random_between(0, 1);
        }
        for (ptrdiff_t y = 0; y <= 2 * radius; y++) {
            memory[y] = doubles_new(COLS * n + 8);
            rows[y] = doubles(&memory[y]);
            for (ptrdiff_t x = 0; x < COLS * n + 8; x++)
                doubles(&memory[y])[x] = random_between(-1, 1);
        }
        for (ptrdiff_t p = 0; p < count; p++)
            at[p] = random_below(COLS) * n;
        k->daisy_sums(rows, filters, many, at, count, n);
        for (int f = 0; f < many; f++)
            for (ptrdiff_t p = 0; p < count; p++)
                for (ptrdiff_t o = 0; o < n; o++) {
                    double sum = rows[radius][at[p] + o] * weights[f][0];
                    for (ptrdiff_t i = filters[f].radius; i > 0; i--)
                        sum += (rows[radius - i][at[p] + o] +
                                rows[radius + i][at[p] + o]) *
                               weights[f][i];
                    wrong += filters[f].out[p * filters[f].stride + o] != sum;
                }
        CHECK(wrong == 0);
        for (ptrdiff_t y = 0; y <= 2 * radius; y++)
            guarded_free(&memory[y]);
        for (int f = 0; f < many; f++)
            guarded_free(&outs[f]);
    }
}
