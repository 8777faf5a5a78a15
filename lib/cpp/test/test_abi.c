/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: the library as a C program sees it, through feature.h alone. Right
 * answers on memory that ends where the arrays end, in any layout and for any number
 * of threads; also after a fork, an interruption, and for several callers at once.
 */
#define CHECK_MAIN
#include "check.h"

#include <pthread.h>
#include <sys/wait.h>

#include "feature.h"
#include "spec.h"

static const int32_t thread_counts[] = {1, 2, 3, 7};

/* ------------------------------------------------------------------------ */
/* Arrays on guarded memory                                                 */
/* ------------------------------------------------------------------------ */

typedef struct plane {
    guarded memory;
    ptrdiff_t shape[2], strides[2];
    feature_array array;
} plane;

/* Elements `step` apart, rows too far apart by `gap` elements; backwards where a
 * flag is set. Exactly as much memory as that takes. */
typedef struct layout {
    ptrdiff_t step, gap;
    int flip_rows, flip_cols;
} layout;

static const layout contiguous = {1, 0, 0, 0};

static layout random_layout(void)
{
    layout l = {1 + random_below(3) / 2, random_below(4) ? 0 : random_below(9),
                random_below(3) == 0, random_below(3) == 0};
    return l;
}

static plane *plane_new(ptrdiff_t rows, ptrdiff_t cols, int32_t dtype, layout l)
{
    plane *p = calloc(1, sizeof *p);
    ptrdiff_t size = (ptrdiff_t)spec_size(dtype), step = l.step * size;
    ptrdiff_t pitch = cols * step + l.gap * size;
    size_t span =
        rows && cols ? (size_t)((rows - 1) * pitch + (cols - 1) * step + size) : 0;
    p->memory = guarded_new(span, random_side());
    unsigned char *first = p->memory.bytes;
    first +=
        (l.flip_rows ? (rows - 1) * pitch : 0) + (l.flip_cols ? (cols - 1) * step : 0);
    p->shape[0] = rows;
    p->shape[1] = cols;
    p->strides[0] = l.flip_rows ? -pitch : pitch;
    p->strides[1] = l.flip_cols ? -step : step;
    p->array = (feature_array){first, p->shape, p->strides, 2, dtype};
    return p;
}

static void plane_free(plane *p)
{
    guarded_free(&p->memory);
    free(p);
}

static unsigned char *element(const plane *p, ptrdiff_t y, ptrdiff_t x)
{
    return (unsigned char *)p->array.data + y * p->strides[0] + x * p->strides[1];
}

/* ------------------------------------------------------------------------ */
/* The library                                                              */
/* ------------------------------------------------------------------------ */

static void about_itself(void)
{
    int parts[3];
    CHECK(sscanf(feature_version(), "%d.%d.%d", parts, parts + 1, parts + 2) == 3);
    CHECK(strstr(feature_isas(), feature_isa()) != NULL && *feature_isa());
    CHECK(strncmp(feature_isas(), "base", 4) == 0);
    CHECK(feature_threads() >= 1 && *feature_threads_source());
    for (int k = FEATURE_OK; k <= FEATURE_INTERRUPTED; k++) {
        const char *text = feature_status_text((feature_status)k);
        CHECK(strlen(text) > 10 && text[strlen(text) - 1] == '.');
        CHECK(k == 0 || strcmp(text, feature_status_text(FEATURE_OK)) != 0);
    }
    CHECK(feature_status_text((feature_status)99) != NULL);
    feature_release_memory();
    feature_release_memory();
}

static void gaussian_capacity(void)
{
    double all[20], some[20];
    CHECK(feature_gaussian_weights(2, 0, NULL) == 8);
    CHECK(feature_gaussian_weights(2, 20, all) == 8);
    for (ptrdiff_t capacity = 1; capacity <= 9; capacity++) {
        some[capacity] = -7;
        CHECK(feature_gaussian_weights(2, capacity, some) == 8);
        CHECK(memcmp(all, some, (size_t)capacity * sizeof *all) == 0);
        CHECK(some[capacity] == -7);
    }
    CHECK(feature_gaussian_weights(0, 1, some) == 0 && some[0] == 1);
    CHECK(feature_gaussian_weights(0, 0, NULL) == 0);
    CHECK(feature_gaussian_weights(1e-300, 1, some) == 0 && some[0] == 1);
    static const double bad[] = {-1, -1e-300, NAN, INFINITY, -INFINITY, 1e300};
    for (int k = 0; k < COUNT_OF(bad); k++)
        CHECK(feature_gaussian_weights(bad[k], 20, all) == -1);
}

