/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/fisher.c against loops over descriptors. */
#include "kernels_test.h"

#include <math.h>

#include "kernels/math.h"

#define ROUNDS 60

/* A random mixture and a block of descriptors, each in memory of its own. */
typedef struct mixture_set {
    mixture_table model;
    guarded means, scales, offsets, x;
} mixture_set;

static wide *numbers_new(guarded *memory, ptrdiff_t n, double least, double most)
{
    *memory = guarded_new((size_t)n * sizeof(wide), random_side());
    wide *numbers = (wide *)(void *)memory->bytes;
    for (ptrdiff_t k = 0; k < n; k++)
        numbers[k] = random_between(least, most);
    return numbers;
}

static mixture_set mixture_new(void)
{
    mixture_set s;
    mixture_table *m = &s.model;
    m->given = 1 + random_below(20);
    m->length = 1 + random_below(70);
    m->modes = (m->given + MIXTURE_LANES - 1) / MIXTURE_LANES * MIXTURE_LANES;
    m->pitch = (m->length + MIXTURE_LANES - 1) / MIXTURE_LANES * MIXTURE_LANES;
    m->means = numbers_new(&s.means, m->length * m->modes, -1, 1);
    m->scales = numbers_new(&s.scales, m->length * m->modes, 0.5, 2);
    m->offsets = numbers_new(&s.offsets, m->modes, -9, 9);
    for (ptrdiff_t k = m->given; k < m->modes; k++)
        m->offsets[k] = -(double)INFINITY;
    numbers_new(&s.x, MIXTURE_BLOCK * m->pitch, -1, 1);
    check_case("(modes %td, length %td)", m->given, m->length);
    return s;
}

static void mixture_free(mixture_set *s)
{
    guarded_free(&s->means);
    guarded_free(&s->scales);
    guarded_free(&s->offsets);
    guarded_free(&s->x);
}

void check_mixture_distances(const plain_kernels *k)
{
    for (int round = 0; round < ROUNDS; round++) {
        mixture_set s = mixture_new();
        const mixture_table *m = &s.model;
        const wide *x = (const wide *)(void *)s.x.bytes;
        guarded out;
        int wrong = 0;
        wide *found = numbers_new(&out, MIXTURE_BLOCK * m->modes, 0, 1);
        k->mixture_distances(x, m, found);
        for (ptrdiff_t n = 0; n < MIXTURE_BLOCK; n++)
            for (ptrdiff_t mode = 0; mode < m->modes; mode++) {
                wide sum = 0;
                for (ptrdiff_t d = 0; d < m->length; d++) {
                    wide t = (x[n * m->pitch + d] - m->means[d * m->modes + mode]) *
                             m->scales[d * m->modes + mode];
                    sum += t * t;
                }
                wrong += !same_double(found[n * m->modes + mode], sum);
            }
        CHECK(wrong == 0);
        guarded_free(&out);
        mixture_free(&s);
    }
}

/* One row by the C library, the sum in the order of the kernel. */
static void spec_posteriors(const mixture_table *m, const wide *distances, wide *out)
{
    wide most = -(wide)INFINITY, part[MIXTURE_LANES] = {0};
    for (ptrdiff_t k = 0; k < m->modes; k++) {
        out[k] = m->offsets[k] - 0.5 * distances[k];
        most = fmax(most, out[k]);
    }
    for (ptrdiff_t k = 0; k < m->modes; k++) {
        out[k] = exponential(out[k] - most);
        part[k % MIXTURE_LANES] += out[k];
    }
    wide whole = ((part[0] + part[4]) + (part[2] + part[6])) +
                 ((part[1] + part[5]) + (part[3] + part[7]));
    for (ptrdiff_t k = 0; k < m->modes; k++)
        out[k] /= whole;
}

void check_mixture_posteriors(const plain_kernels *k)
{
    for (int round = 0; round < ROUNDS; round++) {
        mixture_set s = mixture_new();
        const mixture_table *m = &s.model;
        ptrdiff_t count = 1 + random_below(MIXTURE_BLOCK);
        guarded rows_memory, sums_memory;
        wide *rows = numbers_new(&rows_memory, count * m->modes, 0, 300);
        wide *sums = numbers_new(&sums_memory, m->modes, 0, 1);
        wide expected[MIXTURE_BLOCK][32], totals[32];
        int wrong = 0;
        memcpy(totals, sums, (size_t)m->modes * sizeof(wide));
        for (ptrdiff_t n = 0; n < count; n++) {
            spec_posteriors(m, rows + n * m->modes, expected[n]);
            for (ptrdiff_t mode = 0; mode < m->modes; mode++)
                totals[mode] += expected[n][mode];
        }
        k->mixture_posteriors(m, count, rows, sums);
        for (ptrdiff_t mode = 0; mode < m->modes; mode++) {
            wrong += !same_double(sums[mode], totals[mode]);
            for (ptrdiff_t n = 0; n < count; n++)
                wrong += !same_double(rows[n * m->modes + mode], expected[n][mode]);
        }
        CHECK(wrong == 0);
        guarded_free(&rows_memory);
        guarded_free(&sums_memory);
        mixture_free(&s);
    }
}

void check_mixture_sums(const plain_kernels *k)
{
    for (int round = 0; round < ROUNDS; round++) {
        mixture_set s = mixture_new();
        const mixture_table *m = &s.model;
        const wide *x = (const wide *)(void *)s.x.bytes;
        ptrdiff_t count = 1 + random_below(MIXTURE_BLOCK), pitch = m->pitch;
        guarded weights_memory, sums_memory;
        wide *p = numbers_new(&weights_memory, count * m->modes, -0.5, 1);
        wide *sums = numbers_new(&sums_memory, 2 * m->given * pitch, -1, 1);
        int wrong = 0;
        for (ptrdiff_t i = 0; i < count * m->modes; i++)
            p[i] = p[i] < 0 ? 1e-31 : random_below(40) ? p[i] : (wide)NAN;
        wide *expected = malloc((size_t)(2 * m->given * pitch) * sizeof(wide));
        memcpy(expected, sums, (size_t)(2 * m->given * pitch) * sizeof(wide));
        for (ptrdiff_t n = 0; n < count; n++)
            for (ptrdiff_t mode = 0; mode < m->given; mode++)
                for (ptrdiff_t d = 0; d < pitch; d++) {
                    wide weight = p[n * m->modes + mode], value = x[n * pitch + d];
                    if (weight <= MIXTURE_LEAST)
                        continue;
                    expected[2 * mode * pitch + d] += weight * value;
                    expected[(2 * mode + 1) * pitch + d] += weight * value * value;
                }
        k->mixture_sums(x, p, m, count, sums);
        for (ptrdiff_t i = 0; i < 2 * m->given * pitch; i++)
            wrong += !same_double(sums[i], expected[i]);
        CHECK(wrong == 0);
        free(expected);
        guarded_free(&weights_memory);
        guarded_free(&sums_memory);
        mixture_free(&s);
    }
}
