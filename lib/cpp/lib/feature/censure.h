/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of CENSURE share; censure.c tells how they work. */
#ifndef CENSURE_H
#define CENSURE_H

#include "core/array.h"
#include "core/points.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define CENSURE_FILTERS 12 /* octagons 11, stars 12 */
#define CENSURE_HEIGHT 192 /* of the largest, above and below */
#define CENSURE_DISCS (2 * CENSURE_FILTERS)
#define CENSURE_TAPS 24 /* of a star: two ends of six runs on both sides */
#define CENSURE_SCALE_MOST ((ptrdiff_t)1 << 30)
#define CENSURE_TILE_ROWS 64
#define CENSURE_TILE_COLS 512

/* Octagons or stars, each once, and the filters made of them. */
typedef struct censure_shapes {
    int32_t reach[CENSURE_DISCS][CENSURE_HEIGHT + 1]; /* by the distance of the row */
    ptrdiff_t height[CENSURE_DISCS], discs;
    ptrdiff_t taps[CENSURE_DISCS * CENSURE_TAPS]; /* for disc_rows */
    int32_t pairs[CENSURE_DISCS];
    ptrdiff_t outer[CENSURE_FILTERS], inner[CENSURE_FILTERS];
    bilevel_filter filter[CENSURE_FILTERS];
    double scale; /* of pixels to integers */
    double slack; /* nearer responses in those units are not told apart */
} censure_shapes;

/* One call. Scales are counted from 0 for the first. */
typedef struct censure_job {
    const feature_array *image;
    const feature_censure *search;
    ptrdiff_t rows, cols, scales;
    ptrdiff_t reach; /* of the largest filter, in pixels */
    double least;
    int exact; /* no screen */
    const plain_kernels *plain;
    const real_kernels *real, *of_float, *of_double;
    censure_shapes shapes;
    double *integral, *zeros; /* boxes */
} censure_job;

/* Products of gradients around a few pixels of a row. */
typedef struct censure_window {
    ptrdiff_t pitch;
    wide *pixels, *products[3], *sums, *tensor[3];
    const wide **rows; /* of products, then of pixels */
    uint8_t *keep;     /* of the chosen columns */
} censure_window;

/* One thread's tile of the image, and what it has found. Rings hold three rows of
 * responses of each scale, floats of the screen or doubles that are exact; one element
 * beyond each end belongs to a row. */
typedef struct censure_tile {
    const censure_job *job;
    ptrdiff_t top, left, rows, cols; /* without what neighbours are compared with */
    int exact;
    ptrdiff_t pitch, pixels_pitch;
    double *ring;
    uint32_t *slanted; /* three planes of all rows that the filters reach */
    uint32_t *sums;    /* one row */
    int32_t *discs;
    wide *pixels;    /* 2 reach + 3 rows, row y at y modulo that */
    ptrdiff_t loaded; /* the first row below those in `pixels` */
    const wide **pixel_rows;
    wide *row;
    uint64_t *words;
    ptrdiff_t *chosen; /* columns */
    ptrdiff_t undecided;
    censure_window window;
    point_list list;
    feature_status status;
} censure_tile;

/* censure.c. Is pixel i of n too near to the border? The chosen pixels of row y are
 * listed, unless they are on lines. */
int censure_near_border(const censure_job *job, ptrdiff_t scale, ptrdiff_t i,
                        ptrdiff_t n);
void censure_list(censure_tile *t, ptrdiff_t y, ptrdiff_t scale, ptrdiff_t count);
void censure_place_tile(censure_tile *t, ptrdiff_t index);
ptrdiff_t censure_tiles(const censure_job *job);

/* censure_filters.c. censure_exact takes its pixels from what was loaded around one
 * pixel, and x as the distance from it. */
int censure_is_box(const censure_job *job);
ptrdiff_t censure_border(const censure_job *job, ptrdiff_t scale);
feature_status censure_plan_filters(censure_job *job, double magnitude);
void censure_filters_layout(censure_tile *t, const censure_job *job, arena *a);
void censure_start(censure_tile *t);
void censure_make_rows(censure_tile *t, ptrdiff_t y);
const void *censure_row(const censure_tile *t, ptrdiff_t scale, ptrdiff_t y);
double censure_exact(censure_tile *t, ptrdiff_t scale, ptrdiff_t y, ptrdiff_t x);
void censure_load_around(censure_tile *t, ptrdiff_t y, ptrdiff_t x);

/* censure_lines.c: leaves of the chosen columns, which ascend, those that are not on
 * lines, and returns their number */
void censure_window_layout(censure_window *w, const censure_job *job, arena *a);
ptrdiff_t censure_test_lines(censure_tile *t, ptrdiff_t y, ptrdiff_t scale,
                             ptrdiff_t count);

/* censure_stack.c */
feature_status censure_search_stack(censure_tile *tile, team *t);

#endif
