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

/* Windows are in doubt below these, in units of their squares and of the tile's: then
 * rounding in sums (1e-15) and in spectra (2e-15) makes less than 5e-11. */
#define DOUBT 1e-5
#define NOISE 2.5e-9
/* More care pays when so many times a tile's pixels have been read again. */
#define READINGS_AT_MOST 30

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
    wide *far, *spare, *row[4], *window;
    wide *held[2], *settled; /* for windows that are computed with care */
    int is_careful;
    const wide *spread[2]; /* with care: of windows sums and squared deviations */
    double again;          /* pixels of windows that were computed again */
    wide *slide[2]; /* of sliding sums: of a row's columns, and of their squares */
    ptrdiff_t first[AXES], used[AXES], count[AXES]; /* pixels, responses of this tile */
    double offset, reach, energy; /* pixels farther from `offset` count as 0 */
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
void template_products(match_job *job, match_scratch *s, int thread);

/* The template's spectrum; `plane` has room for a tile. */
feature_status template_spectrum(match_job *job, wide *plane, team *t);

/* template_windows.c. Pixels less the tile's offset; returns the sum of their squares.
 */
double template_shift_lines(const match_job *job, const match_scratch *s, wide *to);

/* Sums over windows along planes and rows, of a whole tile; those along columns are
 * still to come. */
void template_sum_windows(const match_job *job, const match_scratch *s, wide *plane);

/* The same, into `far`, of how many pixels are out of reach; and then of a line, into
 * row[3], along columns too. */
void template_sum_far(const match_job *job, match_scratch *s);
void template_count_far(const match_job *job, const match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y);

/* Sums and squared deviations of all windows of the tile, instead of plain sums. */
void template_spread_windows(match_job *job, match_scratch *s, int thread);

/* template_care.c. Sums of n numbers, of their squares, of their products with others:
 * in runs, so that the rounding of millions of them does not add up. */
typedef struct moments {
    double sum, squares, products;
} moments;

moments template_moments(const double *v, const double *with, ptrdiff_t n);

/* Takes their mean from n numbers, and returns it. */
double template_centre(double *v, ptrdiff_t n);

/* Decides what the plain sums of a line, in row[0] and row[1], leave open; returns 0 if
 * that needs more care than reading windows again. */
int template_decide_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                         int thread, wide *out);

/* The same from sums and squared deviations. */
int template_careful_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                          int thread, wide *out);

/* Those of all lines from `first` on, in `settled`. */
void template_settle(match_job *job, match_scratch *s, ptrdiff_t first, int thread);

/* Below which a window's variation drowns in the rounding of the tile's spectrum. */
static inline double template_noise(const match_job *job, const match_scratch *s)
{
    if (job->is_exact)
        return -1;
    return job->way == SPECTRUM ? NOISE * s->energy * job->numbers.count : 0;
}

/* Pixels read again, after which more care pays. */
static inline double template_readings(const match_job *job)
{
    return READINGS_AT_MOST * (double)product(job->length);
}

#endif
