/*
 * cmd_browse - users and items of a prepared dataset.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"

#include "cells.h"

/* Rows, sum of values and newest time of every user or item. */
struct activity {
    int32_t n;
    int64_t *rows;
    double *sum;
    int64_t *last;
};

static enum rs_code activity_of(const struct rs_interactions *x, const int32_t *key, int32_t n,
                                struct activity *out, struct rs_err *err)
{
    *out = (struct activity){.n = n,
                             .rows = rs_try_alloc((size_t)n + 1, sizeof(int64_t)),
                             .sum = rs_try_alloc((size_t)n + 1, sizeof(double)),
                             .last = rs_try_alloc((size_t)n + 1, sizeof(int64_t))};
    if (!out->rows || !out->sum || !out->last) {
        return rs_fail(err, RS_ENOMEM, "activity of %d rows", n);
    }
    for (int64_t r = 0; r < x->n; r++) {
        int32_t k = key[r];
        out->rows[k]++;
        out->sum[k] += (double)x->value[r];
        if (x->time && x->time[r] > out->last[k]) {
            out->last[k] = x->time[r];
        }
    }
    return RS_OK;
}

static void activity_clear(struct activity *a)
{
    free(a->rows);
    free(a->sum);
    free(a->last);
}

static double mean_of(const struct activity *a, int32_t i)
{
    return a->rows[i] ? a->sum[i] / (double)a->rows[i] : (double)NAN;
}

/* One row of a list with the number or text it is sorted by; ties by index. */
struct entry {
    int32_t index;
    double number;
    const char *text;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order =
        x->text ? strcmp(x->text, y->text) : (x->number > y->number) - (x->number < y->number);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_key_down(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order =
        x->text ? strcmp(y->text, x->text) : (y->number > x->number) - (y->number < x->number);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void sort_entries(struct entry *e, size_t n, const char *sort)
{
    qsort(e, n, sizeof(*e), sort[0] == '-' ? by_key_down : by_key);
}

static bool id_contains(const struct rs_idmap *map, int32_t index, const char *needle)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_idmap_add_text(map, index, &text);
    bool hit = rs_str_contains_fold(rs_str_text(&text), needle);
    rs_str_clear(&text);
    return hit;
}

static enum rs_code open_dataset(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_dataset **out, struct rs_err *err)
{
    char *name = NULL;
    enum rs_code rc = rs_ctx_dataset_name(ctx, args, &name, err);
    if (!rc) {
        rc = rs_ctx_dataset(ctx, name, out, err);
    }
    free(name);
    return rc;
}

static double user_number(const struct activity *a, int32_t i, const char *sort)
{
    sort += sort[0] == '-';
    if (strcmp(sort, "ratings") == 0) return (double)a->rows[i];
    if (strcmp(sort, "mean") == 0) return mean_of(a, i);
    return strcmp(sort, "last") == 0 ? (double)a->last[i] : (double)i;
}

/* Shared by the lists: a page of entries, the total and where it stands. */
static void say_page(struct rs_result *out, const char *what, const char *dataset, size_t total,
                     size_t from, size_t shown)
{
    rs_val_set_str(out->doc, "dataset", dataset);
    rs_val_set_int(out->doc, "total", (int64_t)total);
    rs_val_set_int(out->doc, "offset", (int64_t)from);
    if (shown < total) {
        rs_result_say(out, "%s %zu to %zu of %zu (--limit, --offset)", what, from + (shown > 0),
                      from + shown, total);
    } else {
        rs_result_say(out, "%zu %s", total, what);
    }
}

static size_t page_end(const struct rs_args *args, size_t total, size_t *from)
{
    size_t offset = (size_t)rs_args_int(args, "offset");
    size_t limit = (size_t)rs_args_int(args, "limit");
    *from = offset < total ? offset : total;
    return *from + limit < total ? *from + limit : total;
}

enum rs_code rs_cmd_user_list(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_dataset *d = NULL;
    struct activity a = {0};
    struct entry *entries = NULL;
    const char *search = rs_args_text(args, "search");
    const char *sort = rs_args_text(args, "sort");
    enum rs_code rc = open_dataset(ctx, args, &d, err);
    if (rc) return rc;
    int32_t n_users = rs_idmap_size(d->x.users);
    rc = activity_of(&d->x, d->x.user, n_users, &a, err);
    if (rc) goto done;
    entries = rs_xalloc((size_t)n_users + 1, sizeof(*entries));
    size_t n = 0;
    for (int32_t u = 0; u < n_users; u++) {
        if (search && !id_contains(d->x.users, u, search)) continue;
        entries[n++] = (struct entry){.index = u, .number = user_number(&a, u, sort)};
    }
    sort_entries(entries, n, sort);
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "user_id", "user", RS_RIGHT, 0);
    rs_table_column(t, "ratings", NULL, RS_RIGHT, 0);
    rs_table_column(t, "mean", NULL, RS_RIGHT, 2);
    rs_table_column(t, "last", NULL, RS_LEFT, 0);
    size_t from;
    size_t end = page_end(args, n, &from);
    for (size_t i = from; i < end; i++) {
        int32_t u = entries[i].index;
        rs_table_row(t);
        rs_cell_id(t, d->x.users, u);
        rs_table_int(t, a.rows[u]);
        rs_table_real(t, mean_of(&a, u));
        rs_cell_time(t, 1000 * (a.last[u]));
    }
    say_page(out, "users", d->name, n, from, end - from);
    rs_result_table(out, "users", NULL, t);
done:
    free(entries);
    activity_clear(&a);
    rs_dataset_close(d);
    return rc;
}

