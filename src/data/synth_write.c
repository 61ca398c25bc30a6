/*
 * synth_write - made interactions as the files that MovieLens has.
 *
 * Rounds of users are made, formatted by all threads into buffers, and written in order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/str.h"

#include "synth_impl.h"

#define ROW_MAX    36 /* "100000000,10000000,5.0,1767225600\n" and a little */
#define BLOCK_ROWS (1 << 14)
#define TITLE_MAX  256

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

static enum rs_code write_movies(const struct rs_synth_opts *o, FILE *f, struct rs_task *task,
                                 struct rs_err *err)
{
    struct rs_str line;
    char text[TITLE_MAX];
    enum rs_code rc = RS_OK;
    rs_str_init(&line, 0);
    rs_task_begin(task, "write movies.csv", "films", o->items);
    rs_str_add(&line, "movieId,title,genres\n");
    for (int32_t i = 0; i < o->items && !rc; i++) {
        rs_str_addf(&line, "%d,", i + 1);
        rs_synth_title(o, i, text, sizeof(text));
        add_field(&line, text);
        rs_synth_genres(o, i, text, sizeof(text));
        rs_str_addf(&line, ",%s\n", text);
        if (line.len < (1 << 16) - 2 * TITLE_MAX && i + 1 < o->items) continue;
        if (line.failed) {
            rc = rs_fail(err, RS_ENOMEM, "lines of movies.csv: out of memory");
        } else if (fwrite(line.data, 1, line.len, f) != line.len) {
            rc = rs_fail_errno(err, errno, "write movies.csv");
        } else if (rs_task_cancelled(task)) {
            rc = rs_fail(err, RS_ECANCEL, "synthetic: interrupted");
        }
        rs_str_reset(&line);
        rs_task_report(task, i + 1);
    }
    rs_str_clear(&line);
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

/* Room for the largest round: its rows, and the blocks of their lines. */
struct writer {
    struct rs_synth s;
    struct rs_synth_rows x;
    int64_t max_rows;
    char *lines;
    size_t *lens; /* [blocks] */
    FILE *f;
    int64_t rows; /* written */
};

static size_t count_blocks(int64_t rows)
{
    return (size_t)((rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
}

static enum rs_code writer_make(const struct rs_synth_opts *o, struct writer *w, struct rs_err *err)
{
    enum rs_code rc = rs_synth_make(o, &w->s, err);
    for (int32_t u = 0; u < o->users && !rc;) {
        int64_t rows;
        u = rs_synth_round_end(&w->s, u, &rows);
        w->max_rows = rows > w->max_rows ? rows : w->max_rows;
    }
    if (!rc) rc = rs_synth_rows_alloc(&w->x, w->max_rows, err);
    if (rc) return rc;
    w->lines = rs_try_alloc_raw(count_blocks(w->max_rows) * BLOCK_ROWS, ROW_MAX);
    w->lens = rs_try_alloc(count_blocks(w->max_rows), sizeof(*w->lens));
    if (w->lines && w->lens) return RS_OK;
    return rs_fail(err, RS_ENOMEM, "lines of %lld rows: out of memory", (long long)w->max_rows);
}

static void writer_clear(struct writer *w)
{
    rs_synth_clear(&w->s);
    rs_synth_rows_clear(&w->x);
    free(w->lines);
    free(w->lens);
}

static enum rs_code write_round(struct writer *w, struct rs_err *err)
{
    const struct rs_synth_rows *x = &w->x;
    int64_t blocks = (int64_t)count_blocks(x->n);
    const size_t block_bytes = (size_t)BLOCK_ROWS * ROW_MAX;
#pragma omp parallel for schedule(dynamic, 1) num_threads(rs_par_threads())
    for (int64_t b = 0; b < blocks; b++) {
        int64_t from = b * BLOCK_ROWS;
        int64_t to = from + BLOCK_ROWS < x->n ? from + BLOCK_ROWS : x->n;
        char *buf = w->lines + (size_t)b * block_bytes;
        w->lens[b] = (size_t)(format_rows(x, from, to, buf) - buf);
    }
    for (int64_t b = 0; b < blocks; b++) {
        if (fwrite(w->lines + (size_t)b * block_bytes, 1, w->lens[b], w->f) != w->lens[b]) {
            return rs_fail_errno(err, errno, "write ratings.csv");
        }
    }
    w->rows += x->n;
    return RS_OK;
}

static enum rs_code write_ratings(struct writer *w, struct rs_task *task, struct rs_err *err)
{
    enum rs_code rc = RS_OK;
    fputs("userId,movieId,rating,timestamp\n", w->f);
    rs_task_begin(task, "write ratings.csv", "rows", (double)w->s.total);
    for (int32_t u = 0; u < w->s.world.o.users && !rc;) {
        int64_t rows;
        int32_t end = rs_synth_round_end(&w->s, u, &rows);
        w->x.n = 0;
        rc = rs_synth_round(&w->s, u, end, task, &w->x, err);
        if (!rc) rc = write_round(w, err);
        rs_task_report(task, (double)w->rows);
        u = end;
    }
    return rc;
}

enum rs_code rs_synth_write(const char *dir, const struct rs_synth_opts *o, struct rs_task *task,
                            int64_t *rows_out, struct rs_err *err)
{
    struct writer w = {0};
    struct rs_fs_file movies = {0};
    struct rs_fs_file ratings = {0};
    char *movies_path = rs_path_join(dir, "movies.csv");
    char *ratings_path = rs_path_join(dir, "ratings.csv");
    enum rs_code rc = writer_make(o, &w, err);
    if (!rc) rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = rs_fs_create(movies_path, &movies, err);
    if (!rc) rc = rs_fs_create(ratings_path, &ratings, err);
    if (!rc) rc = write_movies(o, movies.f, task, err);
    w.f = ratings.f;
    if (!rc) rc = write_ratings(&w, task, err);
    if (!rc) rc = rs_fs_commit(&movies, err); /* both are written before one has its name */
    if (!rc) rc = rs_fs_commit(&ratings, err);
    if (!rc) {
        *rows_out = w.rows;
    }
    rs_fs_discard(&movies);
    rs_fs_discard(&ratings);
    writer_clear(&w);
    free(ratings_path);
    free(movies_path);
    return rc;
}
