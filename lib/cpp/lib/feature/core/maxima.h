/* SPDX-License-Identifier: BSD-3-Clause */
/* Maxima of windows as SciPy finds them in arrays that hold NaN (kernels/ring.c). */
#ifndef CORE_MAXIMA_H
#define CORE_MAXIMA_H

#include "core/threads.h"
#include "feature.h"

/* Replaces the values of a contiguous array by the maxima of the windows of `sides`
 * around them, one axis after the other, the nearest value beyond the border. Asks `t`
 * whether the call is interrupted, unless it is NULL. */
feature_status window_maxima(double *values, const ptrdiff_t *shape, int32_t ndim,
                             const ptrdiff_t *sides, team *t);

#endif
