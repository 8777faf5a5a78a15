/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A container may see 64 processors and be allowed the time of two. OpenMP knows
 * the processors, not the allowance; a team larger than it is put to sleep in the
 * middle of its work. The allowance of a group bounds all groups inside, so the
 * smallest on the way up from ours to the root counts.
 */
#include "core/quota.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE 512

static int processors(double quota, double period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    double count = quota / period;
    if (count > 1e6)
        return 0;
    return (int)count + (count > (int)count);
}

static int smaller(int a, int b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int read_number(const char *path, double *number)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    int found = fscanf(file, "%lf", number) == 1;
    fclose(file);
    return found;
}

/* Version 2: one file "quota period", or "max period" where there is no limit. */
static int quota_v2(const char *group)
{
    char path[2 * PATH_SIZE];
    double quota, period;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    int found = fscanf(file, "%lf %lf", &quota, &period) == 2;
    fclose(file);
    return found ? processors(quota, period) : 0;
}

/* Version 1: two files in the folder of the cpu controller. */
static int quota_v1(const char *group)
{
    char path[2 * PATH_SIZE];
    double quota, period;
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
    if (!read_number(path, &quota))
        return 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
    return read_number(path, &period) ? processors(quota, period) : 0;
}

/* The smallest quota from this group up to the root; shortens `group`. */
static int quota_upwards(char *group, int (*quota_of)(const char *group))
{
    int least = 0;
    for (;;) {
        least = smaller(least, quota_of(group));
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return least;
        *slash = '\0';
    }
}

/* Is "cpu" one of the words between commas? */
static int names_cpu(const char *controllers)
{
    for (const char *word = controllers; word != NULL; word = strchr(word, ',')) {
        word += *word == ',';
        if (!strncmp(word, "cpu", 3) && (word[3] == ',' || word[3] == '\0'))
            return 1;
    }
    return 0;
}

/* Lines of this file are "id:controllers:/group"; version 2 names no controller. */
static int quota_of_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL)
        return 0;
    *group++ = '\0';
    if (!strcmp(group, "/"))
        *group = '\0';
    if (controllers[1] == '\0')
        return quota_upwards(group, quota_v2);
    return names_cpu(controllers + 1) ? quota_upwards(group, quota_v1) : 0;
}

int cpu_quota(void)
{
    char line[PATH_SIZE];
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (file == NULL)
        return 0;
    int least = 0;
    while (fgets(line, sizeof line, file) != NULL)
        least = smaller(least, quota_of_line(line));
    fclose(file);
    return least;
}