/* ------------------------------------------------------------------------ */
/* synthesize_matrix                                                        */
/* ------------------------------------------------------------------------ */

static int matrix_is_right(const plane *in, const plane *out)
{
    int wrong = 0;
    int64_t mid = (int64_t)in->shape[0] * in->shape[1] / 2;
    for (ptrdiff_t y = 0; y < in->shape[0]; y++)
        for (ptrdiff_t x = 0; x < in->shape[1]; x++) {
            float got, v = (float)(*element(in, y, x) - mid) * 1.5f;
            memcpy(&got, element(out, y, x), sizeof got);
            wrong += got != (v < 0 ? v + 0.25f : v - 0.25f);
        }
    return wrong == 0;
}

static void matrix_one(ptrdiff_t rows, ptrdiff_t cols, layout in_layout,
                       layout out_layout, int32_t threads)
{
    plane *in = plane_new(rows, cols, FEATURE_UINT8, in_layout);
    plane *out = plane_new(rows, cols, FEATURE_FLOAT32, out_layout);
    feature_run run = {NULL, NULL, threads};
    random_fill(in->memory.bytes, in->memory.size);
    check_case("(%td x %td, %d threads)", rows, cols, threads);
    CHECK(feature_synthesize_matrix(&in->array, &out->array, &run) == FEATURE_OK);
    CHECK(matrix_is_right(in, out));
    plane_free(in);
    plane_free(out);
}

static void matrices(void)
{
    for (int k = 0; k < 400; k++)
        matrix_one(random_below(40), random_below(60), random_layout(), random_layout(),
                   thread_counts[k % 4]);
    for (int k = 0; k < 4; k++) { /* shared out; then around the caches, too */
        matrix_one(701, 999, contiguous, contiguous, thread_counts[k]);
        matrix_one(2801, 2999, contiguous, contiguous, thread_counts[k]);
    }
}

static void skeleton_matrix(void)
{
    uint8_t in[7 * 5];
    float out[7 * 5 + 1], right;
    random_fill(in, sizeof in);
    out[35] = 42;
    synthesize_matrix(7, 5, in, out);
    for (int k = 0; k < 35; k++) {
        right = (float)(in[k] - 17) * 1.5f;
        CHECK(out[k] == (right < 0 ? right + 0.25f : right - 0.25f));
    }
    CHECK(out[35] == 42);
    memset(out, 0, sizeof out);
    synthesize_matrix(-7, 5, in, out);
    synthesize_matrix(7, -5, in, out);
    synthesize_matrix(0, 5, in, out);
    synthesize_matrix(7, 5, NULL, out);
    synthesize_matrix(7, 5, in, NULL);
    for (int k = 0; k < 35; k++)
        CHECK(out[k] == 0);
}

/* ------------------------------------------------------------------------ */
/* canny                                                                    */
/* ------------------------------------------------------------------------ */

static const int32_t canny_dtypes[] = {
    FEATURE_BOOL,   FEATURE_UINT8, FEATURE_INT8,    FEATURE_UINT16,  FEATURE_INT16,
    FEATURE_UINT32, FEATURE_INT32, FEATURE_FLOAT16, FEATURE_FLOAT32, FEATURE_FLOAT64};

enum { ANY_BYTES, FEW_LEVELS, SPIRAL, FAINT, KINDS };

/* The distance from the arms of a spiral decides; its outermost arm is brighter. */
static double spiral_level(double y, double x)
{
    double r = hypot(y, x), turn = atan2(y, x) / 6.283185307179586;
    double arm = r / 12 - turn;
    return arm - floor(arm) < 0.5 ? (r < 14 ? 1.0 : 0.3) : 0.0;
}

static double level_of(int kind, const plane *p, ptrdiff_t y, ptrdiff_t x)
{
    if (kind == FEW_LEVELS || kind == FAINT)
        return (double)random_below(4) / 4;
    return spiral_level((double)(y - p->shape[0] / 2), (double)(x - p->shape[1] / 2));
}

