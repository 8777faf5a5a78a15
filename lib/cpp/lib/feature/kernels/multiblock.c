/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparisons of nine blocks, in float32 and the reference's order of additions. */
#include "kernels/variant.h"

/* The sum of the block in row i and column j; what lies before the first row or column
 * is not added at all, which matters where sums are infinite. */
static float block_sum(const float *sums, int i, int j, int has_row, int has_col)
{
    const float *above = sums + 4 * i + j, *below = above + 4;
    float sum = 0;
    sum += below[1];
    if (has_row && has_col)
        sum += above[0];
    if (has_row)
        sum -= above[1];
    if (has_col)
        sum -= below[0];
    return sum;
}

void NAME(multiblock_code)(const float *sums, int has_row, int has_col, int32_t *code)
{
    static const int row[8] = {0, 0, 0, 1, 2, 2, 2, 1};
    static const int col[8] = {0, 1, 2, 2, 2, 1, 0, 0};
    float middle = block_sum(sums, 1, 1, 1, 1);
    *code = 0;
    for (int k = 0; k < 8; k++) {
        float sum = block_sum(sums, row[k], col[k], has_row || row[k] > 0,
                              has_col || col[k] > 0);
        *code |= (sum >= middle) << (7 - k);
    }
}
