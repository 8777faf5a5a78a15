/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of matching share; matching.c tells how they work. */
#ifndef MATCHING_H
#define MATCHING_H

#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define QUERIES_AT_MOST 32 /* in a block */

typedef enum route { BITS, BYTES, DOTS, LANES } route;

/* A set of descriptors in panels. */
typedef struct side {
    const feature_array *array;
    ptrdiff_t count, panels;
    unsigned char *packed;
    float *norms;   /* what scores begin with, infinity behind the last */
    double *square; /* the largest of each panel, NaN where one is no number */
    double largest; /* of all */
} side;

/* What one descriptor has found. */
typedef struct nearest {
    int64_t index;
    double distance, second;
} nearest;

/* What one thread has seen of each descriptor of the second set: the least two scores
 * in its column, and the row of the least. */
typedef struct columns {
    float *least, *second;
    int32_t *row;
    double *largest; /* square of the queries */
} columns;

/* One call. */
typedef struct match_job {
    const feature_match_parameters *how;
    const plain_kernels *plain;
    route route;
    ptrdiff_t length, words; /* elements; of a packed descriptor, in its own units */
    size_t unit;
    int needs_distance;
    side first, second;
    /* the sweep in progress */
    const side *queries, *others;
    const int64_t *list; /* which of the queries; NULL: all */
    ptrdiff_t listed, block;
    int sees_columns;
    nearest *found;
    thread_memory memory;
} match_job;

/* One thread's buffers. */
typedef struct match_scratch {
    unsigned char *queries; /* packed, one behind the other */
    double *query, *others; /* rows for exact distances */
    float *scores;
    uint32_t *numbers;
    columns columns;
} match_scratch;

/* Of two squares the larger, or that which is no number. */
static inline double match_larger_square(double a, double b)
{
    return b > a || b != b ? b : a;
}

/* matching_sets.c */
route match_route_for(const feature_array *descriptors, int32_t metric);

/* Sets the route, and the units that it packs descriptors in. */
void match_choose_route(match_job *job, route r);

/* Descriptor i as doubles. */
void match_load(const match_job *job, const feature_array *array, ptrdiff_t i,
                double *row);

/* Descriptor i into `to`, its units `apart` from each other; returns its square. With
 * `norm`, which is what its scores begin with, as one of a panel, else as a query. */
double match_pack_one(const match_job *job, const feature_array *array, ptrdiff_t i,
                      double *row, void *to, ptrdiff_t apart, double *norm);

/* The panels of a set, and the largest of its squares. */
feature_status match_pack(match_job *job, side *s, team *t);

/* matching.c */
match_scratch match_scratch_of(const match_job *job, int thread);

#endif
