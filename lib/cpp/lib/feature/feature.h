/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libfeature: image features at the speed of memory and arithmetic.
 *
 * The whole public interface, in the order in which a user meets it:
 *
 *   1. Arrays      how an image crosses the interface
 *   2. Status      what every function returns
 *   3. Runs        threads and interruption of one call
 *   4. Library     version, instruction set, threads, memory
 *   5. Tutorial    synthesize_matrix, the smallest complete example
 *   6. Edges       canny
 *   7. Tensors     structure_tensor, eigenvalues, hessian_matrix, hessian_matrix_det,
 *                  shape_index
 *   8. Corners     corner_harris, corner_shi_tomasi, corner_foerstner,
 *                  corner_kitchen_rosenfeld; corner_fast, corner_moravec,
 *                  corner_orientations, corner_subpix
 *   9. Peaks       peak_local_max, corner_peaks
 *  10. Blobs       blob_dog, blob_log, blob_doh; pruning
 *  11. Matching    match_descriptors
 *  12. Haar        haar_like_feature, haar_like_feature_coord, Cascade
 *  13. Texture     graycomatrix, graycoprops, local_binary_pattern, multiblock_lbp
 *  14. HOG         hog
 *  15. DAISY       daisy
 *  16. Multiscale  multiscale_basic_features
 *  17. Template    match_template
 *  18. Fisher      fisher_statistics
 *  19. Keypoints   BRIEF, ORB, CENSURE, SIFT
 *
 * Promises that hold for every function:
 *
 *   - Any number of threads may call at once; nothing here has global state
 *     that a caller can change.
 *   - The same input gives the same bytes on every instruction set, for every
 *     number of threads and for every memory layout.
 *   - Inputs are never modified. The caller owns every buffer. When the status
 *     is not FEATURE_OK the content of the outputs is undefined.
 *   - An output must not overlap an input.
 */
#ifndef FEATURE_H
#define FEATURE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FEATURE_API __attribute__((visibility("default")))
#else
#define FEATURE_API
#endif

/* ------------------------------------------------------------------------ */
/* 1. Arrays                                                                */
/* ------------------------------------------------------------------------ */

/* What one element is. A bool is one byte, 0 or 1. */
typedef enum feature_dtype {
    FEATURE_BOOL,
    FEATURE_UINT8,
    FEATURE_INT8,
    FEATURE_UINT16,
    FEATURE_INT16,
    FEATURE_UINT32,
    FEATURE_INT32,
    FEATURE_UINT64,
    FEATURE_INT64,
    FEATURE_FLOAT16,
    FEATURE_FLOAT32,
    FEATURE_FLOAT64
} feature_dtype;

/*
 * An n-dimensional array as NumPy sees one: `strides` are in bytes, may be
 * negative or zero, and must be multiples of the element's size, as `data` must
 * be aligned to it. Byte order is the processor's.
 */
typedef struct feature_array {
    void *data;               /* the element at index (0, 0, ...) */
    const ptrdiff_t *shape;   /* ndim lengths */
    const ptrdiff_t *strides; /* ndim steps in bytes */
    int32_t ndim;
    int32_t dtype; /* a feature_dtype */
} feature_array;

/* ------------------------------------------------------------------------ */
/* 2. Status                                                                */
/* ------------------------------------------------------------------------ */

typedef enum feature_status {
    FEATURE_OK,           /* the outputs are complete */
    FEATURE_BAD_ARGUMENT, /* a null pointer, shape, alignment or parameter */
    FEATURE_BAD_DTYPE,    /* an element type the function does not take */
    FEATURE_NO_MEMORY,    /* working memory could not be had */
    FEATURE_INTERRUPTED   /* the run's poll function asked to stop */
} feature_status;

/* One English sentence for a status; never NULL, also for unknown values. */
FEATURE_API const char *feature_status_text(feature_status status);

/*
 * Describes an array of NumPy's. `capsule` is what its __array_struct__ gives, and
 * `pointer_of` is Python's PyCapsule_GetPointer: handed in, as this library knows
 * nothing of Python, whose lock the caller must hold. Shape and strides live as long as
 * the capsule, the elements as long as the array. BAD_DTYPE for elements that are none
 * of feature_dtype or not in the processor's byte order.
 */
typedef void *feature_pointer_of(void *capsule, const char *name);
FEATURE_API feature_status feature_describe(feature_pointer_of *pointer_of,
                                            void *capsule, feature_array *array);

/* ------------------------------------------------------------------------ */
/* 3. Runs                                                                  */
/* ------------------------------------------------------------------------ */

/*
 * How one call runs. A null pointer in its place means: default threads, not
 * interruptible. `poll` is called on the calling thread about every 10 ms of
 * a long call; when it returns non-zero the call ends with FEATURE_INTERRUPTED.
 */
typedef struct feature_run {
    int32_t (*poll)(void *context);
    void *context;
    int32_t threads; /* 0: feature_threads() */
} feature_run;

/* ------------------------------------------------------------------------ */
/* 4. Library                                                               */
/* ------------------------------------------------------------------------ */

/* "major.minor.patch" */
FEATURE_API const char *feature_version(void);

/* The instruction set in use ("base", "avx2", "avx512"), and all that this
 * library and this processor have in common, separated by blanks, slowest
 * first. FEATURE_ISA in the environment lowers the choice when the library is
 * loaded; feature_isa() is "" when that variable holds an unknown word. */
FEATURE_API const char *feature_isa(void);
FEATURE_API const char *feature_isas(void);

/* The number of threads of a call that asks for 0: OpenMP's own maximum on the
 * calling thread, lowered to the container's CPU quota while OMP_NUM_THREADS is
 * not set; and one phrase that says which of these decided. */
FEATURE_API int32_t feature_threads(void);
FEATURE_API const char *feature_threads_source(void);

/* Working memory is kept between calls, at most 256 MiB a process. This gives it
 * back to the system; calls that are running keep theirs. */