static void write_level(unsigned char *to, int32_t dtype, double level)
{
    static const uint16_t halves[] = {0, 0x3400, 0x3800, 0x3a00, 0x3c00};
    float f = (float)level;
    uint16_t half = level > 1 ? 0 : halves[(int)(level * 4)];
    uint64_t integer = level > 1 ? 0 : (uint64_t)(level * 100);
    if (dtype == FEATURE_FLOAT64)
        memcpy(to, &level, sizeof level);
    else if (dtype == FEATURE_FLOAT32)
        memcpy(to, &f, sizeof f);
    else if (dtype == FEATURE_FLOAT16)
        memcpy(to, &half, sizeof half);
    else
        memcpy(to, &integer, spec_size(dtype)); /* little-endian */
}

static void fill_image(const plane *p, int kind)
{
    random_fill(p->memory.bytes, p->memory.size);
    for (ptrdiff_t y = 0; y < p->shape[0] && kind != ANY_BYTES; y++)
        for (ptrdiff_t x = 0; x < p->shape[1]; x++)
            write_level(element(p, y, x), p->array.dtype, level_of(kind, p, y, x));
}

static feature_canny_parameters random_parameters(double weights[2][40])
{
    feature_canny_parameters c = {0};
    for (int axis = 0; axis < 2; axis++) {
        double sigma = random_below(3) ? random_between(0.3, 2.5) : 0;
        ptrdiff_t radius = feature_gaussian_weights(sigma, 40, weights[axis]);
        c.axis[axis] =
            (feature_filter){weights[axis], radius, (int32_t)random_below(5)};
    }
    c.cval = random_below(2) ? 0 : random_between(-1, 1);
    c.normalize = random_below(3) != 0;
    c.low = random_below(3) ? (float)random_between(0, 0.5) : 0;
    c.high = (double)c.low + random_between(0, 0.5);
    return c;
}

typedef struct canny_case {
    plane *image, *mask, *edges, *magnitude;
    double weights[2][40];
    feature_canny_parameters parameters;
} canny_case;

/* The same picture, so faint or glaring that float32 squares of it are lost. */
static void scale_case(canny_case *c)
{
    double most = c->image->array.dtype == FEATURE_FLOAT32 ? 36 : 250;
    double scale = pow(10, random_between(-most, most));
    for (ptrdiff_t y = 0; y < c->image->shape[0]; y++)
        for (ptrdiff_t x = 0; x < c->image->shape[1]; x++)
            write_level(element(c->image, y, x), c->image->array.dtype,
                        random_between(0, 1) * scale);
    c->parameters.cval *= scale;
    c->parameters.low = (float)((double)c->parameters.low * fmin(scale, 1e37));
    c->parameters.high *= scale;
}

static canny_case *canny_new(ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    canny_case *c = calloc(1, sizeof *c);
    int32_t dtype = canny_dtypes[random_below(COUNT_OF(canny_dtypes))];
    if (kind == FAINT)
        dtype = random_below(2) ? FEATURE_FLOAT32 : FEATURE_FLOAT64;
    int is_float = dtype == FEATURE_FLOAT16 || dtype == FEATURE_FLOAT32;
    layout magnitude_layout = random_layout();
    magnitude_layout.step = 1;
    magnitude_layout.flip_cols = 0;
    c->image = plane_new(rows, cols, dtype, random_layout());
    fill_image(c->image, kind);
    c->mask = plane_new(rows, cols, FEATURE_BOOL, random_layout());
    for (size_t k = 0; k < c->mask->memory.size; k++)
        c->mask->memory.bytes[k] =
            random_below(40) ? (uint8_t)(1 + random_below(255)) : 0;
    c->edges = plane_new(rows, cols, FEATURE_BOOL, random_layout());
    c->magnitude = plane_new(rows, cols, is_float ? FEATURE_FLOAT32 : FEATURE_FLOAT64,
                             magnitude_layout);
    c->parameters = random_parameters(c->weights);
    if (kind == FAINT)
        scale_case(c);
    return c;
}

static void canny_free(canny_case *c)
{
    plane_free(c->image);
    plane_free(c->mask);
    plane_free(c->edges);
    plane_free(c->magnitude);
    free(c);
}

