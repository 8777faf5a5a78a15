/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the family of templates share; template.c tells how they work. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "core/threads.h"
#include "core/transform.h"
#include "feature.h"
#include "kernels/kernels.h"

#define AXES 3

typedef enum match_way { BYTES, DIRECT, SPECTRUM } match_way;

/* How windows of a tile are computed. */
typedef enum match_care { PLAIN_SUMS, SPREADS, SPREADS_AND_PRODUCTS } match_care;

/* One call. Axis 0 of two dimensions has length 1. */
typedef struct match_job {
    const feature_array *image, *response;
    ptrdiff_t stride[AXES], out_stride[AXES];
    ptrdiff_t side[AXES], out[AXES]; /* of the template, of the response */
    ptrdiff_t tile[AXES], length[AXES], tiles[AXES]; /* responses, pixels, how many */
    match_way way;
    int is_exact;
    template_numbers numbers;
    double *weights; /* the template, less its mean */
    int8_t *bytes;   /* less 128, in rows of whole fours; before each plane, and behind
                        the last, a row of 0 */
    transform t[AXES];
    double *real, *imaginary; /* the template's spectrum */
    const plain_kernels *plain;
    double **turning[AXES]; /* scratch of the transforms, for each thread */
    team team;
    thread_memory memory;
} match_job;

/* One thread's buffers, and the tile under work. */
typedef struct match_scratch {
    uint8_t *bytes;
    wide *raw, *shifted, *squares, *products;
    double *real, *imaginary;
    wide *bad, *spare, *row[4], *window;
    wide *held[2]; /* for windows that are computed with care */
    match_care care;
    const wide *spread[2]; /* with care: of windows sums and squared deviations */
    double again;          /* pixels of windows that were computed again */
    wide *slide[2]; /* of sliding sums: of a row's columns, and of their squares */
    ptrdiff_t first[AXES], used[AXES], count[AXES]; /* pixels, responses of this tile */
    double offset, energy;
    ptrdiff_t unmeasurable;
    template_numbers numbers;
} match_scratch;

static inline ptrdiff_t product(const ptrdiff_t *n)
{
    return n[0] * n[1] * n[2];
}

static inline ptrdiff_t half_of(const match_job *job)
{
    return job->length[2] / 2 + 1;
}

static inline ptrdiff_t fours(ptrdiff_t n)
{
    return (n + 3) / 4 * 4;
}

/* The first row of the first plane of the template's bytes. */
static inline int8_t *weights_of(const match_job *job)
{
    return job->bytes + fours(job->side[2]);
}

/* Row y of plane p of a tile. */
static inline wide *line_in(const match_job *job, wide *plane, ptrdiff_t p, ptrdiff_t y)
{
    return plane + (p * job->length[1] + y) * job->length[2];
}

/* template_ways.c: the way, the tiles, and nanoseconds on one thread. */
double template_choose(match_job *job, const feature_array *model);

/* template_products.c: products of the template with all windows of a tile. */
void template_products(const match_job *job, match_scratch *s, int thread);

/* The same directly, from a plane of the tile's pixels, of lines from `first` on. */
void template_direct_products(const match_job *job, match_scratch *s, const wide *plane,
                              ptrdiff_t first);

/* The template's spectrum; `plane` has room for a tile. */
feature_status template_spectrum(match_job *job, wide *plane, team *t);

#endif
