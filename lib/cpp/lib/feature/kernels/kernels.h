/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of kernels and the few types that cross from families to kernels.
 *
 * kernels.def is read three times: here for the structs of function pointers, in
 * variant.h for the prototypes of one variant, in table.c for its table. A family
 * asks for the table of its pixel type and calls through it:
 *
 *     const real_kernels *k = real_kernels_for(FEATURE_FLOAT64);
 *     k->smooth_row(in, weights, radius, n, out);
 */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "feature.h"

#ifdef __FAST_MATH__
#error "-ffast-math gives other results, and changes the process that loads the library"
#endif

typedef double wide; /* what pixels are summed in, whatever they are stored in */

/* Row buffers are padded so that kernels may run in blocks of this many. */
#define ROW_BLOCK 32

/* Rows of column sums that are made together. */
#define ROW_GROUP 4

/* The largest matrices whose eigenvalues are computed. */
#define ORDER_AT_MOST 8

/* Classes of a pixel between suppression and tracing. */
enum { CLASS_NONE, CLASS_WEAK, CLASS_STRONG, CLASS_UNDECIDED };

/* Approximate gradients (float32) of one row and the magnitudes around it. */
typedef struct gradient_rows {
    const float *down, *right;
    const float *above, *here, *below;
} gradient_rows;

/* Squares and products of magnitudes between these two stay within float32. */
#define SCREEN_LEAST 1e-15f
#define SCREEN_MOST 1e18f

/* The thresholds, and the same a little lower and higher for the screen. */
typedef struct edge_limits {
    float low;
    double high;
    float low_below, low_above, high_below, high_above;
} edge_limits;

#define WORD_BITS 64 /* marks of pixels side by side in a word, the first lowest */

/*
 * The classes of some rows as bits, a pixel in one of both planes or in none. Rows are
 * `pitch` words long. The first and the last word of each are empty, and so are the
 * row before the first and the one behind the last, where `strong` may hold what a
 * neighbouring band ends with.
 */
typedef struct class_map {
    uint64_t *weak, *strong;
    ptrdiff_t pitch;
    uint8_t *queued; /* of each word, whether it is on the queue; all 0 between calls */
    uint32_t *queue; /* room for all words */
} class_map;

/* What a peak must reach, and how far its window goes along the line. */
typedef struct peak_line {
    double least;
    ptrdiff_t before, after;
} peak_line;

/* Pixels `first` to `end` of a line that have one label above 0. */
typedef struct label_run {
    int64_t label;
    ptrdiff_t first, end;
} label_run;

/* How FAST compares the circle with its centre. */
typedef struct fast_rule {
    double threshold;
    int arc;               /* so many in a row, 1 to 16 */
    int step;              /* of bytes: `not_above` is c + step, or -1 */
    const double *scaled;  /* of bytes: their values; */
    const uint8_t *not_above, *not_below; /* the last that is not bright, not dark */
} fast_rule;
#define FAST_WORDS(n) (((n) + 63) / 64) /* a bit for each centre, from column 3 on */
#define FAST_SCALE 255                  /* reals of 0 to 1 times it are bytes */

/* Pixels of a row that stand side by side, from column `right` on, where a mask has its
 * middle at 0: those under it have a weight, their column, and bits to keep them by. */
#define SEGMENT 8
typedef struct mask_segment {
    ptrdiff_t right;
    int whole; /* all are under the mask */
    wide weight[SEGMENT];
    uint64_t keep[SEGMENT];
} mask_segment;

/* The pixels under a mask, each in one segment, row after row. */
typedef struct patch_mask {
    const ptrdiff_t *first; /* of each row its first segment, and the end */
    const mask_segment *segments;
    ptrdiff_t rows, reach, down; /* columns count from -reach, rows from -down */
} patch_mask;

/* What hog_bins and hog_decide find instead of a bin. */
enum { HOG_ASK = -1, HOG_NONE = -2, HOG_EVERY = -3 };

/* Borders between orientations, folded into the first quadrant: those at 0, 45 and 90
 * degrees need no numbers. */
typedef struct hog_borders {
    const double *sine, *cosine; /* of `count` borders */
    ptrdiff_t count;
    ptrdiff_t orientations;
    int diagonal, upright; /* are 45 and 90 degrees borders? */
} hog_borders;

/* A row of pixels by its place in the cell: `count` planes of `cells` pixels. */
typedef struct hog_planes {
    ptrdiff_t cells, count, pitch;
} hog_planes;

/* How many blocks are normalised side by side, and the values of one with those that
 * fill its last vector. */