static void compare_magnitude(canny_case *c, const feature_array *mask,
                              const feature_run *run)
{
    ptrdiff_t rows = c->image->shape[0], cols = c->image->shape[1];
    double *right = malloc((size_t)(rows * cols) * sizeof *right);
    int wrong = 0;
    spec_canny_magnitude(&c->image->array, mask, &c->parameters, right);
    CHECK(feature_canny_magnitude(&c->image->array, mask, &c->parameters,
                                  &c->magnitude->array, run) == FEATURE_OK);
    for (ptrdiff_t k = 0; k < rows * cols; k++)
        wrong += !same_double(spec_pixel(element(c->magnitude, k / cols, k % cols),
                                         c->magnitude->array.dtype),
                              right[k]);
    CHECK(wrong == 0);
    free(right);
}

/* The edges for some number of threads; input and gaps as they were. */
static void compare_edges(canny_case *c, const feature_array *mask,
                          const uint8_t *right, const feature_run *run)
{
    ptrdiff_t rows = c->image->shape[0], cols = c->image->shape[1];
    size_t size = c->image->memory.size;
    unsigned char *before = malloc(size);
    int wrong = 0;
    memcpy(before, c->image->memory.bytes, size);
    memset(c->edges->memory.bytes, GUARD_FILL, c->edges->memory.size);
    CHECK(feature_canny(&c->image->array, mask, &c->parameters, &c->edges->array,
                        run) == FEATURE_OK);
    for (ptrdiff_t k = 0; k < rows * cols; k++) {
        unsigned char *got = element(c->edges, k / cols, k % cols);
        wrong += *got != right[k];
        *got = GUARD_FILL;
    }
    CHECK(wrong == 0);
    CHECK(memcmp(before, c->image->memory.bytes, size) == 0);
    for (size_t k = 0; k < c->edges->memory.size; k++)
        wrong += c->edges->memory.bytes[k] != GUARD_FILL;
    CHECK(wrong == 0);
    free(before);
}

static ptrdiff_t canny_one(ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    canny_case *c = canny_new(rows, cols, kind);
    const feature_array *mask = random_below(3) ? NULL : &c->mask->array;
    uint8_t *right = malloc((size_t)(rows * cols));
    ptrdiff_t found = 0;
    spec_canny(&c->image->array, mask, &c->parameters, right);
    for (ptrdiff_t k = 0; k < rows * cols; k++)
        found += right[k];
    check_case("(%td x %td, kind %d, dtype %d, mask %d, normalize %d, borders %d %d)",
               rows, cols, kind, c->image->array.dtype, mask != NULL,
               c->parameters.normalize, c->parameters.axis[0].border,
               c->parameters.axis[1].border);
    for (int k = 0; k < 4; k++) {
        feature_run run = {NULL, NULL, thread_counts[k]};
        compare_edges(c, mask, right, &run);
        compare_magnitude(c, mask, &run);
    }
    free(right);
    canny_free(c);
    return found;
}

static void edges_of_images(void)
{
    ptrdiff_t found = 0;
    for (int k = 0; k < 900; k++)
        found += canny_one(1 + random_below(40), 1 + random_below(60), k % KINDS);
    for (int k = 0; k < 24; k++) /* several bands; worth sharing */
        found += canny_one(60 + random_below(200), 200 + random_below(150), k % KINDS);
    CHECK(found > 10000);
}

/* One line that winds through many bands, strong in the middle only. */
static void long_spiral(void)
{
    plane *image = plane_new(450, 460, FEATURE_FLOAT64, contiguous);
    plane *edges = plane_new(450, 460, FEATURE_BOOL, contiguous);
    double weights[9];
    feature_filter f = {weights, feature_gaussian_weights(1, 9, weights),
                        FEATURE_REFLECT};
    feature_canny_parameters p = {{f, f}, 0, 0, 0.3f, 2};
    uint8_t *right = malloc(450 * 460);
    ptrdiff_t found = 0;
    fill_image(image, SPIRAL);
    spec_canny(&image->array, NULL, &p, right);
    for (int k = 0; k < 4; k++) {
        feature_run run = {NULL, NULL, thread_counts[k]};
        CHECK(feature_canny(&image->array, NULL, &p, &edges->array, &run) ==
              FEATURE_OK);
        CHECK(memcmp(edges->array.data, right, 450 * 460) == 0);
    }
    for (ptrdiff_t k = 0; k < 450 * 460; k++)
        found += right[k];
    check_case("(%td edges)", found);
    CHECK(found > 10000); /* the weak arms, not only the strong middle */
    free(right);
    plane_free(image);
    plane_free(edges);
}

