/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: example/edges.c finds the outline of a disc in an 8-bit and in a 16-bit
 * PGM, and answers a bad file with one line and exit code 2.
 *
 *     test_example PATH_OF_EDGES      (writes into the current folder)
 */
#define CHECK_MAIN
#include "check.h"

#include <sys/wait.h>

#define ROWS 60
#define COLS 91
#define RADIUS 20

static const char *program;

/* The exit code of `edges in out [sigma]`; what it says goes to example.err. */
static int run_edges(const char *in, const char *out, const char *sigma)
{
    pid_t child = fork();
    if (child == 0) {
        if (freopen("example.err", "w", stderr) == NULL)
            _exit(99);
        execl(program, program, in, out, sigma, (char *)NULL);
        _exit(98);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *name, const char *header, const void *bytes,
                       size_t size)
{
    FILE *file = fopen(name, "wb");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    fputs(header, file);
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static double distance(ptrdiff_t y, ptrdiff_t x)
{
    return hypot((double)(y - ROWS / 2), (double)(x - COLS / 2));
}

/* The pixels of an edge map, or 0 where the file is not one of our shape. */
static int read_edges(const char *name, uint8_t edges[ROWS][COLS])
{
    int rows = 0, cols = 0, most = 0;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return 0;
    int whole = fscanf(file, "P5 %d %d %d", &cols, &rows, &most) == 3 &&
                getc(file) == '\n' && rows == ROWS && cols == COLS && most == 255 &&
                fread(edges, 1, ROWS * COLS, file) == ROWS * COLS && getc(file) == EOF;
    fclose(file);
    return whole;
}

/* A closed ring: edges near the disc's outline in all directions, and only there. */
static void check_ring(const char *name)
{
    static uint8_t edges[ROWS][COLS];
    int found = 0, elsewhere = 0, directions[16] = {0};
    CHECK(read_edges(name, edges));
    for (ptrdiff_t y = 0; y < ROWS; y++)
        for (ptrdiff_t x = 0; x < COLS; x++) {
            CHECK(edges[y][x] == 0 || edges[y][x] == 255);
            if (!edges[y][x])
                continue;
            found++;
            elsewhere += fabs(distance(y, x) - RADIUS) > 2;
            double angle = atan2((double)(y - ROWS / 2), (double)(x - COLS / 2));
            directions[(int)((angle + 3.1416) / 6.2833 * 16) % 16]++;
        }
    CHECK(found > 5 * RADIUS && found < 15 * RADIUS && elsewhere == 0);
    for (int k = 0; k < 16; k++)
        CHECK(directions[k] > 0);
}

static void bytes_and_words(void)
{
    static uint8_t bytes[ROWS][COLS], words[ROWS][COLS][2];
    for (ptrdiff_t y = 0; y < ROWS; y++)
        for (ptrdiff_t x = 0; x < COLS; x++) {
            int inside = distance(y, x) < RADIUS;
            bytes[y][x] = inside ? 200 : 50;
            /* big-endian; with the bytes swapped it would be noise of one byte */
            words[y][x][0] = inside ? 0x0c : 0x03;
            words[y][x][1] = (uint8_t)random_bits();
        }
    write_file("disc8.pgm", "P5\n# a disc\n91 60\n# white:\n255\n", bytes, sizeof bytes);
    write_file("disc16.pgm", "P5 91 60 4095\n", words, sizeof words);
    CHECK(run_edges("disc8.pgm", "disc8.out", NULL) == 0);
    check_ring("disc8.out");
    CHECK(run_edges("disc16.pgm", "disc16.out", "2") == 0);
    check_ring("disc16.out");
}

/* One line on stderr, nothing written, exit code 2. */
static void refused(const char *in, const char *out, const char *sigma)
{
    char text[1000];
    remove("none.out");
    check_case("(%s %s %s)", in, out == NULL ? "" : out, sigma == NULL ? "" : sigma);
    CHECK(run_edges(in, out, sigma) == 2);
    FILE *said = fopen("example.err", "r");
    size_t size = said == NULL ? 0 : fread(text, 1, sizeof text - 1, said);
    if (said != NULL)
        fclose(said);
    text[size] = '\0';
    CHECK(size > 1 && strchr(text, '\n') == text + size - 1);
    CHECK(access("none.out", F_OK) != 0);
}

static void bad_files(void)
{
    static const char *const headers[] = {
        "", "P", "P5", "P2\n2 2\n255\n", "P5\n2\n", "P5\n2 2\n0\n", "P5\n0 2\n255\n",
        "P5\n2 2\n65536\n", "P5\n-2 2\n255\n", "P5\n3 2\n255\n", "P5\n2 2\n256\n",
        "P5\n# no end", "P5\n99999999999999999999 2\n255\n", "P5\n99999 99999\n255\n",
        "\x89PNG\r\n"};
    for (int k = 0; k < COUNT_OF(headers); k++) {
        write_file("bad.pgm", headers[k], "abcd", 4);
        refused("bad.pgm", "none.out", NULL);
    }
    refused("there-is-no-such-file.pgm", "none.out", NULL);
    refused("disc8.pgm", "no/such/folder/none.out", NULL);
    refused("disc8.pgm", "none.out", "-1");
    refused("disc8.pgm", "none.out", "nan");
    refused("disc8.pgm", "none.out", "1000");
    refused("disc8.pgm", NULL, NULL);
}

int main(int count, char **words)
{
    if (count != 2)
        return 2;
    program = words[1];
    random_start();
    SHOW("the example finds a disc in 8 and in 16 bits", bytes_and_words());
    SHOW("a bad file is one line and exit code 2", bad_files());
    return check_result();
}
