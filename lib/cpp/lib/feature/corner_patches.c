/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Given corners: their orientations, and their places between pixels.
 *
 * Orientation. P. Rosin, "Measuring corner properties", 1999: the direction from the
 * corner to the centroid of the intensities under a mask; rows point down, so that
 * positive angles turn clockwise on the screen, from the direction of columns. Integers
 * are scaled to [0, 1] or [-1, 1]; every sum is in the reference's order.
 *
 * Between pixels. W. Foerstner and E. Guelch, "A fast operator for detection and
 * precise location of distinct points, corners and centres of circular features", 1987.
 * With g the gradient (Sobel's) of a pixel at p in the window, two edges meet where the
 * lines along them come nearest, the minimum over x of sum (g . (p - x))^2; a dot lies
 * where the lines along the gradients do, sum (g x (p - x))^2. Both are 2 x 2 systems
 * of moments of the products of g. The quotient of the two minima has an F
 * distribution with window^2 - 2 degrees of freedom, twice: what lies between two of
 * its quantiles is neither. Every sum, the elimination and the comparisons are in the
 * reference's order (kernels/subpixel.c). Pixels are taken unscaled, 0 beyond the
 * border.
 *
 * float16 and float32 are computed in float32, all others in float64.
 *
 * How it runs. Eight corners are worked on side by side, a lane each. They are taken
 * tile after tile of the image (core/tiles.h), as lists of the strongest corners jump
 * about in it. Patches are read in place where the image is of the type that is
 * computed in; others are converted one by one or, where all patches have more pixels
 * than the image, the whole image is, once. An orientation costs two additions that
 * wait for each other for each pixel of the mask, a place about 70 operations for each
 * pixel of the window; places need 5 planes of doubles of 8 windows a thread.
 */
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/pieces.h"
#include "core/plane.h"
#include "core/segments.h"
#include "core/threads.h"
#include "core/tiles.h"
#include "feature.h"
#include "kernels/kernels.h"

/* ------------------------------------------------------------------------ */
/* Patches                                                                  */
/* ------------------------------------------------------------------------ */

#define CORNERS_A_BAND 64

/* What is looked at of the image around each corner: rows x cols, both odd. */
typedef struct patch_set {
    piece_source s;
    const feature_array *corners;
    tile_order order;
    ptrdiff_t count, rows, cols;
    team team;
    thread_memory memory;
} patch_set;

/* One thread's buffers: a copy of the patch of each corner, where one is needed. */
typedef struct patch_buffer {
    unsigned char *patches;
    wide *wide_row;
    void *spare;
} patch_buffer;

/* Some corners and their patches; the first stands in where fewer are left. */
typedef struct patch_group {
    ptrdiff_t count;
    const ptrdiff_t *numbers; /* of the corners */
    const void *patches[PATCHES];
    ptrdiff_t strides[PATCHES]; /* in elements */
} patch_group;

static void layout_patches(patch_buffer *b, const patch_set *set, size_t spare,
                           arena *a)
{
    size_t pixels = (size_t)set->rows * (size_t)set->cols;
    b->patches = arena_take(a, PATCHES * pixels, (size_t)set->s.item);
    b->wide_row = arena_take(a, (size_t)set->cols + ROW_BLOCK, sizeof(wide));
    b->spare = arena_take(a, spare, 1);
}

static patch_buffer buffer_of(const patch_set *set, size_t spare, int thread)
{
    arena a = arena_of(&set->memory, thread);
    patch_buffer b;
    layout_patches(&b, set, spare, &a);
    return b;
}

static ptrdiff_t corner_at(const feature_array *corners, ptrdiff_t k, int axis)
{
    const unsigned char *at = row_of(corners, k) + axis * corners->strides[1];
    return (ptrdiff_t)*(const int64_t *)(const void *)at;
}

/* Where the patch of corner k starts; copied, with zeros around, where it leaves the
 * image or rows cannot be read in place. */
static const void *patch_of(const patch_set *set, patch_buffer *b, ptrdiff_t k,
                            ptrdiff_t lane, ptrdiff_t *stride)
{
    const piece_source *s = &set->s;
    const ptrdiff_t *shape = s->image->shape;
    ptrdiff_t rows = set->rows, cols = set->cols, item = s->item;
    ptrdiff_t top = corner_at(set->corners, k, 0) - rows / 2;
    ptrdiff_t left = corner_at(set->corners, k, 1) - cols / 2;
    int inside =
        top >= 0 && left >= 0 && top + rows <= shape[0] && left + cols <= shape[1];
    *stride = s->image->strides[0] / item;
    if (s->direct && inside)
        return row_of(s->image, top) + left * item;
    unsigned char *patch = b->patches + lane * rows * cols * item;
    ptrdiff_t from = left < 0 ? -left : 0;
    ptrdiff_t end = left + cols > shape[1] ? shape[1] - left : cols;
    *stride = cols;
    memset(patch, 0, (size_t)(rows * cols * item));
    for (ptrdiff_t y = 0; y < rows; y++)
        if (top + y >= 0 && top + y < shape[0])
            read_piece(s, top + y, left + from, end - from, b->wide_row,
                       patch + (y * cols + from) * item);
    return patch;
}

/* The image as reals, where patches would be converted again and again. */
typedef struct real_plane {
    feature_array image;
    ptrdiff_t strides[2];
    unsigned char *pixels; /* NULL where the image is read as it is */
} real_plane;

/* Makes the set read such a plane, if its patches have more pixels than that. */
static feature_status open_plane(real_plane *plane, patch_set *set)
{
    piece_source *s = &set->s;
    const feature_array *image = s->image;
    ptrdiff_t rows = image->shape[0], cols = image->shape[1];
    double pixels = (double)rows * (double)cols;
    plane->pixels = NULL;
    if (s->direct || (double)set->count * (double)(set->rows * set->cols) < pixels)
        return FEATURE_OK;
    plane->pixels = memory_lease((size_t)(rows * cols * s->item));
    if (plane->pixels == NULL)
        return FEATURE_NO_MEMORY;
    plane->strides[0] = cols * s->item;
    plane->strides[1] = s->item;
    plane->image = (feature_array){plane->pixels, image->shape, plane->strides, 2,
                                   (int32_t)storage_type(image)};
    s->image = &plane->image;
    s->direct = 1;
    return plane_convert(image, s->unscaled, s->image, &set->team);
}

static patch_group patches_from(const patch_set *set, patch_buffer *b, ptrdiff_t k)
{
    patch_group g = {.count = set->count - k < PATCHES ? set->count - k : PATCHES,
                     .numbers = set->order.numbers + k};
    for (ptrdiff_t i = 0; i < g.count; i++)
        g.patches[i] = patch_of(set, b, g.numbers[i], i, &g.strides[i]);
    for (ptrdiff_t i = g.count; i < PATCHES; i++) {
        g.patches[i] = g.patches[0];
        g.strides[i] = g.strides[0];
    }
    return g;
}

static feature_status check_corners(const feature_array *image,
                                    const feature_array *corners,
                                    const feature_array *out, int32_t out_ndim)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_array(corners, 2);
    if (status == FEATURE_OK)
        status = check_array(out, out_ndim);
    if (status != FEATURE_OK)
        return status;
    if (corners->dtype != FEATURE_INT64 || out->dtype != (int32_t)storage_type(image))
        return FEATURE_BAD_DTYPE;
    if (corners->shape[1] != 2 || out->shape[0] != corners->shape[0])
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < corners->shape[0]; k++)
        for (int axis = 0; axis < 2; axis++) {
            ptrdiff_t at = corner_at(corners, k, axis);
            if (at < 0 || at >= image->shape[axis])
                return FEATURE_BAD_ARGUMENT;
        }
    return FEATURE_OK;
}

