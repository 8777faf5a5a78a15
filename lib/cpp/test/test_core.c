/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: the small parts under every family do what their headers say: borders,
 * arenas, quotas of containers, the exponential and the Gaussian.
 *
 * Quotas are read from files of the system; fopen is wrapped (see CMakeLists.txt)
 * so that the tests say what those hold.
 */
#define CHECK_MAIN
#include "check.h"

#include "core/border.h"
#include "core/memory.h"
#include "core/quota.h"
#include "kernels/math.h"
#include "spec.h"

/* ------------------------------------------------------------------------ */
/* Borders                                                                  */
/* ------------------------------------------------------------------------ */

static void borders(void)
{
    for (int32_t border = FEATURE_CONSTANT; border <= FEATURE_WRAP; border++)
        for (ptrdiff_t n = 1; n <= 9; n++)
            for (ptrdiff_t i = -60; i <= 60; i++) {
                check_case("(border %d, n %td, i %td)", border, n, i);
                CHECK(border_index(i, n, border) == spec_border(i, n, border));
            }
}

/* The drawings in feature.h, letter by letter. */
static void border_drawings(void)
{
    static const char *const drawings[] = {"kkkabcdkkk", "aaaabcdddd", "cbaabcddcb",
                                           "dcbabcdcba", "bcdabcdabc"};
    for (int32_t border = FEATURE_CONSTANT; border <= FEATURE_WRAP; border++)
        for (ptrdiff_t i = -3; i < 7; i++) {
            ptrdiff_t from = border_index(i, 4, border);
            check_case("(border %d, i %td)", border, i);
            CHECK(drawings[border][i + 3] == (from < 0 ? 'k' : "abcd"[from]));
        }
}

/* ------------------------------------------------------------------------ */
/* Arenas                                                                   */
/* ------------------------------------------------------------------------ */

static void arena_counts(void)
{
    unsigned char bytes[1024];
    arena counting = {NULL, 0}, real = {bytes, 0};
    static const size_t sizes[][2] = {{0, 8},  {1, 1},  {3, 21},
                                      {1, 64}, {5, 13}, {8, 0}};
    for (int k = 0; k < COUNT_OF(sizes); k++) {
        size_t before = real.used;
        CHECK(arena_take(&counting, sizes[k][0], sizes[k][1]) == NULL);
        CHECK(arena_take(&real, sizes[k][0], sizes[k][1]) == bytes + before);
        CHECK(counting.used == real.used && real.used % 64 == 0);
        CHECK(real.used - before >= sizes[k][0] * sizes[k][1]);
    }
}

static void arena_overflows(void)
{
    static const size_t sizes[][3] = {/* used before, count, size */
                                      {0, SIZE_MAX, 2},         {0, 2, SIZE_MAX},
                                      {0, SIZE_MAX, 1},         {0, SIZE_MAX - 62, 1},
                                      {SIZE_MAX - 127, 1, 128}, {SIZE_MAX, 1, 1},
                                      {SIZE_MAX - 63, 1, 64}};
    for (int k = 0; k < COUNT_OF(sizes); k++) {
        arena a = {NULL, sizes[k][0]};
        check_case("(%zu * %zu at %zu)", sizes[k][1], sizes[k][2], sizes[k][0]);
        CHECK(arena_take(&a, sizes[k][1], sizes[k][2]) == NULL);
        CHECK(a.used == SIZE_MAX);
        CHECK(arena_take(&a, 1, 1) == NULL && a.used == SIZE_MAX); /* and so it stays */
    }
}

/* ------------------------------------------------------------------------ */
/* Quotas                                                                   */
/* ------------------------------------------------------------------------ */

typedef struct fake_file {
    const char *path, *text;
} fake_file;

static const fake_file *fake_files; /* ends with a null path; NULL: the real ones */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    if (fake_files == NULL)
        return __real_fopen(path, mode);
    for (const fake_file *f = fake_files; f->path != NULL; f++)
        if (!strcmp(f->path, path))
            return fmemopen((void *)(uintptr_t)f->text, strlen(f->text), "r");
    return NULL;
}

#define OWN "/proc/self/cgroup"
#define V1 "/sys/fs/cgroup/cpu"

static int quota_with(const fake_file *files)
{
    fake_files = files;
    int quota = cpu_quota();
    fake_files = NULL;
    return quota;
}

