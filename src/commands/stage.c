/*
 * stage - writing prepared data and splits, and deciding whether they are up to date.
 */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/data/catalogue.h"
#include "rs/store/datasets.h"

static const char *const ratings_names[] = {
    "ratings.csv",   "ratings.dat",      "ratings.tsv",        "u.data",
    "ratings.jsonl", "interactions.csv", "interactions.jsonl", NULL};
static const char *const items_names[] = {"movies.csv", "movies.dat", "items.csv", NULL};

static char *first_there(const char *dir, const char *const *names)
{
    for (; *names; names++) {
        char *path = rs_path_join(dir, *names);
        if (rs_fs_exists(path)) return path;
        free(path);
    }
    return NULL;
}

enum rs_code rs_stage_raw_files(struct rs_ctx *ctx, const char *dataset, struct rs_raw_files *out,
                                struct rs_err *err)
{
    char *dir = rs_ctx_path(ctx, "data/raw/%s", dataset);
    enum rs_code rc = RS_OK;
    if (!rs_fs_is_dir(dir)) {
        rc =
            rs_fail(err, RS_ENOTFOUND,
                    "dataset '%s' was not fetched: 'data fetch --dataset %s', or 'data import' for "
                    "files of your own",
                    dataset, dataset);
    } else {
        out->ratings = first_there(dir, ratings_names);
        out->items = first_there(dir, items_names);
        if (!out->ratings) {
            rc =
                rs_fail(err, RS_ENOTFOUND,
                        "%s: no ratings.csv, ratings.dat or the like: 'data import FILE --name %s' "
                        "reads files of any name",
                        dir, dataset);
        }
    }
    free(dir);
    if (rc) {
        rs_raw_files_clear(out);
    }
    return rc;
}

void rs_raw_files_clear(struct rs_raw_files *f)
{
    free(f->ratings);
    free(f->items);
    *f = (struct rs_raw_files){0};
}

enum rs_code rs_stage_source(struct rs_ctx *ctx, const char *const *paths, size_t n, bool strict,
                             const char *reader, struct rs_val **out, struct rs_err *err)
{
    struct rs_val *source = rs_val_map();
    struct rs_val *files = rs_val_set(source, "files", rs_val_list());
    for (size_t i = 0; i < n; i++) {
        rs_assert(paths[i]);
        struct rs_map map;
        enum rs_code rc = rs_map_open(paths[i], &map, err);
        if (rc) {
            rs_val_free(source);
            return rc;
        }
        const char *slash = strrchr(paths[i], '/');
        char sum[32];
        snprintf(sum, sizeof(sum), "%016llx", (unsigned long long)rs_checksum(map.data, map.len));
        struct rs_val *f = rs_val_push(files, rs_val_map());
        rs_val_set_str(f, "name", slash ? slash + 1 : paths[i]);
        rs_val_set_int(f, "bytes", (int64_t)map.len);
        rs_val_set_str(f, "checksum", sum);
        rs_map_close(&map);
    }
    struct rs_val *o = rs_val_set(source, "options", rs_val_map());
    rs_val_set_bool(o, "strict", strict);
    rs_val_set_str(o, "reader", reader);
    rs_val_set_real(o, "max_bad_share", rs_conf_real(ctx->conf, "data.max_bad_share"));
    rs_val_set_real(o, "value_min", rs_conf_real(ctx->conf, "data.value_min"));
    rs_val_set_real(o, "value_max", rs_conf_real(ctx->conf, "data.value_max"));
    *out = source;
    return RS_OK;
}

struct rs_ingest_opts rs_stage_ingest_opts(const struct rs_ctx *ctx, bool strict)
{
    return (struct rs_ingest_opts){
        .format = RS_FORMAT_AUTO,
        .header = -1,
        .strict = strict,
        .max_bad_share = rs_conf_real(ctx->conf, "data.max_bad_share"),
        .value_min = rs_conf_real(ctx->conf, "data.value_min"),
        .value_max = rs_conf_real(ctx->conf, "data.value_max"),
    };
}

