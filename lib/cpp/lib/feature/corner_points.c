/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corner points: FAST, Moravec, and of given corners the orientation and the place
 * between pixels.
 *
 * FAST. E. Rosten and T. Drummond, "Machine Learning for High-Speed Corner Detection",
 * ECCV 2006. A pixel is a corner when `arc` neighbours in a row, on the circle of 16 at
 * distance 3, are all brighter than it by more than the threshold or all darker. The
 * response is the sum of the absolute differences of all 16; the outermost three
 * pixels have none. 64 pixels are looked at together, a bit each; of the circle four
 * pixels a quarter apart are compared first, then the next four: few pixels of a
 * photograph come further. Bytes are compared as bytes: for each of the 256 centres the
 * bounds are found once with the reference's own expressions.
 *
 * Moravec. H. Moravec, "Obstacle avoidance and navigation in the real world by a
 * seeing robot rover", 1980. The window around a pixel is compared with the same moved
 * along both axes; moves along one axis only are left out, as in scikit-image.
 *
 * Orientation. P. Rosin, "Measuring corner properties", 1999: the direction from the
 * corner to the centroid of the intensities under a mask; rows point down, so that
 * positive angles turn clockwise on the screen, from the direction of columns. Eight
 * corners are summed side by side, each in the reference's order.
 *
 * Between pixels. W. Foerstner and E. Guelch, "A fast operator for detection and
 * precise location of distinct points, corners and centres of circular features", 1987.
 * With g the gradient (Sobel's) of a pixel at p in the window, two edges meet where the
 * lines along them come nearest, the minimum over x of sum (g . (p - x))^2; a dot lies
 * where the lines along the gradients do, sum (g x (p - x))^2. Both are 2 x 2 systems
 * of moments of the products of g. The quotient of the two minima has an F
 * distribution with window^2 - 2 degrees of freedom, twice: what lies between two of
 * its quantiles is neither. Eight corners are worked on side by side; every sum, the
 * elimination and the comparisons are in the reference's order (kernels/subpixel.c).
 * Pixels are taken unscaled, 0 beyond the border; the cost is about 70 operations for
 * each pixel of a window, the memory 5 planes of doubles of 8 windows a thread.
 *
 * Integers are scaled to [0, 1] or [-1, 1] by the others. float16 and float32 are
 * computed in float32, all others in float64. Bands of rows (of corners) are units of
 * work; rows that cannot be read in place are converted band by band, and where all
 * patches have more pixels than the image, the image is, once.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/fast.h"
#include "core/memory.h"
#include "core/plane.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 32

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/* An image whose rows are read as reals, or as bytes where `bytes` is set. */
typedef struct source {
    const feature_array *image;
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t rows, cols, item, halo;
    int direct, bytes, unscaled;
} source;

static source source_of(const feature_array *image, ptrdiff_t halo, int bytes)
{
    source s = {.image = image, .halo = halo, .bytes = bytes};
    s.plain = plain_kernels_in_use();
    s.real = real_kernels_for(storage_type(image));
    s.rows = image->shape[0];
    s.cols = image->shape[1];
    s.item = bytes ? 1 : dtype_size(storage_type(image));
    int as_stored =
        bytes || image->dtype == FEATURE_FLOAT32 || image->dtype == FEATURE_FLOAT64;
    s.direct = as_stored && (s.cols == 1 || image->strides[1] == s.item);
    return s;
}

/* One thread's buffers. */
typedef struct row_buffer {
    const void **rows; /* of a band and its halo */
    unsigned char *block;
    wide *wide_row;
    uint8_t *bounds;
} row_buffer;

static void layout_rows(row_buffer *b, const source *s, arena *a)
{
    size_t rows = BAND_ROWS + 2 * (size_t)s->halo, cols = (size_t)s->cols;
    b->rows = arena_take(a, rows, sizeof *b->rows);
    b->block = arena_take(a, s->direct ? 0 : rows, cols * (size_t)s->item);
    b->wide_row = arena_take(a, cols + ROW_BLOCK, sizeof(wide));
    b->bounds = arena_take(a, s->bytes ? 2 : 0, cols);
}

/* One row, or a piece of one, as reals. */
static void read_piece(const source *s, ptrdiff_t y, ptrdiff_t x, ptrdiff_t n,
                       wide *wide_row, void *out)
{
    const unsigned char *from = row_of(s->image, y) + x * s->image->strides[1];
    void (*load)(const void *, ptrdiff_t, ptrdiff_t, feature_dtype, wide *) =
        s->unscaled ? s->plain->load_unscaled_row : s->plain->load_row;
    int narrow = s->item != sizeof(wide);
    load(from, s->image->strides[1], n, (feature_dtype)s->image->dtype,
         narrow ? wide_row : out);
    if (narrow)
        s->real->narrow_row(wide_row, n, out);
}

/* Makes rows `first` - halo to `end` + halo, as far as there are such, readable. */
static void read_rows(const source *s, row_buffer *b, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t y = first - s->halo; y < end + s->halo; y++) {
        ptrdiff_t slot = y - (first - s->halo);
        if (y < 0 || y >= s->rows)
            continue;
        b->rows[slot] = row_of(s->image, y);
        if (s->direct)
            continue;
        unsigned char *to = b->block + slot * s->cols * s->item;
        b->rows[slot] = to;
        if (s->bytes)
            for (ptrdiff_t x = 0; x < s->cols; x++)
                to[x] = row_of(s->image, y)[x * s->image->strides[1]];
        else
            read_piece(s, y, 0, s->cols, b->wide_row, to);
    }
}

