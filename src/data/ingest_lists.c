/*
 * ingest_lists - a line a user: the user, then its items, apart by spaces, tabs or commas.
 */
#include "ingest_impl.h"

static bool between(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

/* The next word in [*at, end); false at the end. */
static bool next_word(const char **at, const char *end, struct cell *out)
{
    const char *p = *at;
    while (p < end && between(*p))
        p++;
    out->s = p;
    while (p < end && !between(*p))
        p++;
    out->len = (size_t)(p - out->s);
    *at = p;
    return out->len > 0;
}

void rs_ingest_lists(struct part *p)
{
    int64_t line = p->line;
    for (const char *at = p->begin; at < p->end; at++, line++) {
        const char *end = at;
        while (end < p->end && *end != '\n')
            end++;
        struct cell cells[N_ROLES] = {0};
        if (next_word(&at, end, &cells[ROLE_USER])) {
            while (next_word(&at, end, &cells[ROLE_ITEM])) {
                if (!rs_part_row(p, cells, p->src->n_fields, line)) return;
            }
        }
        at = end;
    }
}
