/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/tensor.h"

tensor_plan tensor_plan_for(const feature_array *image, const feature_filter *axis,
                            double cval)
{
    const plain_kernels *plain = plain_kernels_in_use();
    const real_kernels *real = real_kernels_for(storage_type(image));
    return (tensor_plan){
        .smooth = {.image = image, .axis = axis, .cval = cval, .channels = 3,
                   .plain = plain, .real = real},
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
    smoother_layout(&t->smoother, &plan->smooth, a);
    ptrdiff_t pitch = row_pitch(plan->sobel.cols);
    wide *rows = arena_take(a, 3 * (size_t)pitch, sizeof(wide));
    for (int k = 0; k < 3 && rows != NULL; k++)
        t->row[k] = rows + k * pitch;
}

/* A row_reader: the three products of the gradients of row y. */
static void read_products(void *from, ptrdiff_t y, wide *rows)
{
    sobel_products(from, y, rows);
}

void tensor_start(tensor_rows *t, ptrdiff_t first_row)
{
    sobel_start(&t->sobel, read_image_row, &t->source);
    smoother_start_from(&t->smoother, first_row, read_products, &t->sobel);
}

void tensor_move(tensor_rows *t, ptrdiff_t y)
{
    smoother_row(&t->smoother, y, t->row[0]);
}
