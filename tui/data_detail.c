/*
 * data_detail - a user's rows with posted feedback, genres and values; an item's raters by month.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_ask.h"
#include "data_cells.h"
#include "data_grid.h"
#include "rs/base/mem.h"

void tui_short_genres(const struct rs_catalogue *c, int32_t item, char *buf, size_t size)
{
    uint64_t mask = rs_catalogue_genre_mask(c, item);
    size_t at = 0;
    buf[0] = '\0';
    for (int32_t g = 0; g < rs_catalogue_n_genres(c) && at + 6 < size; g++) {
        if (!(mask >> g & 1)) continue;
        if (at) buf[at++] = ' ';
        int letters = 0;
        for (const char *s = rs_catalogue_genre(c, g); *s && letters < 4; s++) {
            if ((unsigned char)*s < 0x80 && !isalnum((unsigned char)*s)) continue;
            if ((unsigned char)*s >= 0x80) break; /* never half a character */
            buf[at++] = *s;
            letters++;
        }
        buf[at] = '\0';
    }
}

void tui_user_free(void *user)
{
    struct tui_user *u = user;
    if (!u) return;
    tui_rows_release(u->history);
    free(u->id);
    free(u);
}

void tui_item_free(void *item)
{
    struct tui_item *i = item;
    if (!i) return;
    tui_rows_release(i->raters);
    free(i->month);
    free(i->count);
    free(i->id);
    free(i);
}

/* A row of a history or of raters; value NaN: seen, not rated. */
struct entry {
    int32_t index;  /* item or user; -1: an item that the data does not know */
    const char *id; /* of such an item */
    float value;
    int64_t time_s; /* INT64_MIN: not known */
};

