/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of labels as runs of equal ones. */
#include "kernels/variant.h"

static inline int64_t label_at(const int64_t *labels, ptrdiff_t stride, ptrdiff_t x)
{
    return *(const int64_t *)(const void *)((const unsigned char *)labels + x * stride);
}

void NAME(label_runs)(const int64_t *labels, ptrdiff_t stride, ptrdiff_t n,
                      label_run *runs, ptrdiff_t *count)
{
    ptrdiff_t found = 0;
    for (ptrdiff_t x = 0; x < n;) {
        int64_t label = label_at(labels, stride, x);
        ptrdiff_t end = x + 1;
        while (end < n && label_at(labels, stride, end) == label)
            end++;
        if (label > 0)
            runs[found++] = (label_run){label, x, end};
        x = end;
    }
    *count = found;
}
