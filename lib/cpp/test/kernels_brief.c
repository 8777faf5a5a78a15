/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/brief.c against plain loops. */
#include "kernels_test.h"

#include "spec.h"

#define SIDE 40

/* Few levels, so that pairs are often equal, and some NaN. */
static double draw_level(void)
{
    ptrdiff_t level = random_below(6);
    return level == 5 ? NAN : (double)level / 4;
}

static double level_at(const unsigned char *plane, ptrdiff_t i, int is_float)
{
    return is_float ? (double)((const float *)(const void *)plane)[i]
                    : ((const double *)(const void *)plane)[i];
}

void check_compare_pairs(const real_kernels *k, int is_float)
{
    size_t item = is_float ? sizeof(float) : sizeof(double);
    guarded plane = guarded_new(SIDE * SIDE * item, GUARD_AFTER);
    for (ptrdiff_t i = 0; i < SIDE * SIDE; i++) {
        double level = draw_level();
        if (is_float)
            ((float *)(void *)plane.bytes)[i] = (float)level;
        else
            ((double *)(void *)plane.bytes)[i] = level;
    }
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i), place = random_below(SIDE * SIDE), wrong = 0;
        guarded pairs = guarded_new(2 * (size_t)n * sizeof(ptrdiff_t), random_side());
        guarded bits = guarded_new((size_t)n, random_side());
        ptrdiff_t *pair = (ptrdiff_t *)(void *)pairs.bytes;
        for (ptrdiff_t j = 0; j < 2 * n; j++)
            pair[j] = random_below(SIDE * SIDE) - place;
        k->compare_pairs(plane.bytes + (size_t)place * item, pair, n, bits.bytes);
        for (ptrdiff_t j = 0; j < n; j++)
            wrong += bits.bytes[j] !=
                     (level_at(plane.bytes, place + pair[2 * j], is_float) <
                      level_at(plane.bytes, place + pair[2 * j + 1], is_float));
        check_case("(%td pairs)", n);
        CHECK(wrong == 0);
        guarded_free(&pairs);
        guarded_free(&bits);
    }
    guarded_free(&plane);
}
