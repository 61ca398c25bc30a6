/*
 * cmd_data - fetch, prepare, split, inspect, features.
 */
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"
#include "rs/data/fetch.h"
#include "rs/data/synth.h"

#include "stage.h"

#define FETCH_WAIT_MS 600000 /* for another fetch of the same set */

static int64_t seed_of(const struct rs_ctx *ctx, const struct rs_args *args, const char *key)
{
    return rs_args_given(args, "seed") ? rs_args_int(args, "seed") : rs_conf_int(ctx->conf, key);
}

/* What a synthetic set was made with: {users, items, interactions, seed}. */
static struct rs_val *synth_val(const struct rs_synth_opts *o)
{
    struct rs_val *v = rs_val_map();
    rs_val_set_int(v, "users", o->users);
    rs_val_set_int(v, "items", o->items);
    rs_val_set_int(v, "interactions", o->interactions);
    rs_val_set_int(v, "seed", (int64_t)o->seed);
    return v;
}

static enum rs_code fetch_synthetic(struct rs_ctx *ctx, const struct rs_args *args,
                                    const char *dataset, struct rs_result *out, struct rs_err *err)
{
    struct rs_synth_opts o = {.users = (int32_t)rs_args_int(args, "users"),
                              .items = (int32_t)rs_args_int(args, "items"),
                              .interactions = rs_args_int(args, "interactions"),
                              .seed = (uint64_t)seed_of(ctx, args, "train.seed")};
    char *dir = rs_ctx_path(ctx, "data/raw/%s", dataset);
    char *made = rs_path_join(dir, ".made.json");
    struct rs_val *want = synth_val(&o);
    struct rs_val *have = NULL;
    struct rs_err none = {0};
    int64_t rows = 0;
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    bool cached = !rs_json_read(made, &have, &none) && rs_val_get(have, "options") &&
                  rs_val_equal(rs_val_get(have, "options"), want);
    if (!rc && cached) {
        rows = rs_val_get_int(have, "rows", 0);
    } else if (!rc) {
        rc = rs_fs_remove(made, err);
        if (!rc) {
            rc = rs_synth_write(dir, &o, &ctx->task, &rows, err);
        }
        struct rs_val *note = rs_val_map();
        rs_val_set(note, "options", rs_val_copy(want));
        rs_val_set_int(note, "rows", rows);
        if (!rc) {
            rc = rs_json_write(made, note, err);
        }
        rs_val_free(note);
    }
    if (!rc) {
        struct rs_val *files = rs_result_set(out, "files", rs_val_list());
        rs_val_push(files, rs_val_str("movies.csv"));
        rs_val_push(files, rs_val_str("ratings.csv"));
        rs_val_set(out->doc, "sha256", rs_val_null());
        rs_val_set_int(out->doc, "rows", rows);
        rs_val_set_bool(out->doc, "cached", cached);
        rs_result_say(out, "%s: %lld ratings %s, seed %lld", dataset, (long long)rows,
                      cached ? "already there" : "made", (long long)o.seed);
    }
    rs_val_free(have);
    rs_val_free(want);
    free(made);
    free(dir);
    return rc;
}

static enum rs_code fetch_archive(struct rs_ctx *ctx, const struct rs_args *args,
                                  const char *dataset, struct rs_result *out, struct rs_err *err)
{
    const char *mirror = rs_conf_text(ctx->conf, "data.mirror");
    struct rs_fetch_opts o = {.dataset = dataset,
                              .mirror = mirror[0] ? mirror : NULL,
                              .url = rs_args_text(args, "url"),
                              .sha256 = rs_args_text(args, "sha256")};
    char *dir = rs_ctx_path(ctx, "data/raw/%s", dataset);
    struct rs_fetch_result got = {0};
    enum rs_code rc = rs_fetch(dir, &o, &ctx->task, &got, err);
    if (!rc) {
        struct rs_val *files = rs_result_set(out, "files", rs_val_list());
        size_t n = 0;
        for (; got.files[n]; n++) {
            rs_val_push(files, rs_val_str(got.files[n]));
        }
        rs_val_set_str(out->doc, "sha256", got.sha256);
        rs_val_set_str(out->doc, "from", got.from);
        rs_val_set_bool(out->doc, "cached", got.cached);
        rs_result_say(out, "%s: %zu files %s %s (sha256 %.12s…)", dataset, n,
                      got.cached ? "already there, from" : "from", got.from, got.sha256);
    }
    rs_fetch_result_clear(&got);
    free(dir);
    return rc;
}

