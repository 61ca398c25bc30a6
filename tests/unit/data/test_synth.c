/* The generator's promises: ranges, counts, shape, and bytes that no thread count changes. */
#include "ref/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/base/str.h"
#include "rs/data/synth.h"

static const struct rs_synth_opts small = {
    .users = 300, .items = 400, .interactions = 20000, .seed = 7};

static struct rs_synth_rows make(const struct rs_synth_opts *o)
{
    struct rs_err err = {0};
    struct rs_synth_rows x;
    assert_ok(rs_synth_rows_make(o, NULL, &x, &err), &err);
    return x;
}

static void counts_are_as_asked(void **state)
{
    (void)state;
    static const struct rs_synth_opts shapes[] = {
        {300, 400, 20000, 1},   {2000, 1500, 120000, 2}, {100, 100, 3000, 3},
        {50, 1000, 17000, 4},   {9000, 500, 30000, 5},   {1, 10, 3, 6},
        {1, 10, 1, 7},          {200, 1000, 70000, 8},   {70000, 50, 100000, 9},
        {5, 2000, 3500, 10},    {7, 10, 15, 11},         {600, 3000, 90000, 42},
        {1, 200000, 70000, 12}, {300, 100000, 30000, 0}, {60, 120, 2520, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        struct rs_synth_rows x = make(&shapes[i]);
        double off = fabs((double)(x.n - shapes[i].interactions));
        if (off > fmax(1, 0.01 * (double)shapes[i].interactions)) {
            fail_msg("shape %zu: %lld rows, not %lld", i, (long long)x.n,
                     (long long)shapes[i].interactions);
        }
        rs_synth_rows_clear(&x);
    }
}

static void rows_are_in_range(void **state)
{
    (void)state;
    struct rs_synth_rows x = make(&small);
    uint8_t *seen = rs_xalloc((size_t)small.users * (size_t)small.items, 1);
    for (int64_t r = 0; r < x.n; r++) {
        assert_in_range(x.user[r], 0, small.users - 1);
        assert_in_range(x.item[r], 0, small.items - 1);
        double halves = 2 * (double)x.value[r];
        assert_true(halves >= 1 && halves <= 10 && halves == floor(halves));
        assert_in_range(x.time[r], 852076800, 1767225600);
        if (r > 0) {
            assert_true(x.user[r] >= x.user[r - 1]);
            assert_true(x.user[r] > x.user[r - 1] || x.time[r] > x.time[r - 1]);
        }
        uint8_t *mark = &seen[(size_t)x.user[r] * (size_t)small.items + (size_t)x.item[r]];
        assert_int_equal(*mark, 0);
        *mark = 1;
    }
    free(seen);
    rs_synth_rows_clear(&x);
}

static int descending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Sum of the largest `share` of counts[n], by the sum of all. Sorts them. */
static double held_by_top(int64_t *counts, int32_t n, double share)
{
    double top = 0;
    double all = 0;
    qsort(counts, (size_t)n, sizeof(*counts), descending);
    for (int32_t i = 0; i < n; i++) {
        all += (double)counts[i];
        top += i < share * n ? (double)counts[i] : 0;
    }
    return top / all;
}

static void users_and_items_have_long_tails(void **state)
{
    (void)state;
    const struct rs_synth_opts o = {.users = 1000, .items = 3000, .interactions = 90000, .seed = 3};
    struct rs_synth_rows x = make(&o);
    int64_t *by_user = rs_xalloc((size_t)o.users, sizeof(*by_user));
    int64_t *by_item = rs_xalloc((size_t)o.items, sizeof(*by_item));
    int64_t soon = 0; /* rows within two minutes of the one before: sessions */
    for (int64_t r = 0; r < x.n; r++) {
        by_user[x.user[r]]++;
        by_item[x.item[r]]++;
        soon += r > 0 && x.user[r] == x.user[r - 1] && x.time[r] - x.time[r - 1] < 120;
    }
    double users = held_by_top(by_user, o.users, 0.1);
    double items = held_by_top(by_item, o.items, 0.1);
    assert_true(by_user[o.users - 1] >= 20);
    assert_true(users > 0.25 && users < 0.5);
    assert_true(items > 0.25 && items < 0.7);
    assert_true((double)soon > 0.8 * (double)x.n && (double)soon < 0.97 * (double)x.n);
    free(by_item);
    free(by_user);
    rs_synth_rows_clear(&x);
}

/* As in ml-latest-small: mean 3.50, a third of the rows of halves, better films more popular, four
 * users in ten in one sitting. */
static void values_and_times_are_as_in_movielens(void **state)
{
    (void)state;
    const struct rs_synth_opts o = {.users = 600, .items = 3000, .interactions = 90000, .seed = 42};
    struct rs_synth_rows x = make(&o);
    int64_t *by_item = rs_xalloc((size_t)o.items, sizeof(*by_item));
    double sum = 0;
    double halves = 0;
    double popular = 0;
    double popular_sum = 0;
    int sittings = 0;
    int64_t begin = 0;
    for (int64_t r = 0; r < x.n; r++) {
        by_item[x.item[r]]++;
        if (r + 1 < x.n && x.user[r + 1] == x.user[r]) continue;
        sittings += x.time[r] - x.time[begin] <= (r - begin) * 100;
        begin = r + 1;
    }
    for (int64_t r = 0; r < x.n; r++) {
        double value = (double)x.value[r];
        bool many = by_item[x.item[r]] > 150; /* a quarter of the users */
        sum += value;
        halves += value != floor(value);
        popular += many;
        popular_sum += many ? value : 0;
    }
    double n = (double)x.n;
    assert_true(sum / n > 3.35 && sum / n < 3.65);
    assert_true(halves / n > 0.2 && halves / n < 0.4);
    assert_true(popular_sum / popular > (sum - popular_sum) / (n - popular) + 0.15);
    assert_true(sittings > 0.3 * o.users && sittings < 0.5 * o.users);
    free(by_item);
    rs_synth_rows_clear(&x);
}

/* Item-item cosine of the first four fifths of every user's rows, against popularity there. */
struct rivals {
    struct rs_synth_rows x;
    int64_t *begin; /* [users + 1] */
    int32_t users;
    int32_t items;
    double *both;  /* [items x items] users who have the two */
    double *count; /* [items] */
};

static int64_t cut_of(const struct rivals *v, int32_t user)
{
    return v->begin[user] + (v->begin[user + 1] - v->begin[user]) * 4 / 5;
}

static void rivals_make(struct rivals *v, const struct rs_synth_opts *o)
{
    size_t n = (size_t)o->items;
    *v = (struct rivals){.x = make(o), .users = o->users, .items = o->items};
    v->begin = rs_xalloc((size_t)o->users + 1, sizeof(*v->begin));
    v->both = rs_xalloc(n * n, sizeof(*v->both));
    v->count = rs_xalloc(n, sizeof(*v->count));
    for (int64_t r = 0; r < v->x.n; r++) {
        v->begin[v->x.user[r] + 1] = r + 1;
    }
    for (int32_t u = 0; u < o->users; u++) {
        for (int64_t r = v->begin[u]; r < cut_of(v, u); r++) {
            v->count[v->x.item[r]]++;
            for (int64_t q = v->begin[u]; q < cut_of(v, u); q++) {
                v->both[(size_t)v->x.item[r] * n + (size_t)v->x.item[q]]++;
            }
        }
    }
}

/* Rows of the user's last fifth that are among the 20 best by score. */
static int64_t hits_of(const struct rivals *v, int32_t user, double *score)
{
    int64_t hits = 0;
    for (int64_t r = v->begin[user]; r < cut_of(v, user); r++) {
        score[v->x.item[r]] = -1; /* rated before: not recommended */
    }
    for (int64_t r = cut_of(v, user); r < v->begin[user + 1]; r++) {
        int better = 0;
        for (int32_t j = 0; j < v->items; j++) {
            better += score[j] > score[v->x.item[r]];
        }
        hits += better < 20;
    }
    return hits;
}

/* What a user rated first says more about what they rate last than popularity does. */
static void tastes_tell_more_than_popularity(void **state)
{
    (void)state;
    const struct rs_synth_opts o = {.users = 900, .items = 900, .interactions = 60000, .seed = 5};
    struct rivals v;
    rivals_make(&v, &o);
    size_t n = (size_t)o.items;
    double *score = rs_xalloc(n, sizeof(*score));
    int64_t popular = 0;
    int64_t personal = 0;
    for (int32_t u = 0; u < o.users; u++) {
        memcpy(score, v.count, n * sizeof(*score));
        popular += hits_of(&v, u, score);
        memset(score, 0, n * sizeof(*score));
        for (int64_t r = v.begin[u]; r < cut_of(&v, u); r++) {
            size_t i = (size_t)v.x.item[r];
            for (size_t j = 0; j < n; j++) {
                score[j] += v.both[i * n + j] / sqrt(v.count[i] * fmax(1, v.count[j]));
            }
        }
        personal += hits_of(&v, u, score);
    }
    if (popular == 0 || (double)personal < 1.1 * (double)popular) {
        fail_msg("hits of popularity %lld, of item cosine %lld", (long long)popular,
                 (long long)personal);
    }
    free(score);
    free(v.count);
    free(v.both);
    free(v.begin);
    rs_synth_rows_clear(&v.x);
}

static void seeds_differ(void **state)
{
    (void)state;
    struct rs_synth_opts other = small;
    other.seed++;
    struct rs_synth_rows a = make(&small);
    struct rs_synth_rows b = make(&other);
    assert_true(a.n != b.n || memcmp(a.item, b.item, (size_t)a.n * sizeof(*a.item)) != 0);
    rs_synth_rows_clear(&a);
    rs_synth_rows_clear(&b);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void titles_and_genres_read(void **state)
{
    (void)state;
    const struct rs_synth_opts o = {.users = 1, .items = 5000, .interactions = 100, .seed = 9};
    int commas = 0;
    int quotes = 0;
    int accents = 0;
    int doubles = 0;
    int32_t years[2] = {9999, 0};
    char *titles = rs_xalloc((size_t)o.items, 128);
    for (int32_t i = 0; i < o.items; i++) {
        char *title = titles + (size_t)i * 128;
        char genres[128];
        rs_synth_title(&o, i, title, 128);
        rs_synth_genres(&o, i, genres, sizeof(genres));
        size_t n = strlen(title);
        assert_true(n > 8 && n < 100 && rs_str_utf8_valid(title, n));
        int32_t year = (int32_t)strtol(title + n - 5, NULL, 10);
        assert_true(title[n - 7] == ' ' && title[n - 6] == '(' && title[n - 1] == ')');
        years[0] = year < years[0] ? year : years[0];
        years[1] = year > years[1] ? year : years[1];
        commas += strchr(title, ',') != NULL;
        quotes += strchr(title, '"') != NULL;
        for (size_t b = 0; b < n; b++) {
            accents += (title[b] & 0x80) != 0;
        }
        assert_true(strlen(genres) >= 3 && strlen(genres) < 60 && !strpbrk(genres, ",\" "));
    }
    qsort(titles, (size_t)o.items, 128, by_text);
    for (int32_t i = 1; i < o.items; i++) {
        doubles += strcmp(titles + (size_t)i * 128, titles + (size_t)(i - 1) * 128) == 0;
    }
    free(titles);
    assert_true(commas > 500 && quotes > 100 && accents > 300);
    assert_true(doubles < 50);
    assert_true(years[0] >= 1930 && years[0] < 1940 && years[1] > 2020 && years[1] <= 2025);
}

static void genres_go_with_tastes(void **state)
{
    (void)state;
    struct rs_synth_rows x = make(&small);
    int64_t same[2] = {0, 0}; /* pairs of rows with equal genres: of one user, of any two */
    for (int64_t r = 0; r + 57 < x.n; r++) {
        char a[128];
        char b[128];
        char c[128];
        rs_synth_genres(&small, x.item[r], a, sizeof(a));
        rs_synth_genres(&small, x.item[r + 1], b, sizeof(b));
        rs_synth_genres(&small, x.item[(r * 7919) % x.n], c, sizeof(c));
        if (x.user[r] != x.user[r + 1]) continue;
        same[0] += strcmp(a, b) == 0;
        same[1] += strcmp(a, c) == 0;
    }
    if (same[0] * 4 < same[1] * 5) {
        fail_msg("equal genres: %lld of one user's, %lld of any two", (long long)same[0],
                 (long long)same[1]);
    }
    rs_synth_rows_clear(&x);
}

/* ratings.csv and movies.csv of dir, hashed as one. */
static void hash_files(const char *dir, char out[RS_SHA256_HEX])
{
    struct rs_err err = {0};
    struct rs_sha256 h;
    rs_sha256_init(&h);
    static const char *const names[] = {"ratings.csv", "movies.csv"};
    for (int i = 0; i < 2; i++) {
        char *path = rs_path_join(dir, names[i]);
        char hex[RS_SHA256_HEX];
        assert_ok(rs_sha256_file(path, hex, &err), &err);
        rs_sha256_add(&h, hex, sizeof(hex));
        free(path);
    }
    rs_sha256_hex(&h, out);
}

static void same_bytes_on_any_number_of_threads(void **state)
{
    (void)state;
    /* several rounds of users, so that their seams are covered */
    const struct rs_synth_opts o = {
        .users = 140000, .items = 800, .interactions = 300000, .seed = 11};
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char first[RS_SHA256_HEX];
    static const int threads[] = {1, 4, 3};
    for (int i = 0; i < 3; i++) {
        int64_t rows = 0;
        char hex[RS_SHA256_HEX];
        rs_par_set_threads(threads[i]);
        assert_ok(rs_synth_write(dir, &o, NULL, &rows, &err), &err);
        hash_files(dir, hex);
        if (i == 0) {
            memcpy(first, hex, sizeof(first));
        }
        assert_string_equal(hex, first);
    }
    rs_par_set_threads(0);
    ref_remove(dir);
}

/* The file says what the arrays say. */
static void file_holds_the_rows(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "ratings.csv");
    struct rs_synth_rows x = make(&small);
    char *text;
    int64_t rows = 0;
    assert_ok(rs_synth_write(dir, &small, NULL, &rows, &err), &err);
    assert_int_equal(rows, x.n);
    assert_ok(rs_fs_read(path, 1 << 24, &text, NULL, &err), &err);
    const char *at = text;
    assert_true(rs_str_starts(at, "userId,movieId,rating,timestamp\n"));
    for (int64_t r = 0; r < x.n; r++) {
        char line[64];
        at = strchr(at, '\n') + 1;
        snprintf(line, sizeof(line), "%d,%d,%.1f,%lld\n", x.user[r] + 1, x.item[r] + 1,
                 (double)x.value[r], (long long)x.time[r]);
        assert_memory_equal(at, line, strlen(line));
    }
    assert_string_equal(strchr(at, '\n'), "\n");
    free(text);
    free(path);
    rs_synth_rows_clear(&x);
    ref_remove(dir);
}

static void films_are_quoted_as_csv_wants(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "movies.csv");
    char *text;
    int64_t rows = 0;
    assert_ok(rs_synth_write(dir, &small, NULL, &rows, &err), &err);
    assert_ok(rs_fs_read(path, 1 << 24, &text, NULL, &err), &err);
    const char *at = strchr(text, '\n') + 1;
    for (int32_t i = 0; i < small.items; i++) {
        char title[128];
        char genres[128];
        char got[128];
        size_t n = 0;
        char *end;
        assert_int_equal(strtol(at, &end, 10), i + 1);
        at = end + 1;
        bool quoted = *at == '"';
        for (at += quoted; quoted ? *at != '"' || at[1] == '"' : *at != ','; at++) {
            at += quoted && *at == '"';
            got[n++] = *at;
        }
        got[n] = '\0';
        at += quoted;
        rs_synth_title(&small, i, title, sizeof(title));
        rs_synth_genres(&small, i, genres, sizeof(genres));
        assert_string_equal(got, title);
        assert_true(*at++ == ',' && rs_str_starts(at, genres) && at[strlen(genres)] == '\n');
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    free(text);
    free(path);
    ref_remove(dir);
}

static void what_cannot_be_made_is_said(void **state)
{
    (void)state;
    static const struct rs_synth_opts wrong[] = {
        {0, 100, 10, 1},         {-5, 100, 10, 1},
        {10, 9, 30, 1},          {100000001, 100, 200000000, 1},
        {10, 100, 9, 1},         {10, 100, 351, 1},
        {10, 10000001, 100, 1},  {10, 100, -1, 1},
        {10, 100, INT64_MAX, 1},
    };
    struct rs_err err = {0};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct rs_synth_rows x;
        int64_t rows = 0;
        assert_code(rs_synth_rows_make(&wrong[i], NULL, &x, &err), RS_EARG, &err, "synthetic");
        assert_null(x.user);
        assert_code(rs_synth_write("/nowhere", &wrong[i], NULL, &rows, &err), RS_EARG, &err, NULL);
    }
}

