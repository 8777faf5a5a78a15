/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multi-block local binary patterns.
 *
 * L. Zhang, R. Chu, S. Xiang, S. Liao, S. Li, "Face Detection Based on Multi-Block LBP
 * Representation", ICB 2007. Nine blocks of one size stand around a middle one; a block
 * is compared with it as a sample with its pixel in a local binary pattern. Sums come
 * from an integral image, whose element at (r, c) is the sum of all pixels up to row r
 * and column c, these included: the nine blocks need the 16 elements at their corners.
 *
 * The reference converts the whole integral image to float32, and so loses bits of sums
 * above 2^24. Here the 16 elements are converted, with the same result: first to the
 * nearest double, as that is what a row is loaded as, which for 64-bit integers alone
 * may round twice; they are converted directly.
 *
 * Cost: 16 reads, and the call.
 */
#include "core/array.h"
#include "feature.h"
#include "kernels/kernels.h"

#define CORNERS 4 /* along each side */

static float element_at(const feature_array *image, ptrdiff_t y, ptrdiff_t x,
                        const plain_kernels *kernels)
{
    const unsigned char *at = row_of(image, y) + x * image->strides[1];
    double value;
    if (image->dtype == FEATURE_INT64)
        return (float)*(const int64_t *)(const void *)at;
    if (image->dtype == FEATURE_UINT64)
        return (float)*(const uint64_t *)(const void *)at;
    kernels->load_unscaled_row(at, 0, 1, (feature_dtype)image->dtype, &value);
    return (float)value;
}

/* Do three blocks of `side` from `first` on lie within `length`? */
static int fits(ptrdiff_t first, ptrdiff_t side, ptrdiff_t length)
{
    return first >= 0 && side > 0 && first <= length && side <= (length - first) / 3;
}

feature_status feature_multiblock_lbp(const feature_array *integral,
                                      const ptrdiff_t *window, int32_t *code)
{
    feature_status status = check_array(integral, 2);
    if (status != FEATURE_OK)
        return status;
    if (window == NULL || code == NULL ||
        !fits(window[0], window[3], integral->shape[0]) ||
        !fits(window[1], window[2], integral->shape[1]))
        return FEATURE_BAD_ARGUMENT;
    const plain_kernels *kernels = plain_kernels_in_use();
    float sums[CORNERS * CORNERS] = {0};
    for (ptrdiff_t i = 0; i < CORNERS; i++)
        for (ptrdiff_t j = 0; j < CORNERS; j++) {
            ptrdiff_t y = window[0] + i * window[3] - 1;
            ptrdiff_t x = window[1] + j * window[2] - 1;
            if (y >= 0 && x >= 0)
                sums[CORNERS * i + j] = element_at(integral, y, x, kernels);
        }
    kernels->multiblock_code(sums, window[0] > 0, window[1] > 0, code);
    return FEATURE_OK;
}
