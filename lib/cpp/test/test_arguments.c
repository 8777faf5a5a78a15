/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: a null pointer, a wrong shape, type or alignment, a filter that is none:
 * each is a status that says which of these it is, never a crash.
 */
#define CHECK_MAIN
#include "check.h"

#include "feature.h"

static double wrong_pixels[6 * 6];
static uint8_t wrong_edges[6 * 6], wrong_mask[6 * 6];
static const ptrdiff_t six[2] = {6, 6}, five[2] = {6, 5}, minus[2] = {6, -1};
static const ptrdiff_t by_8[2] = {48, 8}, by_1[2] = {6, 1}, by_2[2] = {12, 2};
static const ptrdiff_t odd[2] = {48, 9}, odd_rows[2] = {49, 8}, by_4[2] = {24, 4};

static feature_array image_64(void)
{
    return (feature_array){wrong_pixels, six, by_8, 2, FEATURE_FLOAT64};
}

static feature_array bytes_of(uint8_t *bytes)
{
    return (feature_array){bytes, six, by_1, 2, FEATURE_BOOL};
}

/* Arrays that no function takes in the place of a (6, 6) image of doubles. */
static int broken_array(int k, feature_array *a)
{
    switch (k) {
    case 0:
        a->data = NULL;
        return FEATURE_BAD_ARGUMENT;
    case 1:
        a->shape = NULL;
        return FEATURE_BAD_ARGUMENT;
    case 2:
        a->strides = NULL;
        return FEATURE_BAD_ARGUMENT;
    case 3:
        a->ndim = 1;
        return FEATURE_BAD_ARGUMENT;
    case 4:
        a->ndim = 3;
        return FEATURE_BAD_ARGUMENT;
    case 5:
        a->shape = minus;
        return FEATURE_BAD_ARGUMENT;
    case 6:
        a->data = (unsigned char *)a->data + 4;
        return FEATURE_BAD_ARGUMENT;
    case 7:
        a->strides = odd;
        return FEATURE_BAD_ARGUMENT;
    case 8:
        a->strides = odd_rows;
        return FEATURE_BAD_ARGUMENT;
    case 9:
        a->dtype = 12;
        return FEATURE_BAD_DTYPE;
    case 10:
        a->dtype = -1;
        return FEATURE_BAD_DTYPE;
    default:
        return FEATURE_OK;
    }
}

#define BROKEN 11

static void wrong_images(void)
{
    double one = 1;
    feature_filter f = {&one, 0, FEATURE_NEAREST};
    feature_canny_parameters p = {{f, f}, 0, 0, 0.1f, 0.2};
    feature_array edges = bytes_of(wrong_edges), good = image_64();
    for (int k = 0; k <= BROKEN; k++) {
        feature_array bad = image_64(), slopes = image_64();
        int status = broken_array(k, &bad);
        broken_array(k, &slopes);
        check_case("(way %d)", k);
        CHECK((int)feature_canny(&bad, NULL, &p, &edges, NULL) == status);
        CHECK((int)feature_canny_magnitude(&bad, NULL, &p, &good, NULL) == status ||
              status == FEATURE_OK);
        CHECK((int)feature_canny_magnitude(&good, NULL, &p, &slopes, NULL) == status ||
              status == FEATURE_OK);
    }
    good.dtype = FEATURE_INT64;
    CHECK(feature_canny(&good, NULL, &p, &edges, NULL) == FEATURE_BAD_DTYPE);
    good.dtype = FEATURE_UINT64;
    CHECK(feature_canny(&good, NULL, &p, &edges, NULL) == FEATURE_BAD_DTYPE);
    CHECK(feature_canny(NULL, NULL, &p, &edges, NULL) == FEATURE_BAD_ARGUMENT);
}

