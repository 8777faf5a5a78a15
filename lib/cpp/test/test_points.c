/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: lists of points come in the order that is wanted, whatever their keys and
 * however many threads share the work: by key and stable, or tile after tile; and are
 * thinned as a comparison of all pairs would thin them.
 */
#define CHECK_MAIN
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "core/points.h"
#include "core/spacing.h"
#include "core/tiles.h"

/* ------------------------------------------------------------------------ */
/* Keys                                                                     */
/* ------------------------------------------------------------------------ */

static uint64_t key_by_position(ptrdiff_t i)
{
    return (uint64_t)i << 20;
}

static uint64_t key_backwards(ptrdiff_t i)
{
    return UINT64_MAX - (uint64_t)i;
}

static uint64_t key_all_equal(ptrdiff_t i)
{
    (void)i;
    return UINT64_C(0x8000000000000001);
}

static uint64_t key_of_few(ptrdiff_t i)
{
    (void)i;
    return random_bits() % 5 * UINT64_C(0x3333333333333333);
}

static uint64_t key_of_any_bits(ptrdiff_t i)
{
    (void)i;
    return random_bits();
}

/* They differ in their last bits only, but for one. */
static uint64_t key_with_outlier(ptrdiff_t i)
{
    return i == 7 ? UINT64_MAX : random_bits() % 3000;
}

/* The lowest bits decide what the leading ones leave equal. */
static uint64_t key_in_heaps(ptrdiff_t i)
{
    (void)i;
    return (random_bits() % 3 << 60) + random_bits() % 100000;
}

static uint64_t (*const kinds[])(ptrdiff_t) = {
    key_by_position, key_backwards,    key_all_equal, key_of_few,
    key_of_any_bits, key_with_outlier, key_in_heaps};

/* ------------------------------------------------------------------------ */
/* Order                                                                    */
/* ------------------------------------------------------------------------ */

