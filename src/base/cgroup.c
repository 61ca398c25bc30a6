/* cgroup - reads memory.max and cpu.max of our group and of every group above it. */
#include "cgroup_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder of our group ("0::/a/b" in self); 0 on success. */
static int own_folder(const char *root, const char *self, char *dir, size_t size)
{
    FILE *f = fopen(self, "re");
    if (!f) return -1;
    char line[2048];
    int rc = -1;
    while (rc && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "0::/", 4) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        int n = snprintf(dir, size, "%s%s", root, strcmp(line + 3, "/") == 0 ? "" : line + 3);
        rc = n > 0 && (size_t)n < size ? 0 : -1;
    }
    fclose(f);
    return rc;
}

/* Step to the group above; 0 while there is one. */
static int go_up(const char *root, char *dir)
{
    char *slash = strrchr(dir, '/');
    if (strlen(dir) <= strlen(root) || !slash) return -1;
    *slash = '\0';
    return 0;
}

/* The first line of dir/name that begins with key ("" for the first one), past the key. */
static int read_line(const char *dir, const char *name, const char *key, char *line, size_t size)
{
    char path[4200];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof(path)) return -1;
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    size_t key_len = strlen(key);
    int rc = -1;
    while (rc && fgets(line, (int)size, f)) {
        if (strncmp(line, key, key_len) != 0) continue;
        memmove(line, line + key_len, strlen(line + key_len) + 1);
        rc = 0;
    }
    fclose(f);
    return rc;
}

/* A number, or -1 for "max" and for files that are not there. */
static int64_t read_number(const char *dir, const char *name, const char *key)
{
    char line[128];
    if (read_line(dir, name, key, line, sizeof(line))) return -1;
    char *end;
    long long v = strtoll(line, &end, 10);
    return end == line || v < 0 ? -1 : (int64_t)v;
}

int64_t rs_cgroup_memory_left(const char *root, const char *self)
{
    char dir[4096];
    if (own_folder(root, self, dir, sizeof(dir))) return -1;
    int64_t least = -1;
    do {
        int64_t max = read_number(dir, "memory.max", "");
        int64_t used = read_number(dir, "memory.current", "");
        if (max < 0 || used < 0) continue;
        int64_t cache = read_number(dir, "memory.stat", "inactive_file ");
        if (cache > 0) used -= cache < used ? cache : used; /* given back under pressure */
        int64_t left = max > used ? max - used : 0;
        if (least < 0 || left < least) least = left;
    } while (go_up(root, dir) == 0);
    return least;
}

int rs_cgroup_cpus(const char *root, const char *self)
{
    char dir[4096];
    if (own_folder(root, self, dir, sizeof(dir))) return 0;
    int least = 0;
    do {
        char line[128]; /* "max 100000" or "150000 100000": quota and period in microseconds */
        if (read_line(dir, "cpu.max", "", line, sizeof(line))) continue;
        char *end;
        long long quota = strtoll(line, &end, 10);
        long long period = end == line ? 0 : strtoll(end, NULL, 10);
        if (quota <= 0 || period <= 0) continue;
        long long cpus = (quota + period - 1) / period;
        if (cpus < 1 || cpus > 1 << 16) continue;
        if (least == 0 || cpus < least) least = (int)cpus;
    } while (go_up(root, dir) == 0);
    return least;
}
