/*
 * synth_write - made interactions as the files that MovieLens has, and the words for made films.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/rng.h"
#include "rs/base/str.h"

#include "synth_impl.h"

#define ROW_MAX     48 /* bytes of a line: two 10-digit ids, 3 for the value, 11 for the time */
#define BLOCK_ROWS  (1 << 16)
#define N_GENRES    18
#define COUNT(list) ((uint64_t)(sizeof(list) / sizeof((list)[0])))

static const char *const genre_names[N_GENRES] = {
    "Action",      "Adventure", "Animation", "Children",  "Comedy", "Crime",
    "Documentary", "Drama",     "Fantasy",   "Film-Noir", "Horror", "Musical",
    "Mystery",     "Romance",   "Sci-Fi",    "Thriller",  "War",    "Western"};

static const char *const adjectives[] = {
    "Silent",   "Broken",   "Golden", "Distant", "Crimson",   "Hidden",   "Last",  "Hollow",
    "Restless", "Frozen",   "Bitter", "Gentle",  "Savage",    "Electric", "Paper", "Burning",
    "Lonely",   "Midnight", "Wild",   "Second",  "Forgotten", "Brave",    "Pale",  "Secret",
    "Velvet",   "Infinite", "Quiet",  "Crooked", "Honest",    "Sleepless"};
static const char *const nouns[] = {
    "Harbour",   "Garden",   "River",   "Empire",     "Letter",  "Summer",    "Winter",
    "Station",   "Orchard",  "Mirror",  "Road",       "Island",  "Promise",   "Shadow",
    "Mountain",  "Kingdom",  "Witness", "Dancer",     "Machine", "Stranger",  "Voyage",
    "Lantern",   "Thief",    "Wolf",    "Bridge",     "Circus",  "Engine",    "Desert",
    "Cathedral", "Signal",   "Tailor",  "Lighthouse", "Caravan", "Detective", "Comet",
    "Orchestra", "Frontier", "Weather", "Botanist",   "Umbrella"};
static const char *const names[] = {"Anna",  "Björn", "Chloé", "Dario", "Élodie", "Farid",
                                    "Greta", "Hugo",  "Inés",  "Jonas", "Kenji",  "Lucía"};

static const char *pick(const char *const *list, uint64_t n, struct rs_rng *r)
{
    return list[rs_rng_below(r, n)];
}

void rs_synth_title(const struct rs_synth_opts *o, int32_t item, char *buf, size_t size)
{
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.title", (uint64_t)item));
    const char *a = pick(adjectives, COUNT(adjectives), &r);
    const char *n = pick(nouns, COUNT(nouns), &r);
    const char *m = pick(nouns, COUNT(nouns), &r);
    const char *who = pick(names, COUNT(names), &r);
    int year = rs_synth_year(o, item);
    switch (rs_rng_below(&r, 10)) {
    case 0:
        snprintf(buf, size, "%s's %s (%d)", who, n, year);
        break;
    case 1:
        snprintf(buf, size, "%s %s, The (%d)", a, n, year);
        break;
    case 2:
        snprintf(buf, size, "%s of the %s (%d)", n, m, year);
        break;
    case 3:
        snprintf(buf, size, "A %s for %s (%d)", n, who, year);
        break;
    case 4:
        snprintf(buf, size, "%s and the %s %s (%d)", who, a, n, year);
        break;
    case 5:
        snprintf(buf, size, "%s: \"The %s\" (%d)", m, n, year);
        break;
    default:
        snprintf(buf, size, "%s %s (%d)", a, n, year);
    }
}

void rs_synth_genres(const struct rs_synth_opts *o, int32_t item, char *buf, size_t size)
{
    uint64_t cluster = (uint64_t)rs_synth_cluster(o, item);
    struct rs_rng of_cluster = rs_rng_make(o->seed, rs_rng_stream("synth.genres", cluster));
    struct rs_rng of_item = rs_rng_make(o->seed, rs_rng_stream("synth.genre", (uint64_t)item));
    uint32_t mask = 1U << rs_rng_below(&of_cluster, N_GENRES); /* what the cluster is about */
    if (rs_rng_below(&of_item, 4) > 0) {
        mask |= 1U << rs_rng_below(&of_cluster, N_GENRES);
    }
    if (rs_rng_below(&of_item, 3) == 0) {
        mask |= 1U << rs_rng_below(&of_item, N_GENRES);
    }
    size_t at = 0;
    buf[0] = '\0';
    for (int g = 0; g < N_GENRES && at < size; g++) {
        if (!(mask >> g & 1)) continue;
        int n = snprintf(buf + at, size - at, "%s%s", at ? "|" : "", genre_names[g]);
        at += n > 0 ? (size_t)n : 0;
    }
}