static ptrdiff_t bands_of(const patch_set *set)
{
    return (set->count + CORNERS_A_BAND - 1) / CORNERS_A_BAND;
}

static ptrdiff_t band_end(const patch_set *set, ptrdiff_t band)
{
    ptrdiff_t end = (band + 1) * CORNERS_A_BAND;
    return end < set->count ? end : set->count;
}

static team patch_team(const patch_set *set, const feature_run *run,
                       double nanoseconds_a_pixel)
{
    return team_for(run, bands_of(set),
                    (double)set->count * (double)set->rows * (double)set->cols *
                        nanoseconds_a_pixel);
}

/* Bytes of one thread's buffers; SIZE_MAX when they cannot be counted. */
static size_t measure_patches(const patch_set *set, size_t spare)
{
    patch_buffer counting;
    arena one = {NULL, 0};
    size_t pixels;
    if (__builtin_mul_overflow((size_t)set->rows, (size_t)set->cols, &pixels) ||
        pixels > INT32_MAX)
        return SIZE_MAX;
    layout_patches(&counting, set, spare, &one);
    return one.used;
}

/* What the set needs beside the image: the order, and each thread's buffers. */
static void layout_set(patch_set *set, int threads, arena *a)
{
    tiles_layout(&set->order, set->count, set->s.image->shape, a);
    set->memory.base = arena_take(a, (size_t)threads, set->memory.each);
}

