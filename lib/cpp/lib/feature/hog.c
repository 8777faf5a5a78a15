/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HOG: histograms of oriented gradients. N. Dalal and B. Triggs, "Histograms of
 * Oriented Gradients for Human Detection", CVPR 2005, as scikit-image computes them.
 *
 * Gradient. Next pixel minus previous pixel along each axis, 0 on the frame of the
 * image. Of several channels the one with the longest gradient counts, the first of
 * equals. Integers are not scaled. Pixels' roots may be taken first.
 *
 * Cells. The image is tiled by cells, what is left over at the right and at the bottom
 * is ignored. Each pixel adds the length of its gradient to one bin of its cell: that
 * of the angle in [0, 180) degrees, counted from the direction of columns towards
 * that of rows, without sign and without interpolation. The sums are made in float32,
 * one pixel after the other, row after row, and divided by the pixels of a cell.
 *
 * Two habits of the reference are kept. An angle a last bit below 0 becomes, modulo
 * 180, exactly 180 and counts nowhere. A NaN among the angles counts everywhere.
 *
 * Blocks. Every rectangle of so many cells, one cell apart, is normalised as a vector;
 * the result has the axes block row, block column, cell row, cell column, bin.
 *
 * Bins without arctangents. A row of pixels is kept as planes, one for each place in a
 * cell, so that a vector holds the same pixel of several cells: the sums of all cells
 * proceed side by side, each in its order. Signs of cross products with the borders'
 * directions find the bin (kernels/hog_votes.c). What is too close to a border is
 * decided by an angle; and where an angle is so close that another arctangent, off by a
 * few last places, would decide otherwise, the pixel is also reported. scikit-image's
 * arctangent is NumPy's, which differs from processor to processor. Python asks about
 * these pixels and calls again with the answers (decision 9). Gradients of 8- or
 * 16-bit integers are never so close.
 *
 * Bands. Some rows of cells are a unit of work: their histograms, their part of the
 * picture, and the blocks that lie within. Blocks across the seam of two bands are made
 * by whichever thread finishes the second of the two, so that nobody waits.
 *
 * Memory: float32 histograms of the whole image, and per thread four rows of pixels.
 * Cost: one square root, 4 cross products (for 9 bins) and one addition a pixel.
 */
#include "hog.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/threads.h"

#define ORIENTATIONS_AT_MOST (1 << 20)
#define BAND_PIXELS 32 /* rows of pixels in a band, at least */
#define NANOSECONDS_PER_PIXEL 6
#define COUNT_AT_MOST 0x1p48 /* so that no product of sizes overflows */

/* ------------------------------------------------------------------------ */
/* Buffers                                                                  */
/* ------------------------------------------------------------------------ */

static ptrdiff_t bins_of_block(const hog_job *job)
{
    return job->p->block_rows * job->p->block_cols * job->p->orientations;
}

static ptrdiff_t line_length(const hog_job *job)
{
    ptrdiff_t rows = job->p->cell_rows, cols = job->p->cell_cols;
    return (rows < cols ? rows : cols) + 2;
}

static void layout_lines(hog_buffer *b, const hog_job *job, arena *a)
{
    size_t count = job->picture == NULL ? 0 : (size_t)job->p->orientations;
    size_t length = (size_t)line_length(job);
    b->lines = arena_take(a, count, sizeof(hog_line));
    ptrdiff_t *offsets = arena_take(a, count * length, sizeof(ptrdiff_t));
    if (a->base == NULL)
        return;
    for (size_t k = 0; k < count; k++) {
        b->lines[k].count = 0;
        b->lines[k].offsets = offsets + k * length;
    }
}

