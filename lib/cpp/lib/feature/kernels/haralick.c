/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over co-occurrence matrices that lie side by side, and what follows from
 * them. */
#include "kernels/math.h"
#include "kernels/variant.h"

static void add_to(const wide *restrict row, ptrdiff_t n, double *restrict sums)
{
    for (ptrdiff_t x = 0; x < n; x++)
        sums[x] += row[x];
}

/* sums[x % block] += the value: blocks are many planes long, whatever a vector is. */
#define ADD_BLOCKS(value)                                                              \
    for (ptrdiff_t first = 0; first < n; first += block) {                             \
        const wide *restrict p = row + first;                                          \
        ptrdiff_t count = n - first < block ? n - first : block;                       \
        for (ptrdiff_t x = 0; x < count; x++)                                          \
            sums[x] += value;                                                          \
    }

static void add_values(const wide *row, ptrdiff_t n, ptrdiff_t block,
                       wide *restrict sums)
{
    ADD_BLOCKS(p[x])
}

static void add_squares(const wide *row, ptrdiff_t n, ptrdiff_t block,
                        wide *restrict sums)
{
    ADD_BLOCKS(p[x] * p[x])
}

#define STEP 16
#define LISTED 256

/* Elements that are not 0, and where their terms go. */
typedef struct element_list {
    wide values[LISTED];
    int32_t places[LISTED];
    int count;
} element_list;

static void add_terms(element_list *list, wide *restrict sums)
{
    wide terms[LISTED];
    int padded = (list->count + STEP - 1) / STEP * STEP;
    for (int k = list->count; k < padded; k++)
        list->values[k] = 1;
    for (int k = 0; k < padded; k++)
        terms[k] = list->values[k] * logarithm(list->values[k]);
    for (int k = 0; k < list->count; k++)
        sums[list->places[k]] += terms[k];
    list->count = 0;
}

/* Elements are looked at a STEP at a time: most are 0 and add nothing. */
static inline int has_element(const wide *p)
{
    wide_mask any = {0};
    for (int x = 0; x < STEP; x += VECTOR_WIDES)
        any |= load(p + x) != 0;
    return any_lane((lane_mask)any);
}

/* Those that are not 0 are listed. */
static inline void list_elements(const wide *p, ptrdiff_t at, element_list *list)
{
    for (int x = 0; x < STEP; x++) {
        list->values[list->count] = p[x];
        list->places[list->count] = (int32_t)(at + x);
        list->count += p[x] != 0;
    }
}

void NAME(haralick_terms)(wide *terms)
{
    for (int x = 0; x < HARALICK_TERMS; x++)
        terms[x] = (double)x * logarithm((double)(x > 0 ? x : 1));
}

/* Of whole numbers the terms of those that are not large are known, and the others are
 * listed. */
static inline void add_known(const wide *p, ptrdiff_t at, const wide *terms,
                             wide *restrict sums, element_list *list)
{
    wide_mask large = {0};
    int64_t index[STEP];
    for (int x = 0; x < STEP; x += VECTOR_WIDES) {
        vec v = load(p + x);
        wide_mask listed = (v >= 0) & (v < HARALICK_TERMS);
        large |= ~listed;
        v = (vec)((wide_mask)v & listed);
        wide_mask places = __builtin_convertvector(v, wide_mask);
        memcpy(index + x, &places, sizeof places);
    }
    for (int x = 0; x < STEP; x++)
        sums[at + x] += terms[index[x]];
    for (int x = 0; x < STEP && any_lane((lane_mask)large); x++) {
        list->values[list->count] = p[x];
        list->places[list->count] = (int32_t)(at + x);
        list->count += !(p[x] >= 0 && p[x] < HARALICK_TERMS);
    }
}

/* `terms` where all elements are whole numbers, or NULL. */
static void add_logarithms(const wide *row, ptrdiff_t n, ptrdiff_t block,
                           const wide *terms, wide *restrict sums)
{
    element_list list;
    list.count = 0;
    for (ptrdiff_t first = 0, at = 0; first < n; first += STEP, at += STEP) {
        wide rest[STEP] = {0};
        const wide *p = row + first;
        at = at >= block ? at - block : at;
        if (n - first < STEP)
            p = memcpy(rest, p, (size_t)(n - first) * sizeof *p);
        if (!has_element(p))
            continue;
        if (terms != NULL)
            add_known(p, at, terms, sums, &list);
        else
            list_elements(p, at, &list);
        if (list.count > LISTED - STEP - 1)
            add_terms(&list, sums);
    }
    add_terms(&list, sums);
}

/* Adds up the sums of a block that belong to one plane, in order. */
static void fold(const wide *sums, ptrdiff_t count, ptrdiff_t planes, double *out)
{
    for (ptrdiff_t x = 0; x < count; x += planes)
        for (ptrdiff_t k = 0; k < planes; k++)
            out[k] += sums[x + k];
}

