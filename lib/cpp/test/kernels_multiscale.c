/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/multiscale.c against loops over pixels, on memory that ends at a trap. */
#include "kernels_test.h"

#include <math.h>

#include "spec.h"

#define RADIUS_AT_MOST 40

/* n elements and nothing around them. */
typedef struct line {
    guarded memory;
    float *first;
} line;

static line line_new(ptrdiff_t n)
{
    line l = {guarded_new((size_t)n * sizeof(float), random_side()), NULL};
    l.first = (float *)(void *)l.memory.bytes;
    for (ptrdiff_t x = 0; x < n; x++)
        l.first[x] = random_below(8) ? (float)random_between(-1, 1)
                                     : (float)awkward_double();
    return l;
}

static void lines_free(line *lines, int count)
{
    for (int k = 0; k < count; k++)
        guarded_free(&lines[k].memory);
}

static void strip_one(const plain_kernels *k, ptrdiff_t n, ptrdiff_t radius)
{
    ptrdiff_t even = n + n % 2, under = even + 2 * radius;
    guarded in = guarded_new((size_t)under * STRIP * sizeof(wide), random_side());
    guarded out = guarded_new((size_t)even * STRIP * sizeof(float), random_side());
    wide *strip = (wide *)(void *)in.bytes;
    float *sums = (float *)(void *)out.bytes;
    double weights[RADIUS_AT_MOST + 1];
    int wrong = 0, calm = random_below(3) != 0;
    for (ptrdiff_t x = 0; x < under * STRIP; x++)
        strip[x] = calm ? random_between(-1, 1) : awkward_double();
    for (ptrdiff_t r = 0; r <= radius; r++)
        weights[r] = random_between(-0.1, 1);
    k->strip_sums(strip, weights, radius, n, sums);
    for (ptrdiff_t x = 0; x < n * STRIP; x++) {
        const wide *centre = strip + x + radius * STRIP;
        double sum = centre[0] * weights[0];
        for (ptrdiff_t r = radius; r > 0; r--)
            sum += (centre[-r * STRIP] + centre[r * STRIP]) * weights[r];
        wrong += !same_float(sums[x], (float)sum);
    }
    check_case("(n %td, radius %td)", n, radius);
    CHECK(wrong == 0);
    guarded_free(&in);
    guarded_free(&out);
}

void check_strip_sums(const plain_kernels *k)
{
    for (ptrdiff_t n = 1; n < 40; n++)
        strip_one(k, n, random_below(RADIUS_AT_MOST + 1));
}

void check_widen_strip(const plain_kernels *k)
{
    ptrdiff_t n = 9, pitch = 23;
    line in = line_new((n - 1) * pitch + STRIP);
    guarded out = guarded_new((size_t)n * STRIP * sizeof(wide), random_side());
    const wide *strip = (const wide *)(const void *)out.bytes;
    k->widen_strip(in.first, pitch, n, (wide *)(void *)out.bytes);
    for (ptrdiff_t y = 0; y < n; y++)
        for (ptrdiff_t x = 0; x < STRIP; x++)
            CHECK(same_double(strip[y * STRIP + x], in.first[y * pitch + x]));
    lines_free(&in, 1);
    guarded_free(&out);
}

void check_turn_tile(const plain_kernels *k)
{
    ptrdiff_t from = STRIP + random_below(9), to = STRIP + random_below(9);
    line in = line_new((STRIP - 1) * from + STRIP);
    line out = line_new((STRIP - 1) * to + STRIP);
    k->turn_tile(in.first, from, out.first, to);
    for (ptrdiff_t y = 0; y < STRIP; y++)
        for (ptrdiff_t x = 0; x < STRIP; x++)
            CHECK(same_float(out.first[x * to + y], in.first[y * from + x]));
    lines_free(&in, 1);
    lines_free(&out, 1);
}

void check_scale_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i);
        float scale = (float)random_between(0, 2), least = i % 2 ? -1 : -INFINITY;
        guarded in = guarded_new((size_t)n * sizeof(wide), random_side());
        wide *row = (wide *)(void *)in.bytes;
        line out = line_new(n);
        for (ptrdiff_t x = 0; x < n; x++)
            row[x] = random_below(4) ? random_between(-2, 2) : awkward_double();
        k->scale_row(row, scale, least, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            float v = (float)row[x] * scale;
            CHECK(same_float(out.first[x], v < least ? least : v));
        }
        guarded_free(&in);
        lines_free(&out, 1);
    }
}