enum rs_code rs_cmd_data_fetch(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    const char *dataset = rs_args_text(args, "dataset");
    if (!dataset) {
        dataset = rs_conf_text(ctx->conf, "data.dataset");
    }
    enum rs_code rc = rs_ctx_check_name("dataset", dataset, err);
    if (rc) return rc;
    rs_val_set_str(out->doc, "dataset", dataset);
    bool synthetic = strcmp(dataset, "synthetic") == 0 ||
                     (rs_str_starts(dataset, "synthetic-") && !rs_args_text(args, "url"));
    struct rs_lock lock = {.fd = -1}; /* two fetches of one set would write the same files */
    char *dir = rs_ctx_path(ctx, "data/raw");
    char *path = rs_ctx_path(ctx, "data/raw/.%s.lock", dataset);
    rc = rs_fs_mkdirs(dir, err);
    if (!rc) rc = rs_ctx_lock(ctx, path, FETCH_WAIT_MS, &lock, err);
    if (!rc) {
        rc = synthetic ? fetch_synthetic(ctx, args, dataset, out, err)
                       : fetch_archive(ctx, args, dataset, out, err);
    }
    rs_lock_close(&lock);
    free(path);
    free(dir);
    return rc;
}

enum rs_code rs_cmd_data_prepare(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    const char *said = rs_args_text(args, "dataset");
    char *dataset = rs_xstrdup(said ? said : rs_conf_text(ctx->conf, "data.dataset"));
    bool strict = rs_args_bool(args, "strict") || rs_conf_bool(ctx->conf, "data.strict");
    struct rs_raw_files raw = {0};
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_val *source = NULL;
    enum rs_code rc = rs_ctx_check_name("dataset", dataset, err);
    if (rc) goto done;
    rc = rs_stage_raw_files(ctx, dataset, &raw, err);
    if (rc) goto done;
    bool imported = rs_stage_is_imported(ctx, dataset);
    const char *paths[2] = {raw.ratings, raw.items};
    rc = rs_stage_source(ctx, paths, raw.items ? 2 : 1, strict, "", &source, err);
    if (rc) goto done;
    struct rs_ingest_opts o = rs_stage_ingest_opts(ctx, strict);
    rc = rs_ingest(paths, 1, &o, &ctx->task, &x, &report, err);
    if (rc) goto done;
    rc = rs_stage_save_dataset(ctx, dataset, &x, &report, raw.items, NULL, source, out, err);
    source = NULL;
    if (!rc && imported) {
        rs_result_say(out,
                      "rows that were imported are out again; 'data import --feedback' appends "
                      "posted events");
    }
done:
    rs_val_free(source);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    rs_raw_files_clear(&raw);
    free(dataset);
    return rc;
}

static void split_numbers(struct rs_split_opts *o, const struct rs_args *args)
{
    if (rs_args_given(args, "test-ratio")) o->test_ratio = rs_args_real(args, "test-ratio");
    if (rs_args_given(args, "val-ratio")) o->val_ratio = rs_args_real(args, "val-ratio");
    if (rs_args_given(args, "k-core")) {
        o->user_core = (int32_t)rs_args_int(args, "k-core");
        o->item_core = o->user_core;
    }
    if (rs_args_given(args, "user-core")) o->user_core = (int32_t)rs_args_int(args, "user-core");
    if (rs_args_given(args, "item-core")) o->item_core = (int32_t)rs_args_int(args, "item-core");
    if (rs_args_given(args, "n-last")) o->n_last = (int32_t)rs_args_int(args, "n-last");
    if (rs_args_given(args, "folds")) o->folds = (int32_t)rs_args_int(args, "folds");
    if (rs_args_given(args, "fold")) o->fold = (int32_t)rs_args_int(args, "fold");
    if (rs_args_given(args, "windows")) o->windows = (int32_t)rs_args_int(args, "windows");
    if (rs_args_given(args, "seed")) o->seed = (uint64_t)rs_args_int(args, "seed");
}

enum rs_code rs_cmd_data_split(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err)
{
    const char *said = rs_args_text(args, "protocol");
    const char *name = said ? said : rs_conf_text(ctx->conf, "split.protocol");
    enum rs_protocol protocol;
    if (!rs_protocol_parse(name, &protocol) || protocol == RS_GIVEN) {
        return rs_fail(err, RS_EARG,
                       "protocol '%s' is not cut here: a given split comes with 'data import "
                       "--train F --test F'",
                       name);
    }
    struct rs_split_opts o = rs_stage_split_opts(ctx, protocol);
    split_numbers(&o, args);
    const char *as = rs_args_text(args, "as");
    char *dataset = NULL;
    struct rs_dataset *d = NULL;
    enum rs_code rc = rs_ctx_check_name("split", as ? as : name, err);
    if (rc) return rc;
    rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (rc) goto done;
    rc = rs_ctx_dataset(ctx, dataset, &d, err);
    if (rc) goto done;
    rc = rs_stage_save_split(ctx, d, NULL, &o, as ? as : name, out, err);
done:
    rs_dataset_close(d);
    free(dataset);
    return rc;
}

