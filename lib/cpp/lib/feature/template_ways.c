/* SPDX-License-Identifier: BSD-3-Clause */
/* How a template is matched: which way, and in which tiles. */
#include "template.h"

#include <math.h>

#define EXACT_MOST 0x1p52     /* of sums and products of integers */
#define PARTS_AT_MOST 24      /* that an axis is cut into */
#define CACHED 131072.0       /* elements of a tile that stay in the second cache */
#define DIRECT_NANOSECONDS 0.08 /* for each product */
#define SUMS_NANOSECONDS 4 /* for each pixel: all but the products */
#define BYTES_BELOW 30000  /* pixels whose products with bytes sum to 32 bits */

/* The next length whose prime factors are 2, 3 and 5. */
static ptrdiff_t smooth_length(ptrdiff_t n)
{
    for (;; n++) {
        ptrdiff_t rest = n;
        for (ptrdiff_t p = 2; p <= 5; p += p == 2 ? 1 : 2)
            while (rest % p == 0)
                rest /= p;
        if (rest == 1)
            return n;
    }
}

/* An axis cut into parts: pixels of one, how many, and both transforms along it. */
typedef struct axis_cut {
    ptrdiff_t length, tiles;
    double turns; /* nanoseconds an element */
} axis_cut;

static axis_cut cut_axis(const match_job *job, int axis, ptrdiff_t parts)
{
    ptrdiff_t out = job->out[axis], part = (out + parts - 1) / parts;
    axis_cut cut = {.length = part + job->side[axis] - 1};
    if (cut.length > 1) {
        cut.length = smooth_length(cut.length);
        cut.turns = 2 * (0.7 + 0.1 * log2((double)cut.length));
    }
    part = cut.length - job->side[axis] + 1;
    cut.tiles = (out + part - 1) / part;
    return cut;
}

/* Nanoseconds of all tiles. That there is one more of them stands for the template's,
 * and for threads that wait at the end. */
static double spectrum_nanoseconds(const axis_cut *a, const axis_cut *b,
                                   const axis_cut *c)
{
    double elements = (double)a->length * (double)b->length * (double)c->length;
    double tiles = (double)a->tiles * (double)b->tiles * (double)c->tiles;
    double distance = elements > CACHED ? 1.6 : 1;
    double turns = a->turns + b->turns + c->turns;
    return elements * (turns * distance + SUMS_NANOSECONDS) * (tiles + 1);
}

/* The cheapest way to cut all axes. */
static double cut_for_spectrum(match_job *job)
{
    double least = INFINITY;
    ptrdiff_t parts[AXES];
    axis_cut cut[AXES][PARTS_AT_MOST], best[AXES];
    for (int k = 0; k < AXES; k++) {
        parts[k] = job->out[k] < PARTS_AT_MOST ? job->out[k] : PARTS_AT_MOST;
        for (ptrdiff_t i = 0; i < parts[k]; i++)
            cut[k][i] = cut_axis(job, k, i + 1);
        best[k] = cut[k][0];
    }
    for (ptrdiff_t i = 0; i < parts[0]; i++)
        for (ptrdiff_t j = 0; j < parts[1]; j++)
            for (ptrdiff_t k = 0; k < parts[2]; k++) {
                double cost = spectrum_nanoseconds(&cut[0][i], &cut[1][j], &cut[2][k]);
                if (cost < least) {
                    least = cost;
                    best[0] = cut[0][i], best[1] = cut[1][j], best[2] = cut[2][k];
                }
            }
    for (int k = 0; k < AXES; k++) {
        job->length[k] = best[k].length;
        job->tiles[k] = best[k].tiles;
        job->tile[k] = best[k].length - job->side[k] + 1;
    }
    return least;
}

static void cut_for_products(match_job *job)
{
    const ptrdiff_t most[2][AXES] = {{1, 64, 512}, {16, 32, 256}};
    for (int k = 0; k < AXES; k++) {
        ptrdiff_t side = most[job->out[0] > 1 || job->side[0] > 1][k];
        job->tiles[k] = (job->out[k] + side - 1) / side;
        job->tile[k] = (job->out[k] + job->tiles[k] - 1) / job->tiles[k];
        job->length[k] = job->tile[k] + job->side[k] - 1;
    }
}

static int is_bytes(const feature_array *a)
{
    return a->dtype == FEATURE_BOOL || a->dtype == FEATURE_UINT8;
}

static int is_narrow(const feature_array *a)
{
    return is_bytes(a) || a->dtype == FEATURE_INT8;
}

double template_choose(match_job *job, const feature_array *model)
{
    double n = (double)product(job->side), outs = (double)product(job->out);
    int narrow = is_narrow(job->image) && is_narrow(model);
    int bytes = is_bytes(job->image) && is_bytes(model) && n < BYTES_BELOW;
    job->is_exact = narrow && n * n * 65536 < EXACT_MOST;
    double each = DIRECT_NANOSECONDS;
    if (bytes)
        job->plain->byte_product_cost(&each);
    double direct = outs * (n * each + SUMS_NANOSECONDS);
    double spectrum = cut_for_spectrum(job);
    job->way = spectrum < direct ? SPECTRUM : bytes ? BYTES : DIRECT;
    if (job->way != SPECTRUM)
        cut_for_products(job);
    return spectrum < direct ? spectrum : direct;
}
