/*
 * show - the quality report and the split card as sentences that a person reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"

#include "stage.h"

/* 100836 as "100,836" into one of a few buffers that take turns: for one printf at a time. */
static const char *count(int64_t n)
{
    static _Thread_local char buffers[8][32];
    static _Thread_local unsigned turn;
    char digits[24];
    char *out = buffers[turn++ % 8];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        bool comma = i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0;
        if (comma) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static int64_t int_at(const struct rs_val *v, const char *path)
{
    const struct rs_val *x = rs_val_at(v, path);
    return x && x->type == RS_VAL_INT ? x->i : 0;
}

static double real_at(const struct rs_val *v, const char *path)
{
    const struct rs_val *x = rs_val_at(v, path);
    return !x ? 0 : x->type == RS_VAL_REAL ? x->r : x->type == RS_VAL_INT ? (double)x->i : 0;
}

static const char *text_at(const struct rs_val *v, const char *path)
{
    const struct rs_val *x = rs_val_at(v, path);
    return x && x->type == RS_VAL_STR ? x->s : "";
}

static void say_list(struct rs_result *out, const char *prefix, const struct rs_val *list)
{
    for (size_t i = 0; list && list->type == RS_VAL_LIST && i < list->n; i++) {
        rs_result_say(out, "  %s%s", prefix, list->items[i]->s);
    }
}

static void say_reading(struct rs_result *out, const struct rs_val *r)
{
    if (int_at(r, "bad_rows") + int_at(r, "duplicates") + int_at(r, "null_values") == 0) {
        rs_result_say(out, "  reading   no bad rows, no duplicates, no empty values");
    } else {
        rs_result_say(out,
                      "  reading   %s bad rows (%.2f %%), %s duplicates (the later row stays), %s "
                      "empty values",
                      count(int_at(r, "bad_rows")), 100 * real_at(r, "bad_share"),
                      count(int_at(r, "duplicates")), count(int_at(r, "null_values")));
    }
    say_list(out, "          ", rs_val_get(r, "bad_examples"));
}

void rs_show_report(struct rs_result *out, const char *dataset, const struct rs_val *r)
{
    const char *first = text_at(r, "times.first");
    const char *last = text_at(r, "times.last");
    rs_result_say(out, "data card: %s", dataset);
    rs_result_say(out, "  size      %s rows of %s users and %s items, density %.3g %%",
                  count(int_at(r, "rows")), count(int_at(r, "users")), count(int_at(r, "items")),
                  100 * real_at(r, "density"));
    rs_result_say(out, "  values    %g to %g, mean %.2f", real_at(r, "values.min"),
                  real_at(r, "values.max"), real_at(r, "values.mean"));
    if (first[0]) {
        rs_result_say(out, "  time      %.10s to %.10s", first, last);
    }
    say_reading(out, r);
    rs_result_say(out, "  users     median %s rows, a tenth have %s or more",
                  count(int_at(r, "activity.rows_of_a_user.median")),
                  count(int_at(r, "activity.rows_of_a_user.p90")));
    rs_result_say(out, "  items     half of the rows are of %s items; %s items have one row",
                  count(int_at(r, "long_tail.items_for_half_of_the_rows")),
                  count(int_at(r, "long_tail.items_with_one_row")));
    say_list(out, "note      ", rs_val_get(r, "notes"));
}

static void say_dropped(struct rs_result *out, const struct rs_val *card)
{
    const struct rs_val *dropped = rs_val_get(card, "dropped");
    for (size_t i = 0; dropped && i < dropped->n; i++) {
        const struct rs_val *d = dropped->items[i];
        if (int_at(d, "rows") + int_at(d, "users") + int_at(d, "items") == 0) continue;
        rs_result_say(out, "  dropped   %s: %s rows, %s users, %s items", dropped->keys[i],
                      count(int_at(d, "rows")), count(int_at(d, "users")),
                      count(int_at(d, "items")));
    }
}

static void say_leaks(struct rs_result *out, const struct rs_val *card)
{
    int64_t overlap =
        int_at(card, "leaks.overlap_train_test") + int_at(card, "leaks.overlap_train_val") +
        int_at(card, "leaks.overlap_val_test") + int_at(card, "leaks.overlap_history_test");
    rs_result_say(out,
                  "  leaks     %s rows in two parts; %s users with rows of their own future in "
                  "train",
                  count(overlap), count(int_at(card, "leaks.users_with_own_future_in_train")));
}

void rs_show_card(struct rs_result *out, const char *name, const struct rs_val *card)
{
    rs_result_say(out, "split card: %s (%s)", name, text_at(card, "protocol"));
    rs_result_say(out, "  parts     train %s, validation %s, test %s rows",
                  count(int_at(card, "counts.train")), count(int_at(card, "counts.val")),
                  count(int_at(card, "counts.test")));
    rs_result_say(out, "  catalogue %s users, %s items in train",
                  count(int_at(card, "counts.train_users")),
                  count(int_at(card, "counts.train_items")));
    say_dropped(out, card);
    say_leaks(out, card);
    rs_result_say(out, "  evaluable %s users have a relevant item in test",
                  count(int_at(card, "users_evaluable")));
    say_list(out, "warning   ", rs_val_get(card, "warnings"));
    if (text_at(card, "verdict")[0]) {
        rs_result_say(out, "  verdict   %s", text_at(card, "verdict"));
    }
}