/* ------------------------------------------------------------------------ */
/* Interruptions and forks                                                  */
/* ------------------------------------------------------------------------ */

#define LARGE 1200

static float large_image[LARGE * LARGE];
static uint8_t large_edges[LARGE * LARGE], large_right[LARGE * LARGE];

/* What one band of LONG_SIGMA takes is longer than the 10 ms between two polls. */
#define LONG_SIGMA 120
#define SHORT_SIGMA 4

static feature_status large_canny(double sigma, const feature_run *run)
{
    static const ptrdiff_t shape[2] = {LARGE, LARGE}, strides[2] = {LARGE * 4, 4};
    static const ptrdiff_t edge_strides[2] = {LARGE, 1};
    static double weights[4 * LONG_SIGMA + 1];
    feature_array image = {large_image, shape, strides, 2, FEATURE_FLOAT32};
    feature_array edges = {large_edges, shape, edge_strides, 2, FEATURE_BOOL};
    ptrdiff_t radius = feature_gaussian_weights(sigma, COUNT_OF(weights), weights);
    feature_filter f = {weights, radius, FEATURE_REFLECT};
    feature_canny_parameters p = {{f, f}, 0, 0, 1e-4f, 2e-4};
    return feature_canny(&image, NULL, &p, &edges, run);
}

/* What the other threads and processes must find, too. */
static void keep_serial_answer(double sigma)
{
    feature_run serial = {NULL, NULL, 1};
    for (ptrdiff_t k = 0; k < LARGE * LARGE; k++)
        large_image[k] = (float)random_between(0, 1);
    CHECK(large_canny(sigma, &serial) == FEATURE_OK);
    memcpy(large_right, large_edges, sizeof large_right);
}

typedef struct listener {
    pthread_t caller;
    int calls, elsewhere, stop_at;
} listener;

static int32_t listen(void *context)
{
    listener *l = context;
    l->elsewhere += !pthread_equal(pthread_self(), l->caller);
    return ++l->calls == l->stop_at;
}

static void interruptions(void)
{
    keep_serial_answer(LONG_SIGMA);
    for (int k = 0; k < 4; k++) {
        listener stops = {pthread_self(), 0, 0, 1}, goes_on = {pthread_self(), 0, 0, 0};
        feature_run stop = {listen, &stops, thread_counts[k]};
        feature_run go = {listen, &goes_on, thread_counts[k]};
        check_case("(%d threads)", thread_counts[k]);
        CHECK(large_canny(LONG_SIGMA, &stop) == FEATURE_INTERRUPTED);
        CHECK(stops.calls == 1 && stops.elsewhere == 0);
        memset(large_edges, 7, sizeof large_edges);
        CHECK(large_canny(LONG_SIGMA, &go) == FEATURE_OK);
        CHECK(goes_on.calls > 0 && goes_on.elsewhere == 0);
        CHECK(memcmp(large_edges, large_right, sizeof large_edges) == 0);
    }
}

/* In a child: does a parallel call answer, and rightly? A child of the child asks
 * once more. */
static int child_computes(int generations)
{
    feature_run run = {NULL, NULL, 2};
    alarm(60);
    memset(large_edges, 7, sizeof large_edges);
    if (large_canny(SHORT_SIGMA, &run) != FEATURE_OK ||
        memcmp(large_edges, large_right, sizeof large_edges) != 0)
        return 1;
    if (generations == 0)
        return 0;
    pid_t child = fork();
    if (child == 0)
        _exit(child_computes(generations - 1));
    int status = 0;
    return waitpid(child, &status, 0) != child || status != 0;
}

