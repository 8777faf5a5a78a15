/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: the functions of tensors, corners and multiscale refuse what they cannot
 * use, through the public header alone, and read and write nothing then.
 */
#define CHECK_MAIN
#include "check.h"

#include "feature.h"

#define ROWS 6
#define COLS 7

static const ptrdiff_t shape[3] = {ROWS, COLS, 2}, turned[2] = {COLS, ROWS};
static const ptrdiff_t strides[3] = {COLS * 8, 8, ROWS * COLS * 8};
static double pixels[2 * ROWS * COLS], stores[6][ROWS * COLS];
static const double weights[2] = {0.5, 0.25};
static const feature_filter filters[3] = {
    {weights, 1, FEATURE_REFLECT}, {weights, 1, FEATURE_WRAP}, {weights, 1, 0}};
static const feature_filter no_weights[2] = {{NULL, 1, 0}, {weights, 1, 0}};
static const feature_filter bad_border[2] = {{weights, 1, 9}, {weights, 1, 0}};
static const feature_filter below[2] = {{weights, -1, 0}, {weights, 1, 0}};

static feature_array plane(int32_t dtype, const ptrdiff_t *lengths, double *data)
{
    return (feature_array){data, lengths, strides, 2, dtype};
}

#define REFUSED(call) CHECK((call) != FEATURE_OK)

static void wrong_filters(const feature_array *image, const feature_array *out,
                          const feature_filter *axis)
{
    REFUSED(feature_corner_harris(image, axis, 0, 0.05, out, NULL));
    REFUSED(feature_corner_shi_tomasi(image, axis, out, NULL));
    REFUSED(feature_corner_foerstner(image, axis, out, out, NULL));
    REFUSED(feature_structure_tensor(image, axis, 0, out, NULL));
    REFUSED(feature_hessian_matrix(image, axis, NULL, 0, 0, out, NULL));
    REFUSED(feature_hessian_matrix_det(image, axis, out, NULL));
    REFUSED(feature_shape_index(image, axis, 0, out, NULL));
    if (axis != NULL)
        REFUSED(feature_hessian_matrix(image, filters, axis, 0, 0, out, NULL));
}

/* An image or an output that does not fit. */
static void wrong_planes(const feature_array *image, const feature_array *out)
{
    static const int32_t borders[2] = {0, 1};
    wrong_filters(image, out, filters);
    REFUSED(feature_corner_kitchen_rosenfeld(image, borders, 0, out, NULL));
    REFUSED(feature_hessian_matrix_det_boxes(image, 9, out, NULL));
}

static void wrong_parameters(const feature_array *image, const feature_array *outs)
{
    static const int32_t borders[2] = {0, 5};
    REFUSED(feature_corner_harris(image, filters, 2, 0.05, outs, NULL));
    REFUSED(feature_corner_kitchen_rosenfeld(image, NULL, 0, outs, NULL));
    REFUSED(feature_corner_kitchen_rosenfeld(image, borders, 0, outs, NULL));
    REFUSED(feature_hessian_matrix_det_boxes(image, 0, outs, NULL));
    REFUSED(feature_hessian_matrix_det_boxes(image, PTRDIFF_MAX, outs, NULL));
    REFUSED(feature_hessian_matrix(image, filters, NULL, 0, 0, NULL, NULL));
    for (int32_t order = -1; order < 12; order += order == 0 ? 9 : 1)
        REFUSED(feature_hessian_matrix_eigvals(outs, order, outs, NULL));
    REFUSED(feature_structure_tensor_eigenvalues(NULL, 2, outs, NULL));
    REFUSED(feature_structure_tensor_eigenvalues(outs, 2, NULL, NULL));
}

/* Corners and positions that do not fit, and a window without a pixel. */
static void wrong_corners(const feature_array *image, const feature_array *out)
{
    static const ptrdiff_t three[2] = {3, 2}, two[2] = {2, 2}, steps[2] = {16, 8};
    static int64_t inside[6] = {0, 0, ROWS - 1, COLS - 1, 2, 3}, below_0[6] = {0, -1},
                   beyond[6] = {ROWS, 0}, far_away[6] = {0, INT64_MAX};
    feature_array corners = {inside, three, steps, 2, FEATURE_INT64};
    feature_array positions = {out->data, three, steps, 2, FEATURE_FLOAT64};
    feature_array fewer = positions, reals = corners, wrong = corners;
    fewer.shape = two;
    reals.dtype = FEATURE_FLOAT64;
    REFUSED(feature_corner_subpix(image, &corners, 0, 1, 1, &positions, NULL));
    REFUSED(
        feature_corner_subpix(image, &corners, PTRDIFF_MAX, 1, 1, &positions, NULL));
    REFUSED(feature_corner_subpix(image, &corners, 5, 1, 1, &fewer, NULL));
    REFUSED(feature_corner_subpix(image, &corners, 5, 1, 1, NULL, NULL));
    REFUSED(feature_corner_subpix(image, &reals, 5, 1, 1, &positions, NULL));
    REFUSED(feature_corner_subpix(image, NULL, 5, 1, 1, &positions, NULL));
    REFUSED(feature_corner_subpix(NULL, &corners, 5, 1, 1, &positions, NULL));
    for (int k = 0; k < 3; k++) {
        wrong.data = k == 0 ? below_0 : k == 1 ? beyond : far_away;
        REFUSED(feature_corner_subpix(image, &wrong, 5, 1, 1, &positions, NULL));
    }
}