FEATURE_API void feature_release_memory(void);

/* ------------------------------------------------------------------------ */
/* 5. Tutorial                                                              */
/* ------------------------------------------------------------------------ */

/*
 * For each element, with mid = rows * cols / 2 rounded down:
 *
 *     v = (in - mid) * 1.5          out = v < 0 ? v + 0.25 : v - 0.25
 *
 * The difference is an exact integer, rounded once to float32; the rest is
 * float32 arithmetic.
 *
 *   in    (rows, cols) uint8
 *   out   (rows, cols) float32
 */
FEATURE_API feature_status feature_synthesize_matrix(const feature_array *in,
                                                     const feature_array *out,
                                                     const feature_run *run);

/* The same for contiguous matrices, under the name and with the parameters of
 * the skeleton that this library grew from. Does nothing when an argument is
 * null or negative. */
FEATURE_API void synthesize_matrix(int row, int col, const uint8_t *in, float *out);

/* ------------------------------------------------------------------------ */
/* 6. Edges                                                                 */
/* ------------------------------------------------------------------------ */

/* What lies beyond the border of a row "a b c d" (SciPy's names). */
typedef enum feature_border {
    FEATURE_CONSTANT, /* k k k | a b c d | k k k   (k = cval) */
    FEATURE_NEAREST,  /* a a a | a b c d | d d d */
    FEATURE_REFLECT,  /* c b a | a b c d | d c b */
    FEATURE_MIRROR,   /* d c b | a b c d | c b a */
    FEATURE_WRAP      /* b c d | a b c d | a b c */
} feature_border;

/*
 * A symmetric filter along one axis: weights[0] at the centre, weights[k] at
 * distance k on both sides, k <= radius. radius 0 with weight 1 is "no filter".
 */
typedef struct feature_filter {
    const double *weights;
    ptrdiff_t radius;
    int32_t border; /* a feature_border */
} feature_filter;

/*
 * The normalised Gaussian of standard deviation sigma >= 0 (pixels), cut at
 * radius int(4 sigma + 0.5). Returns the radius, -1 for a sigma that is
 * negative, not finite or too large to count in; writes min(capacity,
 * radius + 1) weights, so that a first call with capacity 0 asks for the size.
 */
FEATURE_API ptrdiff_t feature_gaussian_weights(double sigma, ptrdiff_t capacity,
                                               double *weights);

typedef struct feature_canny_parameters {
    feature_filter axis[2]; /* smoothing along axis 0 (down) and axis 1 (right) */
    double cval;            /* beyond the border where that is FEATURE_CONSTANT */
    int32_t normalize;      /* non-zero: divide by the smoothed mask */
    float low;              /* hysteresis thresholds of the gradient magnitude; */
    double high;            /* integer images are first scaled to [0, 1], [-1, 1] */
} feature_canny_parameters;

/*
 * Edges by Canny's method: Gaussian, Sobel, non-maximum suppression with
 * interpolated neighbours, hysteresis over eight neighbours.
 *
 *   image  (rows, cols) of every dtype but 64-bit integers
 *   mask   (rows, cols) bool, non-zero where the image counts, or NULL
 *   edges  (rows, cols) bool
 */
FEATURE_API feature_status feature_canny(const feature_array *image,
                                         const feature_array *mask,
                                         const feature_canny_parameters *parameters,
                                         const feature_array *edges,
                                         const feature_run *run);

/*
 * The gradient magnitude that feature_canny compares with its thresholds (which
 * are not read here), so that they can be chosen from it.
 *
 *   magnitude  (rows, cols) float32 for float16 and float32 images, else float64;
 *              the elements of a row stand side by side
 */