/* ------------------------------------------------------------------------ */
/* Sobel's operator                                                         */
/* ------------------------------------------------------------------------ */

/* A line as the kernel sees it: `before` and `behind` elements around n. */
static float at(const float *from, ptrdiff_t x, ptrdiff_t n, int before, int behind)
{
    x = x < -before ? -before : x;
    return from[x > n - 1 + behind ? n - 1 + behind : x];
}

/* The sum of all weights of the axis over all lines, in C's order. */
static float spec_axis(const float *const *lines, int axes, int axis, ptrdiff_t x,
                       ptrdiff_t n, int before, int behind)
{
    double sum = 0;
    ptrdiff_t count = axes == 2 ? 3 : 9;
    for (ptrdiff_t l = 0; l < count; l++)
        for (int step = -1; step <= 1; step++) {
            int offset[3] = {axes == 2 ? (int)l - 1 : (int)(l / 3) - 1,
                             axes == 2 ? step : (int)(l % 3) - 1, step};
            double weight = 1;
            for (int k = 0; k < axes; k++)
                weight *= k == axis ? offset[k] : offset[k] ? 0.25 : 0.5;
            if (weight != 0)
                sum += weight * (double)at(lines[l], x + step, n, before, behind);
        }
    return (float)sum;
}

static void sobel_one(const plain_kernels *k, int axes, ptrdiff_t n)
{
    int before = (int)random_below(2), behind = (int)random_below(2), wrong = 0;
    ptrdiff_t count = axes == 2 ? 3 : 9;
    const float *lines[9], *spare[9];
    double weights[27];
    line in[9], out = line_new(n);
    for (ptrdiff_t l = 0; l < count; l++) {
        in[l] = line_new(n + before + behind);
        for (ptrdiff_t x = 0; axes == 3 && x < n + before + behind; x++)
            in[l].first[x] = (float)random_below(64); /* exact in any order */
        lines[l] = in[l].first + before;
        for (int axis = 0; axis < axes; axis++) {
            int first = (int)(l / 3) - 1, second = (int)(l % 3) - 1;
            double smooth[2] = {first ? 0.25 : 0.5, second ? 0.25 : 0.5};
            weights[axis * 9 + l] = axis == 0   ? first * smooth[1]
                                    : axis == 1 ? smooth[0] * second
                                                : smooth[0] * smooth[1];
        }
    }
    sobel_lines how = {axes, count, weights, !before, !behind};
    k->sobel_magnitude_row(lines, &how, spare, n, out.first);
    for (ptrdiff_t x = 0; x < n; x++) {
        float square = 0;
        for (int axis = 0; axis < axes; axis++) {
            float v = spec_axis(lines, axes, axis, x, n, before, behind);
            square += v * v;
        }
        wrong += !same_float(out.first[x], sqrtf(square) / sqrtf((float)axes));
    }
    check_case("(n %td, %d axes, before %d, behind %d)", n, axes, before, behind);
    CHECK(wrong == 0);
    lines_free(in, (int)count);
    lines_free(&out, 1);
}

void check_sobel_magnitude_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 8; times++)
            sobel_one(k, 2 + times % 2, length_number(i));
}

void check_signed_slope_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i);
        int before = (int)random_below(2), behind = (int)random_below(2);
        line in = line_new(n + before + behind), out = line_new(n);
        const float *from = in.first + before;
        k->signed_slope_row(from, !before, !behind, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++)
            CHECK(same_float(out.first[x], at(from, x + 1, n, before, behind) -
                                               at(from, x - 1, n, before, behind)));
        lines_free(&in, 1);
        lines_free(&out, 1);
    }
}

/* ------------------------------------------------------------------------ */
/* Second differences                                                       */
/* ------------------------------------------------------------------------ */