/* The rows of one user, newest first. */
static void show_history(const struct rs_dataset *d, int32_t user, size_t limit,
                         struct rs_result *out)
{
    const struct rs_interactions *x = &d->x;
    struct entry *rows = NULL;
    size_t n = 0;
    int64_t first = 0;
    while (first < x->n && x->user[first] != user) {
        first++;
    }
    int64_t end = first;
    while (end < x->n && x->user[end] == user) {
        end++;
    }
    rows = rs_xalloc((size_t)(end - first) + 1, sizeof(*rows));
    double sum = 0;
    for (int64_t r = first; r < end; r++) {
        rows[n] = (struct entry){.index = (int32_t)n, .number = x->time ? (double)x->time[r] : 0};
        sum += (double)x->value[r];
        n++;
    }
    qsort(rows, n, sizeof(*rows), by_key_down);
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "item_id", "item", RS_RIGHT, 0);
    rs_table_column(t, "value", "rated", RS_RIGHT, 1);
    rs_table_column(t, "time", NULL, RS_LEFT, 0);
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    for (size_t i = 0; i < n && i < limit; i++) {
        int64_t r = first + rows[i].index;
        rs_table_row(t);
        rs_cell_id(t, x->items, x->item[r]);
        rs_table_real(t, (double)x->value[r]);
        rs_cell_time(t, 1000 * (x->time ? x->time[r] : 0));
        rs_table_str(t, rs_catalogue_title(d->catalogue, x->item[r]));
        rs_cell_genres(t, d->catalogue, x->item[r]);
    }
    rs_val_set_int(out->doc, "ratings", (int64_t)n);
    rs_val_set_real(out->doc, "mean", n ? sum / (double)n : 0);
    rs_result_say(out, "%zu ratings, mean %.2f%s", n, n ? sum / (double)n : 0,
                  n > limit ? "; the newest (--limit):" : "");
    rs_result_table(out, "history", NULL, t);
    free(rows);
}

enum rs_code rs_cmd_user_show(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_dataset *d = NULL;
    const char *id = rs_args_text(args, "user");
    enum rs_code rc = open_dataset(ctx, args, &d, err);
    if (rc) return rc;
    int32_t user = rs_idmap_find(d->x.users, id);
    if (user < 0) {
        rc = rs_fail(err, RS_ENOTFOUND, "user '%s' is not in dataset '%s'", id, d->name);
    } else {
        rs_val_set_str(out->doc, "dataset", d->name);
        rs_result_set(out, "user_id", rs_idmap_val(d->x.users, user));
        rs_result_say(out, "user %s of %s", id, d->name);
        show_history(d, user, (size_t)rs_args_int(args, "limit"), out);
    }
    rs_dataset_close(d);
    return rc;
}

static struct entry item_entry(const struct rs_dataset *d, const struct activity *a, int32_t i,
                               const char *sort)
{
    struct entry e = {.index = i, .number = (double)i};
    sort += sort[0] == '-';
    if (strcmp(sort, "title") == 0) {
        e.text = rs_catalogue_title(d->catalogue, i);
    } else if (strcmp(sort, "year") == 0) {
        e.number = (double)rs_catalogue_year(d->catalogue, i);
    } else if (strcmp(sort, "ratings") == 0) {
        e.number = (double)a->rows[i];
    } else if (strcmp(sort, "mean") == 0) {
        e.number = mean_of(a, i);
    }
    return e;
}

static enum rs_code genre_mask(const struct rs_dataset *d, const char *name, uint64_t *out,
                               struct rs_err *err)
{
    *out = UINT64_MAX;
    if (!name) return RS_OK;
    int32_t genre = rs_catalogue_find_genre(d->catalogue, name);
    if (genre < 0) return rs_fail(err, RS_ENOTFOUND, "genre '%s' is not in '%s'", name, d->name);
    *out = 1ULL << genre;
    return RS_OK;
}

static bool item_matches(const struct rs_dataset *d, int32_t i, const char *search, uint64_t genres,
                         bool by_genre)
{
    if (by_genre && !(rs_catalogue_genre_mask(d->catalogue, i) & genres)) return false;
    return !search || rs_str_contains_fold(rs_catalogue_title(d->catalogue, i), search) ||
           id_contains(d->x.items, i, search);
}

