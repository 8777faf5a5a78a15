/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: lists of points come in the order that is wanted, whatever their keys and
 * however many threads share the work: by key and stable, or tile after tile.
 */
#define CHECK_MAIN
#include "check.h"

#include <stdlib.h>

#include "core/points.h"
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

int main(void)
{
    random_start();
    SHOW("points are sorted by their keys, equal ones as they come", orders());
    SHOW("tiles hold each pixel once, neighbours together", tiles());
    return check_result();
}
