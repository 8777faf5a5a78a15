/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The choice of kernels. A constructor makes it once, before any other thread
 * can call, so that nothing here needs a lock: the fastest table this processor
 * runs, lowered by FEATURE_ISA. An unknown word there leaves the choice at
 * "base" and the name empty; the Python side turns that into an ImportError.
 */
#include "core/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

#define TABLES(isa)                                                                    \
    extern const plain_kernels table_##isa##_plain;                                    \
    extern const real_kernels table_##isa##_float, table_##isa##_double;
#define LEVEL(isa)                                                                     \
    {                                                                                  \
        #isa, &table_##isa##_plain, &table_##isa##_float, &table_##isa##_double        \
    }

typedef struct level {
    const char *name;
    const plain_kernels *plain;
    const real_kernels *for_float, *for_double;
} level;

TABLES(base)
#if FEATURE_X86
TABLES(avx2)
TABLES(avx512)
static const level levels[] = {LEVEL(base), LEVEL(avx2), LEVEL(avx512)};
#else
static const level levels[] = {LEVEL(base)};
#endif

static const level *in_use = &levels[0];
static const char *in_use_name = "base";
static char available[32] = "base";

static int runs_here(const char *isa)
{
#if FEATURE_X86
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (!strcmp(isa, "avx2"))
        return avx2;
    if (!strcmp(isa, "avx512"))
        return avx2 && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("avx512vbmi2") &&
               __builtin_cpu_supports("avx512vnni") &&
               __builtin_cpu_supports("avx512bitalg") &&
               __builtin_cpu_supports("avx512vpopcntdq");
#endif
    return !strcmp(isa, "base");
}

/* Is this one of the words that FEATURE_ISA may hold on any processor? */
static int is_known(const char *word)
{
    return !strcmp(word, "base") || !strcmp(word, "avx2") || !strcmp(word, "avx512");
}

__attribute__((constructor)) static void choose(void)
{
    const char *wanted = getenv("FEATURE_ISA");
    int limited = wanted != NULL && *wanted != '\0';
    int is_wrong = limited && !is_known(wanted), below_limit = !is_wrong;
    if (is_wrong)
        in_use_name = "";
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (!runs_here(levels[i].name))
            break;
        if (i > 0) {
            strcat(available, " ");
            strcat(available, levels[i].name);
        }
        if (below_limit) {
            in_use = &levels[i];
            in_use_name = levels[i].name;
        }
        if (limited && !strcmp(levels[i].name, wanted))
            below_limit = 0;
    }
}

const char *cpu_isa(void)
{
    return in_use_name;
}

const char *cpu_isas(void)
{
    return available;
}

const plain_kernels *plain_kernels_in_use(void)
{
    return in_use->plain;
}

const real_kernels *real_kernels_for(feature_dtype dtype)
{
    return dtype == FEATURE_FLOAT32 ? in_use->for_float : in_use->for_double;
}
