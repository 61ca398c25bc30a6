/*
 * ingest_jsonl - a line a row: an object whose keys are column names.
 */
#include "ingest_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rs/base/str.h"
#include "rs/base/val.h"

#define NUMBER_TEXT 40

static const struct rs_val *find(const struct part *p, const struct rs_val *row, enum role role,
                                 const char **name_out)
{
    for (const char *const *c = p->src->candidates[role]; *c; c++) {
        const struct rs_val *v = rs_val_get(row, *c);
        if (!v) continue;
        *name_out = *c;
        return v;
    }
    return NULL;
}

/* The cell that v is as text; false for a kind of value that is no cell. */
static bool cell_of(const struct rs_val *v, bool id, char buf[NUMBER_TEXT], struct cell *out)
{
    int n = 0;
    switch (v->type) {
    case RS_VAL_STR:
        *out = (struct cell){.s = v->s, .len = strlen(v->s)};
        return true;
    case RS_VAL_NULL:
        break;
    case RS_VAL_INT:
        n = snprintf(buf, NUMBER_TEXT, "%" PRId64, v->i);
        break;
    case RS_VAL_REAL:
        if (id) return false;
        n = snprintf(buf, NUMBER_TEXT, "%.17g", v->r);
        break;
    default:
        return false;
    }
    *out = (struct cell){.s = buf, .len = (size_t)n};
    return true;
}

static bool take_row(struct part *p, const struct rs_val *row, int64_t line)
{
    char text[N_ROLES][NUMBER_TEXT];
    struct cell cells[N_ROLES] = {0};
    for (int r = 0; r < N_ROLES; r++) {
        bool id = r == ROLE_USER || r == ROLE_ITEM;
        p->label[r] = p->src->label[r];
        const struct rs_val *v = find(p, row, (enum role)r, &p->label[r]);
        if (!v && !id) continue;
        if (v && cell_of(v, id, text[r], &cells[r])) continue;
        p->rows++;
        if (v)
            return rs_part_bad(p, line, "column '%s': %s is not %s", p->label[r],
                               rs_val_type_name(v->type), id ? "an id" : "a value");
        return rs_part_bad(p, line,
                           "no column for %s; pass --columns user=NAME,item=NAME if it "
                           "has another name",
                           rs_role_name((enum role)r));
    }
    return rs_part_row(p, cells, p->src->n_fields, line);
}

static bool take_line(struct part *p, const char *s, size_t len, int64_t line)
{
    struct rs_val *row = NULL;
    struct rs_err e = {0};
    enum rs_code rc = rs_json_parse(s, len, "json", &row, &e);
    if (rc == RS_ENOMEM) return rs_part_no_memory(p);
    bool go_on;
    if (rc) {
        const char *why = strstr(e.msg, ": ");
        p->rows++;
        go_on = rs_part_bad(p, line, "not JSON: %s", why ? why + 2 : e.msg);
    } else if (row->type != RS_VAL_MAP) {
        p->rows++;
        go_on = rs_part_bad(p, line, "%s, not an object", rs_val_type_name(row->type));
    } else {
        go_on = take_row(p, row, line);
    }
    rs_val_free(row);
    return go_on;
}

void rs_ingest_jsonl(struct part *p)
{
    int64_t line = p->line;
    for (const char *at = p->begin; at < p->end; line++) {
        const char *lf = memchr(at, '\n', (size_t)(p->end - at));
        const char *end = lf ? lf : p->end;
        const char *next = lf ? lf + 1 : p->end;
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
            at++;
        if (at < end && !take_line(p, at, (size_t)(end - at), line)) return;
        at = next;
    }
}