struct rs_split_opts rs_stage_split_opts(const struct rs_ctx *ctx, enum rs_protocol protocol)
{
    const struct rs_conf *c = ctx->conf;
    struct rs_split_opts o = rs_split_defaults(protocol);
    o.test_ratio = rs_conf_real(c, "split.test_ratio");
    o.val_ratio = rs_conf_real(c, "split.val_ratio");
    if (protocol != RS_GIVEN && protocol != RS_NONE) {
        o.user_core = (int32_t)rs_conf_int(c, "split.user_core");
        o.item_core = (int32_t)rs_conf_int(c, "split.item_core");
    }
    o.n_last = (int32_t)rs_conf_int(c, "split.n_last");
    o.folds = (int32_t)rs_conf_int(c, "split.folds");
    o.fold = (int32_t)rs_conf_int(c, "split.fold");
    o.windows = (int32_t)rs_conf_int(c, "split.windows");
    o.seed = (uint64_t)rs_conf_int(c, "split.seed");
    return o;
}

double rs_stage_threshold(const struct rs_ctx *ctx, const float *values, int64_t n)
{
    double threshold = rs_conf_real(ctx->conf, "eval.relevance_threshold");
    for (int64_t i = 0; values && i < n; i++) {
        if (values[i] != 1.0F) return threshold;
    }
    return threshold < 1 ? threshold : 1;
}

/* Titles, genres and years of the items that `from` has too. */
static enum rs_code carry_catalogue(const struct rs_dataset *from, const struct rs_idmap *items,
                                    struct rs_catalogue *to, int64_t *matched, struct rs_err *err)
{
    struct rs_str id;
    struct rs_str genres;
    enum rs_code rc = RS_OK;
    rs_str_init(&id, 0);
    rs_str_init(&genres, 0);
    for (int32_t i = 0; i < rs_idmap_size(items) && !rc; i++) {
        rs_str_reset(&id);
        rs_idmap_add_text(items, i, &id);
        int32_t was = rs_idmap_find(from->x.items, rs_str_text(&id));
        const char *title = was < 0 ? "" : rs_catalogue_title(from->catalogue, was);
        if (!title[0]) continue;
        rs_str_reset(&genres);
        rs_catalogue_add_genres(from->catalogue, was, &genres);
        rc = rs_catalogue_set(to, i, title, rs_str_text(&genres),
                              rs_catalogue_year(from->catalogue, was), err);
        *matched += 1;
    }
    rs_str_clear(&genres);
    rs_str_clear(&id);
    return rc;
}

