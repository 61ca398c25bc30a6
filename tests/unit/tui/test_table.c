/* A list of films: cursor and marks by key, sorts, filters, drawing, output. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/support.h"
#include "rs/base/mem.h"
#include "tui/glyph.h"
#include "tui/table.h"

enum { HEIGHT = 5, VIEW = 3, KIND = 9 };

static const struct tui_column columns[] = {
    {.name = "item", .title = "item", .width = 5, .flags = TUI_NUMBER},
    {.name = "title", .title = "title", .width = 12, .flags = TUI_GROWS},
    {.name = "rated", .title = "rated", .width = 6, .flags = TUI_NUMBER},
    {.name = "share", .title = "share", .width = 12, .flags = TUI_NUMBER | TUI_BARS},
};

struct film {
    int id;
    const char *title;
    int rated; /* negative: missing */
};

struct films {
    struct film *list;
    int *n_freed;
};

static const char *film_text(const struct tui_rows *r, int32_t row, int column, char *buf, int size,
                             enum tui_role *role_out)
{
    const struct films *fs = r->data;
    const struct film *f = &fs->list[row];
    switch (column) {
    case 0:
        snprintf(buf, (size_t)size, "%d", f->id);
        return buf;
    case 1:
        return f->title;
    case 2:
        if (f->rated < 0) *role_out = TUI_DIM;
        if (f->rated < 0) return "-";
        snprintf(buf, (size_t)size, "%d", f->rated);
        return buf;
    default:
        snprintf(buf, (size_t)size, "%.2f", f->rated / 100.0);
        return buf;
    }
}

static double film_number(const struct tui_rows *r, int32_t row, int column)
{
    const struct films *fs = r->data;
    const struct film *f = &fs->list[row];
    if (column == 0) return f->id;
    if (column == 1 || f->rated < 0) return (double)NAN;
    return column == 2 ? f->rated : f->rated / 100.0;
}

static uint64_t film_key(const struct tui_rows *r, int32_t row)
{
    const struct films *fs = r->data;
    return (uint64_t)fs->list[row].id;
}

static void films_free(void *data)
{
    struct films *fs = data;
    if (fs->n_freed) ++*fs->n_freed;
    free(fs->list);
    free(fs);
}

static struct tui_rows *film_rows(const struct film *list, int n, int *n_freed)
{
    struct films *fs = rs_xalloc(1, sizeof(*fs));
    fs->list = rs_xalloc((size_t)n + 1, sizeof(*fs->list));
    if (n > 0) memcpy(fs->list, list, (size_t)n * sizeof(*list));
    fs->n_freed = n_freed;
    struct tui_rows *r = tui_rows_new(columns, 4, n, fs);
    r->text = film_text;
    r->number = film_number;
    r->key = film_key;
    r->free = films_free;
    return r;
}

static const struct film films[] = {
    {0, "Alien", 40}, {7, "Blade Runner", -1}, {3, "Aliens", 36},
    {9, "Heat", 36},  {5, "Brazil", 90},       {2, "Akira", 12},
};
enum { N_FILMS = sizeof(films) / sizeof(films[0]) };

static void table_of_films(struct tui_table *t)
{
    tui_table_init(t, VIEW, KIND, "No films yet. i imports some.");
    tui_table_set(t, NULL, film_rows(films, N_FILMS, NULL), NULL);
}

static int id_at(const struct tui_table *t, int32_t place)
{
    return (int)t->rows->key(t->rows, t->order[place]);
}

static int cursor_id(const struct tui_table *t)
{
    int32_t row = tui_table_row(t);
    return row < 0 ? -1 : (int)t->rows->key(t->rows, row);
}

static void assert_ids(const struct tui_table *t, const char *want)
{
    char got[64] = "";
    for (int32_t i = 0; i < t->n_shown; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof(got) - n, "%d ", id_at(t, i));
    }
    assert_string_equal(got, want);
}

