/*
 * table_marks - marked rows as a sorted list of keys.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "table_impl.h"

/* Where key stands among the marks, or would. */
static int32_t mark_place(const struct tui_table *t, uint64_t key)
{
    int32_t low = 0;
    int32_t high = t->n_marks;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (t->marks[mid] < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool has_mark(const struct tui_table *t, uint64_t key)
{
    int32_t at = mark_place(t, key);
    return at < t->n_marks && t->marks[at] == key;
}

bool tui_table_marked(const struct tui_table *t, int32_t row)
{
    return t->n_marks > 0 && t->rows && row >= 0 && row < t->rows->n &&
           has_mark(t, t->rows->key(t->rows, row));
}

static int compare_keys(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

void tui_marks_add(struct tui_table *t, int32_t from, int32_t to)
{
    int32_t n = t->n_marks;
    uint64_t *keys = rs_xalloc((size_t)n + (size_t)(to - from) + 1, sizeof(*keys));
    if (n > 0) memcpy(keys, t->marks, (size_t)n * sizeof(*keys));
    for (int32_t place = from; place <= to; place++) {
        keys[n++] = tui_table_key_at(t, place);
    }
    qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
    free(t->marks);
    t->marks = keys;
    t->n_marks = 0;
    for (int32_t i = 0; i < n; i++) {
        if (t->n_marks == 0 || keys[t->n_marks - 1] != keys[i]) keys[t->n_marks++] = keys[i];
    }
}

static void unmark(struct tui_table *t, uint64_t key)
{
    int32_t at = mark_place(t, key);
    t->n_marks--;
    memmove(t->marks + at, t->marks + at + 1, (size_t)(t->n_marks - at) * sizeof(*t->marks));
}

void tui_marks_turn(struct tui_table *t)
{
    uint64_t key = tui_table_key_at(t, t->at);
    if (has_mark(t, key)) {
        unmark(t, key);
    } else {
        tui_marks_add(t, t->at, t->at);
    }
    t->last_mark = key;
}

void tui_marks_range(struct tui_table *t)
{
    int32_t from = t->at;
    for (int32_t place = 0; place < t->n_shown && t->n_marks > 0; place++) {
        if (tui_table_key_at(t, place) == t->last_mark) from = place;
    }
    tui_marks_add(t, from < t->at ? from : t->at, from < t->at ? t->at : from);
    t->last_mark = tui_table_key_at(t, t->at);
}

int tui_marks_drop_gone(struct tui_table *t, const struct tui_rows *rows)
{
    if (t->n_marks == 0) return 0;
    bool *there = rs_xalloc((size_t)t->n_marks, sizeof(*there));
    for (int32_t row = 0; row < rows->n; row++) {
        uint64_t key = rows->key(rows, row);
        int32_t at = mark_place(t, key);
        if (at < t->n_marks && t->marks[at] == key) there[at] = true;
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < t->n_marks; i++) {
        if (there[i]) t->marks[kept++] = t->marks[i];
    }
    int gone = t->n_marks - kept;
    t->n_marks = kept;
    free(there);
    return gone;
}
