/*
 * data_share - how often items are recommended: the lists of users spread evenly over all, by the
 * scorer that every list comes from.
 */
#include <stdlib.h>
#include <string.h>

#include "data_rows.h"
#include "rs/base/mem.h"
#include "rs/commands/wish.h"

static void count_hits(const struct rs_ranked *list, const int32_t *n_list, int32_t n,
                       struct tui_shares *out)
{
    for (int32_t i = 0; i < n; i++) {
        out->n_lists += n_list[i] > 0;
        for (int32_t r = 0; r < n_list[i]; r++) {
            out->hits[out->n_hits++] =
                (struct tui_share_hit){.item = list[i * TUI_SHARE_K + r].item, .rank = r + 1};
        }
    }
}

enum rs_code tui_shares_read(const struct rs_bundle *b, int32_t done, const uint64_t *allowed,
                             struct rs_task *task, struct tui_shares *out, struct rs_err *err)
{
    int32_t n_users = rs_idmap_size(b->users);
    int32_t total = n_users < TUI_SHARE_USERS ? n_users : TUI_SHARE_USERS;
    int32_t left = total > done ? total - done : 0;
    int32_t n = left < TUI_SHARE_SLICE ? left : TUI_SHARE_SLICE;
    struct rs_profile who[TUI_SHARE_SLICE];
    struct rs_ranked list[TUI_SHARE_SLICE * TUI_SHARE_K];
    int32_t n_list[TUI_SHARE_SLICE];
    struct rs_rank_opts opts = {
        .k = TUI_SHARE_K, .exclude = &b->train, .exclude2 = &b->seen, .allowed = allowed};
    memcpy(out->fingerprint, b->sha256, sizeof(out->fingerprint));
    out->done = done + n;
    out->total = total;
    out->n_lists = 0;
    out->n_hits = 0;
    if (n == 0) return RS_OK;
    for (int32_t i = 0; i < n; i++) {
        int64_t user = (int64_t)(done + i) * n_users / total;
        who[i] = rs_bundle_profile(b, (int32_t)user);
    }
    rs_task_begin(task, "lists", "users", n);
    enum rs_code rc = rs_rank(b->model, who, n, NULL, &opts, task, list, n_list, err);
    if (!rc) count_hits(list, n_list, n, out);
    return rc;
}

enum rs_code tui_work_shares(struct tui_work *w, struct rs_err *err)
{
    const struct tui_share_slice *in = w->in;
    struct tui_data d = {0};
    uint64_t *allowed = NULL;
    struct rs_task task = {.parent = w->task};
    struct tui_shares *s = NULL;
    struct rs_err gone = {0};
    enum rs_code rc = tui_data_open(w, NULL, &d, &gone);
    if (rc == RS_ENOTFOUND) return RS_OK;
    if (rc) {
        *err = gone;
        return rc;
    }
    if (d.bundle && strcmp(d.fingerprint, in->fingerprint) == 0) {
        s = rs_xalloc(1, sizeof(*s));
        rc = rs_ctx_allowed(w->ctx, d.bundle, &allowed, err);
        if (!rc) rc = tui_shares_read(d.bundle, in->done, allowed, &task, s, err);
    }
    free(allowed);
    tui_data_close(&d);
    if (rc) {
        free(s);
    } else {
        w->out = s;
    }
    return rc;
}
