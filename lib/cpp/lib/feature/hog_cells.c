/* SPDX-License-Identifier: BSD-3-Clause */
/* The histograms of cells: rows of pixels as planes, their gradients, and votes. */
#include "hog.h"

#include <string.h>

/* ------------------------------------------------------------------------ */
/* Rows of pixels                                                           */
/* ------------------------------------------------------------------------ */

static wide *pixels_of(const hog_job *job, const hog_buffer *b, ptrdiff_t y,
                       ptrdiff_t ch)
{
    ptrdiff_t slot = y % HOG_RING * job->channels + ch;
    return b->pixels + slot * hog_padded_size(job) + job->planes.pitch;
}

static const unsigned char *pixel_at(const hog_job *job, ptrdiff_t y, ptrdiff_t x,
                                     ptrdiff_t ch)
{
    const ptrdiff_t *strides = job->image->strides;
    return (const unsigned char *)job->image->data + y * strides[0] + x * strides[1] +
           ch * strides[2];
}

/* The planes of row y of `channels` channels, from `first` on, that stand side by side.
 */
static void read_planes(const hog_job *job, const hog_buffer *b, ptrdiff_t y,
                        ptrdiff_t first, ptrdiff_t channels)
{
    const hog_planes *planes = &job->planes;
    ptrdiff_t count = planes->count * channels;
    ptrdiff_t stride = job->image->strides[channels > 1 ? 2 : 1];
    const void *row = pixel_at(job, y, 0, first);
    for (ptrdiff_t k = 0; k < count; k++)
        b->planes[k] =
            pixels_of(job, b, y, first + k % channels) + k / channels * planes->pitch;
    if (job->image->dtype != FEATURE_FLOAT64 || stride != sizeof(wide)) {
        job->plain->load_unscaled_row(row, stride, planes->cells * count,
                                      (feature_dtype)job->image->dtype, b->row);
        row = b->row;
    }
    job->plain->hog_deal(row, count, planes->cells, b->planes);
}

/* The pixel behind the cells, and the planes before and behind: what stands there
 * belongs to the neighbouring cells. */
static void frame_row(const hog_job *job, const hog_buffer *b, ptrdiff_t y,
                      ptrdiff_t ch)
{
    const hog_planes *planes = &job->planes;
    ptrdiff_t count = planes->count, cells = planes->cells, pitch = planes->pitch;
    wide *row = pixels_of(job, b, y, ch), *behind = row + count * pitch;
    if (cells * count < job->cols)
        job->plain->load_unscaled_row(pixel_at(job, y, cells * count, ch), 0, 1,
                                      (feature_dtype)job->image->dtype,
                                      behind + cells - 1);
    if (job->p->take_root) {
        job->real->root_row(row, count * pitch);
        job->real->root_row(behind + cells - 1, 1);
    }
    size_t most = (size_t)(cells - 1) * sizeof(wide);
    memcpy(row - pitch + 1, behind - pitch, most);
    memcpy(behind, row + 1, most);
}

static void need_row(const hog_job *job, hog_buffer *b, ptrdiff_t y)
{
    const ptrdiff_t *strides = job->image->strides;
    int together = strides[1] == job->channels * strides[2];
    if (b->held[y % HOG_RING] == y)
        return;
    b->held[y % HOG_RING] = y;
    if (together)
        read_planes(job, b, y, 0, job->channels);
    for (ptrdiff_t ch = 0; ch < job->channels; ch++) {
        if (!together)
            read_planes(job, b, y, ch, 1);
        frame_row(job, b, y, ch);
    }
}

/* ------------------------------------------------------------------------ */
/* Votes                                                                    */
/* ------------------------------------------------------------------------ */

/* The gradients of one channel in row y; 0 on the frame. */
static void find_gradients(const hog_job *job, const hog_buffer *b, ptrdiff_t y,
                           ptrdiff_t ch, wide *down, wide *right)
{
    const hog_planes *planes = &job->planes;
    ptrdiff_t n = hog_row_size(job);
    int frame = y == 0 || y == job->rows - 1;
    const wide *here = pixels_of(job, b, y, ch);
    const wide *above = frame ? here : pixels_of(job, b, y - 1, ch);
    const wide *below = frame ? here : pixels_of(job, b, y + 1, ch);
    job->real->hog_gradients(above, here, below, planes->pitch, n, down, right);
    if (frame)
        memset(down, 0, (size_t)n * sizeof(wide));
    right[0] = 0;
    if (planes->cells * planes->count == job->cols)
        right[(planes->count - 1) * planes->pitch + planes->cells - 1] = 0;
}

