/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/tensor.h"

tensor_plan tensor_plan_for(const feature_array *image, const feature_filter *axis,
                            double cval)
{
    const plain_kernels *plain = plain_kernels_in_use();
    const real_kernels *real = real_kernels_for(storage_type(image));
    return (tensor_plan){
        .smooth = {.image = image, .axis = axis, .cval = cval, .plain = plain,
                   .real = real},
        .sobel = {.rows = image->shape[0], .cols = image->shape[1],
                  .border = {axis[0].border, axis[1].border}, .cval = cval,
                  .real = real},
        .source = {.image = image, .plain = plain}};
}

void tensor_layout(tensor_rows *t, const tensor_plan *plan, arena *a)
{
    t->plan = plan;
    t->source = plan->source;
    sobel_layout(&t->sobel, &plan->sobel, a);
    for (int k = 0; k < 3; k++) {
        smoother_layout(&t->smoother[k], &plan->smooth, a);
        t->row[k] = arena_take(a, (size_t)row_pitch(plan->sobel.cols), sizeof(wide));
    }
}

/* A row_reader: one product of the gradients of row y. */
static void read_product(void *from, ptrdiff_t y, wide *row)
{
    const tensor_channel *channel = from;
    tensor_rows *t = channel->rows;
    sobel_move(&t->sobel, y);
    const wide *a = channel->number < 2 ? t->sobel.down : t->sobel.right;
    const wide *b = channel->number < 1 ? t->sobel.down : t->sobel.right;
    t->plan->sobel.real->multiply_row(a + ROW_PAD, b + ROW_PAD, t->plan->sobel.cols,
                                      row);
}

void tensor_start(tensor_rows *t, ptrdiff_t first_row)
{
    sobel_start(&t->sobel, read_image_row, &t->source);
    for (int k = 0; k < 3; k++) {
        t->channel[k] = (tensor_channel){t, k};
        smoother_start_from(&t->smoother[k], first_row, read_product, &t->channel[k]);
    }
}

void tensor_move(tensor_rows *t, ptrdiff_t y)
{
    while (t->smoother[2].loaded < y + 1 + t->smoother[2].radius + 1) {
        ptrdiff_t before = t->smoother[2].loaded;
        for (int k = 0; k < 3; k++)
            smoother_load(&t->smoother[k], y, t->smoother[2].loaded);
        if (t->smoother[2].loaded == before)
            break; /* the whole image is there */
    }
    for (int k = 0; k < 3; k++)
        smoother_row(&t->smoother[k], y, t->row[k]);
}
