/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIFT: extrema of differences of Gaussians over position and scale, turned to the
 * direction that prevails around them, described by histograms of gradients.
 *
 * D. G. Lowe, "Distinctive image features from scale-invariant keypoints",
 * International Journal of Computer Vision 60 (2004), 91-110; the algorithm as told by
 * I. R. Otero and M. Delbracio, "Anatomy of the SIFT method", Image Processing On Line
 * 4 (2014), 370-396.
 *
 * Octaves. The first is the image made `upsampling` times as large, between pixels by
 * the two nearest along each axis (the middle of pixel i of n stands at (i + 1/2) / n;
 * beyond the border the mirror image without the edge repeated; clipped to the image's
 * range). An octave is scales + 3 images, each a Gaussian of the one before, borders
 * reflected with the edge repeated, so that sigma doubles after `scales` of them. Every
 * second pixel of that one is the next octave's first image.
 *
 * Extrema. A difference of neighbouring images whose size reaches 0.8 c_dog and that
 * is strictly above, or below, its 26 neighbours in rows, columns and scales is refined
 * by a parabola through them: at most four times to the next pixel where the offset
 * along an axis exceeds 0.6, then by the offset. It stays if it is near its pixel, its
 * value above c_dog, no edge (tr(H)^2 / det(H) of rows and columns), and sigma from the
 * image's border.
 *
 * Orientations. Directions of gradients within 3 lambda_ori sigma, a Gaussian of
 * lambda_ori sigma times their length, make a circular histogram; smoothed six times by
 * the mean of three, its maximum and every peak of c_max of it, each refined by a
 * parabola, are orientations. Angle 0 points down, pi / 2 to the right; gradients are
 * halved differences of neighbours, on the border those of two.
 *
 * Descriptors. A square turned by the orientation, of n_hist cells a side and
 * 2 lambda_descr sigma altogether; each gradient is shared out between the two nearest
 * cells along both axes and the two nearest of n_ori directions. Divided by the norm
 * after values above a fifth of it were clipped, times 512, cut off to at most 255.
 *
 * How. An octave is one sweep (sift_scales.c) that keeps only the images that keypoints
 * look at, a slab of rows at a time; gradients are made where a keypoint looks
 * (sift_points.c, kernels/sift_windows.c) and nowhere else. Detection takes
 * scikit-image's operations in its order; so positions are its own to the last bit.
 * Orientations and descriptors are sums in another order; so a byte of a descriptor can
 * differ where the exact value lies within 1e-12 of a whole number.
 *
 * Order. Octaves, in each rows, columns and scales of the extremum before refinement;
 * behind all of them further orientations, in the order of their keypoints.
 *
 * Units and types. Positions and sigmas in pixels of the image, angles in radians.
 * Images are float32 for float16 and float32 images, else float64.
 *
 * Cost. Smoothing about 9 ns a pixel of the image enlarged, on one core; a descriptor
 * 15 us. Memory: 96 MiB of smoothed images, or the slab that a large window needs; two
 * images of the second octave; 3 to 6 MiB a thread.
 */
#include "sift.h"

#include <math.h>
#include <string.h>

#include "core/plane.h"

#define PLANES_AT_MOST ((ptrdiff_t)96 << 20) /* bytes of the smoothed images kept */
#define SLAB_ROWS_AT_LEAST 64
#define OCTAVES_AT_MOST 40
#define HUGE_WORK 1e18 /* nanoseconds: all threads there are */

/* ------------------------------------------------------------------------ */
/* Checks                                                                   */
/* ------------------------------------------------------------------------ */

static int is_positive(double v)
{
    return v > 0 && v <= 0x1p40;
}

static int sides_fit(const feature_array *image, const feature_sift *how)
{
    for (int i = 0; i < 2; i++) {
        ptrdiff_t side = image->shape[i];
        if (side > (INT32_MAX - 8) / how->upsampling)
            return 0;
        side *= how->upsampling;
        for (int32_t o = 1; o < how->octaves && side > 1; o++)
            side = (side + 1) / 2;
        if (side < 2)
            return 0;
    }
    return 1;
}

