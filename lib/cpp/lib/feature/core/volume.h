/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filters along each axis of planes of any number of dimensions. A plane is a
 * contiguous block of doubles that hold what SciPy would have stored between axes.
 * Each step is one parallel pass over the whole plane; 2-D images have faster ways
 * (core/smooth.h, core/tensor.h), which need no planes.
 */
#ifndef CORE_VOLUME_H
#define CORE_VOLUME_H

#include "core/array.h"
#include "core/threads.h"
#include "kernels/kernels.h"

/* One call: its shape, threads and memory. */
typedef struct volume {
    const feature_array *like; /* the image, whose shape all planes have */
    ptrdiff_t size, lines, cols;
    ptrdiff_t longest, radius; /* the longest axis; the largest radius */
    double cval;               /* beyond borders of FEATURE_CONSTANT */
    const plain_kernels *plain;
    const real_kernels *real;
    team team;
    unsigned char *block;
    thread_memory memory;
} volume;

/* Leases `planes` planes and what the threads need; `radius` is the largest of all
 * filters. volume_close gives it back, also after a failure. */
feature_status volume_open(volume *v, const feature_array *image, double cval,
                           ptrdiff_t radius, int planes, double nanoseconds_per_element,
                           const feature_run *run);
void volume_close(volume *v);
wide *volume_plane(const volume *v, int number);

/* The image's elements as a plane: loaded, or where they are, if that is one. */
feature_status volume_load(volume *v, wide *out);
feature_status volume_read(volume *v, wide *room, const wide **elements);

/* Filters along one axis; `in` may be `out`. An odd filter takes differences. */
feature_status volume_filter(volume *v, int axis, const feature_filter *filter, int odd,
                             const wide *in, wide *out);
feature_status volume_multiply(volume *v, const wide *a, const wide *b, wide *out);
feature_status volume_store(volume *v, const wide *in, const feature_array *out);

#endif
