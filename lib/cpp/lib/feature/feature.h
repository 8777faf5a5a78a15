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
 *                  corner_orientations
 *   9. Peaks       peak_local_max, corner_peaks
 *  10. Fisher      fisher_statistics
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

/* Working memory is kept between calls, at most 64 MiB a process. This gives it
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
 *   angles   (count) in (-pi, pi], of the type of a response, side by side
 */
FEATURE_API feature_status feature_corner_orientations(const feature_array *image,
                                                       const feature_array *corners,
                                                       const feature_array *mask,
                                                       const feature_array *angles,
                                                       const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 9. Peaks                                                                 */
/* ------------------------------------------------------------------------ */

typedef struct feature_peaks_parameters {
    const void *least;       /* one element of the image's dtype: what a peak reaches */
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
 *   labels     int64, the shape of image, or NULL: each value above 0 is a region
 *              that is searched alone; the results of 1 come first
 *   capacity   rows of index; more peaks are counted, not written
 *   index      (capacity, ndim) int64, row after row
 *   count      how many there are
 */
FEATURE_API feature_status feature_peak_local_max(
    const feature_array *image, const feature_array *footprint,
    const feature_array *labels, const feature_peaks_parameters *parameters,
    ptrdiff_t capacity, int64_t *index, ptrdiff_t *count, const feature_run *run);

/* ------------------------------------------------------------------------ */
/* 10. Fisher                                                               */
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

#ifdef __cplusplus
}
#endif

#endif