#define HOG_BLOCKS 8
#define HOG_PITCH(n) (((n) + 7) & ~(ptrdiff_t)7)

/* What a block consists of. */
typedef struct hog_layout {
    ptrdiff_t block_rows, block_cols, orientations;
    int32_t norm; /* a feature_hog_norm */
} hog_layout;

/* A line that has been drawn in one cell and is likely to return in the next. */
typedef struct hog_line {
    ptrdiff_t ends[4]; /* row, column, row, column, from the cell's first pixel */
    ptrdiff_t count;   /* 0: nothing yet */
    ptrdiff_t *offsets;
} hog_line;

typedef struct hog_pen {
    ptrdiff_t cell_rows, cell_cols, orientations, pitch;
    const double *half; /* of each orientation's line, down and right */
    hog_line *lines;
} hog_pen;

/* Directions of daisy's orientations, padded by ROW_BLOCK. */
typedef struct daisy_fan {
    const double *sine, *cosine;
    ptrdiff_t count;
    double kappa; /* how narrow the distribution around each is */
} daisy_fan;

#define DAISY_FILTERS 3 /* at most, that are applied together */

/* A symmetric filter, none of a smaller radius than the one before, and where its sums
 * go: those of one place `stride` after those of the last. */
typedef struct daisy_filter {
    const double *weights;
    ptrdiff_t radius, stride;
    wide *out;
} daisy_filter;

/* A disc of one weight and the ring around it of another: how far they reach to both
 * sides in rows by their distance from the middle one. */
typedef struct bilevel_filter {
    const int32_t *outer, *inner;
    ptrdiff_t height, inner_height;
    double outer_weight, inner_weight;
} bilevel_filter;

#define PATCHES 8 /* looked at side by side */

/* What a kernel says of them, one or two numbers each, in its type. */
typedef union patch_reals {
    double doubles[2 * PATCHES];
    float floats[2 * PATCHES];
} patch_reals;

/*
 * Fourier transforms (core/transform.h) work on blocks of TRANSFORM_LANES complex lines
 * side by side: element k is TRANSFORM_LANES real parts, then as many imaginary ones,
 * at TRANSFORM_LINES k. Where lines are real, the second half of them are the imaginary
 * parts. Tables hold cosines and sines in turn.
 */
#define TRANSFORM_LANES 8
#define TRANSFORM_LINES (2 * TRANSFORM_LANES)
#define TRANSFORM_PRIME 61 /* the largest radix */

/* `radix` transforms of `inner` elements, one behind the other, become one. */
typedef struct fft_level {
    ptrdiff_t radix, inner;
    double *turns; /* 2 pi i q / (radix inner): each i >= 1 of each q >= 1 */
    double *roots; /* 2 pi i / radix, i < radix */
} fft_level;

#define TRANSFORM_LEVELS 32

typedef struct fft_tables {
    ptrdiff_t n;
    int levels; /* from the inside out */
    fft_level level[TRANSFORM_LEVELS];
} fft_tables;

/* Where lines lie in an array and in a block. `lanes` is TRANSFORM_LANES, for one of
 * the parts of complex lines, or TRANSFORM_LINES; `count` of them stand for lines. */
typedef struct fft_lines {
    ptrdiff_t count, lanes;
    ptrdiff_t next, step, length; /* in the array: `length` elements of each line */
    ptrdiff_t n;                  /* in the block; what is not in the array is 0 */
    double factor;                /* of what is gathered */
    ptrdiff_t exchanged; /* TRANSFORM_LANES: scattered parts change places; or 0 */
    int folded;          /* the block has even elements first, then odd ones back */
    const ptrdiff_t *order; /* then element k at order[k], or NULL */
} fft_lines;

/* Elements of TRANSFORM_LINES lines on the way to an inverse transform: element k
 * stands `step` k from the first, and is multiplied with the factor and, where there
 * are any terms, with the sum over them of along[t][k] across[t * TRANSFORM_LINES +
 * line]. */
typedef struct weighed_lines {
    const wide *first;
    ptrdiff_t step;
    double factor;
    int terms;
    const double *const *along;
    const double *across;
} weighed_lines;

/* How far the window around a corner goes, and which quotients of the variances of
 * both models say that two edges meet there, or that it is a dot. */
typedef struct shift_rule {
    ptrdiff_t reach;
    double edge_below, dot_above;
} shift_rule;

#define REACH_AT_MOST (1 << 20)

