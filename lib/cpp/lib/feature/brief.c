/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BRIEF: binary descriptors of keypoints.
 *
 * M. Calonder, V. Lepetit, C. Strecha and P. Fua, "BRIEF: Binary Robust Independent
 * Elementary Features", ECCV 2010. The image is smoothed by a Gaussian; a bit says
 * whether, of a pair of pixels around the keypoint, the first is darker than the
 * second. The pairs are the same for all keypoints; who calls draws them.
 *
 * Conventions. Keypoints and pairs are (row, column); the Gaussian's border is
 * 'reflect', or what the filters say. Equal pixels and NaN give 0. A pixel beyond the
 * border counts as the one at the border, which is what the smoothed mirror image has
 * there one pixel outside; scikit-image reads foreign memory. Integers are scaled to
 * [0, 1] or [-1, 1]; float16 and float32 are computed in float32, all others in
 * float64, every sum in SciPy's order.
 *
 * How it runs. One region makes the smoothed plane, band by band (core/plane.h): bits
 * look anywhere in it. A second one takes keypoints in groups, tile after tile of the
 * image (core/tiles.h), so that a thread finds pixels that it has smoothed. Offsets of
 * the pairs within the plane are worked out once; a keypoint whose pairs leave the
 * image gets its own. The cost is two loads and a comparison a bit: 2,000 keypoints of
 * 256 bits are a million loads, as many as the smoothing of 512 x 512 pixels needs. The
 * memory is the smoothed plane.
 */
#include "core/array.h"
#include "core/memory.h"
#include "core/plane.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "core/tiles.h"
#include "feature.h"
#include "kernels/kernels.h"

#define KEYPOINTS_A_BAND 64
#define NANOSECONDS_A_BIT 1

/* How far the pairs reach, rows and columns. */
typedef struct reach {
    ptrdiff_t least[2], most[2];
} reach;

typedef struct brief_job {
    const real_kernels *real;
    const feature_array *keypoints, *pairs, *descriptors;
    ptrdiff_t shape[2], pitch, item, bits; /* pitch: of the plane, in elements */
    reach reach;
    unsigned char *plane;
    tile_order order;
    ptrdiff_t *offsets; /* of the pairs, in the plane */
    unsigned char *own; /* one thread's offsets after the other */
    size_t own_size;
} brief_job;

static const int32_t *pairs_of(const brief_job *job)
{
    return job->pairs->data;
}

static reach reach_of(const brief_job *job)
{
    reach r = {{0, 0}, {0, 0}};
    const int32_t *at = pairs_of(job);
    for (ptrdiff_t i = 0; i < 4 * job->bits; i++) {
        ptrdiff_t *least = &r.least[i % 2], *most = &r.most[i % 2];
        *least = at[i] < *least ? at[i] : *least;
        *most = at[i] > *most ? at[i] : *most;
    }
    return r;
}

static int is_inside(const brief_job *job, const ptrdiff_t *pixel)
{
    int inside = 1;
    for (int axis = 0; axis < 2; axis++)
        inside &= pixel[axis] + job->reach.least[axis] >= 0 &&
                  pixel[axis] + job->reach.most[axis] < job->shape[axis];
    return inside;
}

