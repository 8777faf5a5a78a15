/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: feature.h needs nothing before it, may be included twice, and is C11
 * without extensions; test_header_cpp is this file compiled as C++.
 */
#include "feature.h"
#include "feature.h"

int main(void)
{
    feature_array array;
    feature_run run = {0, 0, 0};
    array.dtype = FEATURE_FLOAT64;
    (void)run;
    return !(array.dtype == 11 && feature_version()[0] != '\0' &&
             feature_synthesize_matrix(0, 0, 0) == FEATURE_BAD_ARGUMENT);
}
