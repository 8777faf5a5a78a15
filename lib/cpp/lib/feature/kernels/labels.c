/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of labels as runs of equal ones. */
#include "kernels/labels.h"

#include "kernels/variant.h"

static inline void find_runs(const void *labels, ptrdiff_t stride, ptrdiff_t n,
                             feature_dtype dtype, label_run *runs, ptrdiff_t *count)
{
    ptrdiff_t found = 0;
    for (ptrdiff_t x = 0; x < n;) {
        int64_t label = label_at(labels, stride, x, dtype);
        ptrdiff_t end = x + 1;
        while (end < n && label_at(labels, stride, end, dtype) == label)
            end++;
        if (label > 0)
            runs[found++] = (label_run){label, x, end};
        x = end;
    }
    *count = found;
}

void NAME(label_runs)(const void *labels, ptrdiff_t stride, ptrdiff_t n,
                      feature_dtype dtype, label_run *runs, ptrdiff_t *count)
{
    if (dtype == FEATURE_INT32)
        find_runs(labels, stride, n, FEATURE_INT32, runs, count);
    else
        find_runs(labels, stride, n, FEATURE_INT64, runs, count);
}
