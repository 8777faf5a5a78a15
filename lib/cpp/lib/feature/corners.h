/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of dense corner measures share; corners.c tells how they work. */
#ifndef CORNERS_H
#define CORNERS_H

#include "feature.h"

#define BAND_ROWS 64

/* corners_bytes.c: can Kitchen and Rosenfeld's measure be made of integers? */
int kitchen_rosenfeld_is_of_bytes(const feature_array *image, const int32_t *borders,
                                  double cval);
feature_status kitchen_rosenfeld_of_bytes(const feature_array *image,
                                          const int32_t *borders,
                                          const feature_array *response,
                                          const feature_run *run);

#endif
