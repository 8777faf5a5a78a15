/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of one variant; core/cpu.c picks among them. */
#include "kernels/variant.h"

#ifdef REAL
extern const real_kernels NAME(table);
const real_kernels NAME(table) = {
#define KERNEL(name, parameters) NAME(name),
#define PLAIN(name, parameters)
#else
extern const plain_kernels NAME(table);
const plain_kernels NAME(table) = {
#define KERNEL(name, parameters)
#define PLAIN(name, parameters) NAME(name),
#endif
#include "kernels/kernels.def"
};
