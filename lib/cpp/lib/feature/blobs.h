/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the family of blobs share; blobs.c tells how they work. */
#ifndef BLOBS_H
#define BLOBS_H

#include "core/array.h"
#include "core/points.h"
#include "core/threads.h"
#include "core/transform.h"
#include "core/volume.h"
#include "feature.h"
#include "kernels/kernels.h"

typedef enum blob_method { BLOB_DOG, BLOB_LOG, BLOB_DOH } blob_method;

/* One thread's findings, and its buffers. */
typedef struct blob_finder {
    point_list list;
    ptrdiff_t passed;  /* maxima that reach the threshold, in the border too */
    double range[3];   /* as range_row has it */
    feature_status status;
    int undecided;     /* what the cosine transform's error leaves open */
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
    wide *image, *spare;   /* other than two dimensions */
    double *integral;      /* DOH */
    ptrdiff_t smoothed;    /* DOG: the next Gaussian to be made */
    blob_transform transform;
} blob_planes;

/* blobs_transform.c: whether planes are made so, and which */
void blob_transform_plan(blob_planes *p);
double blob_transform_slack(const blob_job *job);
int blob_by_transform(const blob_planes *p, ptrdiff_t scale);
feature_status blob_transform_open(blob_planes *p);
feature_status blob_transform_make(blob_planes *p, ptrdiff_t scale, wide *out);


/* blobs.c: findings. Finders are given back by whoever made the job. */
feature_status blob_finders_open(blob_job *job, int threads);
int blob_in_border(const blob_job *job, ptrdiff_t line);
void blob_add(blob_finder *f, const double *response, ptrdiff_t place);

/* blobs_stack.c */
feature_status blob_search_stack(blob_job *job);

/* blobs_planes.c. Planes are made in the order of their scales; the last three are
 * kept. */
feature_status blob_planes_open(blob_planes *p, const blob_job *job);
feature_status blob_planes_make(blob_planes *p, ptrdiff_t scale);
void blob_planes_close(blob_planes *p);

static inline wide *blob_plane(const blob_planes *p, ptrdiff_t scale)
{
    return p->slot[scale % p->slots];
}

#endif