/* ------------------------------------------------------------------------ */
/* Responses                                                                */
/* ------------------------------------------------------------------------ */

typedef struct response_job {
    source s;
    const feature_array *response;
    ptrdiff_t window; /* Moravec's; 0 with a rule: FAST's */
    const fast_rule *rule;
    unsigned char *scratch;
    size_t scratch_size;
    ptrdiff_t bands;
} response_job;

static feature_status check_response(const feature_array *image,
                                     const feature_array *response)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_plane(response, storage_type(image), image);
    if (status == FEATURE_OK && image->shape[1] > 1 && image->shape[0] > 0 &&
        response->strides[1] != dtype_size(response->dtype))
        return FEATURE_BAD_ARGUMENT;
    return status;
}

static void fast_row(const source *s, const fast_rule *rule, row_buffer *b,
                     ptrdiff_t slot, void *out)
{
    const void *const *rows = b->rows + slot;
    if (s->bytes)
        s->plain->fast_bytes((const uint8_t *const *)rows, s->cols, rule, b->bounds,
                             out);
    else
        s->real->fast_row(rows, s->cols, rule, out);
}

static void respond_band(void *context, ptrdiff_t band, int thread)
{
    const response_job *job = context;
    const source *s = &job->s;
    arena a = {job->scratch + (size_t)thread * job->scratch_size, 0};
    row_buffer b;
    ptrdiff_t first = band * BAND_ROWS, end = first + BAND_ROWS;
    end = end < s->rows ? end : s->rows;
    ptrdiff_t top = first < s->halo ? s->halo : first;
    ptrdiff_t bottom = end < s->rows - s->halo ? end : s->rows - s->halo;
    size_t row_size = (size_t)s->cols * (size_t)dtype_size(job->response->dtype);
    layout_rows(&b, s, &a);
    read_rows(s, &b, first, end);
    for (ptrdiff_t y = first; y < end; y++)
        if (job->rule == NULL || y < top || y >= bottom)
            memset(row_of(job->response, y), 0, row_size);
    if (job->rule == NULL && top < bottom)
        s->real->moravec_rows(b.rows + (top - first), bottom - top, s->cols,
                              job->window, row_of(job->response, top),
                              job->response->strides[0]);
    for (ptrdiff_t y = top; y < bottom && job->rule != NULL; y++)
        fast_row(s, job->rule, &b, y - first, row_of(job->response, y));
}