static void ask(struct tui_table *t, enum tui_request r, int count)
{
    assert_true(tui_table_request(t, NULL, r, count, HEIGHT));
}

/* ---- cursor ---- */

static void the_cursor_moves_and_stops_at_the_ends(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    assert_int_equal(cursor_id(&t), 0);
    ask(&t, TUI_REQ_UP, 0);
    assert_int_equal(t.at, 0);
    ask(&t, TUI_REQ_DOWN, 2);
    assert_int_equal(cursor_id(&t), 3);
    ask(&t, TUI_REQ_DOWN, 2000000000);
    assert_int_equal(t.at, 5);
    assert_int_equal(t.top, 1);
    ask(&t, TUI_REQ_FIRST, 4);
    assert_int_equal(t.at, 3);
    ask(&t, TUI_REQ_LAST, 2);
    assert_int_equal(t.at, 1);
    ask(&t, TUI_REQ_LAST, 0);
    assert_int_equal(t.at, 5);
    ask(&t, TUI_REQ_PAGE_UP, 0);
    assert_true(t.at == 0 && t.top == 0);
    ask(&t, TUI_REQ_PAGE_DOWN, 2000000000);
    assert_int_equal(t.at, 5);
    assert_true(tui_table_go(&t, 9));
    assert_int_equal(t.at, 3);
    assert_false(tui_table_go(&t, 1234));
    assert_int_equal(cursor_id(&t), 9);
    assert_false(tui_table_request(&t, NULL, TUI_REQ_OPEN, 0, HEIGHT));
    tui_table_clear(&t);
}

static void the_row_moves_and_not_the_choice(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    tui_table_go(&t, 9);
    t.column = 2;
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_ids(&t, "5 0 3 9 2 7 "); /* missing last */
    assert_int_equal(cursor_id(&t), 9);
    /* A reload in another order, without one of them, with a new one. */
    const struct film newer[] = {
        {9, "Heat", 1}, {8, "Ran", 50}, {5, "Brazil", 90}, {0, "Alien", 40}};
    tui_table_set(&t, NULL, film_rows(newer, 4, NULL), NULL);
    assert_ids(&t, "5 8 0 9 ");
    assert_int_equal(cursor_id(&t), 9);
    /* That row goes away: the one at its place is the choice, for good. */
    tui_table_set(&t, NULL, film_rows(newer + 1, 3, NULL), NULL);
    assert_int_equal(cursor_id(&t), 0);
    ask(&t, TUI_REQ_SORT_TURN, 0); /* ascending */
    assert_ids(&t, "0 8 5 ");
    assert_int_equal(cursor_id(&t), 0);
    tui_table_clear(&t);
}

static void a_row_comes_back_with_the_filter_gone(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    tui_table_go(&t, 9);
    tui_table_filter(&t, NULL, "alien");
    assert_ids(&t, "0 3 ");
    assert_int_equal(cursor_id(&t), 3); /* the last that there is */
    tui_table_filter(&t, NULL, "");
    assert_int_equal(cursor_id(&t), 9);
    tui_table_filter(&t, NULL, "nothing like it");
    assert_int_equal(tui_table_row(&t), -1);
    ask(&t, TUI_REQ_DOWN, 0);
    ask(&t, TUI_REQ_MARK, 0);
    ask(&t, TUI_REQ_MARK_ALL, 0);
    ask(&t, TUI_REQ_FILTER_CELL, 0);
    assert_int_equal(t.n_marks, 0);
    tui_table_filter(&t, NULL, "");
    assert_int_equal(cursor_id(&t), 9);
    tui_table_clear(&t);
}

/* ---- sort and filter ---- */

static void a_sort_has_three_states_and_the_one_before_breaks_ties(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    t.column = 1;
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_ids(&t, "9 5 7 3 0 2 "); /* titles, Z first */
    t.column = 2;
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_ids(&t, "5 0 9 3 2 7 "); /* 36 twice: Heat before Aliens */
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_ids(&t, "2 9 3 0 5 7 ");
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_ids(&t, "0 7 3 9 5 2 "); /* as loaded */
    assert_int_equal(t.sort_column, -1);
    tui_table_clear(&t);
}

