/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: smoothed rows on demand are, bit for bit, the rows of an image smoothed
 * as a whole: any border, any radius (larger than the image too), any first row,
 * with a mask or without, and for the image of ones.
 */
#define CHECK_MAIN
#include "check.h"

#include "core/cpu.h"
#include "core/smooth.h"
#include "spec.h"

#define RADIUS_AT_MOST 40

typedef struct smooth_case {
    guarded pixels, mask_bytes;
    double weights[2][RADIUS_AT_MOST + 1];
    feature_filter axis[2];
    ptrdiff_t shape[2], strides[2], mask_strides[2];
    feature_array image, mask;
    smooth_plan plan;
    int is_float;
    double *right; /* rows * cols */
} smooth_case;

static ptrdiff_t random_radius(void)
{
    return random_below(3) ? random_below(6) : random_below(RADIUS_AT_MOST + 1);
}

static void choose_filter(smooth_case *c, int axis, ptrdiff_t radius)
{
    double *w = c->weights[axis];
    for (ptrdiff_t k = 0; k <= radius; k++)
        w[k] = random_between(-0.2, 1);
    c->axis[axis] = (feature_filter){w, radius, (int32_t)random_below(5)};
}

static void choose_pixels(smooth_case *c, ptrdiff_t rows, ptrdiff_t cols)
{
    size_t size = c->is_float ? 4 : 8;
    c->pixels = guarded_new((size_t)(rows * cols) * size, random_side());
    int calm = random_below(4) != 0;
    for (ptrdiff_t k = 0; k < rows * cols; k++) {
        double v = calm ? random_between(-1, 1) : awkward_double();
        float f = (float)v;
        memcpy(c->pixels.bytes + (size_t)k * size,
               c->is_float ? (void *)&f : (void *)&v, size);
    }
    c->shape[0] = rows;
    c->shape[1] = cols;
    c->strides[0] = cols * (ptrdiff_t)size;
    c->strides[1] = (ptrdiff_t)size;
    c->image = (feature_array){c->pixels.bytes, c->shape, c->strides, 2,
                               c->is_float ? FEATURE_FLOAT32 : FEATURE_FLOAT64};
}

static void choose_mask(smooth_case *c, ptrdiff_t rows, ptrdiff_t cols)
{
    c->mask_bytes = guarded_new((size_t)(rows * cols), random_side());
    for (size_t k = 0; k < c->mask_bytes.size; k++)
        c->mask_bytes.bytes[k] = random_below(5) != 0;
    c->mask_strides[0] = cols;
    c->mask_strides[1] = 1;
    c->mask = (feature_array){c->mask_bytes.bytes, c->shape, c->mask_strides, 2,
                              FEATURE_BOOL};
}

static smooth_case *case_new(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t down,
                             ptrdiff_t along)
{
    smooth_case *c = calloc(1, sizeof *c);
    c->is_float = random_below(2) == 0;
    choose_filter(c, 0, down);
    choose_filter(c, 1, along);
    choose_pixels(c, rows, cols);
    choose_mask(c, rows, cols);
    int masked = random_below(2) == 0;
    c->plan = (smooth_plan){.image = &c->image,
                            .mask = masked ? &c->mask : NULL,
                            .axis = c->axis,
                            .cval = random_below(2) ? 0 : random_between(-2, 2),
                            .plain = plain_kernels_in_use(),
                            .real = real_kernels_for((feature_dtype)c->image.dtype)};
    c->right = malloc((size_t)(rows * cols) * sizeof *c->right);
    for (ptrdiff_t k = 0; k < rows * cols; k++) {
        int counts = !masked || c->mask_bytes.bytes[k];
        c->right[k] =
            counts ? spec_pixel(c->pixels.bytes + k * c->strides[1], c->image.dtype)
                   : 0;
    }
    spec_smooth(c->right, rows, cols, c->axis, c->plan.cval, c->is_float);
    check_case("(%td x %td, radii %td %td, borders %d %d, cval %g, float %d, mask %d)",
               rows, cols, down, along, c->axis[0].border, c->axis[1].border,
               c->plan.cval, c->is_float, masked);
    return c;
}

static void case_free(smooth_case *c)
{
    guarded_free(&c->pixels);
    guarded_free(&c->mask_bytes);
    free(c->right);
    free(c);
}