/* Within range, but nobody's memory: 60 TB. */
static void more_than_memory_is_refused(void **state)
{
    (void)state;
    const struct rs_synth_opts many = {
        .users = 1000000, .items = 10000000, .interactions = 3000000000000};
    struct rs_err err = {0};
    struct rs_synth_rows x;
    assert_code(rs_synth_rows_make(&many, NULL, &x, &err), RS_ENOMEM, &err, "MB are free");
    assert_null(x.user);
}

/* Nothing has its name before all is written. */
static void cancel_leaves_nothing(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_task task = {.cancel = true};
    struct rs_synth_rows x;
    int64_t rows = 0;
    char **names;
    char *dir = ref_temp_dir();
    assert_code(rs_synth_write(dir, &small, &task, &rows, &err), RS_ECANCEL, &err, NULL);
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    assert_null(names[0]);
    rs_fs_list_free(names);
    assert_code(rs_synth_rows_make(&small, &task, &x, &err), RS_ECANCEL, &err, NULL);
    assert_null(x.item);
    ref_remove(dir);
}

/* Cancels once ratings are being written. */
static void cancel_at_ratings(const struct rs_progress *p, void *ctx)
{
    struct rs_task *task = ctx;
    if (p->done > 0 && strcmp(p->what, "write ratings.csv") == 0) task->cancel = true;
}

