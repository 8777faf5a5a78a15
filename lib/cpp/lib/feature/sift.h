/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of SIFT share; sift.c tells how they work. */
#ifndef SIFT_H
#define SIFT_H

#include <stdatomic.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define SIFT_SCALES_AT_MOST 64

typedef double sift_point[FEATURE_SIFT_COLUMNS];

/*
 * One call, and where in it we are: an octave, of that a slab of rows `first` to
 * before `end`, of whose smoothed images those that keypoints look at are kept in
 * `planes`, from row `kept_first` to before `kept_end`.
 */
typedef struct sift_job {
    const feature_array *image;
    const feature_sift *how;
    const plain_kernels *plain;
    const real_kernels *real;
    feature_dtype stored;
    ptrdiff_t item; /* bytes of a real */
    plane_limits limits; /* of the image */
    int detects;

    int32_t octave;
    ptrdiff_t rows, cols;     /* of the octave */
    double step;              /* of its pixels, in those of the image */
    const unsigned char *source; /* the octave's first image; NULL: the caller's */
    unsigned char *next;      /* the next octave's; NULL: not wanted */

    ptrdiff_t first, end, kept_first, kept_end;
    int32_t kept_scale, kept_scales;
    unsigned char *planes;
    ptrdiff_t pitch, plane; /* elements of a row, bytes of a plane */
    int streamed;           /* planes too large for the caches */

    sift_point *points; /* `room` of them; found ones are appended */
    ptrdiff_t room, before; /* `before`: those of earlier slabs */
    atomic_ptrdiff_t found;
    ptrdiff_t further;  /* orientations, the last `further` points in reverse order */
    uint8_t *descriptors;
    ptrdiff_t length;   /* of a descriptor */

    int threads;          /* as the run allows */
    thread_memory memory; /* of all threads */
} sift_job;

/* Elements between rows of a plane. */
ptrdiff_t sift_pitch(ptrdiff_t cols);

/* Bytes that one thread needs to sweep the octave. */
size_t sift_sweep_size(const sift_job *job);

/* The slab's planes, the next octave's rows, and (in order of nothing) its extrema. */
feature_status sift_sweep(sift_job *job, const feature_run *run);

/* Bytes that one thread needs for a window of the octave. */
size_t sift_window_size(const sift_job *job);

/* Rows above and below a keypoint of this sigma (pixels of the octave) that its
 * windows need; `describes`, `orients`: which windows. */
ptrdiff_t sift_reach(const feature_sift *how, double sigma, int orients, int describes);

/* Orders and orients what a sweep has found, and describes it where that is wanted. */
feature_status sift_finish_slab(sift_job *job, const feature_run *run);

/* Descriptors of points[which[i]] of the octave, whose windows are in the planes. */
feature_status sift_describe_points(sift_job *job, const ptrdiff_t *which,
                                    ptrdiff_t count, const feature_run *run);

#endif