/* Bytes for three planes of windows, six rows of them, and coordinates. */
static inline size_t shift_spare(ptrdiff_t reach)
{
    size_t side = 2 * (size_t)reach + 1, pixels = side * side;
    return (PATCHES * (3 * pixels + 6 * (side + 2)) + 2 * pixels) * sizeof(wide);
}

/* Descriptors that stand side by side in a panel, and pairs that are decided so. */
#define PANEL 64
#define TOGETHER 4

#define HAAR_TYPES 5 /* type-2-x, type-2-y, type-3-x, type-3-y, type-4 */

/*
 * The integral image of a window of `height` by `width` pixels, and what lies before
 * its first row and column: (height + 1) rows of (width + 1). In planes[k - 1] a row
 * holds first the columns that k divides, then those that leave 1, ..., each `part`
 * long. Vectors may be read behind the end.
 */
typedef struct haar_window {
    const void *planes[3];
    ptrdiff_t pitch[3], part[3];
    ptrdiff_t height, width;
    int narrow; /* integers: the bits of int64 that the image's type has not */
} haar_window;

/* A cascade at one scale. A stump compares the sums of 3 by 3 blocks, whose 16 corners
 * lie so far from a window's first element. */
typedef struct cascade_scale {
    const ptrdiff_t *corners;  /* 16 a stump, row after row */
    const uint32_t *tables;    /* 8 words a stump: a bit for each of 256 patterns */
    const float *leaves;       /* 2 a stump: what bit 1 and what bit 0 adds */
    const int32_t *ends;       /* of each stage: the number of stumps up to its end */
    const float *thresholds;   /* what the sum of a stage must reach */
    ptrdiff_t stages;
} cascade_scale;

/* From one pixel to the other of a pair; `down` is not negative. */
typedef struct pair_offset {
    ptrdiff_t down, right;
} pair_offset;

#define PAIRS_AT_ONCE 4 /* counted in one loop */

/* One of the matrices of which a result is made: counts or frequencies, `pitch`
 * elements apart. */
typedef struct count_plane {
    uint32_t *counts;
    double *frequencies;
    ptrdiff_t levels, pitch;
} count_plane;

/*
 * Sums over co-occurrence matrices, `planes` of them side by side: element (d, k) of an
 * array stands at d * planes + k. A null pointer: not wanted.
 */
typedef struct haralick_sums {
    ptrdiff_t levels, planes;
    double *rows;        /* (levels): of each row */
    double *columns;     /* (levels): of each column */
    double *differences; /* (2 levels - 1): of each diagonal, from j - i = 1 - levels */
    double *squares;     /* (1): of p p */
    double *logarithms;  /* (1): of p ln p */
    const double *terms; /* x ln x of each x below HARALICK_TERMS, where all elements
                            are whole numbers; or NULL */
} haralick_sums;

#define HARALICK_TERMS 1024

#define HARALICK_SPARE 512

/*
 * The difference of two differences, along a line or between lines: of lines 0 and 1,
 * and of 2 and 3. `inner_along`: each is of one line, and taken along it;
 * `outer_along`: they are one, and the difference of both is taken along it. Then ends
 * of lines are one-sided; scale[] of the two differences and of their difference is
 * that between.
 */
typedef struct second_difference {
    const wide *line[4];
    double scale[3];
    int inner_along, outer_along;
} second_difference;

/*
 * One sample of a circle, in all pixels of a row: it lies between two rows that hold
 * the values in its column, `upper` (weight `up`) and `lower` (weight `down`); a null
 * pointer for `lower`: on the upper one.
 */
typedef struct circle_sample {
    const wide *upper, *lower;
    double up, down;
} circle_sample;

#define SAMPLES_A_WORD 31 /* bits of a code that an int32_t holds */

/* Of the usual eight samples at radius 1: the root of a half as the reference rounds
 * it, how far diagonal ones lie along both axes. */
#define LBP_DIAGONAL 0.70711

/* Properties of a matrix, as in feature.h. */
#define PROPERTIES 10

#define STRIP 16 /* columns of a strip */

/* The lines around one, in C's order of their offsets -1, 0, 1 along the other axes. */
typedef struct sobel_lines {
    int axes;
    ptrdiff_t count;       /* 3^(axes - 1) */
    const double *weights; /* `count` of each axis; of two axes none are needed */
    int starts, ends;      /* is there nothing before the first, behind the last? */
} sobel_lines;

/* What lies farther from 0 has no square. */
#define MEASURABLE_MOST 1e150
#define SUM_LANES 8

/* Numbers that are added up one after the other; then the sums of as many are. */
#define TEMPLATE_RUN 256