enum rs_code rs_stage_save_dataset(struct rs_ctx *ctx, const char *dataset,
                                   const struct rs_interactions *x,
                                   const struct rs_ingest_report *report,
                                   const char *catalogue_file, const struct rs_dataset *before,
                                   struct rs_val *source, struct rs_result *out, struct rs_err *err)
{
    int32_t n_items = rs_idmap_size(x->items);
    struct rs_catalogue *catalogue = rs_catalogue_new(n_items);
    struct rs_val *quality = NULL;
    struct rs_dataset *d = NULL;
    struct rs_store *st;
    int64_t matched = 0;
    char *dir = rs_ctx_path(ctx, "data/interim/%s", dataset);
    char *path = rs_path_join(dir, "dataset.rsd");
    char *json = rs_path_join(dir, "report.json");
    enum rs_code rc = catalogue ? rs_quality_report(x, report, &quality, err)
                                : rs_fail(err, RS_ENOMEM, "a catalogue of %d items", n_items);
    if (rc) goto done;
    if (catalogue_file) {
        rc = rs_catalogue_read(catalogue_file, x->items, catalogue, &matched, err);
    } else if (before) {
        rc = carry_catalogue(before, x->items, catalogue, &matched, err);
    }
    if (rc) goto done;
    rs_val_set_int(quality, "items_described", matched);
    rs_val_set(quality, "source", source);
    source = NULL;
    rc = rs_fs_mkdirs(dir, err);
    if (rc) goto done;
    rc = rs_dataset_save(path, x, catalogue, quality, err);
    if (rc) goto done;
    rc = rs_json_write(json, quality, err);
    if (rc) goto done;
    rc = rs_dataset_open(path, dataset, &d, err);
    if (rc) goto done;
    rc = rs_ctx_store(ctx, &st, err);
    if (rc) goto done;
    rc = rs_datasets_put(st, dataset, d->fingerprint, rs_idmap_size(x->users), n_items, x->n, err);
    if (rc) goto done;
    rs_val_set_str(out->doc, "dataset", dataset);
    rs_val_set_int(out->doc, "rows", report->rows);
    rs_val_set_int(out->doc, "users", rs_idmap_size(x->users));
    rs_val_set_int(out->doc, "items", n_items);
    rs_val_set_int(out->doc, "interactions", x->n);
    rs_val_set_int(out->doc, "bad_rows", report->bad_rows);
    rs_val_set_int(out->doc, "duplicates", report->duplicates);
    rs_val_set_str(out->doc, "fingerprint", d->fingerprint);
    rs_show_report(out, dataset, quality);
done:
    rs_dataset_close(d);
    rs_val_free(source);
    rs_val_free(quality);
    rs_catalogue_free(catalogue);
    free(json);
    free(path);
    free(dir);
    return rc;
}

enum rs_code rs_stage_save_split(struct rs_ctx *ctx, const struct rs_dataset *d,
                                 const struct rs_interactions *given_test,
                                 const struct rs_split_opts *o, const char *name,
                                 struct rs_result *out, struct rs_err *err)
{
    char *dir = rs_ctx_path(ctx, "data/processed/%s/%s", d->name, name);
    char *path = rs_path_join(dir, "split.rsd");
    char *json = rs_path_join(dir, "card.json");
    struct rs_split *s = NULL;
    enum rs_code rc = rs_fs_mkdirs(dir, err);
    if (rc) goto done;
    struct rs_split_opts cut = *o;
    cut.relevance_threshold = rs_stage_threshold(ctx, d->x.value, d->x.n);
    rc = rs_split_make(d, given_test, &cut, path, &ctx->task, err);
    if (rc) {
        rmdir(dir); /* only where it is empty: a split that was there stays */
        goto done;
    }
    rc = rs_split_open(path, d->name, name, &s, err);
    if (rc) goto done;
    rc = rs_json_write(json, s->card, err);
    if (rc) goto done;
    const struct rs_val *counts = rs_val_get(s->card, "counts");
    static const char *const keys[] = {"users", "items", "interactions", "train", "val", "test"};
    rs_val_set_str(out->doc, "dataset", d->name);
    rs_val_set_str(out->doc, "split", name);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        rs_val_set_int(out->doc, keys[i], counts ? rs_val_get_int(counts, keys[i], 0) : 0);
    }
    const struct rs_val *dropped = rs_val_get(s->card, "dropped");
    rs_result_set(out, "dropped", dropped ? rs_val_copy(dropped) : rs_val_map());
    rs_val_set_str(out->doc, "fingerprint", s->fingerprint);
    rs_result_set(out, "card", rs_val_copy(s->card));
    rs_show_card(out, name, s->card);
done:
    rs_split_close(s);
    free(json);
    free(path);
    free(dir);
    return rc;
}

static bool came_by_import(const struct rs_dataset *d)
{
    const struct rs_val *reader = rs_val_at(d->report, "source.options.reader");
    return reader && reader->type == RS_VAL_STR && reader->s[0];
}

bool rs_stage_is_imported(struct rs_ctx *ctx, const char *dataset)
{
    struct rs_dataset *d = NULL;
    struct rs_err none = {0};
    bool imported = !rs_ctx_dataset(ctx, dataset, &d, &none) && came_by_import(d);
    rs_dataset_close(d);
    return imported;
}