static void sorting_walks_over_columns(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    ask(&t, TUI_REQ_SORT_NEXT, 0); /* nothing sorted: the cursor's column */
    assert_true(t.sort_column == 0 && t.descending && t.column == 0);
    ask(&t, TUI_REQ_SORT_PREVIOUS, 0);
    assert_true(t.sort_column == 3 && t.previous_column == 0);
    ask(&t, TUI_REQ_SORT_NEXT, 0);
    assert_int_equal(t.sort_column, 0);
    assert_ids(&t, "9 7 5 3 2 0 ");
    tui_table_clear(&t);
}

static void a_half_typed_regex_keeps_the_last_good_result(void **state)
{
    (void)state;
    struct tui_table t;
    struct rs_str s;
    rs_str_init(&s, 0);
    table_of_films(&t);
    tui_table_filter(&t, NULL, "~^al~");
    assert_ids(&t, "0 3 ");
    tui_table_filter(&t, NULL, "~^al~ ~(");
    assert_ids(&t, "0 3 ");
    assert_non_null(strstr(t.filter_error, "not closed"));
    tui_table_status(&t, "films", &s);
    assert_string_equal(rs_str_text(&s), "/~^al~ ~( ?  2 of 6 films");
    tui_table_set(&t, NULL, film_rows(films, 3, NULL), NULL); /* a reload meanwhile */
    assert_ids(&t, "0 3 ");
    tui_table_filter(&t, NULL, "~^al~ ~(s)~");
    assert_ids(&t, "3 ");
    assert_string_equal(t.filter_error, "");
    char long_text[400];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    tui_table_filter(&t, NULL, long_text);
    assert_string_equal(t.filter, "~^al~ ~(s)~");
    assert_non_null(strstr(t.filter_error, "longer than 255 bytes"));
    rs_str_clear(&s);
    tui_table_clear(&t);
}

static void a_filter_said_before_the_rows_waits_for_them(void **state)
{
    (void)state;
    struct tui_table t;
    tui_table_init(&t, VIEW, KIND, "");
    tui_table_filter(&t, NULL, "rated>36");
    tui_table_set(&t, NULL, film_rows(films, N_FILMS, NULL), NULL);
    assert_ids(&t, "0 5 ");
    tui_table_clear(&t);
}

static void a_cell_becomes_a_filter(void **state)
{
    (void)state;
    static const struct film odd[] = {{1, "say \"a\\b\"", 3}, {2, "say", 3}};
    struct tui_table t;
    table_of_films(&t);
    tui_table_go(&t, 3);
    t.column = 2;
    ask(&t, TUI_REQ_FILTER_CELL, 0);
    assert_string_equal(t.filter, "rated=36");
    assert_ids(&t, "3 9 ");
    tui_table_filter(&t, NULL, "");
    tui_table_set(&t, NULL, film_rows(odd, 2, NULL), NULL);
    tui_table_go(&t, 1);
    t.column = 1;
    ask(&t, TUI_REQ_FILTER_CELL, 0);
    assert_ids(&t, "1 ");
    tui_table_clear(&t);
}

static void matches_are_walked_round(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    ask(&t, TUI_REQ_NEXT_MATCH, 0);
    assert_int_equal(cursor_id(&t), 0); /* nothing is looked for */
    tui_table_filter(&t, NULL, "alien");
    ask(&t, TUI_REQ_NEXT_MATCH, 0);
    assert_int_equal(cursor_id(&t), 3);
    ask(&t, TUI_REQ_NEXT_MATCH, 0);
    assert_int_equal(cursor_id(&t), 0);
    ask(&t, TUI_REQ_PREVIOUS_MATCH, 3);
    assert_int_equal(cursor_id(&t), 3);
    tui_table_clear(&t);
}

/* ---- marks ---- */

