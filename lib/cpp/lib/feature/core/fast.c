/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/fast.h"

void fast_bound_bytes(fast_bounds *bounds, fast_rule *rule)
{
    for (int v = 0; v < FAST_BYTES; v++)
        bounds->scaled[v] = v * (1.0 / 255);
    for (int c = 0; c < FAST_BYTES; c++) {
        double high = bounds->scaled[c] + rule->threshold;
        double low = bounds->scaled[c] - rule->threshold;
        int above = c, below = c;
        while (above < FAST_BYTES - 1 && !(bounds->scaled[above + 1] > high))
            above++;
        while (below > 0 && !(bounds->scaled[below - 1] < low))
            below--;
        bounds->not_above[c] = (uint8_t)above;
        bounds->not_below[c] = (uint8_t)below;
    }
    rule->scaled = bounds->scaled;
    rule->not_above = bounds->not_above;
    rule->not_below = bounds->not_below;
    rule->step = bounds->not_above[0];
    for (int c = 0; c < FAST_BYTES; c++) {
        int up = c + bounds->not_above[0], down = c - bounds->not_above[0];
        if (bounds->not_above[c] != (up > 255 ? 255 : up) ||
            bounds->not_below[c] != (down < 0 ? 0 : down))
            rule->step = -1;
    }
}
