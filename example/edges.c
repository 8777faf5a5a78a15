/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Edges of a photograph, from C. In the repository's root, with the library built:
 *
 *     cc -Ilib/cpp/lib/feature example/edges.c -o edges \
 *         -Llib/cpp/out -lfeature "-Wl,-rpath,$PWD/lib/cpp/out"
 *     ./edges photograph.pgm edges.pgm 2
 *
 * Pictures are PGM files (P5) of 8 or 16 bits, which any image tool writes; the
 * number is the Gaussian's standard deviation in pixels, 1 where none is given.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "feature.h"

#define WEIGHTS 512 /* of the Gaussian: sigma up to 127 */

static int fail(const char *file, const char *why)
{
    fprintf(stderr, "edges: %s: %s\n", file, why);
    return 2;
}

/* A number of a PGM header, after blanks and comments; -1 when there is none. */
static long read_number(FILE *file)
{
    int c = getc(file);
    long number = 0;
    while (isspace(c) || c == '#') {
        while (c == '#' && (c = getc(file)) != '\n' && c != EOF)
            c = '#';
        c = getc(file);
    }
    if (!isdigit(c))
        return -1;
    for (; isdigit(c) && number < 1000000000; c = getc(file))
        number = 10 * number + c - '0';
    return number; /* the one character after it is read, too */
}

/* The pixels, 16 bits each; NULL when the file is not a whole PGM. */
static uint16_t *read_pgm(FILE *file, ptrdiff_t shape[2])
{
    if (getc(file) != 'P' || getc(file) != '5')
        return NULL;
    long cols = read_number(file), rows = read_number(file), most = read_number(file);
    if (cols < 1 || rows < 1 || cols > 100000 || rows > 100000 || most < 1 ||
        most > 65535)
        return NULL;
    size_t count = (size_t)rows * (size_t)cols;
    uint16_t *pixels = malloc(count * sizeof *pixels);
    for (size_t k = 0; pixels != NULL && k < count; k++) {
        int high = most > 255 ? getc(file) : 0, low = getc(file);
        if (high == EOF || low == EOF) {
            free(pixels);
            return NULL;
        }
        /* in such a file `most` is white: let it be white here */
        pixels[k] = (uint16_t)((high * 256L + low) * 65535 / most);
    }
    shape[0] = rows;
    shape[1] = cols;
    return pixels;
}

static int write_pgm(const char *name, const uint8_t *edges, const ptrdiff_t shape[2])
{
    FILE *file = fopen(name, "wb");
    if (file == NULL)
        return -1;
    fprintf(file, "P5\n%td %td\n255\n", shape[1], shape[0]);
    for (ptrdiff_t k = 0; k < shape[0] * shape[1]; k++)
        putc(edges[k] ? 255 : 0, file);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? -1 : 0;
}

static feature_status find_edges(void *pixels, uint8_t *found, const ptrdiff_t shape[2],
                                 double sigma)
{
    double weights[WEIGHTS];
    ptrdiff_t radius = feature_gaussian_weights(sigma, WEIGHTS, weights);
    if (radius < 0 || radius >= WEIGHTS)
        return FEATURE_BAD_ARGUMENT;
    const ptrdiff_t strides[2] = {shape[1] * 2, 2}, edge_strides[2] = {shape[1], 1};
    feature_array image = {pixels, shape, strides, 2, FEATURE_UINT16};
    feature_array edges = {found, shape, edge_strides, 2, FEATURE_BOOL};
    feature_filter gaussian = {weights, radius, FEATURE_CONSTANT};
    /* the thresholds are a tenth and a fifth of the range from black to white */
    feature_canny_parameters parameters = {{gaussian, gaussian}, 0, 1, 0.1f, 0.2};
    return feature_canny(&image, NULL, &parameters, &edges, NULL);
}

int main(int count, char **words)
{
    if (count != 3 && count != 4) {
        fprintf(stderr, "usage: edges in.pgm out.pgm [sigma]\n");
        return 2;
    }
    FILE *file = fopen(words[1], "rb");
    if (file == NULL)
        return fail(words[1], "cannot be opened");
    ptrdiff_t shape[2];
    uint16_t *pixels = read_pgm(file, shape);
    fclose(file);
    if (pixels == NULL)
        return fail(words[1], "is not a whole PGM file (P5)");
    uint8_t *edges = malloc((size_t)(shape[0] * shape[1]));
    feature_status status = FEATURE_NO_MEMORY;
    if (edges != NULL)
        status = find_edges(pixels, edges, shape, count == 4 ? atof(words[3]) : 1);
    int code = 0;
    if (status != FEATURE_OK)
        code = fail(words[1], feature_status_text(status));
    else if (write_pgm(words[2], edges, shape) != 0)
        code = fail(words[2], "cannot be written");
    free(pixels);
    free(edges);
    return code;
}