static void find_strongest(const hog_job *job, hog_buffer *b, ptrdiff_t y)
{
    if (y > 0 && y < job->rows - 1) {
        need_row(job, b, y - 1);
        need_row(job, b, y + 1);
    }
    need_row(job, b, y);
    find_gradients(job, b, y, 0, b->down, b->right);
    for (ptrdiff_t ch = 1; ch < job->channels; ch++) {
        find_gradients(job, b, y, ch, b->other_down, b->other_right);
        job->real->hog_strongest(b->other_down, b->other_right, hog_row_size(job),
                                 b->down, b->right);
    }
}

static int64_t settled_at(const feature_array *settled, ptrdiff_t row, int column)
{
    return ((const int64_t *)settled->data)[2 * row + column];
}

/* Is the pixel's bin settled? */
static int find_settled(const hog_job *job, int64_t pixel, int32_t *bin)
{
    if (job->settled == NULL)
        return 0;
    ptrdiff_t first = 0, end = job->settled->shape[0];
    while (first < end) {
        ptrdiff_t middle = first + (end - first) / 2;
        if (settled_at(job->settled, middle, 0) < pixel)
            first = middle + 1;
        else
            end = middle;
    }
    if (first == job->settled->shape[0] || settled_at(job->settled, first, 0) != pixel)
        return 0;
    int64_t found = settled_at(job->settled, first, 1);
    *bin = found < 0 || found >= job->p->orientations ? HOG_NONE : (int32_t)found;
    return 1;
}

static void report(hog_job *job, ptrdiff_t pixel, double down, double right,
                   int32_t bin)
{
    ptrdiff_t at = atomic_fetch_add(&job->close_count, 1);
    if (at >= job->capacity)
        return;
    double *row = job->close + 4 * at;
    row[0] = (double)pixel;
    row[1] = down;
    row[2] = right;
    row[3] = bin < 0 ? -1 : bin;
}

/* The bin of a pixel of row y that the screen left open. */
static void decide(hog_job *job, hog_buffer *b, ptrdiff_t y, ptrdiff_t plane,
                   ptrdiff_t cell)
{
    ptrdiff_t n = job->p->orientations, at = plane * job->planes.pitch + cell;
    ptrdiff_t pixel = y * job->cols + cell * job->planes.count + plane;
    int32_t bin;
    int close;
    job->plain->hog_decide(b->down[at], b->right[at], n, &bin, &close, &b->length[at]);
    if (close && !find_settled(job, pixel, &bin))
        report(job, pixel, b->down[at], b->right[at], bin);
    if (bin == HOG_EVERY) { /* NaN and infinity swallow all else, in any order */
        for (ptrdiff_t k = 0; k < n; k++)
            b->totals[cell * (n + 1) + k] += (float)b->length[at];
        bin = HOG_NONE;
    }
    b->bins[at] = bin == HOG_NONE ? (int32_t)n : bin;
}

static void vote(hog_job *job, hog_buffer *b, ptrdiff_t y)
{
    const hog_planes *planes = &job->planes;
    int asked;
    find_strongest(job, b, y);
    job->plain->hog_bins(b->down, b->right, hog_row_size(job), &job->borders, b->length,
                         b->bins, &asked);
    for (ptrdiff_t k = 0; asked && k < planes->count; k++)
        for (ptrdiff_t cell = 0; cell < planes->cells; cell++)
            if (b->bins[k * planes->pitch + cell] == HOG_ASK)
                decide(job, b, y, k, cell);
    job->plain->hog_add(b->length, b->bins, b->down, b->right, planes,
                        job->p->orientations + 1, b->totals);
}

float *hog_histograms(const hog_job *job, ptrdiff_t row)
{
    return job->histograms + row * job->cell_cols * job->p->orientations;
}

/* The histograms of one row of cells. */
void hog_fill_cells(hog_job *job, hog_buffer *b, ptrdiff_t row)
{
    ptrdiff_t n = job->p->orientations, first = row * job->p->cell_rows;
    float area = (float)(job->p->cell_rows * job->p->cell_cols);
    float *out = hog_histograms(job, row);
    memset(b->totals, 0, (size_t)(job->cell_cols * (n + 1)) * sizeof(float));
    for (ptrdiff_t y = first; y < first + job->p->cell_rows; y++)
        vote(job, b, y);
    for (ptrdiff_t cell = 0; cell < job->cell_cols; cell++)
        for (ptrdiff_t k = 0; k < n; k++)
            out[cell * n + k] = b->totals[cell * (n + 1) + k] / area;
}
