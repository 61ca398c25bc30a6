/* Filters from any hands: parsed or refused with RS_EPARSE, in bounded time and memory; what parses
 * answers for every row, the same each time. */
#include <math.h>
#include <stdio.h>

#include "fuzz/fuzz_text.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "tui/table.h"

static const struct tui_column columns[] = {
    {.name = "item", .title = "item", .width = 6, .flags = TUI_NUMBER},
    {.name = "title", .title = "title", .width = 20},
    {.name = "rated", .title = "rated", .width = 6, .flags = TUI_NUMBER},
    {.name = "", .title = "", .width = 1},
};
static const char *const docs[] = {
    "rated>=200 mean<3.7 alien|aliens",
    "-title:\"two words\" item=541 genres:drama",
    "~^the .*(19|20)[0-9]{2}~ -~x+y*z?~",
    "title:~a|b|[^c-d]~|rated!=3 \"open",
    "-\"a \\\" b\"|c| |d -|e",
    "rated<=1e9 rated>-5 title<=m",
    NULL,
};
static const char *const words[] = {
    "~",           "\"",      "|",   "-",   ":",    ">=",       "<",    "!=",
    "=",           " ",       "\\",  "\\~", "(",    ")",        "[",    "]",
    "{9999}",      "{1,300}", "*",   "+",   "?",    "^",        "$",    ".",
    "[[:alpha:]]", "[[.a.]]", "\\1", "\\<", "\xff", "\xc3\x89", "\xc3", "title:",
    "rated>=",     "1e999",   "nan", "0x1", "\n",   NULL,
};

static const char *const cells[][4] = {
    {"541", "The Alien (1979)", "40706", ""},
    {"-", "", "-", "\xff\xc3"},
    {"1", "\xc3\x89t\xc3\xa9 \"a\\b\" ~x~", "1", "-"},
};

static const char *text(void *ctx, int column, char *buf, int size)
{
    const char *const *row = ctx;
    snprintf(buf, (size_t)size, "%s", row[column]); /* as a table would: into the buffer */
    return buf;
}

static double number(void *ctx, int column)
{
    double v;
    const char *const *row = ctx;
    return rs_str_to_double(row[column], &v) ? v : (double)NAN;
}

static void check(const char *filter, uint64_t n)
{
    struct rs_err err = {0};
    struct tui_query *q = NULL;
    const struct tui_columns cs = {columns, 4};
    enum rs_code rc = tui_query_parse(filter, &cs, &q, &err);
    if (rc && (rc != RS_EPARSE || q || !err.msg[0]))
        fail_msg("case %d: %s: %s", (int)n, filter, err.msg);
    for (size_t i = 0; i < 3; i++) {
        const char *row_cells[4] = {cells[i][0], cells[i][1], cells[i][2], cells[i][3]};
        const struct tui_row_reader row = {text, number, row_cells, 4};
        bool first = tui_query_match(q, &row);
        if (first != tui_query_match(q, &row) || (!q && !first))
            fail_msg("case %d: %s: row %d", (int)n, filter, (int)i);
    }
    tui_query_free(q);
}

static void mutated_filters_are_taken_or_refused(void **state)
{
    (void)state;
    for (uint64_t n = 0, end = fuzz_n_cases(30000); n < end; n++) {
        struct fuzz_text f;
        fuzz_make(&f, n, docs, words);
        char *filter = rs_xstrndup(f.bytes, f.len); /* up to a NUL, as a prompt would have it */
        check(filter, n);
        free(filter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_filters_are_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
