/* tui_order equals a slow order by insertion that compares cells one by one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/base/task.h"
#include "tui/table.h"

enum { MAX_ROWS = 300, N_COLUMNS = 3, TEXT = 24 };

/* A text column, a number column, a text column of few values. */
static const struct tui_column columns[N_COLUMNS] = {
    {.name = "name", .title = "name", .width = 10},
    {.name = "n", .title = "n", .width = 5, .flags = TUI_NUMBER},
    {.name = "kind", .title = "kind", .width = 5},
};

struct cells {
    char name[MAX_ROWS][TEXT];
    double n[MAX_ROWS];
    char kind[MAX_ROWS][TEXT];
};

static const char *text(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                        enum tui_role *role_out)
{
    (void)role_out;
    const struct cells *c = r->data;
    if (column != 1) return column ? c->kind[row] : c->name[row];
    snprintf(buf, (size_t)size, "%g", c->n[row]);
    return buf;
}

static double number(const struct tui_rows *r, int32_t row, int column)
{
    const struct cells *c = r->data;
    return column == 1 ? c->n[row] : (double)NAN;
}

static uint64_t key(const struct tui_rows *r, int32_t row)
{
    (void)r;
    return (uint64_t)row;
}

static void make_text(struct rs_rng *rng, char *out, int n_letters, int max)
{
    /* Long common beginnings, both cases, a letter of two bytes, missing ones. */
    static const char *const starts[] = {"", "", "The Matrix", "the matri", "A"};
    static const char *const letters[] = {"a", "B", "b", "\xc3\x89", "\xc3\xa9", "z", " ", "-"};
    char *p = out;
    p += snprintf(p, TEXT, "%s", starts[rs_rng_below(rng, 5)]);
    for (int i = (int)rs_rng_below(rng, (uint64_t)max); i > 0; i--) {
        p += snprintf(p, 3, "%s", letters[rs_rng_below(rng, (uint64_t)n_letters)]);
    }
}

static void make_cells(struct cells *c, struct rs_rng *rng, int32_t n)
{
    static const double odd[] = {0.0, -0.0, -1.5, 1e300, -1e300, 5e-324};
    for (int32_t i = 0; i < n; i++) {
        make_text(rng, c->name[i], 8, 6);
        make_text(rng, c->kind[i], 2, 3);
        uint64_t which = rs_rng_below(rng, 10);
        c->n[i] = which < 2   ? (double)NAN
                  : which < 4 ? odd[rs_rng_below(rng, 6)]
                  : which < 5 ? (double)INFINITY * (which % 2 ? 1 : -1)
                              : (double)rs_rng_below(rng, 8);
    }
}

/* ---- the slow twin ---- */

static bool missing(const struct cells *c, int column, int32_t row)
{
    const char *s = column ? c->kind[row] : c->name[row];
    return column == 1 ? isnan(c->n[row]) : s[0] == '\0' || strcmp(s, "-") == 0;
}

/* -1, 0, 1 as column and direction say; missing behind all, both ways. */
static int compare(const struct cells *c, int column, bool descending, int32_t a, int32_t b)
{
    if (column < 0) return 0;
    bool no_a = missing(c, column, a);
    bool no_b = missing(c, column, b);
    if (no_a || no_b) return (int)no_a - (int)no_b;
    int order;
    if (column == 1) {
        order = (c->n[a] > c->n[b]) - (c->n[a] < c->n[b]);
    } else {
        char x[TEXT];
        char y[TEXT];
        tui_fold(column ? c->kind[a] : c->name[a], x);
        tui_fold(column ? c->kind[b] : c->name[b], y);
        int sign = strcmp(x, y);
        order = (sign > 0) - (sign < 0);
    }
    return descending ? -order : order;
}

static int32_t slow_order(const struct tui_rows *rows, const struct tui_query *q,
                          const struct tui_sort *s, int32_t *out)
{
    int32_t n = 0;
    for (int32_t row = 0; row < rows->n; row++) {
        if (!tui_rows_match(rows, row, q)) continue;
        int32_t to = n++;
        for (; to > 0; to--) {
            int order = compare(rows->data, s->column, s->descending, row, out[to - 1]);
            if (order == 0 && s->column >= 0)
                order = compare(rows->data, s->previous, s->previous_descending, row, out[to - 1]);
            if (order >= 0) break;
            out[to] = out[to - 1];
        }
        out[to] = row;
    }
    return n;
}

