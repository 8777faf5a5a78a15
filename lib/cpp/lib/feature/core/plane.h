/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole filtered plane, for descriptors that look at pixels anywhere in it, and for
 * filters of filtered planes. Rows are made as core/smooth.h makes them, in bands
 * shared by the threads.
 */
#ifndef CORE_PLANE_H
#define CORE_PLANE_H

#include <stddef.h>

#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

/* Filters `image` along both axes, with differences where `odd` says so, into `out`, of
 * the image's storage type and shape. */
feature_status plane_filter(const feature_array *image, const feature_filter *axis,
                            const int odd[2], double cval, const feature_array *out,
                            const feature_run *run);

/* Converts `image` to its storage type, scaled or not, into `out` of its shape. */
feature_status plane_convert(const feature_array *image, int unscaled,
                             const feature_array *out, team *t);

/* Of the image's pixels, scaled as load_row does it: the smallest number, the largest
 * (infinity and -infinity without one), and 1 where there is a NaN. */
feature_status plane_range(const feature_array *image, double range[3],
                           const feature_run *run);

#endif
