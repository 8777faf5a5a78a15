/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pixels of any type as doubles, with the value range of scikit-image's
 * img_as_float: unsigned integers are multiplied by 1 / maximum, signed ones too
 * and then raised to -1, floating point and bool are taken as they are; or all of
 * them as they are.
 */
#include "kernels/half.h"
#include "kernels/stream.h"
#include "kernels/variant.h"

static inline double as_is(double v)
{
    return v;
}

static inline double not_below(double v, double least)
{
    return v < least ? least : v;
}

#define LOOP(type, value)                                                              \
    do {                                                                               \
        if (stride == (ptrdiff_t)sizeof(type)) {                                       \
            const type *p = in;                                                        \
            for (ptrdiff_t x = 0; x < n; x++) {                                        \
                type v = p[x];                                                         \
                out[x] = value;                                                        \
            }                                                                          \
        } else {                                                                       \
            const unsigned char *p = in;                                               \
            for (ptrdiff_t x = 0; x < n; x++) {                                        \
                type v = *(const type *)(const void *)(p + x * stride);                \
                out[x] = value;                                                        \
            }                                                                          \
        }                                                                              \
    } while (0)

#define SIGNED(type, maximum) LOOP(type, not_below((double)v * (1.0 / (maximum)), -1))
#define UNSIGNED(type, maximum) LOOP(type, (double)v * (1.0 / (maximum)))

/* What has one value, scaled or not. */
static void load_unscalable(const void *restrict in, ptrdiff_t stride, ptrdiff_t n,
                            feature_dtype dtype, wide *restrict out)
{
    switch (dtype) {
    case FEATURE_BOOL:
        LOOP(uint8_t, v != 0);
        break;
    case FEATURE_FLOAT16:
        LOOP(uint16_t, from_half(v));
        break;
    case FEATURE_FLOAT32:
        LOOP(float, as_is(v));
        break;
    default:
        LOOP(double, as_is(v));
        break;
    }
}

void NAME(load_row)(const void *restrict in, ptrdiff_t stride, ptrdiff_t n,
                    feature_dtype dtype, wide *restrict out)
{
    switch (dtype) {
    case FEATURE_UINT8:
        UNSIGNED(uint8_t, 255.0);
        break;
    case FEATURE_INT8:
        SIGNED(int8_t, 127.0);
        break;
    case FEATURE_UINT16:
        UNSIGNED(uint16_t, 65535.0);
        break;
    case FEATURE_INT16:
        SIGNED(int16_t, 32767.0);
        break;
    case FEATURE_UINT32:
        UNSIGNED(uint32_t, 4294967295.0);
        break;
    case FEATURE_INT32:
        SIGNED(int32_t, 2147483647.0);
        break;
    case FEATURE_UINT64:
        UNSIGNED(uint64_t, 18446744073709551615.0);
        break;
    case FEATURE_INT64:
        SIGNED(int64_t, 9223372036854775807.0);
        break;
    default:
        load_unscalable(in, stride, n, dtype, out);
        break;
    }
}

void NAME(load_unscaled_row)(const void *restrict in, ptrdiff_t stride, ptrdiff_t n,
                             feature_dtype dtype, wide *restrict out)
{
    switch (dtype) {
    case FEATURE_UINT8:
        LOOP(uint8_t, v);
        break;
    case FEATURE_INT8:
        LOOP(int8_t, v);
        break;
    case FEATURE_UINT16:
        LOOP(uint16_t, v);
        break;
    case FEATURE_INT16:
        LOOP(int16_t, v);
        break;
    case FEATURE_UINT32:
        LOOP(uint32_t, v);
        break;
    case FEATURE_INT32:
        LOOP(int32_t, v);
        break;
    case FEATURE_UINT64:
        LOOP(uint64_t, (double)v);
        break;
    case FEATURE_INT64:
        LOOP(int64_t, (double)v);
        break;
    default:
        load_unscalable(in, stride, n, dtype, out);
        break;
    }
}

void NAME(mask_row)(const uint8_t *mask, ptrdiff_t stride, ptrdiff_t n, wide *row)
{
    for (ptrdiff_t x = 0; x < n; x++)
        row[x] = mask[x * stride] ? row[x] : 0;
}

void NAME(stream_bytes)(const void *from, size_t size, void *to)
{
    copy_past(from, size, to);
}