char *rs_stage_why_prepare(struct rs_ctx *ctx, const char *dataset)
{
    struct rs_err none = {0};
    struct rs_dataset *d = NULL;
    struct rs_raw_files raw = {0};
    struct rs_val *now = NULL;
    char *why = NULL;
    if (rs_ctx_dataset(ctx, dataset, &d, &none)) {
        why = rs_xstrdup(none.code == RS_ENOTFOUND ? "not prepared yet" : none.msg);
    } else if (came_by_import(d) || rs_stage_raw_files(ctx, dataset, &raw, &none)) {
        why = rs_xstrdup(""); /* there is nothing to prepare it from again */
    } else {
        const char *paths[2] = {raw.ratings, raw.items};
        bool strict = rs_conf_bool(ctx->conf, "data.strict");
        const struct rs_val *was = rs_val_get(d->report, "source");
        if (rs_stage_source(ctx, paths, raw.items ? 2 : 1, strict, "", &now, &none)) {
            why = rs_xstrdup(none.msg);
        } else if (!was || !rs_val_equal(rs_val_get(was, "files"), rs_val_get(now, "files"))) {
            why = rs_xstrdup("the fetched files changed");
        } else {
            why = rs_xstrdup(rs_val_equal(was, now) ? "" : "the options of reading changed");
        }
    }
    rs_val_free(now);
    rs_raw_files_clear(&raw);
    rs_dataset_close(d);
    return why;
}

char *rs_stage_why_split(struct rs_ctx *ctx, const char *dataset, const char *name,
                         const struct rs_split_opts *o)
{
    struct rs_err none = {0};
    struct rs_split *s = NULL;
    struct rs_dataset *d = NULL;
    char *why;
    if (rs_ctx_split(ctx, dataset, name, &s, &none)) {
        why = rs_xstrdup(none.code == RS_ENOTFOUND ? "not cut yet" : none.msg);
    } else if (s->protocol == RS_GIVEN) {
        why = rs_xstrdup(""); /* it came as it is */
    } else if (rs_ctx_dataset(ctx, dataset, &d, &none)) {
        why = rs_xstrdup(none.msg);
    } else if (strcmp(d->fingerprint, s->dataset_fingerprint) != 0) {
        why = rs_xstrdup("the dataset changed");
    } else {
        struct rs_split_opts cut = *o;
        cut.relevance_threshold = rs_stage_threshold(ctx, d->x.value, d->x.n);
        struct rs_val *now = rs_split_opts_val(&cut);
        bool same = rs_val_equal(rs_val_get(s->card, "options"), now);
        why = rs_xstrdup(same ? "" : "the options of the split changed");
        rs_val_free(now);
    }
    rs_dataset_close(d);
    rs_split_close(s);
    return why;
}

char *rs_stage_why_features(struct rs_ctx *ctx, const char *dataset, const char *split)
{
    struct rs_err none = {0};
    struct rs_features *f = NULL;
    struct rs_split *s = NULL;
    char *path = rs_ctx_path(ctx, "data/processed/%s/%s/features.rsd", dataset, split);
    char *why;
    if (rs_features_open(path, &f, &none)) {
        why = rs_xstrdup(none.code == RS_ENOTFOUND ? "not built yet" : none.msg);
    } else if (rs_ctx_split(ctx, dataset, split, &s, &none)) {
        why = rs_xstrdup(none.msg);
    } else if (strcmp(rs_val_get_str(f->summary, "split_fingerprint", ""), s->fingerprint) != 0) {
        why = rs_xstrdup("the split changed");
    } else {
        double half_life = rs_conf_real(ctx->conf, "features.half_life_days");
        bool same = rs_val_get_real(f->summary, "half_life_days", 0) == half_life;
        why = rs_xstrdup(same ? "" : "the half-life changed");
    }
    rs_split_close(s);
    rs_features_close(f);
    free(path);
    return why;
}
