/*
 * trec - lists and relevant items as text that retrieval tools read.
 *
 * Ids stand as they came, but for white space, control bytes and '%', which become %XX: the columns
 * of these files are cut at white space.
 */
#include "eval_impl.h"
#include "rs/base/fs.h"

static void add_id(const struct rs_idmap *ids, int32_t index, struct rs_str *raw,
                   struct rs_str *out)
{
    rs_str_reset(raw);
    rs_idmap_add_text(ids, index, raw);
    for (size_t i = 0; i < raw->len; i++) {
        unsigned char c = (unsigned char)raw->data[i];
        if (c <= ' ' || c == 0x7f || c == '%') {
            rs_str_addf(out, "%%%02X", (unsigned)c);
        } else {
            rs_str_addc(out, (char)c);
        }
    }
}

/* Buffers of one file being written. */
struct trec {
    const struct rs_split *s;
    struct rs_str raw;
    struct rs_str user;
    struct rs_str lines; /* of one user */
};

static void add_run(struct trec *t, const struct rs_eval *e, int32_t u)
{
    const int32_t *list = e->lists + (int64_t)u * e->list_len;
    for (int32_t rank = 1; rank <= e->list_len && list[rank - 1] >= 0; rank++) {
        rs_str_addf(&t->lines, "%s Q0 ", rs_str_text(&t->user));
        add_id(t->s->items, list[rank - 1], &t->raw, &t->lines);
        rs_str_addf(&t->lines, " %d %d recsys-tui\n", (int)rank, (int)(e->list_len - rank));
    }
}

static void add_qrels(struct trec *t, const struct rs_eval *e, const struct rs_eval_opts *o,
                      int32_t u)
{
    const struct rs_csr *part = rs_eval_part(t->s, o->part);
    int32_t user = e->users[u];
    for (int64_t j = part->indptr[user]; j < part->indptr[user + 1]; j++) {
        if (!rs_is_relevant(rs_csr_value(part, j), o->threshold)) continue;
        rs_str_addf(&t->lines, "%s 0 ", rs_str_text(&t->user));
        add_id(t->s->items, part->indices[j], &t->raw, &t->lines);
        rs_str_add(&t->lines, " 1\n");
    }
}

/* One of the two files, whole or not at all. */
static enum rs_code write_file(const struct rs_eval *e, const struct rs_split *s,
                               const struct rs_eval_opts *o, bool qrels, const char *path,
                               struct rs_err *err)
{
    struct rs_fs_file file = {0};
    enum rs_code rc = rs_fs_create(path, &file, err);
    if (rc) return rc;
    struct trec t = {.s = s};
    for (int32_t u = 0; u < e->n_users; u++) {
        rs_str_reset(&t.user);
        rs_str_reset(&t.lines);
        add_id(s->users, e->users[u], &t.raw, &t.user);
        if (qrels) {
            add_qrels(&t, e, o, u);
        } else {
            add_run(&t, e, u);
        }
        if (t.lines.failed || t.user.failed || t.raw.failed) {
            rc = rs_fail(err, RS_ENOMEM, "write '%s'", path);
            goto done;
        }
        (void)fwrite(rs_str_text(&t.lines), 1, t.lines.len, file.f); /* commit sees errors */
    }
    rc = rs_fs_commit(&file, err);
done:
    rs_fs_discard(&file);
    rs_str_clear(&t.raw);
    rs_str_clear(&t.user);
    rs_str_clear(&t.lines);
    return rc;
}

enum rs_code rs_eval_write_trec(const struct rs_eval *e, const struct rs_split *s,
                                const struct rs_eval_opts *o, const char *run_path,
                                const char *qrels_path, struct rs_err *err)
{
    enum rs_code rc = write_file(e, s, o, false, run_path, err);
    if (rc) return rc;
    return write_file(e, s, o, true, qrels_path, err);
}
