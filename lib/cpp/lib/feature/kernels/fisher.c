/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of descriptors against a mixture of Gaussians (fisher.c): squared distances
 * to all modes, posteriors, and weighted sums. Every sum has one order whatever the
 * width of a vector is: lanes are modes or elements, never terms of one sum.
 */
#include "kernels/math.h"
#include "kernels/variant.h"

#define SIDE_BY_SIDE 8 /* descriptors that share what is loaded of a mode */

/* Distances of SIDE_BY_SIDE descriptors to the modes of one vector. */
static inline void square_tile(const wide *x, const mixture_table *model,
                               ptrdiff_t mode, wide *out)
{
    vec sums[SIDE_BY_SIDE] = {{0}};
    const wide *means = model->means + mode, *scales = model->scales + mode;
    for (ptrdiff_t d = 0; d < model->length; d++) {
        vec mean = load(means + d * model->modes),
            scale = load(scales + d * model->modes);
        for (ptrdiff_t i = 0; i < SIDE_BY_SIDE; i++) {
            vec t = (mean - x[i * model->pitch + d]) * scale;
            sums[i] += t * t;
        }
    }
    for (ptrdiff_t i = 0; i < SIDE_BY_SIDE; i++)
        store(out + i * model->modes, sums[i]);
}

void NAME(mixture_distances)(const wide *x, const mixture_table *model, wide *out)
{
    for (ptrdiff_t n = 0; n < MIXTURE_BLOCK; n += SIDE_BY_SIDE)
        for (ptrdiff_t mode = 0; mode < model->modes; mode += VECTOR_WIDES)
            square_tile(x + n * model->pitch, model, mode,
                        out + n * model->modes + mode);
}

/* Sums of every MIXTURE_LANES-th element, added in pairs. */
static inline wide sum_of_row(const wide *row, ptrdiff_t n)
{
    wide part[MIXTURE_LANES] = {0};
    for (ptrdiff_t k = 0; k < n; k += MIXTURE_LANES)
        for (int j = 0; j < MIXTURE_LANES; j++)
            part[j] += row[k + j];
    for (int half = MIXTURE_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            part[j] += part[j + half];
    return part[0];
}

static inline wide maximum_of_row(const wide *row, ptrdiff_t n)
{
    wide part[MIXTURE_LANES];
    memcpy(part, row, sizeof part);
    for (ptrdiff_t k = MIXTURE_LANES; k < n; k += MIXTURE_LANES)
        for (int j = 0; j < MIXTURE_LANES; j++)
            part[j] = part[j] < row[k + j] ? row[k + j] : part[j];
    for (int j = 1; j < MIXTURE_LANES; j++)
        part[0] = part[0] < part[j] ? part[j] : part[0];
    return part[0];
}

/* The log densities are moved below 0 by the largest, which no posterior feels. */
void NAME(mixture_posteriors)(const mixture_table *model, ptrdiff_t count, wide *rows,
                              wide *sums)
{
    ptrdiff_t modes = model->modes;
    const wide *offsets = model->offsets;
    for (ptrdiff_t n = 0; n < count; n++) {
        wide *row = rows + n * modes;
        for (ptrdiff_t k = 0; k < modes; k++)
            row[k] = offsets[k] - 0.5 * row[k];
        wide most = maximum_of_row(row, modes);
        INDEPENDENT_TURNS
        for (ptrdiff_t k = 0; k < modes; k++)
            row[k] = exponential(row[k] - most);
        wide whole = sum_of_row(row, modes);
        INDEPENDENT_TURNS
        for (ptrdiff_t k = 0; k < modes; k++) {
            row[k] = row[k] / whole;
            sums[k] += row[k];
        }
    }
}

/* The descriptors that one mode takes part in, and how much. */
typedef struct members {
    ptrdiff_t count, at[MIXTURE_BLOCK];
    wide weight[MIXTURE_BLOCK];
} members;

static inline void list_members(const wide *posteriors, ptrdiff_t modes,
                                ptrdiff_t pitch, ptrdiff_t count, members *list)
{
    ptrdiff_t found = 0;
    for (ptrdiff_t n = 0; n < count; n++) {
        wide p = posteriors[n * modes];
        list->at[found] = n * pitch;
        list->weight[found] = p;
        found += !(p <= MIXTURE_LEAST); /* NaN is a member */
    }
    list->count = found;
}

/* `vectors` neighbouring vectors of both sums stay in registers. */
static inline void weigh_tile(const wide *x, const members *list, int vectors,
                              wide *first, wide *second)
{
    vec a[4], b[4];
    for (int v = 0; v < vectors; v++) {
        a[v] = load(first + v * VECTOR_WIDES);
        b[v] = load(second + v * VECTOR_WIDES);
    }
    for (ptrdiff_t i = 0; i < list->count; i++)
        for (int v = 0; v < vectors; v++) {
            vec value = load(x + list->at[i] + v * VECTOR_WIDES);
            vec t = list->weight[i] * value;
            a[v] += t;
            b[v] += t * value;
        }
    for (int v = 0; v < vectors; v++) {
        store(first + v * VECTOR_WIDES, a[v]);
        store(second + v * VECTOR_WIDES, b[v]);
    }
}

void NAME(mixture_sums)(const wide *x, const wide *posteriors,
                        const mixture_table *model, ptrdiff_t count, wide *sums)
{
    ptrdiff_t pitch = model->pitch;
    for (ptrdiff_t k = 0; k < model->given; k++) {
        members list;
        list_members(posteriors + k, model->modes, pitch, count, &list);
        wide *first = sums + 2 * k * pitch, *second = first + pitch;
        ptrdiff_t d = 0;
        for (; d + 4 * VECTOR_WIDES <= pitch; d += 4 * VECTOR_WIDES)
            weigh_tile(x + d, &list, 4, first + d, second + d);
        for (; d < pitch; d += VECTOR_WIDES)
            weigh_tile(x + d, &list, 1, first + d, second + d);
    }
}
