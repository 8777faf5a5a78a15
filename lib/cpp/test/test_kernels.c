/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: every kernel of kernels.def, for every instruction set and pixel type,
 * does what a plain loop does, bit for bit, and stays inside its memory.
 *
 * `test_kernels avx2` tries one instruction set, without a word all of them.
 */
#define CHECK_MAIN
#include "kernels_test.h"

#include "core/cpu.h"

typedef struct variant {
    const char *isa;
    const plain_kernels *plain;
    const real_kernels *for_float, *for_double;
} variant;

#define TABLES(isa)                                                                    \
    extern const plain_kernels table_##isa##_plain;                                    \
    extern const real_kernels table_##isa##_float, table_##isa##_double;
#define VARIANT(isa)                                                                   \
    {#isa, &table_##isa##_plain, &table_##isa##_float, &table_##isa##_double}

TABLES(base)
#if TEST_X86
TABLES(avx2)
TABLES(avx512)
static const variant variants[] = {VARIANT(base), VARIANT(avx2), VARIANT(avx512)};
#else
static const variant variants[] = {VARIANT(base)};
#endif

/* Is the word one of those in the list, which blanks separate? */
static int is_listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += length)
        if ((p == list || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
            return 1;
    return 0;
}

static void no_test(const char *kernel)
{
    check_case("%s is in kernels.def and has no test", kernel);
    CHECK(!"a kernel without a test");
}

static void check_plain(const variant *v)
{
    char sentence[100];
#define KERNEL(name, parameters)
#define PLAIN(name, parameters)                                                        \
    snprintf(sentence, sizeof sentence, "%s is its plain loop on %s", #name, v->isa);  \
    SHOW(sentence, if (check_##name) check_##name(v->plain); else no_test(#name));
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN
}

static void check_real(const char *isa, const real_kernels *table, int is_float)
{
    char sentence[100];
#define KERNEL(name, parameters)                                                       \
    snprintf(sentence, sizeof sentence, "%s is its plain loop on %s for %s", #name,    \
             isa, is_float ? "float" : "double");                                      \
    SHOW(sentence, if (check_##name) check_##name(table, is_float);                    \
         else no_test(#name));
#define PLAIN(name, parameters)
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN
}

int main(int count, char **words)
{
    int tried = 0;
    random_start();
    for (ptrdiff_t k = 0; k < COUNT_OF(variants); k++) {
        const variant *v = &variants[k];
        if (count > 1 && strcmp(words[1], v->isa) != 0)
            continue;
        if (!is_listed(cpu_isas(), v->isa)) {
            printf("SKIPPED: this processor does not run %s\n", v->isa);
            continue;
        }
        tried++;
        check_plain(v);
        check_real(v->isa, v->for_float, 1);
        check_real(v->isa, v->for_double, 0);
    }
    return tried == 0 ? SKIPPED : check_result();
}
