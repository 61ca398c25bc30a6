/* ref_store - see the header. */
#include "ref_store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "ref_split.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/models/bundle.h"
#include "support.h"

void ref_store_init(struct ref_store *t)
{
    struct rs_err err = {0};
    t->dir = ref_temp_dir();
    t->path = rs_path_join(t->dir, "db/recsys.db");
    t->models = rs_path_join(t->dir, "models");
    assert_ok(rs_store_open(t->path, RS_STORE_CREATE, &t->st, &err), &err);
}

void ref_store_clear(struct ref_store *t)
{
    rs_store_close(t->st);
    free(t->path);
    free(t->models);
    ref_remove(t->dir);
    *t = (struct ref_store){0};
}

void ref_store_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

int64_t ref_store_int(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return value;
}

void ref_store_start(struct ref_store *t, const char *model, const char *fingerprint,
                     char out[RS_RUN_ID])
{
    struct rs_err err = {0};
    struct rs_run r = {.model = rs_xstrdup(model),
                       .dataset = rs_xstrdup("made-up"),
                       .split = rs_xstrdup("by-hand"),
                       .split_fingerprint = rs_xstrdup(fingerprint)};
    assert_ok(rs_runs_start(t->st, &r, &err), &err);
    memcpy(out, r.id, RS_RUN_ID);
    rs_run_clear(&r);
}

void ref_store_run(struct ref_store *t, uint64_t seed, char out[RS_RUN_ID])
{
    struct rs_err err = {0};
    struct ref_split split;
    char sha256[65];
    ref_split_init(&split, seed, 12, 10);
    struct rs_model *m = ref_problem_fit(&split.p, "popularity", "");
    assert_ok(rs_bundle_save(t->models, m, &split.s, 3.5, seed, sha256, &err), &err);
    rs_model_free(m);
    ref_split_clear(&split);
    ref_store_start(t, "popularity", "f1", out);
    assert_ok(rs_runs_end(t->st, out, RS_RUN_FINISHED, sha256, NULL, &err), &err);
}

void ref_store_scores(struct ref_store *t, const char *id, uint64_t seed, int32_t n, double lead)
{
    struct rs_err err = {0};
    char name[] = "ndcg_at_10";
    char *const metrics[] = {name};
    int32_t *users = rs_xalloc((size_t)n, sizeof(*users));
    double *scores = rs_xalloc((size_t)n, sizeof(*scores));
    struct rs_rng rng = rs_rng_make(seed, 0);
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < n; i++) {
            users[i] = i;
            scores[i] = 0.5 - pass * lead + 0.1 * rs_rng_uniform(&rng);
        }
        assert_ok(rs_runs_put_scores(t->st, id, "test", "train+val", pass ? "popularity" : "model",
                                     users, n, metrics, 1, scores, &err),
                  &err);
    }
    free(users);
    free(scores);
}