static int by_key_and_place(const void *a, const void *b)
{
    const point *p = a, *q = b;
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static void sort_by(int threads, int kind, ptrdiff_t n)
{
    size_t size = (size_t)n * sizeof(point);
    point *points = malloc(size + 1), *spare = malloc(size + 1),
          *expected = malloc(size + 1);
    for (ptrdiff_t i = 0; i < n; i++)
        expected[i] = points[i] = (point){kinds[kind](i), i};
    qsort(expected, (size_t)n, sizeof(point), by_key_and_place);
    feature_run run = {.threads = threads};
    team t = team_for(&run, threads, 1e9);
    CHECK(points_sort_shared(&t, points, spare, n) == FEATURE_OK);
    int wrong = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        wrong +=
            points[i].key != expected[i].key || points[i].place != expected[i].place;
    check_case("(kind %d, %td points, %d threads)", kind, n, threads);
    CHECK(wrong == 0);
    free(points);
    free(spare);
    free(expected);
}

static void orders(void)
{
    static const ptrdiff_t counts[] = {0, 1, 48, 49, 3000, POINTS_SHARED, 50001};
    for (int kind = 0; kind < COUNT_OF(kinds); kind++)
        for (int k = 0; k < COUNT_OF(counts); k++)
            for (int threads = 1; threads <= 4; threads++)
                sort_by(threads, kind, counts[k]);
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

#define PIXELS 500

/* Each pixel once, those of a tile in their order, no tile twice. */
static void check_tiles(const tile_order *t, int64_t (*pixels)[2])
{
    int seen[PIXELS] = {0};
    ptrdiff_t last = -1, tile = -1;
    for (ptrdiff_t k = 0; k < t->count; k++) {
        ptrdiff_t number = t->numbers[k];
        CHECK(number >= 0 && number < t->count && !seen[number]++);
        ptrdiff_t here = ((pixels[number][0] + 1) >> t->shift) * t->across +
                         ((pixels[number][1] + 1) >> t->shift);
        CHECK(here > tile || (here == tile && number > last));
        tile = here;
        last = number;
    }
}

static void tiles(void)
{
    static const ptrdiff_t shapes[][2] = {
        {1, 1}, {1, 4000}, {300, 17}, {600, 700}, {1 << 20, 1 << 20}};
    static unsigned char memory[64 * PIXELS];
    int64_t pixels[PIXELS][2];
    ptrdiff_t strides[2] = {sizeof pixels[0], sizeof(int64_t)};
    for (int k = 0; k < COUNT_OF(shapes); k++)
        for (ptrdiff_t count = 0; count <= PIXELS; count += 125) {
            ptrdiff_t shape[2] = {count, 2};
            feature_array array = {pixels, shape, strides, 2, FEATURE_INT64};
            for (ptrdiff_t i = 0; i < count; i++)
                for (int axis = 0; axis < 2; axis++)
                    pixels[i][axis] = random_below(shapes[k][axis] + 2) - 1;
            tile_order t;
            arena a = {memory, 0};
            tiles_layout(&t, count, shapes[k], &a);
            check_case("(%td pixels of %td x %td)", count, shapes[k][0], shapes[k][1]);
            CHECK(a.used <= sizeof memory);
            tiles_fill(&t, &array);
            check_tiles(&t, pixels);
        }
}

/* ------------------------------------------------------------------------ */
/* Distance                                                                 */
/* ------------------------------------------------------------------------ */

#define SPACED 300

static int too_near(const spacing *rule, int64_t a, int64_t b)
{
    int64_t p[POINT_AXES], q[POINT_AXES];
    double sum = 0, most = 0, squares = 0;
    place_to_index(a, rule->shape, rule->ndim, p);
    place_to_index(b, rule->shape, rule->ndim, q);
    for (int axis = 0; axis < rule->ndim; axis++) {
        double d = fabs((double)(p[axis] - q[axis]));
        sum += d;
        squares += d * d;
        most = fmax(most, d);
    }
    double distance = rule->p_norm == 1 ? sum : rule->p_norm == 2 ? squares : most;
    double limit = rule->distance * (rule->p_norm == 2 ? rule->distance : 1);
    return rule->inclusive ? distance <= limit : distance < limit;
}

static ptrdiff_t space_by_pairs(const spacing *rule, point *points, ptrdiff_t n)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < n && kept < rule->most; i++) {
        int stays = 1;
        for (ptrdiff_t k = 0; k < kept && stays; k++)
            stays = !too_near(rule, points[k].place, points[i].place);
        if (stays)
            points[kept++] = points[i];
    }
    return kept;
}

static void spaces(void)
{
    static const double norms[] = {1, 2, INFINITY};
    static const ptrdiff_t longest[] = {0, 5000, 150, 20, 9, 6};
    for (int round = 0; round < 3000; round++) {
        int ndim = 1 + (int)random_below(5);
        ptrdiff_t shape[5], pixels = 1, n = random_below(SPACED);
        for (int axis = 0; axis < ndim; axis++)
            pixels *= shape[axis] = 1 + random_below(longest[ndim]);
        spacing rule = {.distance = (double)random_below(60) / 4,
                        .p_norm = norms[random_below(3)],
                        .inclusive = (int)random_below(2),
                        .shape = shape,
                        .ndim = ndim,
                        .most = random_below(4) ? PTRDIFF_MAX : random_below(20)};
        if (random_below(20) == 0)
            rule.distance = INFINITY;
        point points[SPACED], expected[SPACED];
        for (ptrdiff_t i = 0; i < n; i++)
            expected[i] = points[i] = (point){(uint64_t)i, random_below(pixels)};
        void *scratch = malloc(spacing_size(&rule));
        ptrdiff_t kept = points_space(&rule, points, n, scratch);
        check_case("(%d axes, norm %g, distance %g)", ndim, rule.p_norm, rule.distance);
        CHECK(kept == space_by_pairs(&rule, expected, n));
        for (ptrdiff_t i = 0; i < kept; i++)
            CHECK(points[i].place == expected[i].place);
        free(scratch);
    }
}

int main(void)
{
    random_start();
    SHOW("points are sorted by their keys, equal ones as they come", orders());
    SHOW("spacing keeps what a comparison of all pairs keeps", spaces());
    SHOW("tiles hold each pixel once, neighbours together", tiles());
    return check_result();
}
