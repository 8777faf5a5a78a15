/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gradients for hog, the strongest of several channels, and the normalised blocks.
 *
 * A row of pixels stands as planes: plane k holds pixel k of every cell, so that
 * vectors hold cells, and neighbours along the row are one plane apart.
 */
#include "kernels/math.h"
#include "kernels/sums.h"

void NAME(root_row)(wide *row, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x++)
        row[x] = stored(sqrt(row[x]));
}

void NAME(hog_gradients)(const wide *above, const wide *here, const wide *below,
                         ptrdiff_t pitch, ptrdiff_t n, wide *restrict down,
                         wide *restrict right)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        down[x] = stored(below[x] - above[x]);
        right[x] = stored(here[x + pitch] - here[x - pitch]);
    }
}

/* ------------------------------------------------------------------------ */
/* Channels                                                                 */
/* ------------------------------------------------------------------------ */

/* Squares closer than this, relative, are left to the exact lengths. */
#define CLOSE (sizeof(real) == 4 ? 0x1p-21 : 0x1p-48)
#define SQUARE_LEAST 1e-280

/* The length as the reference has it in its type. */
static double length_in_type(double x, double y)
{
    if (sizeof(real) == 8)
        return length_of(x, y);
    if (fabs(x) == INFINITY || fabs(y) == INFINITY)
        return INFINITY;
    return stored(sqrt(x * x + y * y));
}

/* Would argmax go from a to b? The first NaN stays. */
static int exceeds(double b, double a)
{
    return a == a && (b > a || b != b);
}

/* Where the components are the same but for signs and order; so are the lengths. */
static inline wide_mask alike(vec x, vec y, vec other_x, vec other_y)
{
    const wide_mask size = (wide_mask){0} + INT64_MAX; /* all bits but the sign */
    vec a = (vec)((wide_mask)x & size), b = (vec)((wide_mask)y & size);
    vec c = (vec)((wide_mask)other_x & size), d = (vec)((wide_mask)other_y & size);
    return ((a == c) & (b == d)) | ((a == d) & (b == c));
}

/* Replaces the best gradients by those that are longer. */
void NAME(hog_strongest)(const wide *down, const wide *right, ptrdiff_t n,
                         wide *best_down, wide *best_right)
{
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES) {
        vec gy = load(down + x), gx = load(right + x);
        vec by = load(best_down + x), bx = load(best_right + x);
        vec square = gx * gx + gy * gy, best = bx * bx + by * by;
        wide_mask longer = square > best * (1 + CLOSE);
        wide_mask shorter = square < best * (1 - CLOSE);
        wide_mask sure = (longer & (square > SQUARE_LEAST)) |
                         (shorter & (best > SQUARE_LEAST)) | alike(gx, gy, bx, by);
        longer &= sure;
        if (any_lane((lane_mask)~sure))
            for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++)
                if (!sure[k])
                    longer[k] = -exceeds(length_in_type(gx[k], gy[k]),
                                         length_in_type(bx[k], by[k]));
        store(best_down + x,
              (vec)((longer & (wide_mask)gy) | (~longer & (wide_mask)by)));
        store(best_right + x,
              (vec)((longer & (wide_mask)gx) | (~longer & (wide_mask)bx)));
    }
}

/* ------------------------------------------------------------------------ */
/* Blocks                                                                   */
/* ------------------------------------------------------------------------ */

#define EPSILON 1e-5
#define CLIP 0.2
static inline vec clipped(vec v)
{
    vec most = (vec){0} + CLIP;
    wide_mask above = v > most;
    return (vec)((above & (wide_mask)most) | (~above & (wide_mask)v));
}

/* Scales and clips. */
static void clip(wide *values, ptrdiff_t n, double scale)
{
    for (ptrdiff_t k = 0; k < n; k += VECTOR_WIDES)
        store(values + k, clipped(load(values + k) * scale));
}

/* From sums, or sums of squares, to what values are multiplied with. */
static void invert_norms(double *sums, int32_t norm)
{
    int is_sum = norm == FEATURE_HOG_L1 || norm == FEATURE_HOG_L1_SQRT;
    for (int b = 0; b < HOG_BLOCKS; b++)
        sums[b] = 1 / (is_sum ? sums[b] + EPSILON : sqrt(sums[b] + EPSILON * EPSILON));
}

/* What the values of some blocks, n each and `pitch` apart, are multiplied with in the
 * end. Of all blocks at once: square roots and quotients take long, but not longer for
 * a vector. */
static void find_scales(wide *values, ptrdiff_t n, ptrdiff_t pitch, int blocks,
                        int32_t norm, double *scales)
{
    int is_sum = norm == FEATURE_HOG_L1 || norm == FEATURE_HOG_L1_SQRT;
    for (int b = 0; b < blocks; b++)
        scales[b] =
            is_sum ? sum_of(values + b * pitch, n) : energy_of(values + b * pitch, n);
    invert_norms(scales, norm);
    if (is_sum || norm == FEATURE_HOG_L2)
        return;
    for (int b = 0; b < blocks; b++) {
        clip(values + b * pitch, n, scales[b]);
        scales[b] = energy_of(values + b * pitch, n);
    }
    invert_norms(scales, norm);
}

