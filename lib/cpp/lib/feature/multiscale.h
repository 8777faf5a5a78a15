/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the family multiscale share. */
#ifndef MULTISCALE_H
#define MULTISCALE_H

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define CHUNK 256 /* pixels of a line whose features are made together, */
#define PITCH 272 /* and the distance of their planes: a cache line more */

/* One call. */
typedef struct multiscale_job {
    const feature_array *image, *features;
    const feature_multiscale_parameters *parameters;
    const plain_kernels *plain;
    const real_kernels *real; /* of float32 */
    int axes, pairs, features_of_scale;
    ptrdiff_t count, radius; /* of scales; the largest of their radii */
    ptrdiff_t cols;
    int streamed;          /* the result */
    double *sobel_weights; /* unless there are two axes */
    ptrdiff_t sobel_count;
} multiscale_job;

/* The smoothed image of each scale, or the part of it around the lines under work. */
typedef struct smoothed_part {
    float *const *scales;
    const ptrdiff_t *apart;  /* elements between neighbours along each axis */
    const ptrdiff_t *corner; /* where the first element stands in the image */
} smoothed_part;

/* One thread's buffers for the features of one chunk. */
typedef struct chunk_scratch {
    float *planes;         /* all features */
    const float **woven;   /* where those to write stand */
    float *features;       /* of some pixels, side by side */
    float *second;         /* second derivatives of each pair of axes */
    wide *matrices, *values;
    const float **lines, **spare; /* under Sobel's operator */
} chunk_scratch;

void multiscale_layout(chunk_scratch *s, const multiscale_job *job, arena *a);

/* Writes the features of n <= CHUNK pixels from `at` on. */
void multiscale_make_chunk(const multiscale_job *job, const smoothed_part *part,
                           chunk_scratch *s, const ptrdiff_t *at, ptrdiff_t n);

/* Elements [first, first + n) of the line at `index`, in [0, 1] or [-1, 1]. */
void multiscale_load(const multiscale_job *job, const ptrdiff_t *index, ptrdiff_t first,
                     ptrdiff_t n, wide *spare, float *out);

/*
 * The Gaussian along a strip, n rows of sums. Of the radius + n + radius rows that they
 * are made of, `known` stand in the strip, from row `first` on; those before and behind
 * lie beyond the border and are put there.
 */
void multiscale_sum_strip(const multiscale_job *job, const feature_filter *filter,
                          wide *strip, ptrdiff_t first, ptrdiff_t known, ptrdiff_t n,
                          float *out);

/* Fills job->sobel_weights. */
void multiscale_weigh_lines(multiscale_job *job);

/* Features of 2-D images, a tile at a time; of others, smoothed as a whole. */
feature_status multiscale_of_image(multiscale_job *job, const feature_run *run);
feature_status multiscale_of_volume(multiscale_job *job, const feature_run *run);

/* A multiple of 16 and an odd number of cache lines, from n elements on. */
ptrdiff_t multiscale_pitch(ptrdiff_t n);

#endif
