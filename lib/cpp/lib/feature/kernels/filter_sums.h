/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums under a filter of rows of one type. smooth.c tells how they are made, and
 * includes this once for each type with four names: ELEMENT, of which VECTOR holds as
 * many as a register; FETCH(p) reads one from anywhere, KEEP(p, v) writes it, as what
 * is stored; OF(name) is the name of a function for this type.
 */
#define USUAL_RADIUS 4 /* of sigma 1, the default of most families */
#define WIDTH (VECTOR_BYTES / (ptrdiff_t)sizeof(ELEMENT))
/* Vectors that are summed at a time. */
#define VECTORS (ROW_BLOCK / WIDTH < 4 ? ROW_BLOCK / WIDTH : 4)
#define STEP (VECTORS * WIDTH)

static inline VECTOR OF(pair)(VECTOR before, VECTOR after, const int odd)
{
    return odd ? before - after : before + after;
}

/* VECTORS sums, each with its pair. */
static inline void OF(add_pairs)(const ELEMENT *before, const ELEMENT *after,
                                 ELEMENT weight, const int odd, VECTOR *sum)
{
    for (int v = 0; v < VECTORS; v++) {
        ptrdiff_t at = v * WIDTH;
        sum[v] += OF(pair)(FETCH(before + at), FETCH(after + at), odd) * weight;
    }
}

static inline void OF(column_sums)(const ELEMENT *const *rows, const double *weights,
                                   ptrdiff_t radius, const int odd, ptrdiff_t n,
                                   ELEMENT *out)
{
    const ELEMENT *const *centre = rows + radius;
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        VECTOR sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = FETCH(centre[0] + x + v * WIDTH) * (ELEMENT)weights[0];
        for (ptrdiff_t k = radius; k > 0; k--)
            OF(add_pairs)(centre[-k] + x, centre[k] + x, (ELEMENT)weights[k], odd, sum);
        for (int v = 0; v < VECTORS; v++)
            KEEP(out + x + v * WIDTH, sum[v]);
    }
}

/* Rows of sums that lie one below the other, a vector of each: a row that moves on to
 * the next sum stays in its register. Inlined with a radius known, all stay. */
static inline void OF(group_sums)(const ELEMENT *const *rows, const double *weights,
                                  ptrdiff_t radius, int odd, ptrdiff_t x,
                                  ELEMENT *const *out)
{
    const ELEMENT *const *centre = rows + radius;
    VECTOR sum[ROW_GROUP], above[ROW_GROUP], below[ROW_GROUP];
    for (int j = 0; j < ROW_GROUP; j++) {
        sum[j] = FETCH(centre[j] + x) * (ELEMENT)weights[0];
        above[j] = FETCH(centre[j - radius] + x);
        below[j] = FETCH(centre[j + radius] + x);
    }
    for (ptrdiff_t k = radius; k > 0; k--) {
        for (int j = 0; j < ROW_GROUP; j++)
            sum[j] += OF(pair)(above[j], below[j], odd) * (ELEMENT)weights[k];
        for (int j = 0; j < ROW_GROUP - 1; j++)
            above[j] = above[j + 1];
        for (int j = ROW_GROUP - 1; j > 0; j--)
            below[j] = below[j - 1];
        above[ROW_GROUP - 1] = FETCH(centre[ROW_GROUP - k] + x);
        below[0] = FETCH(centre[k - 1] + x);
    }
    for (int j = 0; j < ROW_GROUP; j++)
        KEEP(out[j] + x, sum[j]);
}

static inline void OF(column_groups)(const ELEMENT *const *rows, const double *weights,
                                     ptrdiff_t radius, const int odd, ptrdiff_t n,
                                     ELEMENT *const *out)
{
    if (radius == USUAL_RADIUS && !odd)
        for (ptrdiff_t x = 0; x < n; x += WIDTH)
            OF(group_sums)(rows, weights, USUAL_RADIUS, 0, x, out);
    else
        for (ptrdiff_t x = 0; x < n; x += WIDTH)
            OF(group_sums)(rows, weights, radius, odd, x, out);
}

/* `known`: a radius that the compiler knows. Its loop is written out, and values are
 * read once that two sums need, WIDTH columns apart. */
static inline void OF(row_sums)(const ELEMENT *in, const double *weights,
                                const ptrdiff_t radius, const int known, const int odd,
                                ptrdiff_t n, ELEMENT *out)
{
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        VECTOR sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = FETCH(in + x + v * WIDTH) * (ELEMENT)weights[0];
        if (known) {
            UNROLLED
            for (ptrdiff_t k = radius; k > 0; k--)
                OF(add_pairs)(in + x - k, in + x + k, (ELEMENT)weights[k], odd, sum);
        } else {
            for (ptrdiff_t k = radius; k > 0; k--)
                OF(add_pairs)(in + x - k, in + x + k, (ELEMENT)weights[k], odd, sum);
        }
        for (int v = 0; v < VECTORS; v++)
            KEEP(out + x + v * WIDTH, sum[v]);
    }
}

#define OF_RADIUS(r)                                                                   \
    case r:                                                                            \
        OF(row_sums)(in, weights, r, 1, odd, n, out);                                  \
        break

static inline void OF(sum_row)(const ELEMENT *in, const double *weights,
                               ptrdiff_t radius, const int odd, ptrdiff_t n,
                               ELEMENT *out)
{
    switch (radius) {
        OF_RADIUS(USUAL_RADIUS);
        OF_RADIUS(8);
        OF_RADIUS(9);
        OF_RADIUS(10);
        OF_RADIUS(11);
        OF_RADIUS(12);
        OF_RADIUS(16);
    default:
        OF(row_sums)(in, weights, radius, 0, odd, n, out);
        break;
    }
}

#undef USUAL_RADIUS
#undef WIDTH
#undef VECTORS
#undef STEP
#undef OF_RADIUS
#undef ELEMENT
#undef VECTOR
#undef FETCH
#undef KEEP
#undef OF
