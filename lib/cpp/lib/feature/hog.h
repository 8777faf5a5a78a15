/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of hog share; hog.c tells how it works. */
#ifndef HOG_H
#define HOG_H

#include <stdatomic.h>

#include "core/memory.h"
#include "feature.h"
#include "kernels/kernels.h"

#define HOG_RING 3 /* rows of pixels that a gradient needs */

typedef struct hog_job {
    const feature_array *image, *settled, *blocks, *picture;
    const feature_hog_parameters *p;
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t rows, cols, channels;
    ptrdiff_t cell_rows, cell_cols; /* how many cells there are */
    ptrdiff_t block_rows, block_cols;
    ptrdiff_t band_cells, bands; /* rows of cells in a band */
    hog_planes planes;
    hog_borders borders;
    hog_layout layout;
    double *close;
    ptrdiff_t capacity;
    double *sine, *cosine;
    float *histograms; /* cell rows, cells, orientations */
    atomic_char *seams;
    atomic_ptrdiff_t close_count;
    thread_memory memory;
} hog_job;

/* One thread's buffers. */
typedef struct hog_buffer {
    wide *row;     /* pixels of all channels as they stand in the image */
    wide **planes; /* where they go */
    wide *pixels;  /* HOG_RING rows of all channels */
    wide *down, *right, *other_down, *other_right, *length;
    int32_t *bins;
    float *totals; /* of a row of cells; one bin more for what counts nowhere */
    wide *values;  /* of HOG_BLOCKS blocks */
    const float **rows;
    hog_line *lines;
    ptrdiff_t held[HOG_RING];
} hog_buffer;

/* Elements of a row of pixels of one channel without the planes around it. */
static inline ptrdiff_t hog_row_size(const hog_job *job)
{
    return job->planes.count * job->planes.pitch;
}

/* The same with them. */
static inline ptrdiff_t hog_padded_size(const hog_job *job)
{
    return hog_row_size(job) + 2 * job->planes.pitch;
}

/* hog_cells.c: histograms */
float *hog_histograms(const hog_job *job, ptrdiff_t row);
void hog_fill_cells(hog_job *job, hog_buffer *b, ptrdiff_t row);

#endif