static void wrong_outputs(void)
{
    double one = 1;
    feature_filter f = {&one, 0, FEATURE_NEAREST};
    feature_canny_parameters p = {{f, f}, 0, 0, 0.1f, 0.2};
    feature_array image = image_64(), edges = bytes_of(wrong_edges);
    feature_array mask = bytes_of(wrong_mask), smaller = edges, typed = edges;
    smaller.shape = five;
    typed.dtype = FEATURE_UINT8;
    CHECK(feature_canny(&image, NULL, &p, NULL, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_canny(&image, NULL, &p, &smaller, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_canny(&image, NULL, &p, &typed, NULL) == FEATURE_BAD_DTYPE);
    CHECK(feature_canny(&image, &smaller, &p, &edges, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_canny(&image, &typed, &p, &edges, NULL) == FEATURE_BAD_DTYPE);
    CHECK(feature_canny(&image, &mask, &p, &edges, NULL) == FEATURE_OK);
    feature_array slopes = {wrong_pixels, six, by_4, 2, FEATURE_FLOAT32};
    CHECK(feature_canny_magnitude(&image, NULL, &p, &slopes, NULL) ==
          FEATURE_BAD_DTYPE);
    CHECK(feature_canny_magnitude(&image, NULL, &p, NULL, NULL) ==
          FEATURE_BAD_ARGUMENT);
    static double room[6 * 12];
    static const ptrdiff_t by_16[2] = {96, 16};
    feature_array apart = {room, six, by_16, 2, FEATURE_FLOAT64};
    CHECK(feature_canny_magnitude(&image, NULL, &p, &apart, NULL) ==
          FEATURE_BAD_ARGUMENT);
}

static void wrong_parameters(void)
{
    double one = 1;
    feature_filter f = {&one, 0, FEATURE_NEAREST};
    feature_filter bad[] = {{NULL, 0, FEATURE_NEAREST},
                            {&one, -1, FEATURE_NEAREST},
                            {&one, PTRDIFF_MAX, FEATURE_NEAREST},
                            {&one, 0, -1},
                            {&one, 0, 5}};
    feature_array image = image_64(), edges = bytes_of(wrong_edges);
    for (int k = 0; k < COUNT_OF(bad); k++)
        for (int axis = 0; axis < 2; axis++) {
            feature_canny_parameters p = {{f, f}, 0, 0, 0.1f, 0.2};
            p.axis[axis] = bad[k];
            check_case("(way %d)", k);
            CHECK(feature_canny(&image, NULL, &p, &edges, NULL) ==
                  FEATURE_BAD_ARGUMENT);
            CHECK(feature_canny_magnitude(&image, NULL, &p, &image, NULL) ==
                  FEATURE_BAD_ARGUMENT);
        }
    CHECK(feature_canny(&image, NULL, NULL, &edges, NULL) == FEATURE_BAD_ARGUMENT);
}

static void wrong_matrices(void)
{
    static uint8_t in_bytes[6 * 12];
    static float out_floats[36];
    const feature_array in = {in_bytes, six, by_2, 2, FEATURE_UINT8};
    const feature_array out = {out_floats, six, by_4, 2, FEATURE_FLOAT32};
    feature_array other = out, typed = in, odd_out = out, flat = in, null = in;
    other.shape = five;
    typed.dtype = FEATURE_INT8;
    odd_out.data = (unsigned char *)out_floats + 1;
    flat.ndim = 1;
    null.data = NULL;
    CHECK(feature_synthesize_matrix(&in, &out, NULL) == FEATURE_OK);
    CHECK(feature_synthesize_matrix(NULL, &out, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_synthesize_matrix(&in, NULL, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_synthesize_matrix(&in, &other, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_synthesize_matrix(&typed, &out, NULL) == FEATURE_BAD_DTYPE);
    CHECK(feature_synthesize_matrix(&in, &in, NULL) == FEATURE_BAD_DTYPE);
    CHECK(feature_synthesize_matrix(&in, &odd_out, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_synthesize_matrix(&flat, &out, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(feature_synthesize_matrix(&null, &out, NULL) == FEATURE_BAD_ARGUMENT);
}

/* Nothing to read, nothing to write: no pointer is needed. */
static void empty_arrays(void)
{
    static const ptrdiff_t shapes[][2] = {{0, 0}, {0, 5}, {5, 0}, {0, PTRDIFF_MAX}};
    double one = 1;
    feature_filter f = {&one, 0, FEATURE_NEAREST};
    feature_canny_parameters p = {{f, f}, 0, 1, 0.1f, 0.2};
    for (int k = 0; k < COUNT_OF(shapes); k++) {
        feature_array image = {NULL, shapes[k], by_8, 2, FEATURE_FLOAT64};
        feature_array edges = {NULL, shapes[k], by_1, 2, FEATURE_BOOL};
        feature_array grey = {NULL, shapes[k], by_1, 2, FEATURE_UINT8};
        feature_array out = {NULL, shapes[k], by_4, 2, FEATURE_FLOAT32};
        check_case("(%td x %td)", shapes[k][0], shapes[k][1]);
        int statuses = (int)feature_synthesize_matrix(&grey, &out, NULL);
        if (k < 3) {
            statuses += (int)feature_canny(&image, &edges, &p, &edges, NULL);
            statuses += (int)feature_canny_magnitude(&image, NULL, &p, &image, NULL);
        }
        CHECK(statuses == FEATURE_OK);
    }
}

int main(void)
{
    random_start();
    SHOW("an image that is none is a status", wrong_images());
    SHOW("an output that is none is a status", wrong_outputs());
    SHOW("a filter that is none is a status", wrong_parameters());
    SHOW("a matrix that is none is a status", wrong_matrices());
    SHOW("empty arrays need no memory", empty_arrays());
    return check_result();
}