static int is_sound(const feature_sift *how)
{
    if (how == NULL || how->sigmas == NULL || how->filters == NULL ||
        (how->upsampling != 1 && how->upsampling != 2 && how->upsampling != 4) ||
        how->octaves < 1 || how->octaves > OCTAVES_AT_MOST || how->scales < 1 ||
        how->scales > SIFT_SCALES_AT_MOST || how->bins < 6 || how->bins > (1 << 20) ||
        how->cells < 1 || how->directions < 1 || how->cells > 1024 ||
        how->directions > 1024 || !is_positive(how->orienting) ||
        !is_positive(how->describing) || !is_positive(how->step))
        return 0;
    for (int32_t s = 0; s < how->scales + 3; s++)
        if (!is_positive(how->sigmas[s]) || !filter_is_valid(&how->filters[s]) ||
            how->filters[s].border != FEATURE_REFLECT)
            return 0;
    return 1;
}

static feature_status check_list(const feature_array *array, feature_dtype dtype,
                                 ptrdiff_t rows, ptrdiff_t cols)
{
    feature_status status = check_array(array, 2);
    if (status != FEATURE_OK)
        return status;
    if (array->dtype != (int32_t)dtype)
        return FEATURE_BAD_DTYPE;
    int fits = array->shape[0] == rows && array->shape[1] == cols;
    fits &= is_empty(array) || is_contiguous(array);
    return fits ? FEATURE_OK : FEATURE_BAD_ARGUMENT;
}

/* Fills in what does not change with the octave. */
static feature_status start(sift_job *job, const feature_array *image,
                            const feature_sift *how, const feature_array *points,
                            const feature_array *descriptors)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_array(points, 2);
    if (status != FEATURE_OK)
        return status;
    if (is_empty(image) || !is_sound(how) || !sides_fit(image, how))
        return FEATURE_BAD_ARGUMENT;
    job->room = points->shape[0];
    job->length = (ptrdiff_t)how->cells * how->cells * how->directions;
    status = check_list(points, FEATURE_FLOAT64, job->room, FEATURE_SIFT_COLUMNS);
    if (status == FEATURE_OK && descriptors != NULL)
        status = check_list(descriptors, FEATURE_UINT8, job->room, job->length);
    if (status != FEATURE_OK)
        return status;
    job->image = image;
    job->how = how;
    job->points = points->data;
    job->descriptors = descriptors == NULL ? NULL : descriptors->data;
    job->stored = storage_type(image);
    job->item = dtype_size((int32_t)job->stored);
    job->plain = plain_kernels_in_use();
    job->real = real_kernels_for(job->stored);
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* Octaves                                                                  */
/* ------------------------------------------------------------------------ */

static void enter_octave(sift_job *job, int32_t octave)
{
    ptrdiff_t factor = job->how->upsampling;
    job->octave = octave;
    job->rows = job->image->shape[0] * factor;
    job->cols = job->image->shape[1] * factor;
    job->step = job->how->step;
    for (int32_t o = 0; o < octave; o++) {
        job->rows = (job->rows + 1) / 2;
        job->cols = (job->cols + 1) / 2;
        job->step *= 2;
    }
    job->pitch = sift_pitch(job->cols);
}

static ptrdiff_t slab_rows(const sift_job *job, ptrdiff_t reach)
{
    ptrdiff_t row = job->pitch * job->item * job->kept_scales;
    ptrdiff_t rows = PLANES_AT_MOST / row - 2 * reach;
    rows = rows < SLAB_ROWS_AT_LEAST ? SLAB_ROWS_AT_LEAST : rows;
    return rows < job->rows ? rows : job->rows;
}

static void enter_slab(sift_job *job, ptrdiff_t slab, ptrdiff_t rows, ptrdiff_t reach)
{
    job->first = slab * rows;
    job->end = job->first + rows < job->rows ? job->first + rows : job->rows;
    job->kept_first = job->first > reach ? job->first - reach : 0;
    job->kept_end = job->rows - job->end > reach ? job->end + reach : job->rows;
}

/* The images that octaves start from, by turns; planes; scratch of all threads. */
typedef struct sift_memory {
    unsigned char *block, *sources[2];
} sift_memory;

/* Bytes of a slab's planes and of one thread's scratch, the most of all octaves. */
static void measure(const sift_job *job, const ptrdiff_t *reach, ptrdiff_t *planes,
                    size_t *scratch)
{
    sift_job octave = *job;
    unsigned char mark;
    *planes = 0;
    *scratch = 0;
    for (int32_t o = 0; o < job->how->octaves; o++) {
        enter_octave(&octave, o);
        octave.source = o == 0 ? NULL : &mark;
        octave.next = o + 1 < job->how->octaves ? &mark : NULL;
        ptrdiff_t rows = slab_rows(&octave, reach[o]) + 2 * reach[o];
        rows = rows < octave.rows ? rows : octave.rows;
        ptrdiff_t bytes = rows * octave.pitch * octave.item * octave.kept_scales;
        *planes = bytes > *planes ? bytes : *planes;
        octave.end = octave.kept_end = octave.rows;
        size_t sweep = sift_sweep_size(&octave), window = sift_window_size(&octave);
        *scratch = sweep > *scratch ? sweep : *scratch;
        *scratch = window > *scratch ? window : *scratch;
    }
}