/* ------------------------------------------------------------------------ */
/* Orientations                                                             */
/* ------------------------------------------------------------------------ */

typedef struct angle_job {
    patch_set set;
    const feature_array *mask, *angles;
    ptrdiff_t *first;
    mask_segment *segments;
    patch_mask shape;
} angle_job;

static void list_mask(angle_job *job)
{
    const feature_array *mask = job->mask;
    ptrdiff_t count = 0;
    for (ptrdiff_t y = 0; y < job->shape.rows; y++) {
        job->first[y] = count;
        count += list_segments(row_of(mask, y), mask->strides[1], job->set.cols,
                               job->shape.reach, job->segments + count);
    }
    job->first[job->shape.rows] = count;
    job->shape.first = job->first;
    job->shape.segments = job->segments;
}

static void turn_band(void *context, ptrdiff_t band, int thread)
{
    angle_job *job = context;
    const piece_source *s = &job->set.s;
    patch_buffer b = buffer_of(&job->set, 0, thread);
    ptrdiff_t end = band_end(&job->set, band);
    for (ptrdiff_t k = band * CORNERS_A_BAND;
         k < end && !team_is_stopped(&job->set.team, thread); k += PATCHES) {
        patch_group g = patches_from(&job->set, &b, k);
        patch_reals angles;
        s->real->orientations(g.patches, g.strides, &job->shape, &angles);
        for (ptrdiff_t i = 0; i < g.count; i++)
            memcpy(row_of(job->angles, g.numbers[i]),
                   (unsigned char *)&angles + i * s->item, (size_t)s->item);
    }
}

