/*
 * show - the quality report and the split card as people read them.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#include "stage.h"

/* "users: 610" lines of a map; nested maps as "a.b". Lists and texts as they are. */
static void add_rows(struct rs_table *t, const char *prefix, const struct rs_val *map)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct rs_val *v = map->items[i];
        char *key = rs_xprintf("%s%s%s", prefix, prefix[0] ? "." : "", map->keys[i]);
        if (v->type == RS_VAL_MAP) {
            add_rows(t, key, v); /* depth of our own cards: two or three */
        } else {
            struct rs_str text;
            rs_str_init(&text, 0);
            if (v->type == RS_VAL_STR) {
                rs_str_add(&text, v->s);
            } else if (v->type == RS_VAL_REAL) {
                rs_str_addf(&text, "%.4g", v->r);
            } else {
                rs_json_print(v, 0, &text);
            }
            rs_table_row(t);
            rs_table_str(t, key);
            rs_table_str(t, rs_str_text(&text));
            rs_str_clear(&text);
        }
        free(key);
    }
}

static struct rs_table *pairs_table(void)
{
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "key", "", RS_LEFT, 0);
    rs_table_column(t, "value", "", RS_LEFT, 0);
    return t;
}

void rs_show_report(struct rs_result *out, const char *dataset, const struct rs_val *report)
{
    static const char *const keys[] = {
        "rows",        "users",       "items",      "density",         "bad_rows",
        "duplicates",  "null_values", "null_times", "items_described", "times",
        "bulk_raters", "long_tail",   NULL};
    char *heading = rs_xprintf("dataset %s", dataset);
    struct rs_table *t = pairs_table();
    for (const char *const *k = keys; *k; k++) {
        struct rs_val *v = rs_val_get(report, *k);
        if (!v) continue;
        struct rs_val *one = rs_val_map();
        rs_val_set(one, *k, rs_val_copy(v));
        add_rows(t, "", one);
        rs_val_free(one);
    }
    rs_result_table(out, NULL, heading, t);
    free(heading);
    const struct rs_val *notes = rs_val_get(report, "notes");
    for (size_t i = 0; notes && i < notes->n; i++) {
        rs_result_say(out, "note: %s", notes->items[i]->s);
    }
}

void rs_show_card(struct rs_result *out, const char *name, const struct rs_val *card)
{
    static const char *const keys[] = {"protocol",        "counts", "dropped",
                                       "users_evaluable", "leaks",  NULL};
    char *heading = rs_xprintf("split %s", name);
    struct rs_table *t = pairs_table();
    for (const char *const *k = keys; *k; k++) {
        struct rs_val *v = rs_val_get(card, *k);
        if (!v) continue;
        struct rs_val *one = rs_val_map();
        rs_val_set(one, *k, rs_val_copy(v));
        add_rows(t, "", one);
        rs_val_free(one);
    }
    rs_result_table(out, NULL, heading, t);
    free(heading);
    const char *verdict = rs_val_get_str(card, "verdict", NULL);
    if (verdict) {
        rs_result_say(out, "verdict: %s", verdict);
    }
}