static void layout(hog_buffer *b, const hog_job *job, arena *a)
{
    size_t n = (size_t)hog_row_size(job), padded = (size_t)hog_padded_size(job);
    size_t bins = (size_t)job->p->orientations + 1;
    size_t columns = (size_t)(job->planes.count * job->channels);
    b->row =
        arena_take(a, columns * (size_t)job->planes.cells + ROW_BLOCK, sizeof(wide));
    b->planes = arena_take(a, columns, sizeof *b->planes);
    b->pixels = arena_take(a, HOG_RING * (size_t)job->channels * padded, sizeof(wide));
    b->down = arena_take(a, n, sizeof(wide));
    b->right = arena_take(a, n, sizeof(wide));
    b->other_down = arena_take(a, job->channels > 1 ? n : 0, sizeof(wide));
    b->other_right = arena_take(a, job->channels > 1 ? n : 0, sizeof(wide));
    b->length = arena_take(a, n, sizeof(wide));
    b->bins = arena_take(a, n, sizeof(int32_t));
    b->totals = arena_take(a, (size_t)job->planes.cells * bins, sizeof(float));
    b->values =
        arena_take(a, HOG_BLOCKS * (size_t)HOG_PITCH(bins_of_block(job)), sizeof(wide));
    b->rows = arena_take(a, (size_t)job->p->block_rows, sizeof(float *));
    layout_lines(b, job, a);
}

static void layout_shared(hog_job *job, arena *a)
{
    size_t bins = (size_t)job->p->orientations;
    size_t cells = (size_t)job->cell_rows * (size_t)job->cell_cols;
    job->sine = arena_take(a, bins, sizeof(double));
    job->cosine = arena_take(a, bins, sizeof(double));
    job->seams = arena_take(a, (size_t)job->bands, sizeof(atomic_char));
    job->histograms = arena_take(a, cells, bins * sizeof(float));
}

/* ------------------------------------------------------------------------ */
/* Blocks and the picture                                                   */
/* ------------------------------------------------------------------------ */

static void make_blocks(const hog_job *job, hog_buffer *b, ptrdiff_t first,
                        ptrdiff_t end)
{
    ptrdiff_t item = dtype_size(job->blocks->dtype);
    ptrdiff_t size = job->block_cols * bins_of_block(job) * item;
    for (ptrdiff_t row = first; row < end && row < job->block_rows; row++) {
        for (ptrdiff_t k = 0; k < job->p->block_rows; k++)
            b->rows[k] = hog_histograms(job, row + k);
        job->real->hog_blocks(b->rows, job->block_cols, &job->layout, b->values,
                              (unsigned char *)job->blocks->data + row * size);
    }
}

/* Blocks that begin in `band` and end in the next, once both are there. */
static void close_seam(hog_job *job, hog_buffer *b, ptrdiff_t band)
{
    if (band < 0 || band >= job->bands - 1 ||
        atomic_fetch_add(&job->seams[band], 1) == 0)
        return;
    ptrdiff_t end = (band + 1) * job->band_cells;
    make_blocks(job, b, end - job->p->block_rows + 1, end);
}

/* Lines of the smallest cells reach into the neighbours, in the order of cells. */
static int lines_leave_cells(const hog_job *job)
{
    return job->p->cell_rows == 1 || job->p->cell_cols == 1;
}

static void clear_picture(const hog_job *job, ptrdiff_t first, ptrdiff_t end)
{
    size_t size = (size_t)job->cols * (size_t)dtype_size(job->picture->dtype);
    memset((unsigned char *)job->picture->data + (size_t)first * size, 0,
           (size_t)(end - first) * size);
}

static void draw_cells(const hog_job *job, const hog_buffer *b, ptrdiff_t first,
                       ptrdiff_t end)
{
    hog_pen pen = {.cell_rows = job->p->cell_rows,
                   .cell_cols = job->p->cell_cols,
                   .orientations = job->p->orientations,
                   .pitch = job->cols,
                   .half = job->p->half,
                   .lines = b->lines};
    for (ptrdiff_t row = first; row < end; row++)
        job->real->hog_draw(hog_histograms(job, row), job->cell_cols,
                            row * job->p->cell_rows, &pen, job->picture->data);
}

static void draw_band(const hog_job *job, const hog_buffer *b, ptrdiff_t first,
                      ptrdiff_t end)
{
    int last = end == job->cell_rows;
    clear_picture(job, first * job->p->cell_rows,
                  last ? job->rows : end * job->p->cell_rows);
    if (!lines_leave_cells(job))
        draw_cells(job, b, first, end);
}