static void read_block(const float *const *rows, ptrdiff_t block,
                       const hog_layout *layout, wide *values)
{
    ptrdiff_t along = layout->block_cols * layout->orientations;
    for (ptrdiff_t y = 0; y < layout->block_rows; y++) {
        const float *from = rows[y] + block * layout->orientations;
        for (ptrdiff_t k = 0; k < along; k++)
            values[y * along + k] = from[k];
    }
}

void NAME(hog_blocks)(const float *const *rows, ptrdiff_t count,
                      const hog_layout *layout, wide *values, void *out)
{
    ptrdiff_t n = layout->block_rows * layout->block_cols * layout->orientations;
    ptrdiff_t pitch = HOG_PITCH(n);
    real *to = out;
    for (ptrdiff_t first = 0; first < count; first += HOG_BLOCKS) {
        int blocks = count - first < HOG_BLOCKS ? (int)(count - first) : HOG_BLOCKS;
        double scales[HOG_BLOCKS] = {0};
        for (int b = 0; b < blocks; b++)
            read_block(rows, first + b, layout, values + b * pitch);
        find_scales(values, n, pitch, blocks, layout->norm, scales);
        for (int b = 0; b < blocks; b++, to += n) {
            const wide *from = values + b * pitch;
            if (layout->norm == FEATURE_HOG_L1_SQRT)
                for (ptrdiff_t k = 0; k < n; k++)
                    to[k] = (real)sqrt(from[k] * scales[b]);
            else
                for (ptrdiff_t k = 0; k < n; k++)
                    to[k] = (real)(from[k] * scales[b]);
        }
    }
}

/* ------------------------------------------------------------------------ */
/* The picture                                                              */
/* ------------------------------------------------------------------------ */

/* Bresenham's line as offsets from the cell's first pixel. */
static void trace_line(hog_line *line, const ptrdiff_t *ends, ptrdiff_t pitch)
{
    ptrdiff_t r = ends[0], c = ends[1];
    ptrdiff_t down = ends[2] > r ? ends[2] - r : r - ends[2];
    ptrdiff_t right = ends[3] > c ? ends[3] - c : c - ends[3];
    ptrdiff_t step_down = ends[2] > r ? pitch : -pitch;
    ptrdiff_t step_right = ends[3] > c ? 1 : -1;
    int steep = down > right;
    ptrdiff_t longer = steep ? down : right, shorter = steep ? right : down;
    ptrdiff_t along = steep ? step_down : step_right;
    ptrdiff_t aside = steep ? step_right : step_down;
    ptrdiff_t at = r * pitch + c, error = 2 * shorter - longer;
    for (ptrdiff_t k = 0; k < longer; k++) {
        line->offsets[k] = at;
        while (error >= 0) {
            at += aside;
            error -= 2 * longer;
        }
        at += along;
        error += 2 * shorter;
    }
    line->offsets[longer] = ends[2] * pitch + ends[3];
    line->count = longer + 1;
    memcpy(line->ends, ends, sizeof line->ends);
}

/* The line of orientation o in the cell whose first pixel is at row and col. */
static const hog_line *line_in(const hog_pen *pen, ptrdiff_t o, ptrdiff_t row,
                               ptrdiff_t col)
{
    double r = (double)(row + pen->cell_rows / 2);
    double c = (double)(col + pen->cell_cols / 2);
    double down = pen->half[2 * o], right = pen->half[2 * o + 1];
    ptrdiff_t ends[4] = {(ptrdiff_t)(r - down) - row, (ptrdiff_t)(c + right) - col,
                         (ptrdiff_t)(r + down) - row, (ptrdiff_t)(c - right) - col};
    hog_line *line = &pen->lines[o];
    if (line->count == 0 || memcmp(line->ends, ends, sizeof ends) != 0)
        trace_line(line, ends, pen->pitch);
    return line;
}

void NAME(hog_draw)(const float *histograms, ptrdiff_t cells, ptrdiff_t row,
                    const hog_pen *pen, void *out)
{
    for (ptrdiff_t cell = 0; cell < cells; cell++) {
        ptrdiff_t col = cell * pen->cell_cols;
        real *first = (real *)out + row * pen->pitch + col;
        for (ptrdiff_t o = 0; o < pen->orientations; o++) {
            double value = histograms[cell * pen->orientations + o];
            if (value == 0)
                continue;
            const hog_line *line = line_in(pen, o, row, col);
            for (ptrdiff_t k = 0; k < line->count; k++) {
                real *pixel = first + line->offsets[k];
                *pixel = (real)((double)*pixel + value);
            }
        }
    }
}