static void forks(void)
{
    feature_run run = {NULL, NULL, 2};
    keep_serial_answer(SHORT_SIGMA);
    for (int k = 0; k < 5; k++) {
        CHECK(large_canny(SHORT_SIGMA, &run) ==
              FEATURE_OK); /* the pool of threads exists */
        pid_t child = fork();
        if (child == 0)
            _exit(child_computes(k == 0));
        int status = 0;
        CHECK(large_canny(SHORT_SIGMA, &run) ==
              FEATURE_OK); /* and the parent's still works */
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
}

/* One caller of several: its own arrays, and a team of its own for each call. */
typedef struct caller {
    pthread_t thread;
    const uint8_t *in;
    const float *right;
    float out[300 * 1000];
    int wrong;
} caller;

static void *call_often(void *context)
{
    caller *c = context;
    for (int k = 0; k < 50; k++) {
        memset(c->out, 0, sizeof c->out);
        synthesize_matrix(300, 1000, c->in, c->out);
        c->wrong += memcmp(c->out, c->right, sizeof c->out) != 0;
    }
    return NULL;
}

/* Stands for Python's: a capsule that holds the address of what it is about. */
static void *pointer_of(void *capsule, const char *name)
{
    return name == NULL ? *(void **)capsule : NULL;
}

/* NumPy's struct, as the array interface writes it down. */
static void descriptions(void)
{
    static const struct {
        char kind;
        int size;
        int32_t dtype;
    } known[] = {{'b', 1, FEATURE_BOOL},
                 {'u', 1, FEATURE_UINT8},
                 {'i', 1, FEATURE_INT8},
                 {'u', 2, FEATURE_UINT16},
                 {'i', 2, FEATURE_INT16},
                 {'u', 4, FEATURE_UINT32},
                 {'i', 4, FEATURE_INT32},
                 {'u', 8, FEATURE_UINT64},
                 {'i', 8, FEATURE_INT64},
                 {'f', 2, FEATURE_FLOAT16},
                 {'f', 4, FEATURE_FLOAT32},
                 {'f', 8, FEATURE_FLOAT64},
                 {'f', 16, -1},
                 {'c', 8, -1},
                 {'b', 2, -1},
                 {'O', 8, -1}};
    ptrdiff_t shape[2] = {3, 5}, strides[2] = {40, 8};
    for (int k = 0; k < COUNT_OF(known); k++) {
        struct {
            int two, nd;
            char typekind;
            int itemsize, flags;
            ptrdiff_t *shape, *strides;
            void *data, *descr;
        } view = {2,     2,       known[k].kind, known[k].size, 0x701,
                  shape, strides, &view,         NULL};
        void *capsule = &view;
        feature_array found;
        feature_status status = feature_describe(pointer_of, &capsule, &found);
        CHECK(found.data == &view && found.shape == shape && found.strides == strides);
        CHECK(found.ndim == 2 && found.dtype == known[k].dtype);
        CHECK(status == (known[k].dtype < 0 ? FEATURE_BAD_DTYPE : FEATURE_OK));
        view.flags &= ~0x200; /* bytes are swapped */
        CHECK(feature_describe(pointer_of, &capsule, &found) == FEATURE_BAD_DTYPE);
        CHECK(feature_describe(NULL, &capsule, &found) == FEATURE_BAD_ARGUMENT);
        CHECK(feature_describe(pointer_of, &capsule, NULL) == FEATURE_BAD_ARGUMENT);
        capsule = NULL;
        CHECK(feature_describe(pointer_of, &capsule, &found) == FEATURE_BAD_ARGUMENT);
    }
}

static void many_callers(void)
{
    static uint8_t in[300 * 1000];
    static float right[300 * 1000];
    static caller callers[4];
    random_fill(in, sizeof in);
    synthesize_matrix(300, 1000, in, right);
    for (int k = 0; k < 4; k++) {
        callers[k].in = in;
        callers[k].right = right;
        CHECK(pthread_create(&callers[k].thread, NULL, call_often, &callers[k]) == 0);
    }
    for (int k = 0; k < 4; k++) {
        pthread_join(callers[k].thread, NULL);
        CHECK(callers[k].wrong == 0);
    }
}

int main(void)
{
    const char *wanted = getenv("FEATURE_ISA");
    if (wanted != NULL && strcmp(feature_isa(), wanted) != 0) {
        printf("SKIPPED: this processor does not run %s\n", wanted);
        return SKIPPED;
    }
    random_start();
    SHOW("the library says what it is", about_itself());
    SHOW("NumPy's arrays are described", descriptions());
    SHOW("Gaussian weights ask for their room", gaussian_capacity());
    SHOW("synthesize_matrix in any layout, on any threads", matrices());
    SHOW("the skeleton's synthesize_matrix", skeleton_matrix());
    SHOW("canny is the specification in any layout, on any threads", edges_of_images());
    SHOW("hysteresis follows one line through many bands", long_spiral());
    SHOW("a call ends when its poll function says so", interruptions());
    SHOW("a child of fork computes, and so does its parent", forks());
    SHOW("many threads may call at once", many_callers());
    return check_result();
}