static void marks_are_of_rows_and_go_with_them(void **state)
{
    (void)state;
    struct tui_table t;
    int gone = -1;
    table_of_films(&t);
    ask(&t, TUI_REQ_MARK, 0); /* 0, and on to 7 */
    assert_int_equal(cursor_id(&t), 7);
    ask(&t, TUI_REQ_DOWN, 2); /* 9 */
    ask(&t, TUI_REQ_MARK_RANGE, 0);
    assert_int_equal(t.n_marks, 4);
    tui_table_go(&t, 3);
    ask(&t, TUI_REQ_MARK, 0); /* not any more */
    assert_int_equal(t.n_marks, 3);
    tui_table_filter(&t, NULL, "heat");
    assert_true(tui_table_marked(&t, t.order[0]));
    tui_table_filter(&t, NULL, "");
    tui_table_set(&t, NULL, film_rows(films + 2, 3, NULL), &gone); /* 3 9 5 */
    assert_int_equal(gone, 2);
    assert_int_equal(t.n_marks, 1);
    assert_true(tui_table_marked(&t, 1) && !tui_table_marked(&t, 0) && !tui_table_marked(&t, 7));
    ask(&t, TUI_REQ_MARK_ALL, 0);
    ask(&t, TUI_REQ_MARK_ALL, 0);
    assert_int_equal(t.n_marks, 3);
    ask(&t, TUI_REQ_MARK_NONE, 0);
    assert_int_equal(t.n_marks, 0);
    tui_table_clear(&t);
}

/* ---- with the worker ---- */

enum { MANY = 5000 };

static struct tui_rows *many_rows(int *n_freed, int add)
{
    static struct film list[MANY];
    for (int i = 0; i < MANY; i++) {
        list[i] = (struct film){i + 1, i % 2 ? "odd" : "even", (i * 7919 + add) % MANY};
    }
    return film_rows(list, MANY, n_freed);
}

static void await(struct tui_table *t, struct tui_worker *w, int fd)
{
    while (t->ordering) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        struct tui_event e;
        assert_int_equal(poll(&p, 1, 20000), 1);
        while (tui_worker_take(w, &e)) {
            assert_true(tui_table_read(t, &e));
            tui_event_clear(&e);
        }
    }
}

static void the_old_order_stays_until_the_new_one_is_there(void **state)
{
    (void)state;
    struct tui_table t;
    struct tui_worker *w;
    struct rs_err err = {0};
    int fd;
    int n_freed = 0;
    char *dir = ref_temp_dir();
    assert_ok(tui_worker_start(dir, &fd, &w, &err), &err);
    tui_table_init(&t, VIEW, KIND, "");
    tui_table_set(&t, w, many_rows(&n_freed, 0), NULL);
    assert_int_equal(t.n_shown, MANY); /* as loaded needs no worker */
    tui_table_go(&t, 4000);
    t.column = 2;
    for (int i = 0; i < 3; i++) { /* descending, ascending, as loaded: the last one counts */
        assert_true(tui_table_request(&t, w, TUI_REQ_SORT_TURN, 0, HEIGHT));
        assert_int_equal(t.n_shown, MANY);
    }
    assert_false(t.ordering);
    tui_table_request(&t, w, TUI_REQ_SORT_TURN, 0, HEIGHT);
    assert_true(t.ordering && id_at(&t, 0) == 1 && cursor_id(&t) == 4000);
    await(&t, w, fd);
    assert_int_equal((int)film_number(t.rows, t.order[0], 2), MANY - 1);
    assert_int_equal(cursor_id(&t), 4000);
    /* Newer rows wait for their order; what is shown is whole meanwhile. */
    const struct tui_rows *before = t.rows;
    tui_table_set(&t, w, many_rows(&n_freed, 1), NULL);
    assert_true(t.rows == before && t.ordering && n_freed == 0);
    tui_table_filter(&t, w, "odd rated>=100");
    await(&t, w, fd);
    assert_true(t.rows != before && n_freed == 1);
    assert_true(t.n_shown > 2000 && t.n_shown < 2500);
    /* Stopped: what was shown stays, with its sort. */
    tui_table_request(&t, w, TUI_REQ_SORT_TURN, 0, HEIGHT);
    assert_true(tui_table_request(&t, w, TUI_REQ_INTERRUPT, 0, HEIGHT));
    assert_true(!t.ordering && t.descending && t.sort_column == 2);
    assert_false(tui_table_request(&t, w, TUI_REQ_INTERRUPT, 0, HEIGHT));
    tui_table_clear(&t);
    tui_worker_stop(w);
    assert_int_equal(n_freed, 2);
    ref_remove(dir);
}