/* A template's sides, and the steps of what it is laid over. */
typedef struct template_shape {
    ptrdiff_t planes, rows, cols;
    ptrdiff_t plane, pitch;
} template_shape;

/* What coefficients need of a template: elements, their sum, count times their sum of
 * squared deviations; and when a denominator counts as 0, a window as doubtful. */
typedef struct template_numbers {
    double count, sum, variation;
    double least, doubt, noise;
    int is_whole; /* products of integers, which may be a little off */
} template_numbers;

/*
 * A mixture of Gaussians (fisher.c) as kernels read it: element d of all modes side by
 * side, their number filled up to a multiple of MIXTURE_LANES with modes that nothing
 * belongs to. Blocks hold MIXTURE_BLOCK descriptors, `pitch` elements apart, a multiple
 * of MIXTURE_LANES; what lies behind the last element or descriptor is 0.
 */
#define MIXTURE_LANES 8
#define MIXTURE_BLOCK 32
#define MIXTURE_LEAST 0x1p-100 /* smaller posteriors add nothing to a sum */

typedef struct mixture_table {
    ptrdiff_t given, modes, length, pitch;
    wide *means, *scales; /* (length, modes); scales are 1 / sigma */
    wide *offsets; /* of each mode: the logarithm of its weight times its height */
} mixture_table;

#define HARRIS_RADIUS 4 /* of the Gaussian of sigma 1 */

/* Which two elements along an axis stand around each new one, and their weights; filled
 * up to ZOOM_BLOCK. Are those that a block looks at among sixteen from its first on? */
#define ZOOM_BLOCK 8

typedef struct zoom_axis {
    int32_t *before, *after;
    double *near, *far;
    ptrdiff_t count;
    int is_close;
} zoom_axis;

typedef struct plane_limits {
    double least, most;
} plane_limits;

/* Columns of a row that is made `factor` times as wide. */
typedef struct sift_zoom {
    ptrdiff_t factor;
    ptrdiff_t first, end; /* of the wide row */
    ptrdiff_t left, cols; /* of the narrow row: the first there, all */
} sift_zoom;

#define SIFT_MOVES 5 /* rows and columns that a refined extremum needs on each side */

/*
 * Differences of Gaussians around one row: line (s, k), k <= 2 SIFT_MOVES, is row
 * y - SIFT_MOVES + k at scale s, NULL beyond the border. It begins with column `left`.
 */
typedef struct sift_lines {
    const wide **lines;
    ptrdiff_t left;
    ptrdiff_t sides[3]; /* rows, cols, scales */
} sift_lines;

typedef struct sift_limits {
    double contrast, edgeness;
    double step, growth;  /* of a pixel of the octave; as feature_sift */
    const double *sigmas; /* of the octave's scales */
    double sides[2];      /* of the image */
} sift_limits;

/* An extremum of the octave, refined; in pixels of the image. */
typedef struct sift_extremum {
    double row, col, sigma;
    ptrdiff_t scale; /* -1: none */
} sift_extremum;

/* A window in one smoothed image, of which rows from `first` on are there. */
typedef struct sift_window {
    const void *plane; /* reals */
    ptrdiff_t pitch, first; /* pitch: at least cols + 8 */
    ptrdiff_t rows, cols;  /* of the whole image */
    double row, col, sigma; /* of the keypoint, in pixels of the octave */
    double reach;          /* the window's, in sigma (orienting, describing) */
    double angle;          /* of a descriptor */
    ptrdiff_t bins;        /* of the histogram, or of one cell's */
    ptrdiff_t cells;
    wide *weights, *row_weights; /* room for a row, a column, and a block each */
    wide *sums;            /* SIFT_COPIES histograms; of a descriptor with a frame */
} sift_window;

#define SIFT_COPIES 2 /* of histograms, so that a pixel need not wait for the last */

/* Elements of a descriptor's histograms: a frame of cells, one direction more. */
static inline ptrdiff_t sift_room(ptrdiff_t cells, ptrdiff_t directions)
{
    return (cells + 2) * (cells + 2) * (directions + 1);
}

typedef struct plain_kernels {
#define KERNEL(name, parameters)
#define PLAIN(name, parameters) void(*name) parameters;
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN
} plain_kernels;

typedef struct real_kernels {
#define KERNEL(name, parameters) void(*name) parameters;
#define PLAIN(name, parameters)
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN
} real_kernels;

/* The fastest that this processor runs; chosen once, when the library loads. */
const plain_kernels *plain_kernels_in_use(void);
const real_kernels *real_kernels_for(feature_dtype dtype); /* FLOAT32 or FLOAT64 */

#endif
