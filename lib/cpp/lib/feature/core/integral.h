/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The integral image as the reference has it: sums down the columns, then along the
 * rows, one after the other in double; no row or column of zeros.
 */
#ifndef CORE_INTEGRAL_H
#define CORE_INTEGRAL_H

#include "core/threads.h"

/* `integral` is contiguous, with the image's two dimensions. */
feature_status integral_image(team *t, const feature_array *image, double *integral);

#endif
