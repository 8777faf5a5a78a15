/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of local binary patterns share; lbp.c tells how they work. */
#ifndef LBP_H
#define LBP_H

#include "feature.h"

#define BAND_ROWS 64
#define TILE 512

/* lbp_bytes.c: can patterns be made of integers? Then `table` has what becomes of each
 * of 256 codes, or is NULL. */
int lbp_is_of_bytes(const feature_array *image, const feature_array *samples,
                    int32_t method);
feature_status lbp_of_bytes(const feature_array *image, const uint8_t *table,
                            const feature_array *out, const feature_run *run);

#endif
