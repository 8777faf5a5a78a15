/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the family of peaks share; peaks.c tells how they work. */
#ifndef PEAKS_H
#define PEAKS_H

#include "core/memory.h"
#include "core/points.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define AXES POINT_AXES
#define BAND_PIXELS 32768
#define NANOSECONDS_PER_PIXEL 0.5
#define LABEL_BANDS 64 /* parts in which labels are shared */
/* With one pixel of so many passing the screen, the whole line is done at once. */
#define DENSE_FROM 24
/* A block of fewer lines or columns is no better a screen than the neighbours. */
#define BLOCK_FROM 8
/* And with a window of so many lines, those of a band share their maxima. */
#define TALL_FROM 4

/* One call. One-dimensional images are taken as one row. */
typedef struct peak_job {
    const feature_array *image, *labels;
    const feature_peaks_parameters *parameters;
    const real_kernels *real;
    const plain_kernels *plain;
    ptrdiff_t shape[AXES], strides[AXES], sides[AXES], border[AXES];
    ptrdiff_t label_strides[AXES];
    int32_t ndim;
    ptrdiff_t real_size;
    int direct;    /* lines are read where they are */
    int is_plain;  /* the window is one pixel */
    int symmetric; /* a box of odd sides */
    int by_ring;   /* a box, and NaN in the image */
    ptrdiff_t
        block[2];  /* pixels that all see each other; of a plane with a box, or 0 */
    int by_tall;   /* a plane, and a box that is high, but lower than a band */
    int is_screen; /* the nearest neighbours are the whole window */
    peak_line line;
    ptrdiff_t leads,
        screens;        /* lines of the window; the first are next to the middle */
    ptrdiff_t *lead;    /* their offsets along the leading axes */
    ptrdiff_t *columns; /* of a footprint: offsets along the line */
    ptrdiff_t words_per_line, lines, lines_per_slab;
    ptrdiff_t band_slabs, bands;
    uint64_t *words;
    ptrdiff_t *counts, *starts; /* candidates of the bands */
    double *lows;               /* the smallest number of each, or NaN */
    point *points;
    thread_memory memory;
} peak_job;

/* What a line is looked for in: the image, a band of it, or the box of a label. */
typedef struct region {
    const unsigned char *data;
    const ptrdiff_t *shape;
    ptrdiff_t strides[AXES];
    ptrdiff_t first; /* the index along axis 0 that `data` stands at */
    ptrdiff_t tall_first, tall_end; /* lines whose maxima down the window are made all
                                       at once, when the first is asked for; or none */
    int tall_made, steps_made; /* the latter: peak_scratch.steps are this region's */
} region;

/* One thread's buffers. */
typedef struct peak_scratch {
    const void **lines;
    ptrdiff_t *steps; /* from a line to each of its window */
    void *spare;
    uint64_t *words;
    unsigned char *block; /* slabs as reals */
    unsigned char *tall;  /* and their maxima down the window */
} peak_scratch;

typedef struct question {
    peak_line line;
    const uint64_t *only; /* no other pixels are asked about; or NULL */
    ptrdiff_t border;     /* nor these at both ends */
    int whole;            /* the whole window, or the nearest neighbours only */
    int alone;            /* not even those: the threshold only */
    int screened;         /* `words` hold all that may pass, and what passed blocks */
} question;

/* peaks_window.c: one line */
ptrdiff_t peak_before(const peak_job *job, int32_t axis);
ptrdiff_t peak_after(const peak_job *job, int32_t axis);
ptrdiff_t peak_count_bits(const uint64_t *words, ptrdiff_t n);
void peak_clear_ends(uint64_t *words, ptrdiff_t n, ptrdiff_t width);
ptrdiff_t peak_ask_line(const peak_job *job, region *r, const ptrdiff_t *index,
                        const question *q, const peak_scratch *s, uint64_t *words);
void peak_screen_blocks(const peak_job *job, const region *r, ptrdiff_t first,
                        ptrdiff_t end, const peak_scratch *s);
void peak_line_index(const peak_job *job, const ptrdiff_t *shape, ptrdiff_t line,
                     ptrdiff_t *index);
void peak_list_leads(peak_job *job);
void peak_list_footprint(peak_job *job, const feature_array *footprint, int fill);

/* peaks_search.c: the image */
feature_status peak_check_shapes(const feature_array *image,
                                 const feature_array *footprint,
                                 const feature_array *labels,
                                 const feature_peaks_parameters *p);
double peak_number_at(const peak_job *job, const void *at);
peak_job peak_new_job(const feature_array *image, const feature_array *footprint,
                      const feature_array *labels,
                      const feature_peaks_parameters *parameters);
feature_status peak_lease_job(peak_job *job, const feature_array *footprint,
                              int threads);
peak_scratch peak_scratch_of(const peak_job *job, int thread);
void peak_convert_lines(const peak_job *job, const ptrdiff_t *shape,
                        const ptrdiff_t *origin, ptrdiff_t first, ptrdiff_t end,
                        unsigned char *out);
void peak_dense_strides(const peak_job *job, region *r);
int peak_in_border(const peak_job *job, const ptrdiff_t *index);
int peak_is_wide(int32_t dtype);
int peak_holds_exactly(const peak_job *job, int alone, const void *at);
const unsigned char *peak_pixel_at(const peak_job *job, const ptrdiff_t *index);
void peak_least_band(void *context, ptrdiff_t band, int thread);
void peak_search_band(void *context, ptrdiff_t band, int thread);
int peak_line_is_exact(const peak_job *job, ptrdiff_t *index, ptrdiff_t n,
                       const uint8_t *mask);
int peak_is_trivial(const peak_job *job);
void peak_gather_band(void *context, ptrdiff_t band, int thread);
feature_status peak_ring_bits(const peak_job *job, const double *values,
                              const ptrdiff_t *shape, double least, uint64_t *words,
                              team *t);
feature_status peak_search_by_ring(const peak_job *job, team *t);

/* The smallest boxes that hold the labels: low[ndim], then high[ndim], of each. */
typedef struct box_list {
    ptrdiff_t *bounds, count, room;
} box_list;

/* peaks_boxes.c: where labels are; the caller returns the bounds */
const void *peak_labels_at(const peak_job *job, const ptrdiff_t *index);
ptrdiff_t *peak_box_of(const box_list *boxes, const peak_job *job, ptrdiff_t k);
feature_status peak_find_boxes(const peak_job *peaks, team *t, box_list *boxes);

/* peaks_labels.c: labels */
feature_status peak_search_labels(peak_job *job, team *t, point_list *list);

/* peaks.c: the list of peaks */
feature_status peak_choose(const peak_job *job, team *t, const ptrdiff_t *shape,
                           point *points, ptrdiff_t *n, ptrdiff_t most);

#endif