static int by_value_then_time(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    bool no_x = isnan(x->value);
    bool no_y = isnan(y->value);
    if (no_x != no_y) return no_x ? 1 : -1;
    if (!no_x && x->value != y->value) return x->value < y->value ? 1 : -1;
    if (x->time_s != y->time_s) return x->time_s < y->time_s ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static void add_entries(const struct rs_csr *m, int32_t row, struct entry *e, int32_t *n)
{
    for (int64_t at = m->indptr[row]; at < m->indptr[row + 1]; at++) {
        e[(*n)++] = (struct entry){.index = m->indices[at],
                                   .value = m->values ? m->values[at] : NAN,
                                   .time_s = m->times ? m->times[at] : INT64_MIN};
    }
}

/* Of one item the later row stays: what the user posted over what was known. */
static void post_entry(const struct tui_data *d, const struct rs_event *event, struct entry *e,
                       int32_t *n)
{
    int32_t item = rs_idmap_find(d->items, event->item_id);
    int32_t at = 0;
    while (at < *n && !(item >= 0 ? e[at].index == item
                                  : e[at].index < 0 && strcmp(e[at].id, event->item_id) == 0)) {
        at++;
    }
    if (at == *n) (*n)++;
    e[at] = (struct entry){
        .index = item, .id = event->item_id, .value = (float)event->value, .time_s = event->time_s};
}

enum { HISTORY_VALUE, HISTORY_TITLE, HISTORY_GENRES, HISTORY_WHEN, HISTORY_COLUMNS };
static const struct tui_column history_heads[] = {
    [HISTORY_VALUE] = {"value", "rated", 5, TUI_NUMBER | TUI_FROZEN},
    [HISTORY_TITLE] = {"title", "title", 16, TUI_GROWS},
    [HISTORY_GENRES] = {"genres", "genres", 9, 0},
    [HISTORY_WHEN] = {"when", "when", 5, TUI_NUMBER},
};
static const struct tui_grid_cell history_cells[] = {
    [HISTORY_VALUE] = {TUI_GRID_REAL, 1},
    [HISTORY_TITLE] = {TUI_GRID_TEXT, 0},
    [HISTORY_GENRES] = {TUI_GRID_TEXT, 0},
    [HISTORY_WHEN] = {TUI_GRID_MONTH, 0},
};
static const struct tui_grid_form history_form = {history_heads, history_cells, HISTORY_COLUMNS};

/* A posted id that the data's ids cannot be (a text among numbers) shows as a title only. */
static bool history_row(const struct tui_data *d, struct tui_grid *g, int32_t row,
                        const struct entry *e)
{
    char genres[12] = ""; /* two */
    ((float *)g->values[HISTORY_VALUE])[row] = e->value;
    ((int64_t *)g->values[HISTORY_WHEN])[row] = e->time_s;
    if (e->index < 0) {
        char title[96];
        snprintf(title, sizeof(title), "item %.60s, not in the data", e->id);
        if (!tui_grid_id_text(g, row, e->id)) {
            if (!g->ids) return false;
            g->ids[row] = INT64_MIN + row;
        }
        return tui_grid_text(g, HISTORY_TITLE, row, title) &&
               tui_grid_text(g, HISTORY_GENRES, row, genres);
    }
    tui_short_genres(d->catalogue, e->index, genres, sizeof(genres));
    return tui_grid_id(g, row, d->items, e->index) &&
           tui_grid_text(g, HISTORY_TITLE, row, rs_catalogue_title(d->catalogue, e->index)) &&
           tui_grid_text(g, HISTORY_GENRES, row, genres);
}

static enum rs_code history_rows(const struct tui_data *d, const struct entry *e, int32_t n,
                                 struct tui_rows **out, struct rs_err *err)
{
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(&history_form, n, rs_idmap_is_int(d->items), &g, err);
    if (rc) return rc;
    for (int32_t i = 0; i < n; i++) {
        if (history_row(d, g, i, &e[i])) continue;
        tui_grid_free(g);
        return rs_fail(err, RS_ENOMEM, "a history of %d rows", n);
    }
    *out = tui_grid_rows(g, n);
    return RS_OK;
}

static int by_count_down(const void *a, const void *b)
{
    const struct tui_bar_row *x = a;
    const struct tui_bar_row *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void count_genres(const struct tui_data *d, const struct entry *e, int32_t n,
                         struct tui_user *u)
{
    struct tui_bar_row all[RS_MAX_GENRES] = {0};
    int n_genres = rs_catalogue_n_genres(d->catalogue);
    for (int g = 0; g < n_genres; g++) {
        snprintf(all[g].name, sizeof(all[g].name), "%.23s", rs_catalogue_genre(d->catalogue, g));
    }
    for (int32_t i = 0; i < n; i++) {
        if (e[i].index < 0) continue;
        uint64_t mask = rs_catalogue_genre_mask(d->catalogue, e[i].index);
        for (int g = 0; g < n_genres; g++) {
            if (mask >> g & 1) all[g].n++;
        }
    }
    qsort(all, (size_t)n_genres, sizeof(all[0]), by_count_down);
    while (u->n_genres < n_genres && u->n_genres < TUI_MAX_GENRES_SHOWN && all[u->n_genres].n) {
        u->genres[u->n_genres] = all[u->n_genres];
        u->n_genres++;
    }
}

/* e by value, downwards. */
static int count_distinct(const struct entry *e, int32_t n)
{
    int distinct = 0;
    for (int32_t i = 0; i < n && !isnan(e[i].value); i++) {
        distinct += i == 0 || e[i].value != e[i - 1].value;
    }
    return distinct;
}

/* One bar a value, or, of more values than there are bars, one a range of equal width. */
static void count_values(const struct entry *e, int32_t n, struct tui_user *u)
{
    int32_t valued = 0;
    while (valued < n && !isnan(e[valued].value)) {
        valued++;
    }
    int distinct = count_distinct(e, valued);
    if (distinct == 0) return;
    double high = (double)e[0].value;
    double low = (double)e[valued - 1].value;
    bool ranges = distinct > TUI_MAX_VALUES_SHOWN;
    u->n_values = ranges ? TUI_MAX_VALUES_SHOWN : distinct;
    double step = (high - low) / u->n_values;
    int bar = u->n_values - 1;
    for (int32_t i = 0; i < valued; i++) {
        double v = (double)e[i].value;
        if (ranges) {
            bar = (int)((v - low) / step);
            bar = bar < u->n_values ? bar : u->n_values - 1;
        } else if (i > 0 && e[i].value != e[i - 1].value) {
            bar--;
        }
        u->values[bar].n++;
        if (!ranges) snprintf(u->values[bar].name, sizeof(u->values[bar].name), "%.4g", v);
    }
    for (int b = 0; b < u->n_values && ranges; b++) {
        snprintf(u->values[b].name, sizeof(u->values[b].name), "%.3g", low + b * step);
    }
}

static double mean_of(const struct entry *e, int32_t n)
{
    double sum = 0;
    int32_t valued = 0;
    for (; valued < n && !isnan(e[valued].value); valued++) {
        sum += (double)e[valued].value;
    }
    return valued ? sum / valued : (double)NAN;
}

enum rs_code tui_user_read(const struct tui_data *d, const char *id, const struct rs_event *events,
                           size_t n_events, struct tui_user **out, struct rs_err *err)
{
    int32_t user = rs_idmap_find(d->users, id);
    size_t room = n_events + 1;
    if (user >= 0) room += (size_t)(rs_csr_len(&d->train, user) + rs_csr_len(&d->seen, user));
    struct entry *e = rs_try_alloc(room, sizeof(*e));
    if (!e) return rs_fail(err, RS_ENOMEM, "a history of %zu rows", room);
    struct tui_user *u = rs_xalloc(1, sizeof(*u));
    u->id = rs_xstrdup(id);
    u->known = user >= 0;
    if (u->known) {
        add_entries(&d->train, user, e, &u->rated);
        add_entries(&d->seen, user, e, &u->rated);
    }
    for (size_t i = 0; i < n_events; i++) {
        post_entry(d, &events[i], e, &u->rated);
    }
    u->posted = (int32_t)n_events;
    qsort(e, (size_t)u->rated, sizeof(*e), by_value_then_time);
    u->mean = mean_of(e, u->rated);
    count_genres(d, e, u->rated, u);
    count_values(e, u->rated, u);
    enum rs_code rc = history_rows(d, e, u->rated, &u->history, err);
    free(e);
    if (rc) {
        tui_user_free(u);
    } else {
        *out = u;
    }
    return rc;
}

/* Entry of the column in a row, -1: none. Columns ascend. */
static int64_t find_entry(const struct rs_csr *m, int32_t row, int32_t column)
{
    int64_t low = m->indptr[row];
    int64_t high = m->indptr[row + 1];
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (m->indices[mid] < column) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < m->indptr[row + 1] && m->indices[low] == column ? low : -1;
}

enum { RATER_USER, RATER_VALUE, RATER_WHEN, RATER_COLUMNS };
static const struct tui_column rater_heads[] = {
    [RATER_USER] = {"user", "user", 10, TUI_NUMBER | TUI_FROZEN},
    [RATER_VALUE] = {"value", "rated", 5, TUI_NUMBER},
    [RATER_WHEN] = {"when", "when", 5, TUI_NUMBER},
};
static const struct tui_grid_cell rater_cells[] = {
    [RATER_USER] = {TUI_GRID_ID, 0},
    [RATER_VALUE] = {TUI_GRID_REAL, 1},
    [RATER_WHEN] = {TUI_GRID_MONTH, 0},
};
static const struct tui_grid_form rater_form = {rater_heads, rater_cells, RATER_COLUMNS};

static enum rs_code rater_rows(const struct tui_data *d, const struct entry *e, int32_t n,
                               struct tui_rows **out, struct rs_err *err)
{
    struct tui_grid *g;
    enum rs_code rc = tui_grid_new(&rater_form, n, rs_idmap_is_int(d->users), &g, err);
    if (rc) return rc;
    for (int32_t i = 0; i < n; i++) {
        ((float *)g->values[RATER_VALUE])[i] = e[i].value;
        ((int64_t *)g->values[RATER_WHEN])[i] = e[i].time_s;
        if (tui_grid_id(g, i, d->users, e[i].index)) continue;
        tui_grid_free(g);
        return rs_fail(err, RS_ENOMEM, "%d raters", n);
    }
    *out = tui_grid_rows(g, n);
    return RS_OK;
}

/* Ratings in every month from the first to the last. */
static void count_months(const struct entry *e, int32_t n, struct tui_item *out)
{
    int32_t first = INT32_MAX;
    int32_t last = -1;
    for (int32_t i = 0; i < n; i++) {
        int32_t month = tui_month_of(e[i].time_s);
        if (month < 0) continue;
        first = month < first ? month : first;
        last = month > last ? month : last;
    }
    if (last < 0) return;
    out->n_months = last - first + 1; /* of the years 0 to 9999 */
    out->month = rs_xalloc((size_t)out->n_months, sizeof(*out->month));
    out->count = rs_xalloc((size_t)out->n_months, sizeof(*out->count));
    for (int32_t m = 0; m < out->n_months; m++) {
        out->month[m] = (double)(first + m) / 12;
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t month = tui_month_of(e[i].time_s);
        if (month >= 0) out->count[month - first]++;
    }
}

enum { USERS_BETWEEN_POLLS = 4096 };

/* Who has the item in m; NULL e: only counts. */
static enum rs_code collect(const struct rs_csr *m, int32_t item, const struct rs_task *task,
                            struct entry *e, int32_t *n, struct rs_err *err)
{
    for (int32_t u = 0; u < m->n_rows; u++) {
        if (u % USERS_BETWEEN_POLLS == 0 && rs_task_cancelled(task)) {
            return rs_fail(err, RS_ECANCEL, "raters: stopped");
        }
        int64_t at = find_entry(m, u, item);
        if (at < 0) continue;
        if (e) {
            e[*n] = (struct entry){.index = u,
                                   .value = m->values ? m->values[at] : NAN,
                                   .time_s = m->times ? m->times[at] : INT64_MIN};
        }
        (*n)++;
    }
    return RS_OK;
}

enum rs_code tui_item_read(const struct tui_data *d, const char *id, const struct rs_task *task,
                           struct tui_item **out, struct rs_err *err)
{
    int32_t item = rs_idmap_find(d->items, id);
    int32_t n = 0;
    struct entry *e = NULL;
    struct tui_item *it = rs_xalloc(1, sizeof(*it));
    enum rs_code rc = RS_OK;
    it->id = rs_xstrdup(id);
    if (item >= 0) {
        snprintf(it->title, sizeof(it->title), "%.90s", rs_catalogue_title(d->catalogue, item));
        rc = collect(&d->train, item, task, NULL, &n, err);
        if (!rc) rc = collect(&d->seen, item, task, NULL, &n, err);
    }
    if (rc) goto done;
    e = rs_try_alloc((size_t)n + 1, sizeof(*e));
    if (!e) {
        rc = rs_fail(err, RS_ENOMEM, "%d raters", n);
        goto done;
    }
    if (item >= 0) rc = collect(&d->train, item, task, e, &it->rated, err);
    if (!rc && item >= 0) rc = collect(&d->seen, item, task, e, &it->rated, err);
    if (!rc) {
        qsort(e, (size_t)it->rated, sizeof(*e), by_value_then_time);
        count_months(e, it->rated, it);
        rc = rater_rows(d, e, it->rated, &it->raters, err);
    }
done:
    free(e);
    if (rc) {
        tui_item_free(it);
    } else {
        *out = it;
    }
    return rc;
}