static void wrong_features(void)
{
    static const ptrdiff_t lengths[3] = {ROWS, COLS, 4}, thin[3] = {ROWS, 1, 4};
    static const ptrdiff_t steps[3] = {COLS * 16, 16, 4}, apart[3] = {COLS * 32, 32, 8};
    static float features[ROWS * COLS * 8];
    static const feature_filter near = {weights, 1, FEATURE_NEAREST};
    feature_array image = plane(FEATURE_FLOAT64, shape, pixels);
    feature_array narrow = plane(FEATURE_FLOAT64, thin, pixels);
    feature_array out = {features, lengths, steps, 3, FEATURE_FLOAT32};
    feature_array thin_out = {features, thin, steps, 3, FEATURE_FLOAT32};
    feature_array wide_out = {features, lengths, apart, 3, FEATURE_FLOAT32};
    feature_array doubles = {features, lengths, steps, 3, FEATURE_FLOAT64};
    feature_array flat = {features, lengths, steps, 2, FEATURE_FLOAT32};
    feature_multiscale_parameters all = {&near, 1, 1, 1, 1}, none = {&near, 1, 0, 0, 0},
                                  two = {&near, 1, 1, 1, 0},
                                  empty = {&near, 0, 1, 1, 1},
                                  reflected = {filters, 1, 1, 1, 1},
                                  unweighted = {no_weights, 1, 1, 1, 1};
    REFUSED(feature_multiscale_basic_features(NULL, &all, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, NULL, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &all, NULL, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &none, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &two, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &empty, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &reflected, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &unweighted, &out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &all, &wide_out, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &all, &doubles, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &all, &flat, NULL));
    REFUSED(feature_multiscale_basic_features(&image, &all, &thin_out, NULL));
    REFUSED(feature_multiscale_basic_features(&narrow, &all, &thin_out, NULL));
    for (int k = 0; k < ROWS * COLS * 8; k++)
        CHECK(features[k] == 0);
    CHECK(feature_multiscale_basic_features(&image, &all, &out, NULL) == FEATURE_OK);
}

int main(void)
{
    feature_array outs[6], turned_outs[6], floats[6], pointless[6];
    for (int k = 0; k < 6; k++) {
        outs[k] = plane(FEATURE_FLOAT64, shape, stores[k]);
        turned_outs[k] = plane(FEATURE_FLOAT64, turned, stores[k]);
        floats[k] = plane(FEATURE_FLOAT32, shape, stores[k]);
        pointless[k] = plane(FEATURE_FLOAT64, shape, NULL);
    }
    feature_array image = plane(FEATURE_FLOAT64, shape, pixels);
    feature_array unknown = plane(99, shape, pixels), nowhere = pointless[0];
    feature_array volume = {pixels, shape, strides, 3, FEATURE_FLOAT64};

    SHOW("no image", wrong_planes(NULL, outs));
    SHOW("an unknown dtype", wrong_planes(&unknown, outs));
    SHOW("an image that is nowhere", wrong_planes(&nowhere, outs));
    SHOW("a volume and planes", wrong_planes(&volume, outs));
    SHOW("outputs of another shape", wrong_planes(&image, turned_outs));
    SHOW("outputs of another dtype", wrong_planes(&image, floats));
    SHOW("outputs that are nowhere", wrong_planes(&image, pointless));
    SHOW("no filters", wrong_filters(&image, outs, NULL));
    SHOW("no weights", wrong_filters(&image, outs, no_weights));
    SHOW("an unknown border", wrong_filters(&image, outs, bad_border));
    SHOW("a radius below 0", wrong_filters(&image, outs, below));
    SHOW("features that do not fit", wrong_features());
    SHOW("parameters out of range", wrong_parameters(&image, outs));
    SHOW("corners elsewhere", wrong_corners(&image, outs));
    for (int k = 0; k < 6; k++)
        for (int x = 0; x < ROWS * COLS; x++)
            CHECK(stores[k][x] == 0);
    return check_result();
}