static enum rs_code inspect_splits(struct rs_ctx *ctx, const char *dataset, const char *only,
                                   struct rs_result *out, struct rs_err *err)
{
    char **names = NULL;
    enum rs_code rc = rs_ctx_list_splits(ctx, dataset, &names, err);
    if (rc) return rc;
    struct rs_val *splits = rs_result_set(out, "splits", rs_val_map());
    bool any = false;
    for (char **n = names; *n && !rc; n++) {
        if (only && strcmp(only, *n) != 0) continue;
        struct rs_split *s = NULL;
        rc = rs_ctx_split(ctx, dataset, *n, &s, err);
        if (rc) break;
        rs_val_set(splits, *n, rs_val_copy(s->card));
        rs_show_card(out, *n, s->card);
        rs_split_close(s);
        any = true;
    }
    rs_fs_list_free(names);
    if (!rc && only && !any) {
        rc = rs_fail(err, RS_ENOTFOUND, "dataset '%s' has no split '%s' (see 'data split')",
                     dataset, only);
    }
    return rc;
}

enum rs_code rs_cmd_data_inspect(struct rs_ctx *ctx, const struct rs_args *args,
                                 struct rs_result *out, struct rs_err *err)
{
    char *dataset = NULL;
    struct rs_dataset *d = NULL;
    enum rs_code rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (rc) return rc;
    rc = rs_ctx_dataset(ctx, dataset, &d, err);
    if (rc) goto done;
    rs_val_set_str(out->doc, "dataset", dataset);
    rs_val_set_str(out->doc, "fingerprint", d->fingerprint);
    rs_val_set_int(out->doc, "users", rs_idmap_size(d->x.users));
    rs_val_set_int(out->doc, "items", rs_idmap_size(d->x.items));
    rs_val_set_int(out->doc, "interactions", d->x.n);
    rs_result_set(out, "report", rs_val_copy(d->report));
    rs_show_report(out, dataset, d->report);
    rc = inspect_splits(ctx, dataset, rs_args_text(args, "split"), out, err);
done:
    rs_dataset_close(d);
    free(dataset);
    return rc;
}

static void show_features(const struct rs_features *f, struct rs_result *out)
{
    const struct rs_val *rows = rs_val_get(f->summary, "features");
    struct rs_table *t = rs_table_new();
    rs_table_column(t, "name", "feature", RS_LEFT, 0);
    rs_table_column(t, "rows", NULL, RS_RIGHT, 0);
    rs_table_column(t, "min", NULL, RS_RIGHT, 2);
    rs_table_column(t, "mean", NULL, RS_RIGHT, 2);
    rs_table_column(t, "max", NULL, RS_RIGHT, 2);
    for (size_t i = 0; rows && i < rows->n; i++) {
        const struct rs_val *r = rows->items[i];
        rs_table_row(t);
        rs_table_str(t, rs_val_get_str(r, "name", ""));
        rs_table_int(t, rs_val_get_int(r, "rows", 0));
        rs_table_real(t, rs_val_get_real(r, "min", 0));
        rs_table_real(t, rs_val_get_real(r, "mean", 0));
        rs_table_real(t, rs_val_get_real(r, "max", 0));
    }
    rs_result_table(out, "features", "features", t);
}

enum rs_code rs_cmd_features_build(struct rs_ctx *ctx, const struct rs_args *args,
                                   struct rs_result *out, struct rs_err *err)
{
    char *dataset = NULL;
    char *split = NULL;
    char *path = NULL;
    struct rs_split *s = NULL;
    struct rs_features *f = NULL;
    enum rs_code rc = rs_ctx_dataset_name(ctx, args, &dataset, err);
    if (rc) goto done;
    rc = rs_ctx_split_name(ctx, args, dataset, &split, err);
    if (rc) goto done;
    rc = rs_ctx_split(ctx, dataset, split, &s, err);
    if (rc) goto done;
    path = rs_ctx_path(ctx, "data/processed/%s/%s/features.rsd", dataset, split);
    rc = rs_features_build(s, rs_conf_real(ctx->conf, "features.half_life_days"), path, err);
    if (rc) goto done;
    rc = rs_features_open(path, &f, err);
    if (rc) goto done;
    rs_val_set_str(out->doc, "dataset", dataset);
    rs_val_set_str(out->doc, "split", split);
    show_features(f, out);
done:
    rs_features_close(f);
    rs_split_close(s);
    free(path);
    free(split);
    free(dataset);
    return rc;
}