static void a_failure_leaves_what_was_there(void **state)
{
    (void)state;
    const struct rs_synth_opts large = {
        .users = 10000, .items = 900, .interactions = 1200000, .seed = 8};
    struct rs_err err = {0};
    struct rs_task task = {.on_progress = cancel_at_ratings};
    char before[RS_SHA256_HEX];
    char after[RS_SHA256_HEX];
    int64_t rows = 0;
    char **names;
    char *dir = ref_temp_dir();
    task.ctx = &task;
    assert_ok(rs_synth_write(dir, &small, NULL, &rows, &err), &err);
    hash_files(dir, before);
    assert_code(rs_synth_write(dir, &large, &task, &rows, &err), RS_ECANCEL, &err, NULL);
    hash_files(dir, after);
    assert_string_equal(before, after);
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    assert_string_equal(names[0], "movies.csv");
    assert_string_equal(names[1], "ratings.csv");
    assert_null(names[2]);
    rs_fs_list_free(names);
    ref_remove(dir);
}

static void a_file_in_the_way_is_an_error(void **state)
{
    (void)state;
    struct rs_err err = {0};
    int64_t rows = 0;
    char *dir = ref_temp_dir();
    char *file = ref_file(dir, "file", "x", 1);
    assert_code(rs_synth_write(file, &small, NULL, &rows, &err), RS_EIO, &err, "file");
    free(file);
    ref_remove(dir);
}