static void start(const hog_job *job, hog_buffer *b, int thread)
{
    arena a = arena_of(&job->memory, thread);
    layout(b, job, &a);
    size_t pixels = HOG_RING * (size_t)(job->channels * hog_padded_size(job));
    memset(b->pixels, 0, pixels * sizeof(wide)); /* what no pixel is read into */
    for (int k = 0; k < HOG_RING; k++)
        b->held[k] = -1;
}

static void hog_band(void *context, ptrdiff_t band, int thread)
{
    hog_job *job = context;
    hog_buffer b;
    ptrdiff_t first = band * job->band_cells, end = first + job->band_cells;
    end = end < job->cell_rows ? end : job->cell_rows;
    start(job, &b, thread);
    for (ptrdiff_t row = first; row < end; row++) {
        hog_fill_cells(job, &b, row);
        ptrdiff_t block = row - job->p->block_rows + 1;
        if (block >= first)
            make_blocks(job, &b, block, block + 1);
    }
    if (job->picture != NULL)
        draw_band(job, &b, first, end);
    close_seam(job, &b, band - 1);
    close_seam(job, &b, band);
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static feature_status check_result(const feature_array *out, const ptrdiff_t *shape,
                                   int32_t ndim, const feature_array *image)
{
    feature_array like = {.shape = shape, .ndim = ndim};
    feature_status status = check_plane(out, storage_type(image), &like);
    if (status == FEATURE_OK && !is_empty(out) && !is_contiguous(out))
        return FEATURE_BAD_ARGUMENT;
    return status;
}

static feature_status check_parameters(const feature_hog_parameters *p)
{
    if (p == NULL || p->cell_rows < 1 || p->cell_cols < 1 || p->block_rows < 1 ||
        p->block_cols < 1 || p->orientations < 1 ||
        p->orientations > ORIENTATIONS_AT_MOST || p->norm < FEATURE_HOG_L1 ||
        p->norm > FEATURE_HOG_L2_HYS)
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static feature_status check_settled(const feature_array *settled)
{
    if (settled == NULL)
        return FEATURE_OK;
    feature_status status = check_array(settled, 2);
    if (status == FEATURE_OK && settled->dtype != FEATURE_INT64)
        return FEATURE_BAD_DTYPE;
    if (status == FEATURE_OK && (settled->shape[1] != 2 || !is_contiguous(settled)))
        return FEATURE_BAD_ARGUMENT;
    return status;
}

/* Do lines through the middle of the first and the last of `count` cells stay among
 * the `n` pixels of the picture's axis? */
static int line_fits(double half, ptrdiff_t size, ptrdiff_t count, ptrdiff_t n)
{
    double first = (double)(size / 2), last = (double)((count - 1) * size + size / 2);
    return first - fabs(half) > -1 && last + fabs(half) < (double)n;
}

/* Lines must stay within the cell, or, of cells one pixel wide, within the picture. */
static int lines_fit(const hog_job *job)
{
    if (job->picture == NULL)
        return 1;
    if (job->p->half == NULL)
        return 0;
    ptrdiff_t rows = job->p->cell_rows, cols = job->p->cell_cols;
    double most = (double)((rows < cols ? rows : cols) / 2 - 1);
    most = lines_leave_cells(job) ? 1 : most;
    for (ptrdiff_t k = 0; k < job->p->orientations; k++) {
        double down = job->p->half[2 * k], right = job->p->half[2 * k + 1];
        if (!(fabs(down) <= most && fabs(right) <= most &&
              line_fits(down, rows, job->cell_rows, job->rows) &&
              line_fits(right, cols, job->cell_cols, job->cols)))
            return 0;
    }
    return 1;
}

/* Shapes, and how the work is cut. */
static feature_status plan(hog_job *job)
{
    const feature_hog_parameters *p = job->p;
    job->rows = job->image->shape[0];
    job->cols = job->image->shape[1];
    job->channels = job->image->shape[2];
    job->cell_rows = job->rows / p->cell_rows;
    job->cell_cols = job->cols / p->cell_cols;
    if (job->channels < 1 || p->block_rows > job->cell_rows ||
        p->block_cols > job->cell_cols)
        return FEATURE_BAD_ARGUMENT;
    if ((double)job->cols * (double)job->channels > COUNT_AT_MOST ||
        (double)p->block_rows * (double)p->block_cols * (double)p->orientations >
            COUNT_AT_MOST)
        return FEATURE_NO_MEMORY;
    job->block_rows = job->cell_rows - p->block_rows + 1;
    job->block_cols = job->cell_cols - p->block_cols + 1;
    ptrdiff_t band = (BAND_PIXELS + p->cell_rows - 1) / p->cell_rows;
    job->band_cells = band < p->block_rows ? p->block_rows : band;
    job->bands = (job->cell_rows + job->band_cells - 1) / job->band_cells;
    job->planes = (hog_planes){.cells = job->cell_cols, .count = p->cell_cols};
    job->planes.pitch = (job->cell_cols + 7) / 8 * 8; /* a vector of doubles */
    job->layout = (hog_layout){p->block_rows, p->block_cols, p->orientations, p->norm};
    return FEATURE_OK;
}

static void plan_borders(hog_job *job)
{
    ptrdiff_t n = job->p->orientations;
    job->borders = (hog_borders){.sine = job->sine,
                                 .cosine = job->cosine,
                                 .orientations = n,
                                 .diagonal = n % 4 == 0,
                                 .upright = n % 2 == 0};
    job->plain->hog_directions(n, job->sine, job->cosine, &job->borders.count);
}

static feature_status compute(hog_job *job, const feature_run *run)
{
    double pixels = (double)job->rows * (double)job->cols * (double)job->channels;
    team t = team_for(run, job->bands, pixels * NANOSECONDS_PER_PIXEL);
    hog_buffer b;
    arena one = {NULL, 0}, whole = {NULL, 0};
    layout(&b, job, &one);
    layout_shared(job, &whole);
    size_t shared = whole.used;
    arena_take(&whole, (size_t)t.threads, one.used);
    if (one.used == SIZE_MAX || whole.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    unsigned char *block = memory_lease(whole.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    arena carved = {block, 0};
    layout_shared(job, &carved);
    job->memory.base = block + shared;
    job->memory.each = one.used;
    for (ptrdiff_t k = 0; k < job->bands; k++)
        atomic_init(&job->seams[k], 0);
    plan_borders(job);
    feature_status status = team_run(&t, job->bands, hog_band, job);
    if (status == FEATURE_OK && job->picture != NULL && lines_leave_cells(job)) {
        start(job, &b, 0);
        draw_cells(job, &b, 0, job->cell_rows);
    }
    memory_return(block);
    return status;
}

feature_status feature_hog(const feature_array *image,
                           const feature_hog_parameters *parameters,
                           const feature_array *settled, const feature_array *blocks,
                           const feature_array *picture, ptrdiff_t capacity,
                           double *close, ptrdiff_t *count, const feature_run *run)
{
    feature_status status = check_array(image, 3);
    if (status == FEATURE_OK)
        status = check_parameters(parameters);
    if (status == FEATURE_OK)
        status = check_settled(settled);
    if (status == FEATURE_OK && (count == NULL || (capacity > 0 && close == NULL)))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    hog_job job = {.image = image, .settled = settled, .blocks = blocks,
                   .picture = picture, .p = parameters, .close = close,
                   .capacity = capacity};
    job.plain = plain_kernels_in_use();
    job.real = real_kernels_for(storage_type(image));
    atomic_init(&job.close_count, 0);
    status = plan(&job);
    if (status != FEATURE_OK)
        return status;
    const ptrdiff_t shape[] = {job.block_rows, job.block_cols, parameters->block_rows,
                               parameters->block_cols, parameters->orientations};
    status = check_result(blocks, shape, 5, image);
    if (status == FEATURE_OK && picture != NULL)
        status = check_result(picture, image->shape, 2, image);
    if (status == FEATURE_OK && !lines_fit(&job))
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK)
        status = compute(&job, run);
    *count = atomic_load(&job.close_count);
    return status;
}