void NAME(haralick_row)(const wide *row, ptrdiff_t i, const haralick_sums *sums,
                        wide *spare)
{
    const ptrdiff_t planes = sums->planes, n = sums->levels * planes;
    /* A whole number of planes and of STEPs, and no short loop. */
    const ptrdiff_t block = planes * (planes < 8 ? 4 * STEP : STEP);
    const size_t size = (size_t)(n < block ? n + STEP : block) * sizeof *spare;
    const ptrdiff_t used = n < block ? n : block;
    if (sums->differences != NULL)
        add_to(row, n, sums->differences + (sums->levels - 1 - i) * planes);
    if (sums->columns != NULL)
        add_to(row, n, sums->columns);
    if (sums->rows != NULL) {
        memset(spare, 0, size);
        add_values(row, n, block, spare);
        fold(spare, used, planes, sums->rows + i * planes);
    }
    if (sums->squares != NULL) {
        memset(spare, 0, size);
        add_squares(row, n, block, spare);
        fold(spare, used, planes, sums->squares);
    }
    if (sums->logarithms != NULL) {
        memset(spare, 0, size);
        add_logarithms(row, n, block, sums->terms, spare);
        fold(spare, used, planes, sums->logarithms);
    }
}

/* ------------------------------------------------------------------------ */
/* Properties                                                               */
/* ------------------------------------------------------------------------ */

/* Mean and variance of an index, given how often it is each number from `first`. */
typedef struct moments {
    double mean, variance;
    int one_value;
} moments;

static moments moments_of(const double *often, ptrdiff_t n, ptrdiff_t pitch,
                          double first, double sum)
{
    moments m = {0, 0, 0};
    ptrdiff_t values = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        m.mean += often[x * pitch] * (first + (double)x);
        values += often[x * pitch] != 0;
    }
    m.mean /= sum;
    for (ptrdiff_t x = 0; x < n; x++) {
        double from = first + (double)x - m.mean;
        m.variance += often[x * pitch] * (from * from);
    }
    m.variance /= sum;
    m.one_value = values < 2 && !isnan(sum);
    return m;
}

static double correlation(const haralick_sums *s, ptrdiff_t k, moments i, double sum)
{
    ptrdiff_t n = s->levels;
    moments j = moments_of(s->columns + k, n, s->planes, 0, sum);
    moments d =
        moments_of(s->differences + k, 2 * n - 1, s->planes, (double)(1 - n), sum);
    double deviations = sqrt(i.variance) * sqrt(j.variance);
    if (i.one_value || j.one_value || sqrt(i.variance) < 1e-15 ||
        sqrt(j.variance) < 1e-15)
        return 1;
    return (i.variance + j.variance - d.variance) / 2 / deviations;
}

static double total(const double *of, ptrdiff_t n, ptrdiff_t pitch)
{
    double sum = 0;
    for (ptrdiff_t x = 0; x < n; x++)
        sum += of[x * pitch];
    return sum;
}

/* What the distance to the diagonal tells. */
static void distances(const haralick_sums *s, ptrdiff_t k, double *values)
{
    double contrast = 0, dissimilarity = 0, homogeneity = 0;
    double sum = total(s->differences + k, 2 * s->levels - 1, s->planes);
    sum = sum == 0 ? 1 : sum;
    for (ptrdiff_t x = 0; x < 2 * s->levels - 1; x++) {
        double p = s->differences[x * s->planes + k];
        double d = (double)(x - (s->levels - 1)), square = d * d;
        contrast += p * square;
        dissimilarity += p * (d < 0 ? -d : d);
        homogeneity += p * (1 / (1 + square));
    }
    values[FEATURE_CONTRAST] = contrast / sum;
    values[FEATURE_DISSIMILARITY] = dissimilarity / sum;
    values[FEATURE_HOMOGENEITY] = homogeneity / sum;
}

void NAME(haralick_values)(const haralick_sums *s, ptrdiff_t k, double *values)
{
    if (s->differences != NULL)
        distances(s, k, values);
    if (s->rows == NULL)
        return;
    double all = total(s->rows + k, s->levels, s->planes), sum = all == 0 ? 1 : all;
    if (s->squares != NULL) {
        values[FEATURE_ASM] = s->squares[k] / sum / sum;
        values[FEATURE_ENERGY] = sqrt(values[FEATURE_ASM]);
    }
    if (s->logarithms != NULL) /* -sum of p/S ln(p/S) */
        values[FEATURE_ENTROPY] = (all * logarithm(sum) - s->logarithms[k]) / sum;
    moments i = moments_of(s->rows + k, s->levels, s->planes, 0, sum);
    values[FEATURE_MEAN] = i.mean;
    values[FEATURE_VARIANCE] = i.variance;
    values[FEATURE_STD] = sqrt(i.variance);
    if (s->columns != NULL)
        values[FEATURE_CORRELATION] = correlation(s, k, i, sum);
}