static feature_status respond(response_job *job, const feature_run *run,
                              double nanoseconds_a_pixel)
{
    const source *s = &job->s;
    if (s->rows == 0 || s->cols == 0)
        return FEATURE_OK;
    job->bands = (s->rows + BAND_ROWS - 1) / BAND_ROWS;
    team t = team_for(run, job->bands,
                      (double)s->rows * (double)s->cols * nanoseconds_a_pixel);
    row_buffer counting;
    arena one = {NULL, 0};
    layout_rows(&counting, s, &one);
    job->scratch = memory_lease_each(&one, t.threads, &job->scratch_size);
    if (job->scratch == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = team_run(&t, job->bands, respond_band, job);
    memory_return(job->scratch);
    return status;
}

feature_status feature_corner_moravec(const feature_array *image, ptrdiff_t window,
                                      const feature_array *response,
                                      const feature_run *run)
{
    feature_status status = check_response(image, response);
    if (status == FEATURE_OK && window < 0)
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t longest =
        image->shape[0] > image->shape[1] ? image->shape[0] : image->shape[1];
    window = window < longest ? window : longest; /* no pixel is far enough inside */
    double side = 2 * (double)window + 1, moves = 4 * (double)window * (double)window;
    response_job job = {.s = source_of(image, 2 * window, 0), .response = response};
    job.window = window;
    return respond(&job, run, 0.1 * side * side * moves);
}

feature_status feature_corner_fast(const feature_array *image, int32_t arc,
                                   double threshold, const feature_array *response,
                                   const feature_run *run)
{
    feature_status status = check_response(image, response);
    if (status == FEATURE_OK && (arc < 1 || arc > 16))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    fast_bounds bounds;
    fast_rule rule = {.threshold = threshold, .arc = arc, .step = -1};
    int bytes = image->dtype == FEATURE_UINT8 && threshold >= 0;
    if (bytes)
        fast_bound_bytes(&bounds, &rule);
    response_job job = {.s = source_of(image, 3, bytes), .response = response};
    job.rule = &rule;
    return respond(&job, run, bytes ? 0.4 : 1);
}

/* ------------------------------------------------------------------------ */
/* Patches                                                                  */
/* ------------------------------------------------------------------------ */

#define CORNERS_A_BAND 64

/* What is looked at of the image around each corner: rows x cols, both odd. */
typedef struct patch_set {
    source s;
    const feature_array *corners;
    ptrdiff_t count, rows, cols;
    unsigned char *scratch;
    size_t scratch_size; /* of one thread */
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
    arena a = {set->scratch + (size_t)thread * set->scratch_size, 0};
    patch_buffer b;
    layout_patches(&b, set, spare, &a);
    return b;
}

static ptrdiff_t corner_at(const feature_array *corners, ptrdiff_t k, int axis)
{
    const unsigned char *at = row_of(corners, k) + axis * corners->strides[1];
    return (ptrdiff_t) * (const int64_t *)(const void *)at;
}

/* Where the patch of corner k starts; copied, with zeros around, where it leaves the
 * image or rows cannot be read in place. */
static const void *patch_of(const patch_set *set, patch_buffer *b, ptrdiff_t k,
                            ptrdiff_t lane, ptrdiff_t *stride)
{
    const source *s = &set->s;
    ptrdiff_t rows = set->rows, cols = set->cols, item = s->item;
    ptrdiff_t top = corner_at(set->corners, k, 0) - rows / 2;
    ptrdiff_t left = corner_at(set->corners, k, 1) - cols / 2;
    int inside =
        top >= 0 && left >= 0 && top + rows <= s->rows && left + cols <= s->cols;
    *stride = s->image->strides[0] / item;
    if (s->direct && inside)
        return row_of(s->image, top) + left * item;
    unsigned char *patch = b->patches + lane * rows * cols * item;
    ptrdiff_t from = left < 0 ? -left : 0;
    ptrdiff_t end = left + cols > s->cols ? s->cols - left : cols;
    *stride = cols;
    memset(patch, 0, (size_t)(rows * cols * item));
    for (ptrdiff_t y = 0; y < rows; y++)
        if (top + y >= 0 && top + y < s->rows)
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
static feature_status open_plane(real_plane *plane, patch_set *set, team *t)
{
    source *s = &set->s;
    const feature_array *image = s->image;
    double pixels = (double)s->rows * (double)s->cols;
    plane->pixels = NULL;
    if (s->direct || (double)set->count * (double)(set->rows * set->cols) < pixels)
        return FEATURE_OK;
    plane->pixels = memory_lease((size_t)(s->rows * s->cols * s->item));
    if (plane->pixels == NULL)
        return FEATURE_NO_MEMORY;
    plane->strides[0] = s->cols * s->item;
    plane->strides[1] = s->item;
    plane->image = (feature_array){plane->pixels, image->shape, plane->strides, 2,
                                   (int32_t)storage_type(image)};
    s->image = &plane->image;
    s->direct = 1;
    return plane_convert(image, s->unscaled, s->image, t);
}

static patch_group patches_from(const patch_set *set, patch_buffer *b, ptrdiff_t k)
{
    patch_group g = {.count = set->count - k < PATCHES ? set->count - k : PATCHES};
    for (ptrdiff_t i = 0; i < g.count; i++)
        g.patches[i] = patch_of(set, b, k + i, i, &g.strides[i]);
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

/* ------------------------------------------------------------------------ */
/* Orientations                                                             */
/* ------------------------------------------------------------------------ */

typedef struct angle_job {
    patch_set set;
    const feature_array *mask, *angles;
    ptrdiff_t *first;
    int32_t *right;
    patch_mask shape;
} angle_job;

static void list_mask(angle_job *job)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t y = 0; y < job->shape.rows; y++) {
        job->first[y] = count;
        for (ptrdiff_t x = 0; x < job->set.cols; x++)
            if (row_of(job->mask, y)[x * job->mask->strides[1]])
                job->right[count++] = (int32_t)(x - job->shape.reach);
    }
    job->first[job->shape.rows] = count;
    job->shape.first = job->first;
    job->shape.right = job->right;
}

static void turn_band(void *context, ptrdiff_t band, int thread)
{
    const angle_job *job = context;
    const source *s = &job->set.s;
    patch_buffer b = buffer_of(&job->set, 0, thread);
    ptrdiff_t end = band_end(&job->set, band);
    for (ptrdiff_t k = band * CORNERS_A_BAND; k < end; k += PATCHES) {
        patch_group g = patches_from(&job->set, &b, k);
        double angles[PATCHES]; /* or floats */
        s->real->orientations(g.patches, g.strides, &job->shape, angles);
        memcpy((unsigned char *)job->angles->data + k * s->item, angles,
               (size_t)(g.count * s->item));
    }
}

static feature_status lease_angles(angle_job *job, int threads)
{
    unsigned char *block = NULL;
    patch_set *set = &job->set;
    set->scratch_size = measure_patches(set, 0);
    if (set->scratch_size == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->first = arena_take(&a, (size_t)set->rows + 1, sizeof *job->first);
        job->right =
            arena_take(&a, (size_t)(set->rows * set->cols), sizeof *job->right);
        set->scratch = arena_take(&a, (size_t)threads, set->scratch_size);
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
    angle_job job = {.set = {.s = source_of(image, 0, 0),
                             .corners = corners,
                             .count = corners->shape[0],
                             .rows = mask->shape[0],
                             .cols = mask->shape[1]},
                     .mask = mask,
                     .angles = angles};
    if (job.set.count == 0)
        return FEATURE_OK;
    if (mask->shape[0] % 2 != 1 || mask->shape[1] % 2 != 1 ||
        (job.set.count > 1 && angles->strides[0] != job.set.s.item))
        return FEATURE_BAD_ARGUMENT;
    job.shape.rows = mask->shape[0];
    job.shape.down = mask->shape[0] / 2;
    job.shape.reach = mask->shape[1] / 2;
    team t = patch_team(&job.set, run, 0.3);
    status = lease_angles(&job, t.threads);
    if (status != FEATURE_OK)
        return status;
    list_mask(&job);
    real_plane plane;
    status = open_plane(&plane, &job.set, &t);
    if (status == FEATURE_OK)
        status = team_run(&t, bands_of(&job.set), turn_band, &job);
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
    const shift_job *job = context;
    const source *s = &job->set.s;
    const feature_array *to = job->positions;
    patch_buffer b = buffer_of(&job->set, shift_spare(job->rule.reach), thread);
    ptrdiff_t end = band_end(&job->set, band);
    for (ptrdiff_t k = band * CORNERS_A_BAND; k < end; k += PATCHES) {
        patch_group g = patches_from(&job->set, &b, k);
        double corners[2 * PATCHES] = {0}, found[2 * PATCHES]; /* or floats */
        for (ptrdiff_t i = 0; i < 2 * g.count; i++)
            corners[i] = (double)corner_at(job->set.corners, k + i / 2, i % 2);
        s->real->shift_corners(g.patches, g.strides, corners, &job->rule, b.spare,
                               found);
        for (ptrdiff_t i = 0; i < 2 * g.count; i++)
            memcpy(row_of(to, k + i / 2) + i % 2 * to->strides[1],
                   (unsigned char *)found + i * s->item, (size_t)s->item);
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
    shift_job job = {.set = {.s = source_of(image, 0, 0),
                             .corners = corners,
                             .count = count,
                             .rows = 2 * reach + 3,
                             .cols = 2 * reach + 3},
                     .positions = positions,
                     .rule = {reach, edge_below, dot_above}};
    patch_set *set = &job.set;
    set->s.unscaled = 1;
    team t = patch_team(set, run, 2);
    arena whole = {NULL, 0};
    set->scratch_size = measure_patches(set, shift_spare(reach));
    if (set->scratch_size == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    arena_take(&whole, (size_t)t.threads, set->scratch_size);
    if (whole.used == SIZE_MAX || (set->scratch = memory_lease(whole.used)) == NULL)
        return FEATURE_NO_MEMORY;
    real_plane plane;
    status = open_plane(&plane, set, &t);
    if (status == FEATURE_OK)
        status = team_run(&t, bands_of(set), shift_band, &job);
    memory_return(plane.pixels);
    memory_return(set->scratch);
    return status;
}
