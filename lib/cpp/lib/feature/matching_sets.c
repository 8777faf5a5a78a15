/* SPDX-License-Identifier: BSD-3-Clause */
/* The two sets of matching (matching.c) in the units that scores are made of. */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "matching.h"

/* Sums of so many squares of bytes are below 2^32, of their products with -128 to 127
 * above -2^31. */
#define BYTES_AT_MOST 32768

route match_route_for(const feature_array *descriptors, int32_t metric)
{
    if (descriptors->dtype == FEATURE_BOOL)
        return BITS;
    if (metric != FEATURE_EUCLIDEAN && metric != FEATURE_SQEUCLIDEAN)
        return LANES;
    int fits = descriptors->shape[1] <= BYTES_AT_MOST;
    return descriptors->dtype == FEATURE_UINT8 && fits ? BYTES : DOTS;
}

void match_choose_route(match_job *job, route r)
{
    static const ptrdiff_t elements[] = {WORD_BITS, 4, 1, 1}; /* of a unit */
    static const size_t unit[] = {sizeof(uint64_t), 4, sizeof(float), sizeof(double)};
    job->route = r;
    job->words = (job->length + elements[r] - 1) / elements[r];
    job->unit = unit[r];
}

void match_load(const match_job *job, const feature_array *array, ptrdiff_t i,
                double *row)
{
    job->plain->load_unscaled_row(row_of(array, i), array->strides[1], job->length,
                                  (feature_dtype)array->dtype, row);
}

/* One bit for each of eight bytes that is not 0. */
static uint64_t bits_of_bools(uint64_t eight)
{
    const uint64_t seven_bits = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t set = ((eight & seven_bits) + seven_bits) | eight; /* in the highest bit */
    set = set >> 7 & UINT64_C(0x0101010101010101);
    return set * UINT64_C(0x0102040810204080) >> 56; /* meet in the highest byte */
}

static void pack_bits(const match_job *job, const feature_array *array, ptrdiff_t i,
                      uint64_t *words, ptrdiff_t apart)
{
    const uint8_t *at = row_of(array, i);
    ptrdiff_t stride = array->strides[1];
    for (ptrdiff_t w = 0; w < job->words; w++) {
        uint64_t word = 0;
        ptrdiff_t left = job->length - w * WORD_BITS;
        ptrdiff_t k = 0;
        for (; stride == 1 && k < WORD_BITS && k + 8 <= left; k += 8) {
            uint64_t eight;
            memcpy(&eight, at + w * WORD_BITS + k, sizeof eight);
            word |= bits_of_bools(eight) << k;
        }
        for (; k < WORD_BITS && k < left; k++)
            word |= (uint64_t)(at[(w * WORD_BITS + k) * stride] != 0) << k;
        words[w * apart] = word;
    }
}

/*
 * Four bytes a unit. For b of a panel and a query's a, of which q = a - 128 is kept,
 *
 *     |b|^2 - 2 a.b = (|b|^2 - 256 sum of b) - 2 q.b
 *
 * where the bracket is the norm. If that or 2 q.b exceeds 2^24 and is rounded, the sum
 * of b is above 2^16, and 2^-24 of it less than 2^-24 of (sum of b)^2 / P <= |b|^2:
 * that is within the error of `dots`.
 */
static double pack_bytes(const match_job *job, const feature_array *array, ptrdiff_t i,
                         void *spare, unsigned char *units, ptrdiff_t apart,
                         double *norm)
{
    const uint8_t *at = row_of(array, i);
    uint8_t *row = spare;
    ptrdiff_t stride = array->strides[1];
    uint32_t less_128 = norm == NULL ? 0x80808080 : 0;
    uint32_t square = 0, sum = 0; /* BYTES_AT_MOST of them fit */
    for (ptrdiff_t p = 0; p < job->length; p++) {
        uint32_t v = row[p] = at[p * stride];
        square += v * v;
        sum += v;
    }
    memset(row + job->length, 0, (size_t)(4 * job->words - job->length));
    for (ptrdiff_t w = 0; w < job->words; w++) {
        uint32_t unit;
        memcpy(&unit, row + 4 * w, sizeof unit);
        unit ^= less_128;
        memcpy(units + 4 * w * apart, &unit, sizeof unit);
    }
    if (norm != NULL)
        *norm = (double)square - 256.0 * (double)sum;
    return (double)square;
}

double match_pack_one(const match_job *job, const feature_array *array, ptrdiff_t i,
                      double *row, void *to, ptrdiff_t apart, double *norm)
{
    double square = 0;
    if (job->route == BYTES)
        return pack_bytes(job, array, i, row, to, apart, norm);
    if (job->route == BITS) {
        pack_bits(job, array, i, to, apart);
    } else {
        match_load(job, array, i, row);
        for (ptrdiff_t p = 0; p < job->length; p++) {
            square += row[p] * row[p];
            if (job->route == DOTS)
                ((float *)to)[p * apart] = (float)row[p];
            else
                ((double *)to)[p * apart] = row[p];
        }
    }
    if (norm != NULL)
        *norm = square;
    return square;
}

typedef struct pack_job {
    const match_job *job;
    side *side;
} pack_job;

static void pack_panel(void *context, ptrdiff_t panel, int thread)
{
    const pack_job *packing = context;
    const match_job *job = packing->job;
    side *s = packing->side;
    match_scratch scratch = match_scratch_of(job, thread);
    unsigned char *to = s->packed + (size_t)(panel * PANEL * job->words) * job->unit;
    double largest = 0;
    memset(to, 0, (size_t)(PANEL * job->words) * job->unit);
    for (ptrdiff_t k = 0; k < PANEL; k++) {
        ptrdiff_t i = panel * PANEL + k;
        double norm = INFINITY;
        if (i < s->count)
            largest = match_larger_square(
                largest, match_pack_one(job, s->array, i, scratch.query,
                                        to + k * (ptrdiff_t)job->unit, PANEL, &norm));
        s->norms[i] = (float)norm;
    }
    s->square[panel] = largest;
}

feature_status match_pack(match_job *job, side *s, team *t)
{
    pack_job packing = {job, s};
    feature_status status = team_run(t, s->panels, pack_panel, &packing);
    s->largest = 0;
    for (ptrdiff_t panel = 0; panel < s->panels; panel++)
        s->largest = match_larger_square(s->largest, s->square[panel]);
    return status;
}