static ptrdiff_t held(ptrdiff_t i, ptrdiff_t n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

/* Offsets of the pairs around a pixel from the plane's first pixel. */
static void hold_pairs(const brief_job *job, const ptrdiff_t *pixel, ptrdiff_t *own)
{
    const int32_t *at = pairs_of(job);
    for (ptrdiff_t i = 0; i < 2 * job->bits; i++)
        own[i] = held(pixel[0] + at[2 * i], job->shape[0]) * job->pitch +
                 held(pixel[1] + at[2 * i + 1], job->shape[1]);
}

static void describe_band(void *context, ptrdiff_t band, int thread)
{
    const brief_job *job = context;
    ptrdiff_t first = band * KEYPOINTS_A_BAND, end = first + KEYPOINTS_A_BAND;
    ptrdiff_t *own = (void *)(job->own + (size_t)thread * job->own_size);
    end = end < job->keypoints->shape[0] ? end : job->keypoints->shape[0];
    for (ptrdiff_t k = first; k < end; k++) {
        ptrdiff_t number = job->order.numbers[k];
        const int64_t *keypoint = (void *)row_of(job->keypoints, number);
        ptrdiff_t pixel[2] = {(ptrdiff_t)keypoint[0], (ptrdiff_t)keypoint[1]};
        uint8_t *bits = row_of(job->descriptors, number);
        if (is_inside(job, pixel)) {
            ptrdiff_t place = pixel[0] * job->pitch + pixel[1];
            job->real->compare_pairs(job->plane + place * job->item, job->offsets,
                                     job->bits, bits);
        } else {
            hold_pairs(job, pixel, own);
            job->real->compare_pairs(job->plane, own, job->bits, bits);
        }
    }
}

/* Elements side by side, so that rows can be handed to kernels. */
static int has_rows(const feature_array *array)
{
    return is_empty(array) || array->shape[1] < 2 ||
           array->strides[1] == dtype_size(array->dtype);
}

static feature_status check_brief(const feature_array *image,
                                  const feature_filter *axis,
                                  const feature_array *keypoints,
                                  const feature_array *pairs,
                                  const feature_array *descriptors)
{
    const feature_array *all[4] = {image, keypoints, pairs, descriptors};
    for (int k = 0; k < 4; k++) {
        feature_status status = check_array(all[k], 2);
        if (status != FEATURE_OK)
            return status;
    }
    if (keypoints->dtype != FEATURE_INT64 || pairs->dtype != FEATURE_INT32 ||
        descriptors->dtype != FEATURE_BOOL)
        return FEATURE_BAD_DTYPE;
    if (axis == NULL || !filter_is_valid(&axis[0]) || !filter_is_valid(&axis[1]) ||
        is_empty(image) || keypoints->shape[1] != 2 || pairs->shape[1] != 4 ||
        descriptors->shape[0] != keypoints->shape[0] ||
        descriptors->shape[1] != pairs->shape[0])
        return FEATURE_BAD_ARGUMENT;
    if (!has_rows(keypoints) || !has_rows(pairs) || !has_rows(descriptors) ||
        (pairs->shape[0] > 1 && pairs->strides[0] != 4 * (ptrdiff_t)sizeof(int32_t)))
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < keypoints->shape[0]; k++) {
        const int64_t *keypoint = (void *)row_of(keypoints, k);
        for (int i = 0; i < 2; i++)
            if (keypoint[i] < -1 || keypoint[i] > image->shape[i])
                return FEATURE_BAD_ARGUMENT;
    }
    return FEATURE_OK;
}

/* One block: the plane, the offsets, each thread's own ones. */
static feature_status lease(brief_job *job, int threads)
{
    arena one = {NULL, 0};
    arena_take(&one, 2 * (size_t)job->bits, sizeof(ptrdiff_t));
    size_t row = (size_t)job->pitch * (size_t)job->item;
    ptrdiff_t count = job->keypoints->shape[0];
    for (arena a = {NULL, 0}; one.used != SIZE_MAX;) {
        job->plane = arena_take(&a, (size_t)job->shape[0], row);
        tiles_layout(&job->order, count, job->shape, &a);
        job->offsets = arena_take(&a, 2 * (size_t)job->bits, sizeof(ptrdiff_t));
        job->own = arena_take(&a, (size_t)threads, one.used);
        job->own_size = one.used;
        if (a.base != NULL)
            return FEATURE_OK;
        if (a.used == SIZE_MAX || (a.base = memory_lease(a.used)) == NULL)
            return FEATURE_NO_MEMORY;
        a.used = 0;
    }
    return FEATURE_NO_MEMORY;
}

static feature_status smooth_plane(const feature_array *image,
                                   const feature_filter *axis, const brief_job *job,
                                   const feature_run *run)
{
    static const int odd[2];
    ptrdiff_t strides[2] = {job->pitch * job->item, job->item};
    feature_array plane = {job->plane, image->shape, strides, 2,
                           (int32_t)storage_type(image)};
    return plane_filter(image, axis, odd, 0, &plane, run);
}

feature_status feature_brief_extract(const feature_array *image,
                                     const feature_filter *axis,
                                     const feature_array *keypoints,
                                     const feature_array *pairs,
                                     const feature_array *descriptors,
                                     const feature_run *run)
{
    feature_status status = check_brief(image, axis, keypoints, pairs, descriptors);
    ptrdiff_t count = status == FEATURE_OK ? keypoints->shape[0] : 0;
    if (count == 0 || pairs->shape[0] == 0)
        return status;
    brief_job job = {.real = real_kernels_for(storage_type(image)),
                     .keypoints = keypoints,
                     .pairs = pairs,
                     .descriptors = descriptors,
                     .shape = {image->shape[0], image->shape[1]},
                     .item = dtype_size(storage_type(image)),
                     .bits = pairs->shape[0]};
    ptrdiff_t bands = (count + KEYPOINTS_A_BAND - 1) / KEYPOINTS_A_BAND;
    team t = team_for(run, bands,
                      (double)count * (double)job.bits * NANOSECONDS_A_BIT);
    job.pitch = row_pitch(job.shape[1]);
    job.reach = reach_of(&job);
    status = lease(&job, t.threads);
    if (status != FEATURE_OK)
        return status;
    for (ptrdiff_t i = 0; i < 2 * job.bits; i++)
        job.offsets[i] = pairs_of(&job)[2 * i] * job.pitch + pairs_of(&job)[2 * i + 1];
    tiles_fill(&job.order, keypoints);
    status = smooth_plane(image, axis, &job, run);
    if (status == FEATURE_OK)
        status = team_run(&t, bands, describe_band, &job);
    memory_return(job.plane);
    return status;
}