static void answers_of_others_are_theirs(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    struct tui_event e = {.view = VIEW, .kind = KIND + 1};
    assert_false(tui_table_read(&t, &e));
    e = (struct tui_event){.view = VIEW + 1, .kind = KIND};
    assert_false(tui_table_read(&t, &e));
    e = (struct tui_event){.view = VIEW, .kind = KIND, .rc = RS_ENOMEM, .err = {RS_ENOMEM, "no"}};
    assert_true(tui_table_read(&t, &e));
    assert_string_equal(t.filter_error, "no");
    assert_int_equal(t.n_shown, N_FILMS);
    tui_table_clear(&t);
}

/* ---- drawing ---- */

static void assert_drawn(struct tui_table *t, int w, int h, bool focused, const char *want)
{
    struct tui_canvas c;
    struct rs_str s;
    rs_str_init(&s, 0);
    tui_canvas_init(&c, &tui_glyphs_ascii);
    tui_canvas_resize(&c, w, h);
    tui_table_draw(t, &c, tui_canvas_rect(&c), focused);
    tui_canvas_text(&c, &s);
    assert_string_equal(rs_str_text(&s), want);
    rs_str_clear(&s);
    tui_canvas_clear(&c);
}

static void rows_are_drawn_with_cursor_marks_arrow_and_bars(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    ask(&t, TUI_REQ_MARK, 0);
    tui_table_go(&t, 5);
    t.column = 2;
    ask(&t, TUI_REQ_SORT_TURN, 0);
    assert_drawn(&t, 44, 4, true,
                 "   item title            rate v share\n"
                 ">     5 Brazil               90 0.90 ######.\n"
                 " *    0 Alien                40 0.40 ###....\n"
                 "      3 Aliens               36 0.36 ###....\n");
    tui_table_clear(&t);
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    struct tui_table t;
    struct rs_str s;
    rs_str_init(&s, 0);
    table_of_films(&t);
    tui_table_go(&t, 7);
    assert_drawn(&t, 30, 3, true,
                 "   item title              +2\n"
                 "      0 Alien\n"
                 ">     7 Blade Runner\n");
    tui_table_status(&t, "films", &s);
    assert_string_equal(rs_str_text(&s), "6 films  +2 columns, L to scroll");
    ask(&t, TUI_REQ_SCROLL_RIGHT, 0);
    assert_drawn(&t, 30, 2, true,
                 "<  item  rated share\n"
                 ">     7      - -0.01\n");
    tui_table_clear(&t);
    rs_str_clear(&s);
}

static void a_column_that_is_chosen_comes_into_sight(void **state)
{
    (void)state;
    struct tui_table t;
    table_of_films(&t);
    assert_drawn(&t, 20, 2, false,
                 "   item title    +2\n"
                 "      0 Alien\n");
    ask(&t, TUI_REQ_RIGHT, 3);
    assert_true(t.column == 3 && t.first_column == 3);
    ask(&t, TUI_REQ_LEFT, 2);
    assert_true(t.column == 1 && t.first_column == 1);
    ask(&t, TUI_REQ_SCROLL_RIGHT, 9);
    assert_true(t.column == 3 && t.first_column == 3);
    ask(&t, TUI_REQ_SCROLL_RIGHT, 1);
    assert_int_equal(t.first_column, 3);
    ask(&t, TUI_REQ_SCROLL_LEFT, 9);
    assert_int_equal(t.first_column, 1);
    tui_table_clear(&t);
}

