/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blobs: spots that are brighter than what is around them, and their sizes.
 *
 * T. Lindeberg, "Feature detection with automatic scale selection", International
 * Journal of Computer Vision 30 (1998), 79-116: a blob is a local maximum, in position
 * and scale, of a response that compares equally across scales. Here a stack of
 * responses f(x, s), one plane for each of a list of standard deviations sigma:
 *
 *   LoG   -sigma^2 (d2/dx1^2 + d2/dx2^2 + ...) G(sigma) * image, with sigma the mean of
 *         all axes' in front. The derivatives are taken of the Gaussian's weights.
 *   DoG   (G(sigma_i) * image - G(sigma_i+1) * image) / (ratio - 1), sigma_i+1 = ratio
 *         sigma_i (D. G. Lowe, "Distinctive image features from scale-invariant
 *         keypoints", International Journal of Computer Vision 60 (2004), 91-110).
 *   DoH   the determinant of the Hessian by box filters on an integral image (H. Bay,
 *         A. Ess, T. Tuytelaars, L. Van Gool, "Speeded-Up Robust Features", Computer
 *         Vision and Image Understanding 110 (2008), 346-359); dark spots too.
 *
 * Gaussians end at four sigma; beyond the border the image is reflected, its outermost
 * pixels twice. Sums are SciPy's, in its order, rounded to what planes are stored in.
 *
 * Maxima. An element stays when it reaches the threshold and none of the 3^(ndim + 1)
 * around it exceeds it, equal ones all. Beyond the first and last scale and the border
 * there is nothing. Where all responses are equal there is no maximum. The list is
 * ordered by response, the largest first, equal ones by position and then scale.
 *
 * Pruning (blobs_prune.c). Of two blobs that share too much the smaller is dropped.
 *
 * How it runs. The stack never exists. LoG and DoG make one plane after the other
 * (blobs_planes.c) and keep three, in which the middle one is searched. DoH, whose
 * rows are made at once from the integral image, goes down the image in bands: of all
 * scales the last three rows are kept, and the middle ones searched. Findings are
 * lists, one a thread, which are put in order at the end, so that the threads cannot
 * be told from it.
 *
 * NaN. The reference's sliding maxima depend on their method where there is NaN
 * (kernels/ring.c). Images that hold NaN, or numbers so large that NaN could come of
 * them, and scales of DoH whose boxes have no pixels, are the exception: for them the
 * whole stack is made.
 *
 * Large scales. From some sigma on cosine transforms make planes faster than filters do
 * (blobs_transform.c); what their error could decide is decided by filters.
 *
 * Memory: LoG three planes of doubles, DoG four, two more for other than two
 * dimensions, one for the transform's spectrum; DoH the integral image and three rows
 * of each scale a thread. 16 bytes a finding, for a moment three times that.
 */
#include "blobs.h"

#include <math.h>

#include "core/integral.h"
#include "core/memory.h"
#include "core/smooth.h"

#define BAND_ROWS 64
#define BAND_ELEMENTS 16384
#define NANOSECONDS_OF_BOXES 1.5 /* an element and scale */
#define MODERATE 1e100 /* no filter makes NaN of smaller numbers */

/* ------------------------------------------------------------------------ */
/* Finders                                                                  */
/* ------------------------------------------------------------------------ */

/* Lines around one, itself included, at one scale. */
static size_t lines_near(const feature_array *image)
{
    size_t lines = 1;
    for (int32_t axis = 0; axis < image->ndim - 1; axis++)
        lines *= image->shape[axis] < 3 ? (size_t)image->shape[axis] : 3;
    return lines;
}

static void layout_finder(blob_finder *f, const blob_job *job, arena *a)
{
    size_t near = lines_near(job->image);
    f->near = arena_take(a, near, sizeof *f->near);
    f->lines = arena_take(a, 3 * near, sizeof *f->lines);
    f->words = arena_take(a, (size_t)(job->cols + WORD_BITS - 1) / WORD_BITS,
                          sizeof *f->words);
}

/* One for each thread; finders_close gives back what they hold. */
feature_status blob_finders_open(blob_job *job, int threads)
{
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->finders = arena_take(&a, (size_t)threads, sizeof *job->finders);
        for (int k = 0; k < threads; k++) {
            blob_finder f = {.range = {INFINITY, -INFINITY, 0}};
            layout_finder(&f, job, &a);
            if (block != NULL)
                job->finders[k] = f;
        }
        if (block == NULL &&
            (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    job->threads = threads;
    return FEATURE_OK;
}

static void finders_close(blob_job *job)
{
    for (int k = 0; k < job->threads; k++) {
        memory_return(job->finders[k].list.points);
        memory_return(job->finders[k].doubts.points);
    }
    if (job->threads > 0)
        memory_return(job->finders);
    job->threads = 0;
}

int blob_in_border(const blob_job *job, ptrdiff_t line)
{
    const feature_array *image = job->image;
    ptrdiff_t at[DIMENSIONS_AT_MOST];
    line_index(image, line, at);
    for (int32_t axis = 0; axis < image->ndim - 1; axis++)
        if (at[axis] < job->search->border[axis] ||
            at[axis] >= image->shape[axis] - job->search->border[axis])
            return 1;
    return 0;
}

void blob_add(blob_finder *f, const double *response, ptrdiff_t place)
{
    f->list.points[f->list.count++] =
        (point){descending_key(FEATURE_FLOAT64, response), place};
}

/* Is element x, which may be a maximum, so near to a neighbour or the threshold that
 * the transform's error decides? */
static int is_undecided(const blob_job *job, const blob_finder *f, ptrdiff_t count,
                        ptrdiff_t x)
{
    double least = f->lines[0][x] - job->slack;
    ptrdiff_t near = 0, low = x > 0 ? x - 1 : 0, high = x + 1 < job->cols ? x + 1 : x;
    for (ptrdiff_t k = 0; k < count; k++)
        for (ptrdiff_t i = low; i <= high; i++)
            near += f->lines[k][i] >= least;
    return near > 1 || least <= job->search->least;
}

/* Adds a maximum, or a place that may be one. */
static void add(const blob_job *job, blob_finder *f, ptrdiff_t count, ptrdiff_t place)
{
    ptrdiff_t x = place / job->scales % job->cols;
    if (job->slack == 0 || !is_undecided(job, f, count, x))
        blob_add(f, f->lines[0] + x, place);
    else if (f->doubts.count >= job->doubts_most)
        f->undecided = 1;
    else if (points_reserve(&f->doubts, 1) == FEATURE_OK)
        f->doubts.points[f->doubts.count++].place = place;
    else
        f->status = FEATURE_NO_MEMORY;
}

/* Adds the maxima on f->lines[0], a line at one scale, among `count` lines. */
static void search_line(const blob_job *job, blob_finder *f, ptrdiff_t count,
                        ptrdiff_t line, ptrdiff_t scale)
{
    ptrdiff_t n = job->cols, words = (n + WORD_BITS - 1) / WORD_BITS, found = 0;
    ptrdiff_t border = job->search->border[job->image->ndim - 1];
    job->plain->voxel_maxima(f->lines, count, n, job->search->least, job->slack,
                             f->words);
    for (ptrdiff_t w = 0; w < words; w++)
        found += __builtin_popcountll(f->words[w]);
    f->passed += found;
    if (found == 0 || blob_in_border(job, line))
        return;
    if (points_reserve(&f->list, found) != FEATURE_OK) {
        f->status = FEATURE_NO_MEMORY;
        return;
    }
    for (ptrdiff_t w = 0; w < words; w++)
        for (uint64_t left = f->words[w]; left != 0; left &= left - 1) {
            ptrdiff_t x = w * WORD_BITS + __builtin_ctzll(left);
            if (x >= border && x < n - border)
                add(job, f, count, (line * n + x) * job->scales + scale);
        }
}

/* ------------------------------------------------------------------------ */
/* Planes                                                                   */
/* ------------------------------------------------------------------------ */

typedef struct plane_search {
    const blob_job *job;
    const blob_planes *planes;
    ptrdiff_t scale, lines_of_a_band;
} plane_search;

/* The numbers of the lines around one, itself first. */
static ptrdiff_t list_near(const blob_job *job, ptrdiff_t line, ptrdiff_t *near)
{
    const feature_array *image = job->image;
    ptrdiff_t at[DIMENSIONS_AT_MOST], count = 1, step = 1;
    line_index(image, line, at);
    near[0] = line;
    for (int32_t axis = image->ndim - 2; axis >= 0; axis--) {
        ptrdiff_t before = count;
        for (ptrdiff_t k = 0; k < before; k++) {
            if (at[axis] > 0)
                near[count++] = near[k] - step;
            if (at[axis] + 1 < image->shape[axis])
                near[count++] = near[k] + step;
        }
        step *= image->shape[axis];
    }
    return count;
}

/* Those of this scale and its neighbours. */
static ptrdiff_t list_lines(const plane_search *search, blob_finder *f, ptrdiff_t line)
{
    const blob_job *job = search->job;
    ptrdiff_t near = list_near(job, line, f->near), count = 0;
    for (int turn = 0; turn < 3; turn++) {
        ptrdiff_t scale = search->scale + (turn == 2 ? -1 : turn);
        if (scale < 0 || scale >= job->scales)
            continue;
        const wide *plane = blob_plane(search->planes, scale);
        for (ptrdiff_t k = 0; k < near; k++)
            f->lines[count++] = plane + f->near[k] * job->cols;
    }
    return count;
}

/* Does any element of the line exceed its neighbours on it? Few do. */
static int may_hold(const blob_job *job, blob_finder *f, const wide *line)
{
    f->lines[0] = line;
    job->plain->voxel_maxima(f->lines, 1, job->cols, job->search->least, job->slack,
                             f->words);
    for (ptrdiff_t w = 0; w * WORD_BITS < job->cols; w++)
        if (f->words[w] != 0)
            return 1;
    return 0;
}

static void search_band(void *context, ptrdiff_t index, int thread)
{
    const plane_search *search = context;
    const blob_job *job = search->job;
    blob_finder *f = &job->finders[thread];
    ptrdiff_t first = index * search->lines_of_a_band;
    ptrdiff_t end = first + search->lines_of_a_band;
    for (ptrdiff_t line = first; line < end && line < job->lines; line++) {
        const wide *here = blob_plane(search->planes, search->scale) + line * job->cols;
        if (job->search->range)
            job->plain->range_row(here, job->cols, f->range);
        if (may_hold(job, f, here))
            search_line(job, f, list_lines(search, f, line), line, search->scale);
    }
}

static feature_status search_plane(const blob_job *job, blob_planes *p, ptrdiff_t scale)
{
    plane_search search = {job, p, scale, 1 + BAND_ELEMENTS / job->cols};
    ptrdiff_t bands =
        (job->lines + search.lines_of_a_band - 1) / search.lines_of_a_band;
    return team_run(&p->v.team, bands, search_band, &search);
}

/* Neither failed nor to be done again by filters. */
static int is_going_on(const blob_job *job, feature_status status)
{
    for (int k = 0; k < job->threads && status == FEATURE_OK; k++)
        if (job->finders[k].undecided)
            return 0;
    return status == FEATURE_OK;
}

static feature_status search_planes(blob_job *job)
{
    blob_planes p;
    feature_status status = blob_planes_open(&p, job);
    job->slack = p.transform.used ? blob_transform_slack(job) : 0;
    job->doubts_most = p.transform.used ? blob_doubts_most(job) : 0;
    if (status == FEATURE_OK)
        status = blob_finders_open(job, p.v.team.threads);
    for (ptrdiff_t s = 0; s <= job->scales && is_going_on(job, status); s++) {
        if (s < job->scales)
            status = blob_planes_make(&p, s);
        if (status == FEATURE_OK && s > 0)
            status = search_plane(job, &p, s - 1);
    }
    blob_planes_close(&p);
    return status == FEATURE_OK && job->slack > 0 ? blob_settle_doubts(job) : status;
}

/* ------------------------------------------------------------------------ */
/* Boxes                                                                    */
/* ------------------------------------------------------------------------ */

#define ROWS_KEPT 3

typedef struct box_search {
    const blob_job *job;
    const double *integral;
    double *scratch; /* rows of all scales, for each thread */
    ptrdiff_t pitch;
} box_search;

static double *box_row(const box_search *search, int thread, ptrdiff_t scale,
                       ptrdiff_t y)
{
    ptrdiff_t scales = search->job->scales, row = y % ROWS_KEPT;
    ptrdiff_t number = (thread * scales + scale) * ROWS_KEPT + row;
    return search->scratch + number * search->pitch;
}

static void make_boxes(const box_search *search, int thread, ptrdiff_t y)
{
    const blob_job *job = search->job;
    for (ptrdiff_t scale = 0; scale < job->scales; scale++) {
        double *row = box_row(search, thread, scale, y);
        job->plain->box_determinant_row(search->integral, job->lines, job->cols,
                                        job->sizes[scale], y, row);
        if (storage_type(job->image) == FEATURE_FLOAT32)
            job->real->combine_row(row, NULL, 0, 1, job->cols, row);
    }
}

static void search_boxes(const box_search *search, int thread, ptrdiff_t y)
{
    const blob_job *job = search->job;
    blob_finder *f = &job->finders[thread];
    for (ptrdiff_t scale = 0; scale < job->scales; scale++) {
        const double *here = box_row(search, thread, scale, y);
        if (job->search->range)
            job->plain->range_row(here, job->cols, f->range);
        if (!may_hold(job, f, here))
            continue;
        ptrdiff_t count = 1;
        for (ptrdiff_t s = scale > 0 ? scale - 1 : 0; s <= scale + 1 && s < job->scales;
             s++)
            for (ptrdiff_t row = y > 0 ? y - 1 : 0; row <= y + 1 && row < job->lines;
                 row++)
                if (s != scale || row != y)
                    f->lines[count++] = box_row(search, thread, s, row);
        search_line(job, f, count, y, scale);
    }
}

static void box_band(void *context, ptrdiff_t index, int thread)
{
    const box_search *search = context;
    ptrdiff_t rows = search->job->lines, first = index * BAND_ROWS;
    ptrdiff_t end = first + BAND_ROWS < rows ? first + BAND_ROWS : rows;
    ptrdiff_t next = first > 0 ? first - 1 : 0;
    for (ptrdiff_t y = first; y < end; y++) {
        for (; next <= y + 1 && next < rows; next++)
            make_boxes(search, thread, next);
        search_boxes(search, thread, y);
    }
}

static feature_status search_image(blob_job *job)
{
    box_search search = {.job = job, .pitch = row_pitch(job->cols)};
    ptrdiff_t bands = (job->lines + BAND_ROWS - 1) / BAND_ROWS;
    team t = team_for(job->run, bands,
                      (double)job->size * (double)job->scales * NANOSECONDS_OF_BOXES);
    arena a = {NULL, 0};
    arena_take(&a, (size_t)job->size, sizeof(double));
    size_t before = a.used;
    arena_take(&a, (size_t)t.threads * ROWS_KEPT * (size_t)job->scales,
               (size_t)search.pitch * sizeof(double));
    unsigned char *block = a.used == SIZE_MAX ? NULL : memory_lease(a.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    search.integral = (double *)(void *)block;
    search.scratch = (double *)(void *)(block + before);
    feature_status status = blob_finders_open(job, t.threads);
    if (status == FEATURE_OK)
        status = integral_image(&t, job->image, (double *)(void *)block);
    if (status == FEATURE_OK)
        status = team_run(&t, bands, box_band, &search);
    memory_return(block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* NaN                                                                      */
/* ------------------------------------------------------------------------ */

static void range_band(void *context, ptrdiff_t index, int thread)
{
    const blob_job *job = context;
    const feature_array *image = job->image;
    double pixels[256];
    ptrdiff_t at[DIMENSIONS_AT_MOST], stride = image->strides[image->ndim - 1];
    line_index(image, index, at);
    for (ptrdiff_t x = 0; x < job->cols; x += 256) {
        ptrdiff_t n = job->cols - x < 256 ? job->cols - x : 256;
        job->plain->load_row(line_of(image, at) + x * stride, stride, n,
                             (feature_dtype)image->dtype, pixels);
        job->plain->range_row(pixels, n, job->finders[thread].range);
    }
}

/* Could NaN come of the image or of a scale? */
static feature_status look_for_nan(blob_job *job, int *found)
{
    *found = 0;
    job->magnitude = 1;
    for (ptrdiff_t s = 0; s < job->scales && job->method == BLOB_DOH; s++)
        *found |= job->sizes[s] < 1;
    if (*found || job->image->dtype < FEATURE_FLOAT16)
        return FEATURE_OK;
    team t = team_for(job->run, job->lines, (double)job->size * 0.5);
    feature_status status = blob_finders_open(job, t.threads);
    if (status == FEATURE_OK)
        status = team_run(&t, job->lines, range_band, job);
    for (int k = 0; k < job->threads; k++) {
        const double *range = job->finders[k].range;
        *found |= range[0] < -MODERATE || range[1] > MODERATE || range[2] != 0;
        job->magnitude = fmax(k == 0 ? 0 : job->magnitude, fmax(-range[0], range[1]));
    }
    finders_close(job);
    return status;
}

/* ------------------------------------------------------------------------ */
/* The calls                                                                */
/* ------------------------------------------------------------------------ */

static feature_status check_job(const blob_job *job)
{
    const feature_blob_search *search = job->search;
    const feature_blob_list *out = job->out;
    feature_status status = check_volume(job->image);
    if (status != FEATURE_OK)
        return status;
    if (job->scales < 0 || search == NULL || search->border == NULL || out == NULL ||
        out->capacity < 0 ||
        (out->capacity > 0 && (out->index == NULL || out->response == NULL)))
        return FEATURE_BAD_ARGUMENT;
    for (int32_t axis = 0; axis < job->image->ndim; axis++)
        if (search->border[axis] < 0)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static int are_filters(const blob_job *job, const feature_filter *filters,
                       ptrdiff_t gaussians)
{
    ptrdiff_t count;
    if (__builtin_mul_overflow(gaussians, job->image->ndim, &count) ||
        (count > 0 && filters == NULL))
        return 0;
    for (ptrdiff_t k = 0; k < count; k++)
        if (!filter_is_valid(&filters[k]) || filters[k].border != FEATURE_REFLECT)
            return 0;
    return 1;
}

static feature_status search_and_list(blob_job *job, int has_nan, int *undecided)
{
    *undecided = 0;
    feature_status status = has_nan                   ? blob_search_stack(job)
                            : job->method == BLOB_DOH ? search_image(job)
                                                      : search_planes(job);
    if (status == FEATURE_OK)
        status = blob_write_list(job, undecided);
    finders_close(job);
    return status;
}

static feature_status find_blobs(blob_job *job)
{
    const feature_array *image = job->image;
    int has_nan = 0, undecided = 0;
    job->out->count = 0;
    job->out->lowest = job->out->highest = NAN;
    if (is_empty(image) || job->scales == 0)
        return FEATURE_OK;
    job->cols = image->shape[image->ndim - 1];
    job->lines = line_count(image);
    ptrdiff_t all;
    if (__builtin_mul_overflow(job->lines, job->cols, &job->size) ||
        __builtin_mul_overflow(job->size, job->scales, &all))
        return FEATURE_NO_MEMORY;
    job->plain = plain_kernels_in_use();
    job->real = real_kernels_for(storage_type(image));
    job->direct = job->search->direct;
    feature_status status = look_for_nan(job, &has_nan);
    if (status == FEATURE_OK)
        status = search_and_list(job, has_nan, &undecided);
    if (status == FEATURE_OK && undecided) {
        job->direct = 1;
        job->slack = 0;
        job->out->count = 0;
        status = search_and_list(job, has_nan, &undecided);
    }
    return status;
}

feature_status feature_blob_dog(const feature_array *image,
                                const feature_filter *smoothing, ptrdiff_t scales,
                                double factor, const feature_blob_search *how,
                                feature_blob_list *list, const feature_run *run)
{
    blob_job job = {.method = BLOB_DOG,
                    .image = image,
                    .smoothing = smoothing,
                    .scales = scales,
                    .factors = &factor,
                    .search = how,
                    .out = list,
                    .run = run};
    feature_status status = check_job(&job);
    if (status == FEATURE_OK &&
        (scales == PTRDIFF_MAX || !are_filters(&job, smoothing, scales + 1)))
        status = FEATURE_BAD_ARGUMENT;
    return status == FEATURE_OK ? find_blobs(&job) : status;
}

feature_status feature_blob_log(const feature_array *image,
                                const feature_filter *smoothing,
                                const feature_filter *second, const double *factors,
                                ptrdiff_t scales, const feature_blob_search *how,
                                feature_blob_list *list, const feature_run *run)
{
    blob_job job = {.method = BLOB_LOG,
                    .image = image,
                    .smoothing = smoothing,
                    .second = second,
                    .scales = scales,
                    .factors = factors,
                    .search = how,
                    .out = list,
                    .run = run};
    feature_status status = check_job(&job);
    if (status == FEATURE_OK &&
        ((scales > 0 && factors == NULL) || !are_filters(&job, smoothing, scales) ||
         !are_filters(&job, second, scales)))
        status = FEATURE_BAD_ARGUMENT;
    return status == FEATURE_OK ? find_blobs(&job) : status;
}

feature_status feature_blob_doh(const feature_array *image, const ptrdiff_t *sizes,
                                ptrdiff_t scales, const feature_blob_search *how,
                                feature_blob_list *list, const feature_run *run)
{
    blob_job job = {.method = BLOB_DOH,
                    .image = image,
                    .sizes = sizes,
                    .scales = scales,
                    .search = how,
                    .out = list,
                    .run = run};
    feature_status status = check_job(&job);
    if (status == FEATURE_OK && (image->ndim != 2 || (scales > 0 && sizes == NULL)))
        status = FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; status == FEATURE_OK && k < scales; k++)
        if (sizes[k] > PTRDIFF_MAX / 4)
            status = FEATURE_BAD_ARGUMENT;
    return status == FEATURE_OK ? find_blobs(&job) : status;
}