struct progress {
    double done;
    double total;
    int calls;
};

static void on_progress(const struct rs_progress *p, void *ctx)
{
    struct progress *seen = ctx;
    seen->calls++;
    seen->done = p->done;
    seen->total = p->total;
}

static void progress_ends_at_the_total(void **state)
{
    (void)state;
    struct progress seen = {0};
    struct rs_err err = {0};
    struct rs_task task = {.on_progress = on_progress, .ctx = &seen};
    struct rs_synth_rows x;
    assert_ok(rs_synth_rows_make(&small, &task, &x, &err), &err);
    assert_true(seen.calls > 0 && seen.done <= seen.total && seen.done == (double)x.n);
    rs_synth_rows_clear(&x);
}

static enum rs_code make_under_oom(void *ctx, struct rs_err *err)
{
    struct rs_synth_rows x = {0};
    enum rs_code rc = rs_synth_rows_make(ctx, NULL, &x, err);
    rs_synth_rows_clear(&x);
    return rc;
}

struct oom_write {
    struct rs_synth_opts o;
    const char *dir;
};

static enum rs_code write_under_oom(void *ctx, struct rs_err *err)
{
    struct oom_write *w = ctx;
    int64_t rows;
    return rs_synth_write(w->dir, &w->o, NULL, &rows, err);
}