static void a_table_without_rows_says_why(void **state)
{
    (void)state;
    struct tui_table t;
    tui_table_init(&t, VIEW, KIND, "No films yet. i imports some.");
    assert_drawn(&t, 40, 2, true, "loading\n\n");
    tui_table_set(&t, NULL, film_rows(NULL, 0, NULL), NULL);
    assert_drawn(&t, 46, 2, true,
                 "   item title               rated share\nNo films yet. i imports some.\n");
    tui_table_set(&t, NULL, film_rows(films, N_FILMS, NULL), NULL);
    tui_table_filter(&t, NULL, "lr>");
    assert_drawn(&t, 46, 2, true,
                 "   item title               rated share\n"
                 "Nothing matches \"lr>\". Esc clears the filter.\n");
    tui_table_clear(&t);
}

static void what_the_filter_found_is_shown(void **state)
{
    (void)state;
    struct tui_canvas c;
    struct tui_table t;
    char roles[31] = "";
    table_of_films(&t);
    tui_table_filter(&t, NULL, "un");
    tui_canvas_init(&c, &tui_glyphs_ascii);
    tui_canvas_resize(&c, 30, 2);
    tui_table_draw(&t, &c, tui_canvas_rect(&c), false);
    for (int x = 0; x < 30; x++) {
        roles[x] = c.cells[30 + x].role == TUI_MATCH ? 'm' : '.';
    }
    assert_string_equal(roles, "...............mm............."); /* Blade R[un]ner */
    tui_canvas_clear(&c);
    tui_table_clear(&t);
}

/* Nothing is written outside of the area, at any size and scroll. */
static void any_size_is_drawn(void **state)
{
    (void)state;
    struct tui_canvas c;
    struct tui_table t;
    table_of_films(&t);
    tui_canvas_init(&c, &tui_glyphs_utf8);
    for (int w = 1; w <= 70; w++) {
        for (int h = 1; h <= 9; h++) {
            tui_canvas_resize(&c, w + 2, h + 2);
            t.at = (w + h) % N_FILMS;
            t.top = 5 - h % 6;
            t.column = w % 4;
            t.first_column = h % 7;
            tui_table_draw(&t, &c, (struct tui_rect){1, 1, w, h}, true);
            for (int i = 0; i < (w + 2) * (h + 2); i++) {
                int x = i % (w + 2);
                int y = i / (w + 2);
                bool edge = x == 0 || y == 0 || x == w + 1 || y == h + 1;
                if (edge && c.cells[i].text[0]) fail_msg("%dx%d: drawn at %d,%d", w, h, x, y);
            }
            assert_true(h < 2 || (t.at >= t.top && t.at < t.top + h - 1));
            assert_true(h < 2 || (c.cursor_x == 1 && c.cursor_y == 2 + t.at - t.top));
        }
    }
    tui_canvas_clear(&c);
    tui_table_clear(&t);
}

/* ---- output and results ---- */

static void csv_is_quoted(void **state)
{
    (void)state;
    static const struct film odd[] = {
        {1, "a,b", 3}, {2, "say \"hi\"", -1}, {3, "two\nlines", 5}, {4, "plain", 6}};
    struct tui_table t;
    struct rs_str s;
    rs_str_init(&s, 0);
    tui_table_init(&t, VIEW, KIND, "");
    tui_table_csv(&t, &s);
    assert_string_equal(rs_str_text(&s), "");
    tui_table_set(&t, NULL, film_rows(odd, 4, NULL), NULL);
    ask(&t, TUI_REQ_SORT_TURN, 0);
    tui_table_csv(&t, &s);
    assert_string_equal(rs_str_text(&s), "item,title,rated,share\r\n"
                                         "4,plain,6,0.06\r\n"
                                         "3,\"two\nlines\",5,0.05\r\n"
                                         "2,\"say \"\"hi\"\"\",-,-0.01\r\n"
                                         "1,\"a,b\",3,0.03\r\n");
    rs_str_clear(&s);
    tui_table_clear(&t);
}