static feature_status lease_angles(angle_job *job, int threads)
{
    unsigned char *block = NULL;
    patch_set *set = &job->set;
    set->memory.each = measure_patches(set, 0);
    if (set->memory.each == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->first = arena_take(&a, (size_t)set->rows + 1, sizeof *job->first);
        size_t segments = (size_t)(set->rows * segments_at_most(set->cols));
        job->segments = arena_take(&a, segments, sizeof *job->segments);
        layout_set(set, threads, &a);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    return FEATURE_OK;
}

feature_status feature_corner_orientations(const feature_array *image,
                                           const feature_array *corners,
                                           const feature_array *mask,
                                           const feature_array *angles,
                                           const feature_run *run)
{
    feature_status status = check_corners(image, corners, angles, 1);
    if (status == FEATURE_OK)
        status = check_array(mask, 2);
    if (status != FEATURE_OK)
        return status;
    if (mask->dtype != FEATURE_BOOL)
        return FEATURE_BAD_DTYPE;
    angle_job job = {.set = {.s = piece_source_of(image),
                             .corners = corners,
                             .count = corners->shape[0],
                             .rows = mask->shape[0],
                             .cols = mask->shape[1]},
                     .mask = mask,
                     .angles = angles};
    if (job.set.count == 0)
        return FEATURE_OK;
    if (mask->shape[0] % 2 != 1 || mask->shape[1] % 2 != 1)
        return FEATURE_BAD_ARGUMENT;
    job.shape.rows = mask->shape[0];
    job.shape.down = mask->shape[0] / 2;
    job.shape.reach = mask->shape[1] / 2;
    job.set.team = patch_team(&job.set, run, 0.3);
    status = lease_angles(&job, job.set.team.threads);
    if (status != FEATURE_OK)
        return status;
    list_mask(&job);
    tiles_fill(&job.set.order, corners);
    real_plane plane;
    status = open_plane(&plane, &job.set);
    if (status == FEATURE_OK)
        status = team_run(&job.set.team, bands_of(&job.set), turn_band, &job);
    memory_return(plane.pixels);
    memory_return(job.first);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Between pixels                                                           */
/* ------------------------------------------------------------------------ */

typedef struct shift_job {
    patch_set set;
    const feature_array *positions;
    shift_rule rule;
} shift_job;

static void shift_band(void *context, ptrdiff_t band, int thread)
{
    shift_job *job = context;
    const piece_source *s = &job->set.s;
    const feature_array *to = job->positions;
    patch_buffer b = buffer_of(&job->set, shift_spare(job->rule.reach), thread);
    ptrdiff_t end = band_end(&job->set, band);
    for (ptrdiff_t k = band * CORNERS_A_BAND;
         k < end && !team_is_stopped(&job->set.team, thread); k += PATCHES) {
        patch_group g = patches_from(&job->set, &b, k);
        double corners[2 * PATCHES] = {0};
        patch_reals found;
        for (ptrdiff_t i = 0; i < 2 * g.count; i++)
            corners[i] = (double)corner_at(job->set.corners, g.numbers[i / 2], i % 2);
        s->real->shift_corners(g.patches, g.strides, corners, &job->rule, b.spare,
                               &found);
        for (ptrdiff_t i = 0; i < 2 * g.count; i++)
            memcpy(row_of(to, g.numbers[i / 2]) + i % 2 * to->strides[1],
                   (unsigned char *)&found + i * s->item, (size_t)s->item);
    }
}

feature_status feature_corner_subpix(const feature_array *image,
                                     const feature_array *corners, ptrdiff_t window,
                                     double edge_below, double dot_above,
                                     const feature_array *positions,
                                     const feature_run *run)
{
    feature_status status = check_corners(image, corners, positions, 2);
    if (status != FEATURE_OK)
        return status;
    if (window < 1 || positions->shape[1] != 2)
        return FEATURE_BAD_ARGUMENT;
    ptrdiff_t reach = (window - 1) / 2, count = corners->shape[0];
    if (count == 0)
        return FEATURE_OK;
    if (reach > REACH_AT_MOST)
        return FEATURE_NO_MEMORY;
    shift_job job = {.set = {.s = piece_source_of(image),
                             .corners = corners,
                             .count = count,
                             .rows = 2 * reach + 3,
                             .cols = 2 * reach + 3},
                     .positions = positions,
                     .rule = {reach, edge_below, dot_above}};
    patch_set *set = &job.set;
    set->s.unscaled = 1;
    set->team = patch_team(set, run, 2);
    arena whole = {NULL, 0};
    set->memory.each = measure_patches(set, shift_spare(reach));
    if (set->memory.each == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    layout_set(set, set->team.threads, &whole);
    if (whole.used == SIZE_MAX || (whole.base = memory_lease(whole.used)) == NULL)
        return FEATURE_NO_MEMORY;
    whole.used = 0;
    layout_set(set, set->team.threads, &whole);
    tiles_fill(&set->order, corners);
    real_plane plane;
    status = open_plane(&plane, set);
    if (status == FEATURE_OK)
        status = team_run(&set->team, bands_of(set), shift_band, &job);
    memory_return(plane.pixels);
    memory_return(whole.base);
    return status;
}