static void memory_that_runs_out_is_said(void **state)
{
    (void)state;
    struct rs_synth_opts o = {.users = 5, .items = 200, .interactions = 60, .seed = 1};
    char *dir = ref_temp_dir();
    struct oom_write w = {.o = o, .dir = dir};
    rs_par_set_threads(2);
    assert_survives_oom(make_under_oom, &o);
    assert_survives_oom(write_under_oom, &w);
    rs_par_set_threads(0);
    ref_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_as_asked),
        cmocka_unit_test(rows_are_in_range),
        cmocka_unit_test(users_and_items_have_long_tails),
        cmocka_unit_test(values_and_times_are_as_in_movielens),
        cmocka_unit_test(tastes_tell_more_than_popularity),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(titles_and_genres_read),
        cmocka_unit_test(genres_go_with_tastes),
        cmocka_unit_test(same_bytes_on_any_number_of_threads),
        cmocka_unit_test(file_holds_the_rows),
        cmocka_unit_test(films_are_quoted_as_csv_wants),
        cmocka_unit_test(what_cannot_be_made_is_said),
        cmocka_unit_test(more_than_memory_is_refused),
        cmocka_unit_test(cancel_leaves_nothing),
        cmocka_unit_test(a_failure_leaves_what_was_there),
        cmocka_unit_test(a_file_in_the_way_is_an_error),
        cmocka_unit_test(progress_ends_at_the_total),
        cmocka_unit_test(memory_that_runs_out_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