enum rs_code rs_cmd_item_list(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_dataset *d = NULL;
    struct activity a = {0};
    struct entry *entries = NULL;
    const char *sort = rs_args_text(args, "sort");
    const char *genre = rs_args_text(args, "genre");
    uint64_t mask;
    enum rs_code rc = open_dataset(ctx, args, &d, err);
    if (rc) return rc;
    int32_t n_items = rs_idmap_size(d->x.items);
    rc = genre_mask(d, genre, &mask, err);
    if (rc) goto done;
    rc = activity_of(&d->x, d->x.item, n_items, &a, err);
    if (rc) goto done;
    entries = rs_xalloc((size_t)n_items + 1, sizeof(*entries));
    size_t n = 0;
    for (int32_t i = 0; i < n_items; i++) {
        if (item_matches(d, i, rs_args_text(args, "search"), mask, genre != NULL)) {
            entries[n++] = item_entry(d, &a, i, sort);
        }
    }
    sort_entries(entries, n, sort);
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "item_id", "item", RS_RIGHT, 0);
    rs_table_column(t, "ratings", NULL, RS_RIGHT, 0);
    rs_table_column(t, "mean", NULL, RS_RIGHT, 2);
    rs_table_column(t, "title", NULL, RS_LEFT, 0);
    rs_table_column(t, "genres", NULL, RS_LEFT, 0);
    size_t from;
    size_t end = page_end(args, n, &from);
    for (size_t i = from; i < end; i++) {
        int32_t item = entries[i].index;
        rs_table_row(t);
        rs_cell_id(t, d->x.items, item);
        rs_table_int(t, a.rows[item]);
        rs_table_real(t, mean_of(&a, item));
        rs_table_str(t, rs_catalogue_title(d->catalogue, item));
        rs_cell_genres(t, d->catalogue, item);
    }
    say_page(out, "items", d->name, n, from, end - from);
    rs_result_table(out, "items", NULL, t);
done:
    free(entries);
    activity_clear(&a);
    rs_dataset_close(d);
    return rc;
}

/* How often each value was given to an item. */
static void show_values(const struct rs_dataset *d, int32_t item, struct rs_result *out)
{
    const struct rs_interactions *x = &d->x;
    struct entry *values = rs_xalloc(1, sizeof(*values));
    size_t n = 0;
    size_t cap = 1;
    double sum = 0;
    int64_t first = 0;
    int64_t last = 0;
    for (int64_t r = 0; r < x->n; r++) {
        if (x->item[r] != item) continue;
        if (n == cap) {
            struct entry *grown = rs_xalloc(cap * 2, sizeof(*grown));
            memcpy(grown, values, n * sizeof(*grown));
            free(values);
            values = grown;
            cap *= 2;
        }
        values[n] = (struct entry){.index = (int32_t)n, .number = (double)x->value[r]};
        n++;
        sum += (double)x->value[r];
        int64_t when = x->time ? x->time[r] : 0;
        first = first && first < when ? first : when;
        last = last > when ? last : when;
    }
    qsort(values, n, sizeof(*values), by_key);
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "value", "rated", RS_RIGHT, 1);
    rs_table_column(t, "users", NULL, RS_RIGHT, 0);
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j < n && values[j].number == values[i].number) {
            j++;
        }
        rs_table_row(t);
        rs_table_real(t, values[i].number);
        rs_table_int(t, (int64_t)(j - i));
        i = j;
    }
    char from[32];
    char to[32];
    rs_clock_format(first * 1000, from, sizeof(from));
    rs_clock_format(last * 1000, to, sizeof(to));
    rs_val_set_int(out->doc, "ratings", (int64_t)n);
    rs_val_set_real(out->doc, "mean", n ? sum / (double)n : 0);
    rs_result_say(out, "%zu ratings, mean %.2f", n, n ? sum / (double)n : 0);
    if (last) {
        rs_result_say(out, "from %s to %s", from, to);
    }
    rs_result_table(out, "values", NULL, t);
    free(values);
}

enum rs_code rs_cmd_item_show(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                              struct rs_err *err)
{
    struct rs_dataset *d = NULL;
    const char *id = rs_args_text(args, "item");
    enum rs_code rc = open_dataset(ctx, args, &d, err);
    if (rc) return rc;
    int32_t item = rs_idmap_find(d->x.items, id);
    if (item < 0) {
        rc = rs_fail(err, RS_ENOTFOUND, "item '%s' is not in dataset '%s'", id, d->name);
    } else {
        struct rs_str genres;
        rs_str_init(&genres, 0);
        rs_catalogue_add_genres(d->catalogue, item, &genres);
        rs_val_set_str(out->doc, "dataset", d->name);
        rs_result_set(out, "item_id", rs_idmap_val(d->x.items, item));
        rs_val_set_str(out->doc, "title", rs_catalogue_title(d->catalogue, item));
        rs_val_set_str(out->doc, "genres", rs_str_text(&genres));
        rs_val_set_int(out->doc, "year", rs_catalogue_year(d->catalogue, item));
        rs_result_say(out, "item %s of %s: %s  %s", id, d->name,
                      rs_catalogue_title(d->catalogue, item), rs_str_text(&genres));
        rs_str_clear(&genres);
        show_values(d, item, out);
    }
    rs_dataset_close(d);
    return rc;
}