static void a_result_becomes_rows(void **state)
{
    (void)state;
    static const struct tui_column run_columns[] = {
        {.name = "id", .title = "run", .width = 8},
        {.name = "metrics.ndcg_at_10", .title = "NDCG@10", .width = 8, .flags = TUI_NUMBER},
        {.name = "seed", .title = "seed", .width = 4, .flags = TUI_NUMBER},
        {.name = "tags", .title = "tags", .width = 10},
        {.name = "a.b", .title = "a.b", .width = 4},
        {.name = "ok", .title = "ok", .width = 4},
        {.name = "params", .title = "params", .width = 10},
    };
    static const char text[] =
        "[{\"id\":\"3f9a\",\"metrics\":{\"ndcg_at_10\":0.12345},\"seed\":42,\"tags\":[\"x\",2],"
        "\"a.b\":\"dot\",\"ok\":true,\"params\":{\"f\":96,\"reg\":0.01}},"
        "{\"id\":\"2c11\",\"metrics\":{},\"seed\":null,\"tags\":[]},7]";
    static const char *const want[3][7] = {
        {"3f9a", "0.1235", "42", "x, 2", "dot", "yes", "f=96, reg=0.0100"},
        {"2c11", "-", "-", "-", "-", "-", "-"},
        {"-", "-", "-", "-", "-", "-", "-"},
    };
    struct rs_err err = {0};
    struct rs_val *list = NULL;
    assert_ok(rs_json_parse(text, strlen(text), "test", &list, &err), &err);
    struct tui_rows *r = tui_rows_of_result(list, run_columns, 7);
    rs_val_free(list); /* rows have their own */
    assert_int_equal(r->n, 3);
    for (int row = 0; row < 3; row++) {
        for (int c = 0; c < 7; c++) {
            char buf[64];
            assert_string_equal(tui_rows_text(r, row, c, buf, sizeof(buf)), want[row][c]);
        }
    }
    assert_true(tui_rows_number(r, 0, 2) == 42 && isnan(tui_rows_number(r, 1, 2)));
    assert_true(r->key(r, 0) != r->key(r, 1));
    assert_int_equal(tui_rows_find(r, r->key(r, 1)), 1);
    assert_int_equal(tui_rows_find(r, 1), -1);
    tui_rows_release(r);
    r = tui_rows_of_result(NULL, run_columns, 7);
    assert_int_equal(r->n, 0);
    tui_rows_release(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cursor_moves_and_stops_at_the_ends),
        cmocka_unit_test(the_row_moves_and_not_the_choice),
        cmocka_unit_test(a_row_comes_back_with_the_filter_gone),
        cmocka_unit_test(a_sort_has_three_states_and_the_one_before_breaks_ties),
        cmocka_unit_test(sorting_walks_over_columns),
        cmocka_unit_test(a_half_typed_regex_keeps_the_last_good_result),
        cmocka_unit_test(a_filter_said_before_the_rows_waits_for_them),
        cmocka_unit_test(a_cell_becomes_a_filter),
        cmocka_unit_test(matches_are_walked_round),
        cmocka_unit_test(marks_are_of_rows_and_go_with_them),
        cmocka_unit_test(the_old_order_stays_until_the_new_one_is_there),
        cmocka_unit_test(answers_of_others_are_theirs),
        cmocka_unit_test(rows_are_drawn_with_cursor_marks_arrow_and_bars),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(a_column_that_is_chosen_comes_into_sight),
        cmocka_unit_test(a_table_without_rows_says_why),
        cmocka_unit_test(what_the_filter_found_is_shown),
        cmocka_unit_test(any_size_is_drawn),
        cmocka_unit_test(csv_is_quoted),
        cmocka_unit_test(a_result_becomes_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