static feature_status lease(sift_job *job, const ptrdiff_t *reach, sift_memory *memory)
{
    ptrdiff_t planes, pixels[2] = {0, 0};
    sift_job octave = *job;
    measure(job, reach, &planes, &job->memory.each);
    for (int32_t o = 1; o < 3 && o < job->how->octaves; o++) {
        enter_octave(&octave, o);
        pixels[o - 1] = octave.rows * octave.cols;
    }
    if (job->memory.each == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    for (arena a = {NULL, 0};;) {
        for (int i = 0; i < 2; i++)
            memory->sources[i] = arena_take(&a, (size_t)pixels[i], (size_t)job->item);
        job->planes = arena_take(&a, (size_t)planes, 1);
        job->memory.base = arena_take(&a, (size_t)job->threads, job->memory.each);
        memory->block = a.base;
        if (a.base != NULL)
            return FEATURE_OK;
        if (a.used == SIZE_MAX || (a.base = memory_lease(a.used)) == NULL)
            return FEATURE_NO_MEMORY;
        a.used = 0;
    }
}

/* What is done with each slab, once its planes are there. */
typedef feature_status slab_task(sift_job *job, void *context, const feature_run *run);

static feature_status sweep_octave(sift_job *job, ptrdiff_t reach, slab_task *task,
                                   void *context, const feature_run *run)
{
    feature_status status = FEATURE_OK;
    ptrdiff_t rows = slab_rows(job, reach);
    for (ptrdiff_t slab = 0; slab * rows < job->rows && status == FEATURE_OK; slab++) {
        enter_slab(job, slab, rows, reach);
        job->plane = (job->kept_end - job->kept_first) * job->pitch * job->item;
        job->streamed = exceeds_caches((double)job->plane * job->kept_scales);
        atomic_store(&job->found, 0);
        status = sift_sweep(job, run);
        if (status == FEATURE_OK)
            status = task(job, context, run);
    }
    return status;
}

/* NaN without a number, which clips nothing. Which zero is found depends on the order
 * of looking: 0 is added to make it +0. */
static feature_status find_limits(sift_job *job, const feature_run *run)
{
    double range[3];
    feature_status status = plane_range(job->image, range, run);
    int found = range[0] <= range[1];
    job->limits.least = found ? range[0] + 0 : NAN;
    job->limits.most = found ? range[1] + 0 : NAN;
    return status;
}

/* `reach`: of the windows in each octave. */
static feature_status sweep_octaves(sift_job *job, const ptrdiff_t *reach,
                                    slab_task *task, void *context,
                                    const feature_run *run)
{
    sift_memory memory;
    job->threads = team_for(run, PTRDIFF_MAX, HUGE_WORK).threads;
    feature_status status = lease(job, reach, &memory);
    if (status == FEATURE_OK && job->how->upsampling > 1)
        status = find_limits(job, run);
    for (int32_t o = 0; o < job->how->octaves && status == FEATURE_OK; o++) {
        enter_octave(job, o);
        job->source = o == 0 ? NULL : memory.sources[(o - 1) & 1];
        job->next = o + 1 < job->how->octaves ? memory.sources[o & 1] : NULL;
        status = sweep_octave(job, reach[o], task, context, run);
    }
    memory_return(memory.block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Detection                                                                */
/* ------------------------------------------------------------------------ */

static feature_status finish_slab(sift_job *job, void *context, const feature_run *run)
{
    (void)context;
    feature_status status = sift_finish_slab(job, run);
    job->before += atomic_load(&job->found);
    return status;
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* Further points, which stand in reverse at the end of the room, follow the others. */
static void close_list(void *list, size_t size, const sift_job *job)
{
    unsigned char *bytes = list;
    ptrdiff_t first = job->room - job->further;
    for (ptrdiff_t i = 0; i < job->further / 2; i++)
        swap_bytes(bytes + (size_t)(first + i) * size,
                   bytes + (size_t)(job->room - 1 - i) * size, size);
    memmove(bytes + (size_t)job->before * size, bytes + (size_t)first * size,
            (size_t)job->further * size);
}

feature_status feature_sift_detect(const feature_array *image, const feature_sift *how,
                                   const feature_array *keypoints,
                                   const feature_array *descriptors, ptrdiff_t *count,
                                   const feature_run *run)
{
    sift_job job = {.detects = 1, .kept_scale = 1};
    ptrdiff_t reach[OCTAVES_AT_MOST];
    feature_status status = start(&job, image, how, keypoints, descriptors);
    if (status == FEATURE_OK && count == NULL)
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    job.kept_scales = how->scales;
    /* an extremum's sigma is below that of the next scale but one */
    double largest = how->sigmas[how->scales + 1] / how->step;
    for (int32_t o = 0; o < how->octaves; o++)
        reach[o] = sift_reach(how, largest, 1, descriptors != NULL) + SIFT_MOVES;
    status = sweep_octaves(&job, reach, finish_slab, NULL, run);
    *count = job.before + job.further;
    if (status == FEATURE_OK && *count <= job.room) {
        close_list(job.points, sizeof(sift_point), &job);
        if (descriptors != NULL)
            close_list(job.descriptors, (size_t)job.length, &job);
    }
    return status;
}

/* ------------------------------------------------------------------------ */
/* Description                                                              */
/* ------------------------------------------------------------------------ */

static int is_whole(double v, double n)
{
    return v >= 0 && v < n && v == (double)(int32_t)v;
}

static int is_point(const double *point, const feature_sift *how)
{
    for (int c = 0; c < FEATURE_SIFT_COLUMNS; c++)
        if (!(point[c] >= -1e300 && point[c] <= 1e300) && c != FEATURE_SIFT_ANGLE)
            return 0;
    return point[FEATURE_SIFT_SIGMA] > 0 &&
           is_whole(point[FEATURE_SIFT_SCALE], how->scales + 3) &&
           is_whole(point[FEATURE_SIFT_OCTAVE], how->octaves);
}

/* The scales that points look at, and how far in each octave. */
static feature_status survey(sift_job *job, ptrdiff_t *reach)
{
    int32_t low = job->how->scales + 2, high = 0;
    for (ptrdiff_t k = 0; k < job->room; k++) {
        const double *point = job->points[k];
        if (!is_point(point, job->how))
            return FEATURE_BAD_ARGUMENT;
        int32_t scale = (int32_t)point[FEATURE_SIFT_SCALE];
        int32_t octave = (int32_t)point[FEATURE_SIFT_OCTAVE];
        low = scale < low ? scale : low;
        high = scale > high ? scale : high;
        enter_octave(job, octave);
        double sigma = point[FEATURE_SIFT_SIGMA] / job->step;
        ptrdiff_t needed = sift_reach(job->how, sigma, 0, 1);
        needed = needed < job->rows ? needed : job->rows;
        reach[octave] = needed > reach[octave] ? needed : reach[octave];
    }
    job->kept_scale = low;
    job->kept_scales = high - low + 1;
    return FEATURE_OK;
}

static feature_status describe_slab(sift_job *job, void *context,
                                    const feature_run *run)
{
    ptrdiff_t *which = context, count = 0;
    for (ptrdiff_t k = 0; k < job->room; k++) {
        const double *point = job->points[k];
        if ((int32_t)point[FEATURE_SIFT_OCTAVE] != job->octave)
            continue;
        double row = point[FEATURE_SIFT_ROW] / job->step, last = (double)job->rows - 1;
        row = row > 0 ? row < last ? row : last : 0;
        if (row >= (double)job->first && row < (double)job->end)
            which[count++] = k;
    }
    return sift_describe_points(job, which, count, run);
}

feature_status feature_sift_describe(const feature_array *image,
                                     const feature_sift *how,
                                     const feature_array *keypoints,
                                     const feature_array *descriptors,
                                     const feature_run *run)
{
    sift_job job = {0};
    ptrdiff_t reach[OCTAVES_AT_MOST] = {0};
    feature_status status = start(&job, image, how, keypoints, descriptors);
    if (status == FEATURE_OK && descriptors == NULL)
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK)
        status = survey(&job, reach);
    if (status != FEATURE_OK || job.room == 0)
        return status;
    ptrdiff_t *which = memory_lease((size_t)job.room * sizeof *which);
    if (which == NULL)
        return FEATURE_NO_MEMORY;
    status = sweep_octaves(&job, reach, describe_slab, which, run);
    memory_return(which);
    return status;
}
