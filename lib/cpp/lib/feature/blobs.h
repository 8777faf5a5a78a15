/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the family of blobs share; blobs.c tells how they work. */
#ifndef BLOBS_H
#define BLOBS_H

#include "core/array.h"
#include "core/points.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "core/transform.h"
#include "core/volume.h"
#include "feature.h"
#include "kernels/kernels.h"

typedef enum blob_method { BLOB_DOG, BLOB_LOG, BLOB_DOH } blob_method;

/* One thread's findings, and its buffers. */
typedef struct blob_finder {
    point_list list;
    point_list doubts; /* places that the cosine transform's error leaves open, */
    int undecided;     /* or whether there are too many of them */
    ptrdiff_t passed;  /* maxima that reach the threshold, in the border too */
    double range[3];   /* as range_row has it */
    feature_status status;
    ptrdiff_t *near;   /* numbers of neighbouring lines, */
    const double **lines; /* and where they are at each scale */
    uint64_t *words;
} blob_finder;

/* One call. Lines stand side by side along the image's last axis. */
typedef struct blob_job {
    blob_method method;
    const feature_array *image;
    const feature_filter *smoothing, *second; /* ndim for each scale */
    const double *factors;                    /* one a scale; DOG: one */
    const ptrdiff_t *sizes;
    ptrdiff_t scales, size, lines, cols;
    const feature_blob_search *search;
    feature_blob_list *out;
    const feature_run *run;
    double magnitude;  /* no pixel's is larger */
    int direct;        /* no cosine transform */
    double slack;      /* nearer responses are not told apart; direct: 0 */
    ptrdiff_t doubts_most; /* beyond, filters for all take no longer */
    const plain_kernels *plain;
    const real_kernels *real;
    blob_finder *finders;
    int threads;
} blob_job;

/* Responses by cosine transforms. */
typedef struct blob_transform {
    int used;
    double nanoseconds; /* of one plane */
    transform axis[TRANSFORM_TERMS];
    double *multipliers[2][TRANSFORM_TERMS]; /* of all Gaussians, one after the other */
    double *across[TRANSFORM_TERMS];
    double *const *scratch;
    wide *spectrum;
    void *memory;
} blob_transform;

/* Planes of responses, a few at a time. */
#define BLOB_SLOTS 4
typedef struct blob_planes {
    const blob_job *job;
    volume v;
    int slots;
    wide *slot[BLOB_SLOTS];
    const wide *image;  /* other than two dimensions: its elements, */
    wide *spare;        /* and a plane of room */
    double *integral;   /* DOH */
    ptrdiff_t smoothed; /* DOG: the next Gaussian to be made */
    blob_transform transform;
} blob_planes;

/* blobs_transform.c: whether planes are made so, and which */
void blob_transform_plan(blob_planes *p);
double blob_cost_of_filters(const blob_job *job, ptrdiff_t scale); /* ns a plane */
double blob_transform_slack(const blob_job *job);
int blob_by_transform(const blob_planes *p, ptrdiff_t scale);
feature_status blob_transform_open(blob_planes *p);
feature_status blob_transform_make(blob_planes *p, ptrdiff_t scale, wide *out);

/* blobs_exact.c: single responses by filters, where a transform's do not suffice */
ptrdiff_t blob_doubts_most(const blob_job *job);
feature_status blob_settle_doubts(blob_job *job);

/* How many of a sorted list are nearly equal to another, and their own responses in
 * place of the transform's; `before` is a copy of the list. */
ptrdiff_t blob_count_near(const blob_job *job, const point *sorted, ptrdiff_t count);
feature_status blob_settle_order(blob_job *job, point *points, const point *before,
                                 ptrdiff_t count);

/* blobs.c: findings. Finders are given back by whoever made the job. */
feature_status blob_finders_open(blob_job *job, int threads);
int blob_in_border(const blob_job *job, ptrdiff_t line);
void blob_add(blob_finder *f, const double *response, ptrdiff_t place);

/* blobs_list.c; `undecided` where the list depends on the transform's error. */
feature_status blob_write_list(blob_job *job, int *undecided);

/* blobs_stack.c */
feature_status blob_search_stack(blob_job *job);

/* blobs_planes.c. Planes are made in the order of their scales; the last three are
 * kept. */
feature_status blob_planes_open(blob_planes *p, const blob_job *job);
feature_status blob_planes_make(blob_planes *p, ptrdiff_t scale);
void blob_planes_close(blob_planes *p);
ptrdiff_t blob_largest_radius(const blob_job *job); /* of all filters */

/* Rows of an image smoothed at one scale, one after the other downwards. */
typedef struct blob_rows {
    const blob_job *job;
    smooth_plan plan[2];  /* the second only for LOG, the sum's other term */
    feature_filter terms[2][2];
    double factor;
} blob_rows;

typedef struct row_scratch {
    smoother smoother[2];
    wide *row[2];
} row_scratch;

/* Of LOG's response or DOG's Gaussian; `image` is the job's or some columns of it. */
void blob_rows_plan(blob_rows *rows, const blob_job *job, const feature_array *image,
                    ptrdiff_t scale);
void blob_rows_layout(row_scratch *s, const blob_rows *rows, arena *a);
void blob_rows_start(row_scratch *s, const blob_rows *rows, ptrdiff_t first);

/* Row y into `out`; where the Gaussian before is given (DOG), the response there. */
void blob_row(row_scratch *s, const blob_rows *rows, ptrdiff_t y, wide *out,
              wide *previous);

static inline ptrdiff_t blob_gaussians(const blob_job *job)
{
    return job->method == BLOB_DOH ? 0 : job->scales + (job->method == BLOB_DOG);
}

static inline wide *blob_plane(const blob_planes *p, ptrdiff_t scale)
{
    return p->slot[scale % p->slots];
}

#endif
