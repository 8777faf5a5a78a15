/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/fast.h"

#include <math.h>

#define SLACK 1e-3 /* of a byte's step; rounding of floats is up to 5e-5 of it */

void fast_bound_bytes(fast_bounds *bounds, fast_rule *rule)
{
    for (int v = 0; v < FAST_BYTES; v++)
        bounds->scaled[v] = v * (1.0 / 255);
    for (int c = 0, above = 0, below = 0; c < FAST_BYTES; c++) {
        double high = bounds->scaled[c] + rule->threshold;
        double low = bounds->scaled[c] - rule->threshold;
        while (above < FAST_BYTES - 1 && !(bounds->scaled[above + 1] > high))
            above++;
        while (bounds->scaled[below] < low)
            below++;
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

void fast_layout(fast_rows *s, ptrdiff_t cols, int bytes, int reals, arena *a)
{
    *s = (fast_rows){.cols = cols};
    s->spare = arena_take(a, bytes ? 2 : 0, (size_t)cols);
    s->bytes = arena_take(a, reals ? FAST_RING : 0, (size_t)cols);
    s->words =
        arena_take(a, bytes || reals ? (size_t)FAST_WORDS(cols) : 0, sizeof *s->words);
}

void fast_respond_bytes(const fast_rows *s, const plain_kernels *kernels,
                        const void *const *rows, const fast_rule *rule, double *out)
{
    const uint8_t *const *bytes = (const uint8_t *const *)rows;
    kernels->fast_bits(bytes, s->cols, rule, s->spare, s->words);
    kernels->fast_bytes(bytes, s->cols, rule, s->words, out);
}

/* What the bytes of corners differ by is more than this, or -1: nothing is known. */
static int screen_step(double threshold)
{
    double step = floor(FAST_SCALE * threshold - SLACK) - 1;
    return !(step >= 0) ? -1 : step < FAST_SCALE ? (int)step : FAST_SCALE;
}

void fast_respond_reals(fast_rows *s, const plain_kernels *plain,
                        const real_kernels *real, const void *const *rows, ptrdiff_t y,
                        int follows, const fast_rule *rule, void *out)
{
    const fast_rule screen = {.arc = rule->arc, .step = screen_step(rule->threshold)};
    const uint8_t *bytes[7];
    int outside = screen.step < 0;
    for (int k = 0; k < 7 && screen.step >= 0; k++) {
        ptrdiff_t slot = (y + k) % FAST_RING;
        uint8_t *row = s->bytes + slot * s->cols;
        if (k == 6 || !follows)
            real->fast_screen(rows[k], s->cols, row, &s->outside[slot]);
        bytes[k] = row;
        outside |= s->outside[slot];
    }
    if (!outside)
        plain->fast_bits(bytes, s->cols, &screen, s->spare, s->words);
    real->fast_row(rows, s->cols, rule, outside ? NULL : s->words, out);
}
