/*
 * cmd_bench - time reading, training, ranking and loading on made data, on this machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/commands/ctx.h"
#include "rs/commands/handlers.h"
#include "rs/data/synth.h"
#include "rs/models/als.h"
#include "rs/models/rank.h"

#define RANKED_USERS 10000

struct bench {
    struct rs_ctx *ctx;
    struct rs_table *table;
    struct rs_val *figures;
    char *dir; /* temporary */
    struct rs_synth_opts synth;
    int32_t factors;
    int32_t epochs;
    struct rs_csr ui;
    struct rs_csr iu;
    struct rs_model *als;
};

static double since(int64_t begun)
{
    return (double)(rs_clock_mono_ns() - begun) / 1e9;
}

static void add(struct bench *b, const char *what, double seconds, double count, const char *unit)
{
    struct rs_val *f = rs_val_set(b->figures, what, rs_val_map());
    rs_val_set_real(f, "seconds", seconds);
    rs_val_set_real(f, "count", count);
    rs_val_set_str(f, "unit", unit);
    rs_val_set_real(f, "per_second", seconds > 0 ? count / seconds : 0);
    char rate[64];
    snprintf(rate, sizeof(rate), "%.4g %s/s", seconds > 0 ? count / seconds : 0, unit);
    rs_table_row(b->table);
    rs_table_str(b->table, what);
    rs_table_real(b->table, seconds);
    rs_table_str(b->table, rate);
}

static enum rs_code bench_reading(struct bench *b, struct rs_err *err)
{
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_ingest_opts o = {.header = -1, .max_bad_share = 0};
    char *path = rs_path_join(b->dir, "ratings.csv");
    const char *paths[1] = {path};
    int64_t rows = 0;
    int64_t begun = rs_clock_mono_ns();
    enum rs_code rc = rs_synth_write(b->dir, &b->synth, &b->ctx->task, &rows, err);
    if (rc) goto done;
    add(b, "generate and write CSV", since(begun), (double)rows, "rows");
    begun = rs_clock_mono_ns();
    rc = rs_ingest(paths, 1, &o, &b->ctx->task, &x, &report, err);
    if (rc) goto done;
    double read_seconds = since(begun);
    add(b, "read CSV, map ids, deduplicate", read_seconds, (double)rows, "rows");
    begun = rs_clock_mono_ns();
    rc = rs_csr_from_rows(x.n, x.user, x.item, x.value, x.time, rs_idmap_size(x.users),
                          rs_idmap_size(x.items), &b->ui, NULL, err);
    if (!rc) rc = rs_csr_transpose(&b->ui, &b->iu, err);
    if (rc) goto done;
    add(b, "build CSR both ways", since(begun), (double)x.n, "rows");
done:
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    free(path);
    return rc;
}

static enum rs_code bench_als(struct bench *b, const char *solver, struct rs_err *err)
{
    char text[32];
    struct rs_values *v = rs_values_new(rs_als_ops.params);
    struct rs_fit_data d = {.ui = &b->ui, .iu = &b->iu, .threshold = 3.5, .seed = 1};
    rs_model_free(b->als);
    b->als = NULL;
    snprintf(text, sizeof(text), "%d", b->factors);
    enum rs_code rc = rs_values_set_text(v, "factors", text, err);
    snprintf(text, sizeof(text), "%d", b->epochs);
    if (!rc) rc = rs_values_set_text(v, "iterations", text, err);
    if (!rc) rc = rs_values_set_text(v, "solver", solver, err);
    if (!rc) rc = rs_values_set_text(v, "input", "binary", err);
    if (!rc) rc = rs_model_new(&rs_als_ops, v, &b->als, err);
    int64_t begun = rs_clock_mono_ns();
    if (!rc) rc = rs_model_fit(b->als, &d, 0, &b->ctx->task, err);
    if (!rc) {
        char *what = rs_xprintf("ALS epoch, %s, f=%d", solver, b->factors);
        add(b, what, since(begun) / b->epochs, (double)b->ui.nnz, "interactions");
        free(what);
    }
    rs_values_free(v);
    return rc;
}

