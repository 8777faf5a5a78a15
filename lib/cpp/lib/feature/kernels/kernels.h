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

typedef double wide; /* what pixels are summed in, whatever they are stored in */

/* Row buffers are padded so that kernels may run in blocks of this many. */
#define ROW_BLOCK 32

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

#define WORD_PIXELS 64 /* side by side in a word, the first in its lowest bit */

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

/* Pixels under a mask, row after row, with offsets from its middle. */
typedef struct patch_mask {
    const ptrdiff_t *first; /* of each row its first pixel in `right`, and the end */
    const int32_t *right;
    ptrdiff_t rows, reach, down; /* `right` counts from -reach, rows from -down */
} patch_mask;

#define PATCHES 8 /* looked at side by side */

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