/* numpy.gradient of n elements. */
static void spec_differences(const float *in, ptrdiff_t n, float *out)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        ptrdiff_t low = x > 0 ? x - 1 : 0, high = x < n - 1 ? x + 1 : x;
        out[x] = (in[high] - in[low]) / (high - low == 2 ? 2.0f : 1.0f);
    }
}

void check_second_across(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i);
        line in[4] = {line_new(n), line_new(n), line_new(n), line_new(n)};
        line out = line_new(n);
        const float *corners[4] = {in[0].first, in[1].first, in[2].first, in[3].first};
        const float scales[3] = {0.5f, 1, random_below(2) ? 0.5f : 1};
        k->second_across(corners, scales, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++) {
            float high = (corners[0][x] - corners[1][x]) * scales[0];
            float low = (corners[2][x] - corners[3][x]) * scales[1];
            CHECK(same_float(out.first[x], (high - low) * scales[2]));
        }
        lines_free(in, 4);
        lines_free(&out, 1);
    }
}

/* A part of a line of at least two elements, as long as both kernels may see it. */
static void second_one(const plain_kernels *k, ptrdiff_t n, int mixed)
{
    ptrdiff_t before = random_below(4), behind = random_below(4);
    if (n + before + behind < 2)
        behind = 1;
    ptrdiff_t whole = before + n + behind;
    line high = line_new(whole), low = line_new(whole), out = line_new(n);
    float *slope = malloc((size_t)whole * sizeof *slope);
    float *second = malloc((size_t)whole * sizeof *second);
    float scale = random_below(2) ? 0.5f : 1;
    int wrong = 0;
    if (mixed) {
        for (ptrdiff_t x = 0; x < whole; x++)
            slope[x] = (high.first[x] - low.first[x]) * scale;
        k->second_mixed(high.first + before, low.first + before, scale, before, behind,
                        n, out.first);
    } else {
        spec_differences(high.first, whole, slope);
        k->second_along(high.first + before, before, behind, n, out.first);
    }
    spec_differences(slope, whole, second);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += !same_float(out.first[x], second[before + x]);
    check_case("(n %td, before %td, behind %td, mixed %d)", n, before, behind, mixed);
    CHECK(wrong == 0);
    free(slope);
    free(second);
    lines_free(&high, 1);
    lines_free(&low, 1);
    lines_free(&out, 1);
}

void check_second_mixed(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 6; times++)
            second_one(k, length_number(i), 1);
}

void check_second_along(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 12; times++)
            second_one(k, length_number(i), 0);
}

void check_eigenvalue_pairs(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i);
        line in[3] = {line_new(n), line_new(n), line_new(n)};
        line out[2] = {line_new(n), line_new(n)};
        k->eigenvalue_pairs(in[0].first, in[1].first, in[2].first, n, out[0].first,
                            out[1].first);
        for (ptrdiff_t x = 0; x < n; x++) {
            float a = in[0].first[x], b = in[1].first[x], c = in[2].first[x];
            float half = (a - c) / 2, gap = sqrtf(b * b + half * half);
            CHECK(same_float(out[0].first[x], (a + c) / 2 + gap));
            CHECK(same_float(out[1].first[x], (a + c) / 2 - gap));
        }
        lines_free(in, 3);
        lines_free(out, 2);
    }
}

void check_weave_planes(const plain_kernels *k)
{
    for (ptrdiff_t count = 1; count <= 13; count++) {
        ptrdiff_t n = 1 + random_below(40), pixel = count + random_below(5);
        line planes[13], out = line_new((n - 1) * pixel + count);
        const float *in[13];
        for (ptrdiff_t p = 0; p < count; p++) {
            planes[p] = line_new(n);
            in[p] = planes[p].first;
        }
        int backwards = (int)random_below(2);
        ptrdiff_t stride = pixel * (ptrdiff_t)sizeof(float);
        float *first = out.first + (backwards ? (n - 1) * pixel : 0);
        k->weave_planes(in, count, n, first, backwards ? -stride : stride);
        for (ptrdiff_t x = 0; x < n; x++)
            for (ptrdiff_t p = 0; p < count; p++)
                CHECK(same_float(first[(backwards ? -x : x) * pixel + p], in[p][x]));
        lines_free(planes, (int)count);
        lines_free(&out, 1);
    }
}
