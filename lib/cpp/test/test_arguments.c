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
static const ptrdiff_t huge[2] = {61, (ptrdiff_t)1 << 62}, none[2] = {0, 0};
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
    case 11:
        a->shape = huge;
        a->strides = none;
        return FEATURE_NO_MEMORY;
    default:
        return FEATURE_OK;
    }
}

#define BROKEN 12

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
        CHECK((int)feature_canny_magnitude(&bad, NULL, &p, &good, NULL) == status);
        CHECK((int)feature_canny_magnitude(&good, NULL, &p, &slopes, NULL) == status);
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

/* An image of 24 x 24 doubles in one channel, and results of the right shape. */
static double dense_pixels[24 * 24], dense_result[25 * 24 * 24], dense_close[4];
static const ptrdiff_t dense_shape[] = {24, 24, 1}, dense_by[] = {192, 8, 8};

static feature_array dense_image(int ndim)
{
    return (feature_array){dense_pixels, dense_shape, dense_by, ndim, FEATURE_FLOAT64};
}

static const feature_hog_parameters hog_usual = {8, 8, 3, 3, 9, NULL,
                                                 FEATURE_HOG_L2, 0};

/* hog of the image with these parameters, into blocks of the usual shape. */
static int hog_status(const feature_array *image, const feature_hog_parameters *p,
                      const feature_array *picture)
{
    static const ptrdiff_t shape[] = {1, 1, 3, 3, 9}, by[] = {648, 648, 216, 72, 8};
    const feature_array blocks = {dense_result, shape, by, 5, FEATURE_FLOAT64};
    ptrdiff_t count;
    return (int)feature_hog(image, p, NULL, &blocks, picture, 1, dense_close, &count,
                            NULL);
}

static void wrong_hog(void)
{
    feature_array image = dense_image(3), flat = dense_image(2), null = image;
    feature_array typed = image, odd_place = image;
    null.data = NULL;
    typed.dtype = 12;
    odd_place.data = (unsigned char *)dense_pixels + 4;
    CHECK(hog_status(&image, &hog_usual, NULL) == FEATURE_OK);
    CHECK(hog_status(NULL, &hog_usual, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(hog_status(&flat, &hog_usual, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(hog_status(&null, &hog_usual, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(hog_status(&odd_place, &hog_usual, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(hog_status(&typed, &hog_usual, NULL) == FEATURE_BAD_DTYPE);
    CHECK(hog_status(&image, NULL, NULL) == FEATURE_BAD_ARGUMENT);
    CHECK(hog_status(&image, &hog_usual, &flat) == FEATURE_BAD_ARGUMENT); /* no lines */
    for (int k = 0; k < 7; k++) {
        feature_hog_parameters p = hog_usual;
        ptrdiff_t *sizes[] = {&p.cell_rows, &p.cell_cols, &p.block_rows, &p.block_cols,
                              &p.orientations};
        if (k < 5)
            *sizes[k] = 0;
        else
            p.norm = k == 5 ? -1 : 4;
        check_case("(way %d)", k);
        CHECK(hog_status(&image, &p, NULL) == FEATURE_BAD_ARGUMENT);
    }
    feature_hog_parameters other = hog_usual;
    other.orientations = 8; /* the blocks are of 9 */
    CHECK(hog_status(&image, &other, NULL) == FEATURE_BAD_ARGUMENT);
}

static const double daisy_weight = 1, daisy_directions[4] = {0, 1, 0, -1};
static const ptrdiff_t daisy_offsets[2] = {0, 2};
static const feature_filter daisy_axis[2] = {{&daisy_weight, 0, FEATURE_REFLECT},
                                             {&daisy_weight, 0, FEATURE_REFLECT}};
static const feature_daisy_parameters daisy_usual = {
    4, 2, 1, 1, 2, daisy_axis, daisy_offsets, daisy_directions, FEATURE_DAISY_L1};

static int daisy_status(const feature_array *image, const feature_daisy_parameters *p,
                        int32_t dtype)
{
    static const ptrdiff_t shape[] = {5, 5, 4}, by[] = {160, 32, 8};
    const feature_array out = {dense_result, shape, by, 3, dtype};
    return (int)feature_daisy(image, p, &out, NULL);
}

static void wrong_daisy(void)
{
    static const ptrdiff_t far[2] = {0, 3};
    feature_filter constant[2] = {daisy_axis[0], daisy_axis[1]};
    constant[1].border = FEATURE_CONSTANT;
    feature_array image = dense_image(2), deep = dense_image(3);
    CHECK(daisy_status(&image, &daisy_usual, FEATURE_FLOAT64) == FEATURE_OK);
    CHECK(daisy_status(&image, &daisy_usual, FEATURE_FLOAT32) == FEATURE_BAD_DTYPE);
    CHECK(daisy_status(NULL, &daisy_usual, FEATURE_FLOAT64) == FEATURE_BAD_ARGUMENT);
    CHECK(daisy_status(&deep, &daisy_usual, FEATURE_FLOAT64) == FEATURE_BAD_ARGUMENT);
    CHECK(daisy_status(&image, NULL, FEATURE_FLOAT64) == FEATURE_BAD_ARGUMENT);
    for (int k = 0; k < 12; k++) {
        feature_daisy_parameters p = daisy_usual;
        ptrdiff_t *sizes[] = {&p.step, &p.margin, &p.rings, &p.histograms,
                              &p.orientations};
        if (k < 5)
            *sizes[k] = -1;
        p.orientations = k == 5 ? 2001 : p.orientations;
        p.norm = k == 6 ? 4 : p.norm;
        p.axis = k == 7 ? NULL : k == 8 ? constant : p.axis;
        p.offsets = k == 9 ? NULL : k == 10 ? far : p.offsets;
        p.directions = k == 11 ? NULL : p.directions;
        check_case("(way %d)", k);
        CHECK(daisy_status(&image, &p, FEATURE_FLOAT64) == FEATURE_BAD_ARGUMENT);
    }
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
    SHOW("what hog does not take is a status", wrong_hog());
    SHOW("what daisy does not take is a status", wrong_daisy());
    SHOW("empty arrays need no memory", empty_arrays());
    return check_result();
}