static enum rs_code bench_ranking(struct bench *b, struct rs_err *err)
{
    int32_t n = b->ui.n_rows < RANKED_USERS ? b->ui.n_rows : RANKED_USERS;
    struct rs_profile *who = rs_try_alloc((size_t)n, sizeof(*who));
    struct rs_ranked *lists = rs_try_alloc((size_t)n * 10, sizeof(*lists));
    int32_t *lens = rs_try_alloc((size_t)n, sizeof(*lens));
    enum rs_code rc = RS_OK;
    if (!who || !lists || !lens) {
        rc = rs_fail(err, RS_ENOMEM, "lists of %d users", n);
        goto done;
    }
    for (int32_t u = 0; u < n; u++) {
        int64_t from = b->ui.indptr[u];
        who[u] = (struct rs_profile){.user = u,
                                     .items = b->ui.indices + from,
                                     .values = b->ui.values + from,
                                     .n = (int32_t)rs_csr_len(&b->ui, u)};
    }
    struct rs_rank_opts o = {.k = 10, .exclude = &b->ui};
    int64_t begun = rs_clock_mono_ns();
    rc = rs_rank(b->als, who, n, NULL, &o, &b->ctx->task, lists, lens, err);
    if (!rc) add(b, "exact top-10 lists", since(begun), (double)n, "lists");
done:
    free(lens);
    free(lists);
    free(who);
    return rc;
}

static enum rs_code write_out(const struct bench *b, const char *path, struct rs_err *err)
{
    if (!path) return RS_OK;
    enum rs_code rc = rs_ctx_make_folder_of(path, err);
    return rc ? rc : rs_json_write(path, b->figures, err);
}

enum rs_code rs_cmd_bench(struct rs_ctx *ctx, const struct rs_args *args, struct rs_result *out,
                          struct rs_err *err)
{
    int64_t rows = rs_args_int(args, "interactions");
    struct bench b = {.ctx = ctx,
                      .table = rs_table_new(),
                      .figures = rs_val_map(),
                      .dir = rs_fs_make_temp_dir("recsys-bench"),
                      .factors = (int32_t)rs_args_int(args, "factors"),
                      .epochs = (int32_t)rs_args_int(args, "epochs")};
    /* The shape of ML-20M: 144 rows a user, 748 an item; small ones keep room for a user's rows. */
    b.synth = (struct rs_synth_opts){.users = (int32_t)(rows / 144 > 50 ? rows / 144 : 50),
                                     .items = (int32_t)(rows / 748 > 700 ? rows / 748 : 700),
                                     .interactions = rows,
                                     .seed = 7};
    rs_table_column(b.table, "what", NULL, RS_LEFT, 0);
    rs_table_column(b.table, "seconds", NULL, RS_RIGHT, 4);
    rs_table_column(b.table, "rate", NULL, RS_RIGHT, 0);
    enum rs_code rc = b.dir ? RS_OK : rs_fail(err, RS_EIO, "bench: no temporary folder");
    if (!rc) rc = bench_reading(&b, err);
    if (!rc) rc = bench_als(&b, "cholesky", err);
    if (!rc) rc = bench_als(&b, "cg", err);
    if (!rc) rc = bench_ranking(&b, err);
    if (!rc) rc = write_out(&b, rs_args_text(args, "out"), err);
    if (!rc) {
        rs_result_say(out, "%lld rows, %d users, %d items, %d threads", (long long)b.ui.nnz,
                      b.ui.n_rows, b.ui.n_cols, rs_par_threads());
        rs_result_table(out, NULL, NULL, b.table);
        rs_result_set(out, "figures", b.figures);
        rs_val_set_int(out->doc, "interactions", b.ui.nnz);
        rs_val_set_int(out->doc, "threads", rs_par_threads());
        rs_val_set_int(out->doc, "peak_rss_bytes", rs_mem_peak_rss());
        rs_result_say(out, "peak memory %.2f GB", (double)rs_mem_peak_rss() / 1e9);
        b.table = NULL;
        b.figures = NULL;
    }
    struct rs_err none = {0};
    if (b.dir && rs_fs_remove(b.dir, &none)) {
        rs_log(RS_LOG_WARN, "bench", "%s", none.msg);
    }
    rs_model_free(b.als);
    rs_csr_clear(&b.iu);
    rs_csr_clear(&b.ui);
    rs_val_free(b.figures);
    rs_table_free(b.table);
    free(b.dir);
    return rc;
}