FEATURE_API feature_status feature_canny_magnitude(
    const feature_array *image, const feature_array *mask,
    const feature_canny_parameters *parameters, const feature_array *magnitude,
    const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 7. Tensors                                                               */
/* ------------------------------------------------------------------------ */

/*
 * Images have any dtype; integers are scaled to [0, 1] or [-1, 1]. Planes have the
 * image's shape and are float32 for float16 and float32 images, else float64. Those
 * of a symmetric n by n matrix are n (n + 1) / 2: the upper triangle, row by row.
 */

/*
 * Products of Sobel's gradients, averaged by a Gaussian. At least two dimensions.
 *
 *   axis    a filter for each axis; Sobel's operator takes its borders
 *   cval    beyond the border where that is FEATURE_CONSTANT
 */
FEATURE_API feature_status feature_structure_tensor(const feature_array *image,
                                                    const feature_filter *axis,
                                                    double cval,
                                                    const feature_array *planes,
                                                    const feature_run *run);

/*
 * Eigenvalues, decreasing, of symmetric matrices whose elements stand in
 * order (order + 1) / 2 planes of one shape, float32 or float64.
 *
 *   order   rows of a matrix, 1 to 8
 *   values  `order` planes of the same shape and dtype
 */
FEATURE_API feature_status feature_structure_tensor_eigenvalues(
    const feature_array *planes, int32_t order, const feature_array *values,
    const feature_run *run);

/* The same, under the name that the Hessian's eigenvalues have in Python. */
FEATURE_API feature_status feature_hessian_matrix_eigvals(const feature_array *planes,
                                                          int32_t order,
                                                          const feature_array *values,
                                                          const feature_run *run);

/*
 * Second derivatives of a smoothed image, up to eight dimensions.
 *
 *   smoothing      a filter for each axis
 *   derivative     NULL: differences of the smoothed image, whose axes must then be 2
 *                  long or more. Else an antisymmetric filter for each axis, applied
 *                  along the axes of differentiation while `smoothing` is along the
 *                  others: weights[k] times (element k before - element k after)
 *   cval           beyond the border where that is FEATURE_CONSTANT
 *   columns_first  non-zero, in two dimensions: planes 11, 10, 00
 */
FEATURE_API feature_status feature_hessian_matrix(
    const feature_array *image, const feature_filter *smoothing,
    const feature_filter *derivative, double cval, int32_t columns_first,
    const feature_array *planes, const feature_run *run);

/* The determinant of the Hessian by differences; constant borders are 0. */
FEATURE_API feature_status feature_hessian_matrix_det(const feature_array *image,
                                                      const feature_filter *axis,
                                                      const feature_array *determinant,
                                                      const feature_run *run);

/*
 * The determinant by SURF's box filters, two dimensions.
 *
 *   size         of the filters in pixels, 3 sigma, at least 1
 *   determinant  float64
 */
FEATURE_API feature_status feature_hessian_matrix_det_boxes(
    const feature_array *image, ptrdiff_t size, const feature_array *determinant,
    const feature_run *run);

/* Koenderink and van Doorn's shape index, two dimensions; NaN where the Hessian's
 * eigenvalues are equal. */
FEATURE_API feature_status feature_shape_index(const feature_array *image,
                                               const feature_filter *axis, double cval,
                                               const feature_array *index,
                                               const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 8. Corners                                                               */
/* ------------------------------------------------------------------------ */

/*
 * Dense corner measures. `image` has two dimensions and any dtype; integers are
 * scaled to [0, 1] or [-1, 1]. `axis` are two filters, the Gaussian window along
 * axis 0 and axis 1, whose borders Sobel's operator takes too; beyond a constant
 * border stands 0. Responses have the image's shape and are float32 for float16 and
 * float32 images, else float64.
 */

/* How feature_corner_harris makes a response of determinant and trace. */
typedef enum feature_harris {
    FEATURE_HARRIS_K,  /* det - factor trace^2 */
    FEATURE_HARRIS_EPS /* 2 det / (trace + factor) */
} feature_harris;

FEATURE_API feature_status feature_corner_harris(
    const feature_array *image, const feature_filter *axis, int32_t method,
    double factor, const feature_array *response, const feature_run *run);

/* The smaller eigenvalue of the structure tensor. */
FEATURE_API feature_status feature_corner_shi_tomasi(const feature_array *image,
                                                     const feature_filter *axis,
                                                     const feature_array *response,
                                                     const feature_run *run);

/* det / trace and 4 det / trace^2; both 0 where the trace is 0. */
FEATURE_API feature_status feature_corner_foerstner(const feature_array *image,
                                                    const feature_filter *axis,
                                                    const feature_array *size,
                                                    const feature_array *roundness,
                                                    const feature_run *run);

/*
 * Curvature of the level line times the gradient's magnitude, from Sobel's operator
 * applied once and twice; integers are not scaled.
 *
 *   borders  two feature_border, along axis 0 and axis 1
 *   cval     beyond the border where that is FEATURE_CONSTANT
 */
FEATURE_API feature_status feature_corner_kitchen_rosenfeld(
    const feature_array *image, const int32_t *borders, double cval,
    const feature_array *response, const feature_run *run);

/*
 * Corner responses by FAST: where at least `arc` (1 to 16) pixels in a row on the
 * circle of 16 around a pixel exceed it by more than `threshold`, or fall below it by
 * more, the sum of the 16 absolute differences; 0 elsewhere. For an arc of 12 and more
 * three of the four quarter pixels must do so.
 *
 *   image     (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1]
 *   response  (rows, cols) float32 for float16 and float32 images, else float64; the
 *             elements of a row stand side by side
 */
FEATURE_API feature_status feature_corner_fast(const feature_array *image, int32_t arc,
                                               double threshold,
                                               const feature_array *response,
                                               const feature_run *run);

/*
 * Moravec's corner response: the least sum of squared differences between the window of
 * side 2 window + 1 around a pixel and the same moved along both axes by up to
 * `window`; 0 nearer than 2 window to the border. Arrays as for feature_corner_fast.
 */
FEATURE_API feature_status feature_corner_moravec(const feature_array *image,
                                                  ptrdiff_t window,
                                                  const feature_array *response,
                                                  const feature_run *run);

/*
 * The angle of the vector from each corner to the centre of intensity of what the mask,
 * its middle on the corner, shows of the image; 0 beyond the border.
 *
 *   image    (rows, cols) as for feature_corner_fast
 *   corners  (count, 2) int64, rows and columns within the image
 *   mask     bool, of odd sides
 *   angles   (count) in (-pi, pi], of the type of a response
 */
FEATURE_API feature_status feature_corner_orientations(const feature_array *image,
                                                       const feature_array *corners,
                                                       const feature_array *mask,
                                                       const feature_array *angles,
                                                       const feature_run *run);

/*
 * Where corners lie between pixels, by Foerstner and Guelch: two edges that meet, or a
 * dot. NaN where it is neither for sure, or the window has no texture.
 *
 *   image      (rows, cols) of every dtype, taken as it is; 0 beyond the border
 *   corners    (count, 2) int64, rows and columns within the image
 *   window     side of the window, at least 1; an even one counts as the odd one below
 *              it
 *   edge_below, dot_above
 *              two edges meet where the quotient of the variances (edges over dot) is
 *              below the first, a dot is where it exceeds the second: quantiles of the
 *              F distribution with window^2 - 2 degrees of freedom for both
 *   positions  (count, 2) float32 for float16 and float32 images, else float64
 */
FEATURE_API feature_status feature_corner_subpix(const feature_array *image,
                                                 const feature_array *corners,
                                                 ptrdiff_t window, double edge_below,
                                                 double dot_above,
                                                 const feature_array *positions,
                                                 const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 9. Peaks                                                                 */
/* ------------------------------------------------------------------------ */

typedef struct feature_peaks_parameters {
    const void *least;       /* one element of the image's dtype: what a peak reaches;
                              * NULL, of float32 and float64 without labels: all above
                              * the image's smallest number, nothing beside NaN */
    const ptrdiff_t *sides;  /* of the window, one an axis, each at least 1 */
    const ptrdiff_t *border; /* no peak nearer to the border, one an axis, >= 0 */
    double distance;         /* peaks are at least so far apart; <= 1: not looked at */
    double p_norm;           /* in Minkowski's norm, from 1 to infinity */
    ptrdiff_t most;          /* peaks, and peaks of one label */
    ptrdiff_t most_per_label;
    double corner_p_norm; /* not 0: a second pass drops what is not farther apart */
    double corner_distance; /* than this, */
    ptrdiff_t corner_most;  /* and what comes after so many */
    int32_t has_nan;        /* non-zero: the image holds NaN */
} feature_peaks_parameters;

/*
 * Local maxima: pixels that no pixel of the window around them exceeds, the largest
 * first, equal ones row after row. A window of even side reaches farther backwards.
 *
 *   image      any dtype, 1 to 32 dimensions; not empty
 *   footprint  bool, the shape given by `sides`: the window where that is no box; or
 *              NULL
 *   labels     int32 or int64, the shape of image, or NULL: each value above 0 is a
 *              region that is searched alone; the results of 1 come first
 *   capacity   rows of index; more peaks are counted, not written
 *   index      (capacity, ndim) int64, row after row
 *   count      how many there are
 */
FEATURE_API feature_status feature_peak_local_max(
    const feature_array *image, const feature_array *footprint,
    const feature_array *labels, const feature_peaks_parameters *parameters,
    ptrdiff_t capacity, int64_t *index, ptrdiff_t *count, const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 10. Blobs                                                                */
/* ------------------------------------------------------------------------ */

/* What counts as a blob. */
typedef struct feature_blob_search {
    double least;            /* responses reach this */
    const ptrdiff_t *border; /* no blob nearer to the border, one an axis, >= 0 */
    int32_t range;           /* non-zero: the range of all responses is asked for */
    int32_t direct;          /* non-zero: filters only, no cosine transform */
} feature_blob_search;

/* What was found. The caller sets the first three; more blobs are counted, not
 * written. */
typedef struct feature_blob_list {
    ptrdiff_t capacity;
    int64_t *index;   /* (capacity, ndim + 1): the position, then the scale's number */
    double *response; /* (capacity) */
    ptrdiff_t count;
    double lowest; /* the range, where it is asked for; NaN with any NaN */
    double highest;
    double error; /* of responses and range, at most; 0 of filters and boxes */
} feature_blob_list;

/*
 * Local maxima of the scale space of an image: elements that none of the 3^(ndim + 1)
 * around them in position and scale exceeds, the largest first, equal ones in the order
 * of positions, then scales. None where all responses are equal.
 *
 *   image      every dtype, 1 to 32 dimensions; integers are scaled to [0, 1], [-1, 1]
 *   smoothing  Gaussians, ndim filters for each scale; their borders must all be
 *              FEATURE_REFLECT, their radii are free
 *   scales     of responses; blob_dog has one Gaussian more
 *   factor     what the difference of a scale's Gaussian and the next is multiplied by
 *   second     second derivatives of the Gaussians
 *   factors    what the negative Laplacian of each scale is multiplied by
 *   sizes      of the boxes of each scale, as for feature_hessian_matrix_det_boxes, or
 *              below 1 for responses that are NaN
 */
FEATURE_API feature_status feature_blob_dog(const feature_array *image,
                                            const feature_filter *smoothing,
                                            ptrdiff_t scales, double factor,
                                            const feature_blob_search *search,
                                            feature_blob_list *list,
                                            const feature_run *run);
FEATURE_API feature_status feature_blob_log(const feature_array *image,
                                            const feature_filter *smoothing,
                                            const feature_filter *second,
                                            const double *factors, ptrdiff_t scales,
                                            const feature_blob_search *search,
                                            feature_blob_list *list,
                                            const feature_run *run);
FEATURE_API feature_status feature_blob_doh(const feature_array *image,
                                            const ptrdiff_t *sizes, ptrdiff_t scales,
                                            const feature_blob_search *search,
                                            feature_blob_list *list,
                                            const feature_run *run);

/*
 * Drops blobs that others cover. Pairs (i, j), i < j, are looked at in the order of i,
 * then j. Where the discs (balls) of both, of radius sqrt(ndim) sigma, share more than
 * `overlap` of the smaller one's area (volume), the smaller one is dropped, of equal
 * ones i. What is dropped drops no other. Of more than three dimensions none share any.
 *
 *   blobs    (count, ndim + sigmas) float64, contiguous: positions, whole numbers, then
 *            1 or ndim standard deviations >= 0; the last decides which is smaller
 *   narrow   non-zero: with the roundings of float32 arithmetic
 *   kept     (count) bool, contiguous
 */
FEATURE_API feature_status feature_blob_prune(const feature_array *blobs,
                                              int32_t sigmas, int32_t narrow,
                                              double overlap,
                                              const feature_array *kept,
                                              const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 11. Matching                                                             */
/* ------------------------------------------------------------------------ */

typedef enum feature_metric {
    FEATURE_HAMMING,     /* the part of the elements that differ */
    FEATURE_EUCLIDEAN,   /* sqrt(sum d d) */
    FEATURE_SQEUCLIDEAN, /* sum d d */
    FEATURE_CITYBLOCK,   /* sum |d| */
    FEATURE_CHEBYSHEV    /* the largest |d| */
} feature_metric;

typedef struct feature_match_parameters {
    int32_t metric;      /* a feature_metric */
    int32_t cross_check; /* non-zero: each of a pair must be the other's nearest */
    double max_distance; /* a pair must be nearer; infinity: any distance will do */
    double max_ratio;    /* and so much nearer than the second nearest; 1: any */
} feature_match_parameters;

/*
 * For each descriptor of the first set the nearest of the second, in the order of the
 * first; of equally near ones the first.
 *
 *   first, second  (M, P) and (N, P), N at least 1 and below 2^31, of one dtype: bool
 *                  (metric FEATURE_HAMMING only), uint8, float32 or float64
 *   capacity       pairs that `matches` has room for; more are counted, not written
 *   matches        pairs of indices
 *   count          how many there are
 */
FEATURE_API feature_status feature_match_descriptors(
    const feature_array *first, const feature_array *second,
    const feature_match_parameters *parameters, ptrdiff_t capacity, int64_t *matches,
    ptrdiff_t *count, const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 12. Haar                                                                 */
/* ------------------------------------------------------------------------ */

/*
 * Haar-like features of a window: sums of neighbouring rectangles, of which those at
 * odd places are added and the others subtracted. Types are 0 type-2-x, 1 type-2-y,
 * 2 type-3-x, 3 type-3-y, 4 type-4. A window's sides are at most 2^15.
 *
 *   integral  (rows, cols), sums of all pixels up to a row and a column; every dtype
 *             but float16
 *   row, col  of the window's first pixel; the window lies within the image
 *   types     `count` of them
 *   out       (features) float32, float64 as `integral`, else int64; side by side. In
 *             the order of types, then of the first row, the first column, a
 *             rectangle's height and its width
 */
FEATURE_API feature_status feature_haar_like_feature(
    const feature_array *integral, ptrdiff_t row, ptrdiff_t col, ptrdiff_t height,
    ptrdiff_t width, const int32_t *types, ptrdiff_t count, const feature_array *out,
    const feature_run *run);

/*
 * The same of given features.
 *
 *   coord  int32 without gaps: (features, 5), each type, first row and column within
 *          the window, height and width of a rectangle; or (features, rectangles, 4),
 *          each first row and column, last row and column, 1 to 4 rectangles
 */
FEATURE_API feature_status feature_haar_like_feature_given(
    const feature_array *integral, ptrdiff_t row, ptrdiff_t col, ptrdiff_t height,
    ptrdiff_t width, const feature_array *coord, const feature_array *out,
    const feature_run *run);

/* All features of a window, as (features, 5) of the above, in the same order. */
FEATURE_API feature_status feature_haar_like_feature_coord(
    ptrdiff_t height, ptrdiff_t width, const int32_t *types, ptrdiff_t count,
    const feature_array *coord, const feature_run *run);

/*
 * A cascade of stages, each of stumps, each a table of patterns of 3 by 3 blocks; and
 * the scales at which windows are looked at.
 */
typedef struct feature_cascade {
    const int32_t *ends;     /* of each stage: the number of stumps up to its end */
    const float *thresholds; /* of each stage: the least sum that passes */
    const int32_t *feature;  /* of each stump */
    const uint32_t *tables;  /* 8 words a stump: a bit for each pattern */
    const float *leaves;     /* 2 a stump: added where the bit is 1, where it is 0 */
    const int32_t *blocks;   /* of each scale and feature: row, column, height, width
                                of its first block, within the window */
    const int32_t *windows;  /* of each scale: step, height, width */
    ptrdiff_t stages;
    ptrdiff_t features;
    ptrdiff_t scales;
} feature_cascade;

/*
 * The integral image of a Cascade: of the pixels as they are, summed in float64.
 *
 *   image     (rows, cols) of every dtype; sums must stay below 2^53 to be exact
 *   integral  (rows + 1, cols + 1) float32, its first row and column 0; the elements
 *             of a row stand side by side
 */
FEATURE_API feature_status feature_cascade_integral(const feature_array *image,
                                                    const feature_array *integral,
                                                    const feature_run *run);

/*
 * Windows that pass all stages, scale after scale, row after row: those at multiples
 * of the step that are less than image - window.
 *
 *   capacity  windows that `found` has room for; more are counted, not written
 *   found     (capacity, 4): row, column, height, width
 *   count     how many there are
 */
FEATURE_API feature_status feature_cascade_detect(const feature_array *integral,
                                                  const feature_cascade *cascade,
                                                  ptrdiff_t capacity, int32_t *found,
                                                  ptrdiff_t *count,
                                                  const feature_run *run);

/*
 * Joins windows that share more than `threshold` of the smaller one's area; leaves in
 * `found` and `count` the mean of every group of `least` windows or more.
 */
FEATURE_API feature_status feature_cascade_group(int32_t *found, ptrdiff_t *count,
                                                 float threshold, ptrdiff_t least,
                                                 const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 13. Texture                                                              */
/* ------------------------------------------------------------------------ */

/*
 * Co-occurrence matrices of grey levels: how many pixels have level i while the pixel
 * at an offset has level j. Pairs that leave the image do not count.
 *
 *   image      (rows, cols) bool or of integers, from 0 to levels - 1
 *   offsets    (distances * angles, 2) int64: rows down, columns right
 *   symmetric  non-zero: each pair counts in both orders
 *   zeroed     non-zero: matrix holds zeros (which spares touching all of a large one)
 *   matrix     (levels, levels, distances, angles) in C's order, uint32; or float64:
 *              the counts divided by their sum
 */
FEATURE_API feature_status feature_graycomatrix(const feature_array *image,
                                                const feature_array *offsets,
                                                int32_t symmetric, int32_t zeroed,
                                                const feature_array *matrix,
                                                const feature_run *run);

/* Properties of a co-occurrence matrix p whose sum is 1. */
typedef enum feature_property {
    FEATURE_CONTRAST,      /* sum of p (i - j)^2 */
    FEATURE_DISSIMILARITY, /* sum of p |i - j| */
    FEATURE_HOMOGENEITY,   /* sum of p / (1 + (i - j)^2) */
    FEATURE_ASM,           /* sum of p^2 */
    FEATURE_ENERGY,        /* its square root */
    FEATURE_CORRELATION,   /* of i and j; 1 where one of them has one value */
    FEATURE_MEAN,          /* of i */
    FEATURE_VARIANCE,      /* of i */
    FEATURE_STD,           /* of i */
    FEATURE_ENTROPY        /* -sum of p ln p */
} feature_property;

/*
 * Properties of matrices, each divided by its sum first (where that is not 0).
 *
 *   matrix  (levels, levels, distances, angles) of every dtype; not empty
 *   wanted  1 << feature_property, or several of them
 *   out     (as many as wanted, distances, angles) float64 in C's order; the properties
 *           in the order of their numbers
 */
FEATURE_API feature_status feature_graycoprops(const feature_array *matrix,
                                               int32_t wanted,
                                               const feature_array *out,
                                               const feature_run *run);

/* What is made of a local binary pattern. */
typedef enum feature_lbp_method {
    FEATURE_LBP_DEFAULT, /* its bits as a number, the first sample the lowest */
    FEATURE_LBP_ROR,     /* the least number among its rotations */
    FEATURE_LBP_UNIFORM, /* ones, if at most two neighbours differ; else count + 1 */
    FEATURE_LBP_NRI_UNIFORM, /* a number for each pattern of which that is true */
    FEATURE_LBP_VAR          /* not of the pattern: the variance of the samples */
} feature_lbp_method;

/*
 * Local binary patterns: which samples around a pixel are not below it.
 *
 *   image    (rows, cols) of every dtype; 0 beyond the border
 *   samples  (count, 2) float64: rows down and columns right of the pixel, finite;
 *            values in between are interpolated linearly
 *   method   a feature_lbp_method; DEFAULT and ROR take at most 64 samples
 *   out      (rows, cols) float64, or except for VAR uint8, uint16, uint32, uint64
 */
FEATURE_API feature_status feature_local_binary_pattern(const feature_array *image,
                                                        const feature_array *samples,
                                                        int32_t method,
                                                        const feature_array *out,
                                                        const feature_run *run);

/*
 * The multi-block local binary pattern of one window: nine blocks of `height` by
 * `width` pixels; from the top left clockwise a bit for each, the highest first, which
 * is 1 where the block's sum is not below that of the middle one. Sums are float32.
 *
 *   integral  (rows, cols) of every dtype: sums of all pixels above and left, inclusive
 *   window    row, column, width, height; within integral
 *   code      0 to 255
 */
FEATURE_API feature_status feature_multiblock_lbp(const feature_array *integral,
                                                  const ptrdiff_t *window,
                                                  int32_t *code);

/* ------------------------------------------------------------------------ */
/* 14. HOG                                                                  */
/* ------------------------------------------------------------------------ */

/* How the values v of a block are normalised, with epsilon e = 1e-5. */
typedef enum feature_hog_norm {
    FEATURE_HOG_L1,      /* v / (sum |v| + e) */
    FEATURE_HOG_L1_SQRT, /* the root of that */
    FEATURE_HOG_L2,      /* v / sqrt(sum v^2 + e^2) */
    FEATURE_HOG_L2_HYS   /* the same, values above 0.2 lowered to it, and once more */
} feature_hog_norm;

typedef struct feature_hog_parameters {
    ptrdiff_t cell_rows; /* pixels of a cell, at least 1 */
    ptrdiff_t cell_cols;
    ptrdiff_t block_rows; /* cells of a block, at least 1 */
    ptrdiff_t block_cols;
    ptrdiff_t orientations; /* bins of 180 degrees, 1 to 2^20 */
    const double *half;     /* two for each orientation: half of the line that is drawn
                               for it, down and right, within the cell; or NULL */
    int32_t norm;           /* a feature_hog_norm */
    int32_t take_root;      /* non-zero: of the pixels, first */
} feature_hog_parameters;

/*
 * Histograms of oriented gradients: of each cell the gradients' lengths by their
 * orientation, and of each block of cells all of them, normalised.
 *
 *   image     (rows, cols, channels) of every dtype; of several channels the one with
 *             the longest gradient counts, pixel by pixel. Integers are not scaled.
 *   settled   (count, 2) int64, contiguous, or NULL: pixels (row times cols plus col,
 *             increasing) and their bins (-1: none), for pixels that would be close
 *   blocks    (block rows, block cols, block_rows, block_cols, orientations), where
 *             those are rows / cell_rows - block_rows + 1 (rounded down) and so on;
 *             float32 for float16 and float32 images, else float64; contiguous
 *   picture   (rows, cols) of the same type, contiguous, or NULL: the histograms drawn
 *             as lines along the edges
 *   capacity  rows of close
 *   close     (capacity, 4) pixel, gradient down and right, bin taken (-1: none), of
 *             pixels so close to the border of a bin that arctangents of other
 *             libraries may decide otherwise; in any order. NULL with capacity 0
 *   count     how many of them there are
 */
FEATURE_API feature_status feature_hog(const feature_array *image,
                                       const feature_hog_parameters *parameters,
                                       const feature_array *settled,
                                       const feature_array *blocks,
                                       const feature_array *picture,
                                       ptrdiff_t capacity, double *close,
                                       ptrdiff_t *count, const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 15. DAISY                                                                */
/* ------------------------------------------------------------------------ */

/* What a descriptor is divided by, after 1e-10 has been added to its values. */
typedef enum feature_daisy_norm {
    FEATURE_DAISY_L1,   /* their sum */
    FEATURE_DAISY_L2,   /* their Euclidean length */
    FEATURE_DAISY_EACH, /* the same of each histogram ("daisy") */
    FEATURE_DAISY_OFF   /* nothing, and nothing is added */
} feature_daisy_norm;

typedef struct feature_daisy_parameters {
    ptrdiff_t step;   /* pixels between descriptors, at least 1 */
    ptrdiff_t margin; /* pixels before the first one, at least 0 */
    ptrdiff_t rings;
    ptrdiff_t histograms;      /* of a ring */
    ptrdiff_t orientations;    /* bins of 360 degrees, 1 to 2000 */
    const feature_filter *axis; /* two filters for each ring, along both axes, the first
                                   two also for the centre (without rings two), border
                                   FEATURE_REFLECT */
    const ptrdiff_t *offsets;   /* rings, histograms, (down, right), within margin */
    const double *directions;   /* orientations, (sine, cosine) */
    int32_t norm;               /* a feature_daisy_norm */
} feature_daisy_parameters;

/*
 * Histograms of gradients around points of a grid: one at the point, and on each ring
 * so many as `histograms`.
 *
 *   image        (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1]
 *   descriptors  (P, Q, (rings histograms + 1) orientations), where P is (rows -
 *                2 margin) / step rounded up, at least 0, Q likewise; float32 for
 *                float16 and float32 images, else float64; contiguous
 */
FEATURE_API feature_status feature_daisy(const feature_array *image,
                                         const feature_daisy_parameters *parameters,
                                         const feature_array *descriptors,
                                         const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 16. Multiscale                                                           */
/* ------------------------------------------------------------------------ */

typedef struct feature_multiscale_parameters {
    const feature_filter *scales; /* of each, the Gaussian along every axis; */
    int32_t count;                /* their borders are FEATURE_NEAREST */
    int32_t intensity;            /* non-zero where these features are wanted */
    int32_t edges;
    int32_t texture;
} feature_multiscale_parameters;

/*
 * Of each pixel at each scale: the smoothed image, the magnitude of its gradient by
 * Sobel's operator, the eigenvalues of its Hessian in decreasing order.
 *
 *   image     every dtype, 1 to 8 dimensions, for texture at least 2, each of at least
 *             2 elements; integers are scaled to [0, 1], [-1, 1]
 *   features  float32, the shape of image and then all features, which stand side by
 *             side: scale after scale, at each in the order above
 */
FEATURE_API feature_status feature_multiscale_basic_features(
    const feature_array *image, const feature_multiscale_parameters *parameters,
    const feature_array *features, const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 17. Template                                                             */
/* ------------------------------------------------------------------------ */

/*
 * The correlation coefficient of a template and each window of the image, in [-1, 1];
 * 0 where the window or the template varies so little that the root of the product of
 * their sums of squared deviations is not above the epsilon of the response's type, and
 * where the window holds NaN or what has no square.
 *
 *   image      any dtype, two or three dimensions
 *   model      the template: any dtype, as many dimensions, no side longer than those
 *              of the image
 *   response   float32 for images of float16 and float32, else float64; of as many
 *              elements along each axis as there are places for the template
 */
FEATURE_API feature_status feature_match_template(const feature_array *image,
                                                  const feature_array *model,
                                                  const feature_array *response,
                                                  const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 18. Fisher                                                               */
/* ------------------------------------------------------------------------ */

/*
 * What Fisher vectors are made of: the posterior p(k | x) of each mode k of a mixture
 * of Gaussians with diagonal covariances, summed over all descriptors x.
 *
 *   descriptors  (count, length) of any dtype, taken as numbers, not scaled
 *   means        (modes, length) float64
 *   scales       (modes, length) float64: 1 / standard deviation
 *   offsets      (modes) float64: log(weight) + sum(log(scales)), and any constant
 *   sums         (modes, 1 + 2 length) float64: of p, of p x and of p x^2
 *
 * Descriptors that hold NaN or infinity make the first column NaN.
 */
FEATURE_API feature_status feature_fisher_statistics(const feature_array *descriptors,
                                                     const feature_array *means,
                                                     const feature_array *scales,
                                                     const feature_array *offsets,
                                                     const feature_array *sums,
                                                     const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 19. Keypoints                                                            */
/* ------------------------------------------------------------------------ */

/*
 * BRIEF: binary descriptors. Bit k of a keypoint is whether, in the smoothed image, the
 * first pixel of pair k around it is darker than the second. What lies beyond the
 * border counts as the pixel at the border.
 *
 *   image        (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1];
 *                not empty
 *   axis         two filters of a Gaussian; border FEATURE_REFLECT as scikit-image has
 *   keypoints    (count, 2) int64, rows and columns, at most one pixel outside
 *   pairs        (bits, 4) int32 without gaps, each row, column, row, column from the
 *                keypoint
 *   descriptors  (count, bits) bool, bits side by side
 */
FEATURE_API feature_status feature_brief_extract(const feature_array *image,
                                                 const feature_filter *axis,
                                                 const feature_array *keypoints,
                                                 const feature_array *pairs,
                                                 const feature_array *descriptors,
                                                 const feature_run *run);

typedef struct feature_orb_parameters {
    const ptrdiff_t *shapes; /* rows and columns of each level, at least 2; first the
                                image's, none longer than the one before */
    ptrdiff_t levels;             /* at least 1 */
    const feature_filter *axis;   /* two filters of the Gaussian between levels */
    const feature_filter *harris; /* a Gaussian of radius 4, for Harris' response */
    double harris_k;
    double fast_threshold;
    int32_t fast_n; /* length of FAST's arc, at most 16; 0: there are no corners */
    ptrdiff_t most; /* keypoints at most */
} feature_orb_parameters;

/*
 * ORB: FAST corners on a pyramid of smaller and smaller levels, at least 16 pixels from
 * the border; the best by Harris' response, or all in the order found. With descriptors
 * at least 20 pixels from the border, and 256 comparisons of pairs of pixels, turned by
 * the keypoint's angle.
 *
 *   image        (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1];
 *                at most 1e8 columns
 *   points       (capacity, 3) int64: level, row and column on it; contiguous rows
 *   angles       (capacity) float64, contiguous: radians, from columns towards rows
 *   responses    (capacity) float64, contiguous
 *   descriptors  (capacity, 256) bool, contiguous rows; or NULL
 *   counts       [0] keypoints that there are, of which the first `capacity` are
 *                written; [1] not 0 where there is a corner 16 pixels from the border;
 *                [2] levels without any corner
 */
FEATURE_API feature_status feature_orb_detect(const feature_array *image,
                                              const feature_orb_parameters *parameters,
                                              const feature_array *points,
                                              const feature_array *angles,
                                              const feature_array *responses,
                                              const feature_array *descriptors,
                                              ptrdiff_t *counts,
                                              const feature_run *run);

/*
 * ORB's descriptors of given points.
 *
 *   image, points  as above, points at least 20 pixels from the border of their level
 *   angles         (count) float64, contiguous: radians, at most 2^20; what is no
 *                  number counts as 0
 *   descriptors    (count, 256) bool, contiguous rows
 */
FEATURE_API feature_status feature_orb_extract(const feature_array *image,
                                               const feature_orb_parameters *parameters,
                                               const feature_array *points,
                                               const feature_array *angles,
                                               const feature_array *descriptors,
                                               const feature_run *run);

/* CENSURE: which filters. */
typedef enum feature_censure_mode {
    FEATURE_CENSURE_DOB,     /* boxes, of any scale that fits into the image */
    FEATURE_CENSURE_OCTAGON, /* scales up to 11 */
    FEATURE_CENSURE_STAR     /* scales up to 12 */
} feature_censure_mode;

/* What counts as a keypoint. */
typedef struct feature_censure {
    int32_t mode;             /* a feature_censure_mode */
    int32_t wide_lines;       /* non-zero: line_threshold is compared in double */
    ptrdiff_t min_scale;      /* at least 1 */
    ptrdiff_t max_scale;      /* at least min_scale + 2 */
    double threshold;         /* responses reach this; NaN: all do */
    double line_threshold;    /* squared trace over determinant, at most */
    const feature_filter *windows; /* a Gaussian for each scale but first and last,
                                      border FEATURE_CONSTANT */
} feature_censure;

/* What was found. The caller sets the first three; more keypoints are counted, not
 * written. */
typedef struct feature_censure_list {
    ptrdiff_t capacity;
    int64_t *keypoints; /* (capacity, 2): row, column */
    int64_t *scales;    /* (capacity) */
    ptrdiff_t count;
} feature_censure_list;

/*
 * Extrema, in position and scale, of centre-surround filters, which are not on lines,
 * in the order of rows, columns, scales. Every scale but the first and the last.
 *
 *   image  (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1]. For
 *          boxes both sides are at least 4 max_scale + 1.
 */
FEATURE_API feature_status feature_censure_detect(const feature_array *image,
                                                  const feature_censure *search,
                                                  feature_censure_list *list,
                                                  const feature_run *run);

/* How SIFT looks at an image; names in brackets are those of the Python class. */
typedef struct feature_sift {
    int32_t upsampling; /* 1, 2 or 4: how much larger the first octave is */
    int32_t octaves;    /* the shorter side of the last must be at least 2 */
    int32_t scales;     /* of an octave, at least 1 (n_scales) */
    int32_t bins;       /* of the histogram that orients, at least 6 (n_bins) */
    int32_t cells;      /* along each side of a descriptor (n_hist) */
    int32_t directions; /* of each of its cells (n_ori) */
    double contrast;    /* extrema farther from 0 count (c_dog) */
    double edgeness;    /* tr(H)^2 / det(H) at most */
    double orienting;   /* radius / 3 sigma of the window that orients (lambda_ori) */
    double secondary;   /* peaks of so much of the largest orient too (c_max) */
    double describing;  /* half a descriptor's grid / sigma (lambda_descr) */
    double step; /* between pixels of octave 0, in pixels of the image (delta_min) */
    double growth;      /* ln(sigmas[1] / sigmas[0]) */
    const double *sigmas; /* (scales + 3) of octave 0, in pixels of the image */
    const feature_filter *filters; /* (scales + 3): before the first scale of octave 0,
                                      then between scales; border FEATURE_REFLECT */
} feature_sift;

/* Columns of a list of SIFT's keypoints. */
typedef enum feature_sift_column {
    FEATURE_SIFT_ROW, /* pixels of the image */
    FEATURE_SIFT_COLUMN,
    FEATURE_SIFT_SIGMA,
    FEATURE_SIFT_ANGLE, /* radians, 0 down, pi / 2 to the right */
    FEATURE_SIFT_SCALE, /* number of the smoothed image in its octave */
    FEATURE_SIFT_OCTAVE,
    FEATURE_SIFT_COLUMNS
} feature_sift_column;

/*
 * Keypoints of an image and their descriptors: octave after octave in the order of
 * rows, columns and scales, then further orientations in the order of their keypoints.
 *
 *   image        (rows, cols) of every dtype; integers are scaled to [0, 1], [-1, 1]
 *   keypoints    (capacity, FEATURE_SIFT_COLUMNS) float64, contiguous
 *   descriptors  (capacity, cells cells directions) uint8, contiguous; or NULL
 *   count        how many there are; where it exceeds the capacity the lists are not
 *                complete, and neither need the count be
 */
FEATURE_API feature_status feature_sift_detect(const feature_array *image,
                                               const feature_sift *how,
                                               const feature_array *keypoints,
                                               const feature_array *descriptors,
                                               ptrdiff_t *count,
                                               const feature_run *run);

/*
 * Descriptors of given keypoints, 0 where the gradient is.
 *
 *   keypoints    (count, FEATURE_SIFT_COLUMNS) float64, contiguous: finite, sigma above
 *                0, whole numbers of a scale below scales + 3 and of an octave
 *   descriptors  (count, cells cells directions) uint8, contiguous
 */
FEATURE_API feature_status feature_sift_describe(const feature_array *image,
                                                 const feature_sift *how,
                                                 const feature_array *keypoints,
                                                 const feature_array *descriptors,
                                                 const feature_run *run);

#ifdef __cplusplus
}
#endif

#endif
