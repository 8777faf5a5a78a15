/* SPDX-License-Identifier: BSD-3-Clause */
/* One label of a line, of int32 or int64. */
#ifndef KERNELS_LABELS_H
#define KERNELS_LABELS_H

#include "feature.h"

static inline int64_t label_at(const void *labels, ptrdiff_t stride, ptrdiff_t x,
                               feature_dtype dtype)
{
    const void *at = (const unsigned char *)labels + x * stride;
    return dtype == FEATURE_INT32 ? *(const int32_t *)at : *(const int64_t *)at;
}

#endif