/* A field with what CSV must quote. */
static void add_field(struct rs_str *s, const char *text)
{
    if (!strpbrk(text, ",\"")) {
        rs_str_add(s, text);
        return;
    }
    rs_str_addc(s, '"');
    for (; *text; text++) {
        rs_str_addn(s, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    }
    rs_str_addc(s, '"');
}

static enum rs_code write_movies(const char *dir, const struct rs_synth_opts *o, struct rs_err *err)
{
    char *path = rs_path_join(dir, "movies.csv");
    struct rs_fs_file file = {0};
    struct rs_str line;
    char text[256];
    rs_str_init(&line, 4096);
    enum rs_code rc = rs_fs_create(path, &file, err);
    if (!rc) {
        fputs("movieId,title,genres\n", file.f);
    }
    for (int32_t i = 0; i < o->items && !rc; i++) {
        rs_str_reset(&line);
        rs_str_addf(&line, "%d,", i + 1);
        rs_synth_title(o, i, text, sizeof(text));
        add_field(&line, text);
        rs_str_addc(&line, ',');
        rs_synth_genres(o, i, text, sizeof(text));
        add_field(&line, text);
        rs_str_addc(&line, '\n');
        fwrite(line.data, 1, line.len, file.f);
    }
    if (!rc) rc = rs_fs_commit(&file, err);
    rs_fs_discard(&file);
    rs_str_clear(&line);
    free(path);
    return rc;
}

static char *add_number(char *at, uint64_t v)
{
    char digits[20];
    int n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

/* Lines of rows [from, to) into buf; returns their end. */
static char *format_rows(const struct rs_synth_rows *x, int64_t from, int64_t to, char *buf)
{
    for (int64_t i = from; i < to; i++) {
        int halves = (int)(2 * x->value[i]);
        buf = add_number(buf, (uint64_t)x->user[i] + 1);
        *buf++ = ',';
        buf = add_number(buf, (uint64_t)x->item[i] + 1);
        *buf++ = ',';
        *buf++ = (char)('0' + halves / 2);
        *buf++ = '.';
        *buf++ = halves % 2 ? '5' : '0';
        *buf++ = ',';
        buf = add_number(buf, (uint64_t)x->time[i]);
        *buf++ = '\n';
    }
    return buf;
}

/* A round of blocks is formatted by all threads, then written in order. */
static enum rs_code write_rows(const struct rs_synth_rows *x, FILE *f, struct rs_task *task,
                               struct rs_err *err)
{
    int blocks = rs_par_threads();
    size_t room = (size_t)BLOCK_ROWS * ROW_MAX;
    char *bufs = rs_try_alloc_raw((size_t)blocks, room);
    size_t *lens = rs_try_alloc((size_t)blocks, sizeof(*lens));
    enum rs_code rc = bufs && lens ? RS_OK : rs_fail(err, RS_ENOMEM, "buffers of lines");
    rs_task_begin(task, "write ratings.csv", "rows", (double)x->n);
    for (int64_t at = 0; at < x->n && !rc; at += (int64_t)blocks * BLOCK_ROWS) {
#pragma omp parallel for schedule(static, 1) num_threads(blocks)
        for (int b = 0; b < blocks; b++) {
            int64_t from = at + (int64_t)b * BLOCK_ROWS;
            int64_t to = from + BLOCK_ROWS < x->n ? from + BLOCK_ROWS : x->n;
            char *buf = bufs + (size_t)b * room;
            lens[b] = from < to ? (size_t)(format_rows(x, from, to, buf) - buf) : 0;
        }
        for (int b = 0; b < blocks && !rc; b++) {
            if (fwrite(bufs + (size_t)b * room, 1, lens[b], f) != lens[b]) {
                rc = rs_fail_errno(err, errno, "write ratings.csv");
            }
        }
        rs_task_report(task, (double)at);
        if (!rc && rs_task_cancelled(task)) {
            rc = rs_fail(err, RS_ECANCEL, "synthetic: interrupted");
        }
    }
    free(lens);
    free(bufs);
    return rc;
}

enum rs_code rs_synth_write(const char *dir, const struct rs_synth_opts *o, struct rs_task *task,
                            int64_t *rows_out, struct rs_err *err)
{
    struct rs_synth_rows x = {0};
    struct rs_fs_file file = {0};
    char *path = rs_path_join(dir, "ratings.csv");
    enum rs_code rc = rs_synth_rows_make(o, task, &x, err);
    if (!rc) rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = write_movies(dir, o, err);
    if (!rc) rc = rs_fs_create(path, &file, err);
    if (!rc) {
        fputs("userId,movieId,rating,timestamp\n", file.f);
        rc = write_rows(&x, file.f, task, err);
    }
    if (!rc) rc = rs_fs_commit(&file, err);
    if (!rc) *rows_out = x.n;
    rs_fs_discard(&file);
    rs_synth_rows_clear(&x);
    free(path);
    return rc;
}