static void quotas_v2(void)
{
    const fake_file none[] = {{0}};
    const fake_file whole[] = {
        {OWN, "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}, {0}};
    const fake_file part[] = {
        {OWN, "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}, {0}};
    const fake_file unlimited[] = {
        {OWN, "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}, {0}};
    const fake_file nested[] = {{OWN, "0::/a/b\n"},
                                {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
                                {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"},
                                {"/sys/fs/cgroup/cpu.max", "800000 100000\n"},
                                {0}};
    const fake_file broken[] = {
        {OWN, "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "-1 0\n"}, {0}};
    CHECK(quota_with(none) == 0);
    CHECK(quota_with(whole) == 2);
    CHECK(quota_with(part) == 2); /* rounded up */
    CHECK(quota_with(unlimited) == 0);
    CHECK(quota_with(nested) == 3); /* the smallest on the way up */
    CHECK(quota_with(broken) == 0);
}

static void quotas_v1(void)
{
    const fake_file set[] = {{OWN, "4:memory:/x\n3:cpu,cpuacct:/x\n0::/\n"},
                             {V1 "/x/cpu.cfs_quota_us", "50000\n"},
                             {V1 "/x/cpu.cfs_period_us", "100000\n"},
                             {0}};
    const fake_file last[] = {{OWN, "3:cpuacct,cpu:/x\n"},
                              {V1 "/x/cpu.cfs_quota_us", "400000\n"},
                              {V1 "/x/cpu.cfs_period_us", "100000\n"},
                              {0}};
    const fake_file unlimited[] = {{OWN, "3:cpu:/\n"},
                                   {V1 "/cpu.cfs_quota_us", "-1\n"},
                                   {V1 "/cpu.cfs_period_us", "100000\n"},
                                   {0}};
    const fake_file other[] = {{OWN, "3:cpuset:/\n2:cpuacct\n\nnonsense\n"},
                               {V1 "/cpu.cfs_quota_us", "100000\n"},
                               {V1 "/cpu.cfs_period_us", "100000\n"},
                               {0}};
    CHECK(quota_with(set) == 1);
    CHECK(quota_with(last) == 4);
    CHECK(quota_with(unlimited) == 0);
    CHECK(quota_with(other) == 0);
}

/* ------------------------------------------------------------------------ */
/* The exponential and the Gaussian                                         */
/* ------------------------------------------------------------------------ */

/* The larger error of both exponentials in units of the last place of the exact value,
 * for x >= -700. */
static double exp_error(double x)
{
    long double exact = expl((long double)x);
    int exponent;
    frexpl(exact, &exponent);
    long double error = fabsl((long double)exp_below_zero(x) - exact);
    long double other = fabsl((long double)exponential(x) - exact);
    return (double)ldexpl(other > error ? other : error, 53 - exponent);
}

static void exponentials(void)
{
    double worst = 0, at = 0;
    for (int k = 0; k < 600000; k++) {
        double x = k % 3 == 0   ? -random_between(0, 700)
                   : k % 3 == 1 ? -random_between(0, 2)
                                : -pow(10, random_between(-20, 2.8));
        double error = exp_error(x);
        if (!(error <= worst)) {
            worst = error;
            at = x;
        }
    }
    for (int k = 0; k < 1000; k++) /* where the power of two changes */
        worst = fmax(worst, exp_error(-0.69314718055994531 * (k + 0.5) * (1 + 1e-15)));
    printf("exponentials: %.3f units in the last place at %.17g\n", worst, at);
    CHECK(worst < 1);
    CHECK(exp_below_zero(0) == 1 && exp_below_zero(-0.0) == 1);
    CHECK(exp_below_zero(-700) > 0);
    CHECK(exp_below_zero(-701) == 0 && exp_below_zero(-1e300) == 0);
    CHECK(exp_below_zero(-INFINITY) == 0);
    CHECK(exponential(0) == 1 && exponential(-0.0) == 1 && exponential(-700) > 0);
    CHECK(exponential(-701) == 0 && exponential(-INFINITY) == 0);
    CHECK(isnan(exponential(NAN)));
}

/* Errors of sine and cosine in units of the last place of the exact values. */
static void sines(void)
{
    long double worst = 0;
    for (int k = 0; k < 300000; k++) {
        double x = k % 3 == 0   ? random_between(-4, 4)
                   : k % 3 == 1 ? random_between(-0x1p20, 0x1p20)
                                : (double)random_below(2000) * 0x1.921fb54442d18p-1;
        double found[2];
        long double exact[2] = {sinl((long double)x), cosl((long double)x)};
        sine_and_cosine(x, &found[0], &found[1]);
        for (int i = 0; i < 2; i++) {
            int exponent;
            frexpl(exact[i], &exponent);
            worst = fmaxl(worst, ldexpl(fabsl((long double)found[i] - exact[i]),
                                        53 - exponent));
        }
    }
    printf("sines: %.3Lf units in the last place\n", worst);
    CHECK(worst < 1);
    double s = 1, c = 0;
    sine_and_cosine(NAN, &s, &c);
    CHECK(s == 0 && c == 1);
}

static void gaussians(void)
{
    static const double sigmas[] = {0.13, 0.5, 1, 1.5, 2, 5.25, 20, 300.3};
    double weights[1300];
    for (int k = 0; k < COUNT_OF(sigmas); k++) {
        double sigma = sigmas[k];
        ptrdiff_t radius = feature_gaussian_weights(sigma, 1300, weights);
        long double sum = 1;
        check_case("(sigma %g)", sigma);
        CHECK(radius == (ptrdiff_t)(4 * sigma + 0.5));
        for (ptrdiff_t d = 1; d <= radius; d++)
            sum += 2 * expl(-0.5L * (long double)(d * d) / sigma / sigma);
        for (ptrdiff_t d = 0; d <= radius; d++) {
            long double exact =
                expl(-0.5L * (long double)(d * d) / sigma / sigma) / sum;
            CHECK(fabsl((long double)weights[d] - exact) <= 1e-14L * exact);
        }
    }
}

int main(void)
{
    random_start();
    SHOW("a border index is where folding back one step at a time leads", borders());
    SHOW("borders are as feature.h draws them", border_drawings());
    SHOW("an arena counts what it hands out", arena_counts());
    SHOW("an arena that overflows says so for ever", arena_overflows());
    SHOW("quotas of control groups, version 2", quotas_v2());
    SHOW("quotas of control groups, version 1", quotas_v1());
    SHOW("sine and cosine are right to the last place", sines());
    SHOW("exp is right to the last place", exponentials());
    SHOW("the Gaussian is normalised and right to 1e-14", gaussians());
    return check_result();
}
