/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/tensor.h"

#define ALONE 0.7    /* what one weight has of all where the Gaussian is narrow */
#define LONG_FROM 24 /* radius, from which sums in float lose too much */

static int needs_care(const feature_filter *axis)
{
    return axis->weights[0] > ALONE || axis->radius >= LONG_FROM;
}

tensor_plan tensor_plan_for(const feature_array *image, const feature_filter *axis,
                            double cval)
{
    piece_source source = piece_source_of(image);
    feature_dtype stored = storage_type(image);
    int floats = stored == FEATURE_FLOAT32;
    int careful = floats && (needs_care(&axis[0]) || needs_care(&axis[1]));
    return (tensor_plan){.smooth = {.image = image,
                                    .axis = axis,
                                    .cval = cval,
                                    .channels = 3,
                                    .narrow = floats && !careful,
                                    .plain = source.plain,
                                    .real = source.real},
                         .sobel = {.rows = image->shape[0],
                                   .cols = image->shape[1],
                                   .border = {axis[0].border, axis[1].border},
                                   .cval = cval,
                                   .stored = stored,
                                   .real = source.real},
                         .source = source,
                         .careful = careful};
}

void tensor_layout(tensor_rows *t, const tensor_plan *plan, arena *a)
{
    t->plan = plan;
    sobel_layout(&t->sobel, &plan->sobel, a);
    smoother_layout(&t->smoother, &plan->smooth, a);
    t->rows = arena_take(a, 3, (size_t)t->sobel.pitch);
    for (int k = 0; k < 3 && t->rows != NULL; k++)
        t->row[k] = (unsigned char *)t->rows + k * t->sobel.pitch;
    t->reader = piece_reader_new(&plan->source, a);
    if (plan->careful) {
        size_t row = (size_t)row_pitch(plan->sobel.cols) * sizeof(wide);
        t->gradients = arena_take(a, 2, row);
        t->sums = arena_take(a, 3, row);
    }
}

/* A row_reader: the three products of the gradients of row y. */
static void read_products(void *from, ptrdiff_t y, void *rows)
{
    sobel_products(from, y, rows);
}

/* The same as doubles. */
static void read_careful_products(void *from, ptrdiff_t y, void *rows)
{
    tensor_rows *t = from;
    const piece_source *source = &t->plan->source;
    ptrdiff_t n = t->plan->sobel.cols, pitch = row_pitch(n);
    wide *down = t->gradients, *right = down + pitch, *out = rows;
    sobel_move(&t->sobel, y);
    source->plain->load_row(t->sobel.down, sizeof(float), n, FEATURE_FLOAT32, down);
    source->plain->load_row(t->sobel.right, sizeof(float), n, FEATURE_FLOAT32, right);
    source->real->multiply_row(down, down, n, out);
    source->real->multiply_row(down, right, n, out + pitch);
    source->real->multiply_row(right, right, n, out + 2 * pitch);
}

void tensor_start(tensor_rows *t, ptrdiff_t first_row)
{
    sobel_start(&t->sobel, read_image_row, &t->reader);
    if (t->plan->careful)
        smoother_start_from(&t->smoother, first_row, read_careful_products, t);
    else
        smoother_start_from(&t->smoother, first_row, read_products, &t->sobel);
}

void tensor_move(tensor_rows *t, ptrdiff_t y)
{
    ptrdiff_t n = t->plan->sobel.cols;
    smoother_row(&t->smoother, y, t->plan->careful ? t->sums : t->rows);
    for (int k = 0; k < 3 && t->plan->careful; k++)
        t->plan->source.real->narrow_row(t->sums + k * row_pitch(n), n,
                                         (unsigned char *)t->rows + k * t->sobel.pitch);
}