static int row_is_right(const wide *row, const double *right, ptrdiff_t cols)
{
    int wrong = 0;
    for (ptrdiff_t x = 0; x < cols; x++)
        wrong += !same_double(row[x], right[x]);
    return wrong == 0;
}

/* Two bands from random rows on, in memory that holds what another left there. */
static void compare_rows(smooth_case *c)
{
    ptrdiff_t rows = c->shape[0], cols = c->shape[1];
    smoother s;
    arena counting = {NULL, 0};
    smoother_layout(&s, &c->plan, &counting);
    guarded memory = guarded_new(counting.used, GUARD_AFTER);
    guarded out = guarded_new((size_t)row_pitch(cols) * sizeof(wide), GUARD_AFTER);
    wide *row = (wide *)(void *)out.bytes + ROW_PAD;
    memset(memory.bytes, 0xff, memory.size);
    for (int band = 0; band < 2; band++) {
        arena a = {memory.bytes, 0};
        ptrdiff_t first = random_below(rows);
        smoother_layout(&s, &c->plan, &a);
        smoother_start(&s, first);
        for (ptrdiff_t y = first; y < rows; y += 1 + (random_below(8) == 0)) {
            smoother_row(&s, y, row);
            CHECK(row_is_right(row, c->right + y * cols, cols));
        }
    }
    guarded_free(&memory);
    guarded_free(&out);
}

static void smoothed_rows(void)
{
    for (int k = 0; k < 4000; k++) {
        smooth_case *c = case_new(1 + random_below(30), 1 + random_below(70),
                                  random_radius(), random_radius());
        compare_rows(c);
        case_free(c);
    }
}

static void every_small_case(void)
{
    for (ptrdiff_t n = 1; n <= 5; n++)
        for (ptrdiff_t radius = 0; radius <= 20; radius++)
            for (int32_t border = FEATURE_CONSTANT; border <= FEATURE_WRAP; border++) {
                smooth_case *c = case_new(n, 1 + random_below(5), radius, radius);
                c->axis[0].border = c->axis[1].border = border;
                for (ptrdiff_t k = 0; k < c->shape[0] * c->shape[1]; k++)
                    c->right[k] =
                        spec_pixel(c->pixels.bytes + k * c->strides[1], c->image.dtype);
                c->plan.mask = NULL;
                spec_smooth(c->right, c->shape[0], c->shape[1], c->axis, c->plan.cval,
                            c->is_float);
                compare_rows(c);
                case_free(c);
            }
}

/* The rows of an image of ones, upwards and downwards. */
static void compare_ones(smooth_case *c)
{
    ptrdiff_t rows = c->shape[0], cols = c->shape[1];
    ones_smoother s;
    arena counting = {NULL, 0};
    ones_layout(&s, &c->plan, &counting);
    guarded memory = guarded_new(counting.used, GUARD_AFTER);
    memset(memory.bytes, 0xff, memory.size);
    arena a = {memory.bytes, 0};
    ones_layout(&s, &c->plan, &a);
    ones_start(&s);
    for (ptrdiff_t k = 0; k < rows * cols; k++)
        c->right[k] = 1;
    spec_smooth(c->right, rows, cols, c->axis, c->plan.cval, c->is_float);
    for (ptrdiff_t k = 0; k < 2 * rows; k++) {
        ptrdiff_t y = k < rows ? k : random_below(rows);
        CHECK(row_is_right(ones_row(&s, y), c->right + y * cols, cols));
    }
    guarded_free(&memory);
}

static void rows_of_ones(void)
{
    for (int k = 0; k < 1500; k++) {
        smooth_case *c = case_new(1 + random_below(20), 1 + random_below(70),
                                  random_radius(), random_radius());
        c->plan.mask = NULL;
        compare_ones(c);
        case_free(c);
    }
}

int main(void)
{
    const char *wanted = getenv("FEATURE_ISA");
    if (wanted != NULL && strcmp(cpu_isa(), wanted) != 0) {
        printf("SKIPPED: this processor does not run %s\n", wanted);
        return SKIPPED;
    }
    random_start();
    SHOW("a smoothed row is a row of the smoothed image", smoothed_rows());
    SHOW("also where the filter is larger than the image", every_small_case());
    SHOW("an image of ones is smoothed alike", rows_of_ones());
    return check_result();
}