/* ---- properties ---- */

static struct tui_rows *make_rows(struct cells *c, int32_t n)
{
    struct tui_rows *r = tui_rows_new(columns, N_COLUMNS, n, c);
    r->text = text;
    r->number = number;
    r->key = key;
    return r;
}

static void order_equals_the_slow_one(void **state)
{
    (void)state;
    static struct cells c;
    static int32_t want[MAX_ROWS];
    static const char *const filters[] = {"", "", "b", "-a", "n>=2", "n<3 b|z", "kind:the"};
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct rs_rng rng = rs_rng_make(seed, 0);
        struct rs_err err = {0};
        struct tui_query *q = NULL;
        int32_t *got;
        int32_t n_got;
        int32_t n = (int32_t)rs_rng_below(&rng, seed % 4 ? 40 : MAX_ROWS);
        make_cells(&c, &rng, n);
        struct tui_rows *rows = make_rows(&c, n);
        struct tui_sort s = {.column = (int)rs_rng_below(&rng, 4) - 1,
                             .descending = rs_rng_below(&rng, 2) == 1,
                             .previous = (int)rs_rng_below(&rng, 4) - 1,
                             .previous_descending = rs_rng_below(&rng, 2) == 1};
        assert_ok(tui_query_parse(filters[rs_rng_below(&rng, 7)], &rows->columns, &q, &err), &err);
        assert_ok(tui_order(rows, q, &s, NULL, &got, &n_got, &err), &err);
        int32_t n_want = slow_order(rows, q, &s, want);
        if (n_got != n_want || memcmp(got, want, (size_t)n_want * sizeof(*got)) != 0)
            fail_msg("seed %d: %d of %d rows, column %d, %d", (int)seed, n_want, n, s.column,
                     s.descending);
        free(got);
        tui_query_free(q);
        tui_rows_release(rows);
    }
}

static void a_cancelled_order_gives_nothing(void **state)
{
    (void)state;
    static struct cells c;
    struct rs_rng rng = rs_rng_make(1, 0);
    struct rs_task task = {0};
    struct rs_err err = {0};
    int32_t *got = (int32_t[]){0};
    int32_t n = 1;
    make_cells(&c, &rng, MAX_ROWS);
    struct tui_rows *rows = make_rows(&c, MAX_ROWS);
    const struct tui_sort s = {.column = 0, .previous = 1};
    atomic_store(&task.cancel, true);
    assert_code(tui_order(rows, NULL, &s, &task, &got, &n, &err), RS_ECANCEL, &err, NULL);
    assert_true(!got && n == 0);
    tui_rows_release(rows);
}

struct shares {
    int n;
    double last;
    bool bad;
};

static void hear(const struct rs_progress *p, void *ctx)
{
    struct shares *s = ctx;
    s->bad |= p->done < s->last || p->done > 1;
    s->last = p->done;
    s->n++;
}

static void shares_grow_and_stay_below_one(void **state)
{
    (void)state;
    static struct cells c;
    struct shares heard = {0};
    struct rs_task task = {.on_progress = hear, .ctx = &heard, .total = 1};
    struct rs_rng rng = rs_rng_make(3, 0);
    struct rs_err err = {0};
    int32_t *order;
    int32_t n;
    make_cells(&c, &rng, MAX_ROWS);
    struct tui_rows *rows = make_rows(&c, MAX_ROWS);
    const struct tui_sort s = {.column = 1, .previous = 0};
    assert_ok(tui_order(rows, NULL, &s, &task, &order, &n, &err), &err);
    assert_true(heard.n > 0 && !heard.bad);
    free(order);
    tui_rows_release(rows);
}

static enum rs_code order_once(void *ctx, struct rs_err *err)
{
    int32_t *order;
    int32_t n;
    const struct tui_sort s = {.column = 0, .previous = 2};
    enum rs_code rc = tui_order(ctx, NULL, &s, NULL, &order, &n, err);
    free(order);
    return rc;
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    static struct cells c;
    struct rs_rng rng = rs_rng_make(2, 0);
    make_cells(&c, &rng, MAX_ROWS);
    struct tui_rows *rows = make_rows(&c, MAX_ROWS);
    assert_survives_oom(order_once, rows);
    tui_rows_release(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_equals_the_slow_one),
        cmocka_unit_test(a_cancelled_order_gives_nothing),
        cmocka_unit_test(shares_grow_and_stay_below_one),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
