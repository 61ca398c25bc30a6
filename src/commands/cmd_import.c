/*
 * cmd_import - files of interactions of the user's own: one dataset, a given split, or feedback.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/mem.h"
#include "rs/commands/handlers.h"
#include "rs/store/datasets.h"

#include "stage.h"

static struct rs_ingest_opts import_opts(const struct rs_ctx *ctx, const struct rs_args *args,
                                         bool strict)
{
    struct rs_ingest_opts o = rs_stage_ingest_opts(ctx, strict);
    const char *header = rs_args_text(args, "header");
    rs_format_parse(rs_args_text(args, "format"), &o.format);
    o.columns = rs_args_text(args, "columns");
    o.header = strcmp(header, "yes") == 0 ? 1 : strcmp(header, "no") == 0 ? 0 : -1;
    return o;
}

/* What decides how the files were read, for the dataset's source. */
static char *reader_of(const struct rs_args *args)
{
    const char *columns = rs_args_text(args, "columns");
    return rs_xprintf("%s|%s|%s", rs_args_text(args, "format"), columns ? columns : "",
                      rs_args_text(args, "header"));
}

static enum rs_code import_files(struct rs_ctx *ctx, const struct rs_args *args, const char *name,
                                 const char *const *paths, size_t n,
                                 const struct rs_dataset *before, struct rs_result *out,
                                 struct rs_err *err)
{
    bool strict = rs_args_bool(args, "strict") || rs_conf_bool(ctx->conf, "data.strict");
    struct rs_ingest_opts o = import_opts(ctx, args, strict);
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_val *source = NULL;
    char *reader = reader_of(args);
    enum rs_code rc = rs_ingest(paths, n, &o, &ctx->task, &x, &report, err);
    if (!rc) {
        rc = rs_stage_source(ctx, paths, n, strict, reader, &source, err);
    }
    if (!rc) {
        rc = rs_stage_save_dataset(ctx, name, &x, &report, rs_args_text(args, "catalogue"), before,
                                   source, out, err);
    }
    free(reader);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    return rc;
}

/* --train F --test F: the dataset is the train part; the split `given` holds both. */
static enum rs_code import_given(struct rs_ctx *ctx, const struct rs_args *args, const char *name,
                                 struct rs_result *out, struct rs_err *err)
{
    const char *train = rs_args_text(args, "train");
    const char *test = rs_args_text(args, "test");
    bool strict = rs_args_bool(args, "strict") || rs_conf_bool(ctx->conf, "data.strict");
    struct rs_ingest_opts o = import_opts(ctx, args, strict);
    struct rs_interactions x = {0};
    struct rs_ingest_report report = {0};
    struct rs_dataset *d = NULL;
    struct rs_result split;
    rs_result_init(&split);
    /* The test file first: where it is bad, nothing is imported. */
    enum rs_code rc = rs_ingest(&test, 1, &o, &ctx->task, &x, &report, err);
    if (rc) goto done;
    rc = import_files(ctx, args, name, &train, 1, NULL, out, err);
    if (rc) goto done;
    rc = rs_ctx_dataset(ctx, name, &d, err);
    if (rc) goto done;
    struct rs_split_opts so = rs_stage_split_opts(ctx, RS_GIVEN);
    rc = rs_stage_save_split(ctx, d, &x, &so, "given", &split, err);
    if (!rc) {
        rs_result_append(out, "split", &split);
    }
done:
    rs_result_clear(&split);
    rs_dataset_close(d);
    rs_ingest_report_clear(&report);
    rs_interactions_clear(&x);
    return rc;
}

struct feedback_file {
    FILE *f;
    int64_t rows;
    int64_t last_id;
};

static enum rs_code write_feedback(const struct rs_feedback *f, void *arg, struct rs_err *err)
{
    struct feedback_file *file = arg;
    struct rs_str line;
    rs_str_init(&line, 1 << 16);
    rs_str_add(&line, "{\"user\":");
    rs_json_quote(f->user_id, &line);
    rs_str_add(&line, ",\"item\":");
    rs_json_quote(f->item_id, &line);
    rs_str_add(&line, ",\"rating\":");
    rs_str_add_double(&line, f->value);
    rs_str_addf(&line, ",\"timestamp\":%lld}\n", (long long)f->time_s);
    fputs(rs_str_text(&line), file->f);
    rs_str_clear(&line);
    file->rows++;
    file->last_id = f->id;
    return ferror(file->f) ? rs_fail(err, RS_EIO, "write feedback") : RS_OK;
}

/* What was prepared, as JSON lines, so that feedback is read behind it: the later row stays. */
static enum rs_code write_dataset(const struct rs_interactions *x, FILE *f, struct rs_err *err)
{
    struct rs_str line;
    rs_str_init(&line, 1 << 16);
    for (int64_t r = 0; r < x->n; r++) {
        struct rs_val *user = rs_idmap_val(x->users, x->user[r]);
        struct rs_val *item = rs_idmap_val(x->items, x->item[r]);
        rs_str_reset(&line);
        rs_str_add(&line, "{\"user\":");
        rs_json_print(user, 0, &line);
        rs_str_add(&line, ",\"item\":");
        rs_json_print(item, 0, &line);
        rs_str_add(&line, ",\"rating\":");
        rs_str_add_float(&line, x->value[r]);
        rs_str_addf(&line, ",\"timestamp\":%lld}\n", (long long)(x->time ? x->time[r] : 0));
        fputs(rs_str_text(&line), f);
        rs_val_free(item);
        rs_val_free(user);
    }
    rs_str_clear(&line);
    return ferror(f) ? rs_fail(err, RS_EIO, "write rows") : RS_OK;
}

/* --feedback: prepared rows and posted events together become the dataset; items keep their
 * titles. The file between is read once and removed. */
static enum rs_code import_feedback(struct rs_ctx *ctx, const struct rs_args *args,
                                    const char *name, struct rs_result *out, struct rs_err *err)
{
    struct rs_store *st;
    struct rs_dataset *d = NULL;
    struct rs_fs_file file = {0};
    struct feedback_file feedback = {0};
    char *path = rs_ctx_path(ctx, "data/interim/%s/with-feedback.jsonl", name);
    enum rs_code rc = rs_ctx_store(ctx, &st, err);
    if (!rc) rc = rs_ctx_dataset(ctx, name, &d, err);
    if (!rc) rc = rs_fs_create(path, &file, err);
    if (rc) goto done;
    feedback.f = file.f;
    rc = write_dataset(&d->x, file.f, err);
    if (!rc) rc = rs_feedback_each(st, 0, write_feedback, &feedback, err);
    if (!rc && feedback.rows == 0) {
        rc = rs_fail(err, RS_ENOTFOUND, "no feedback is stored: there is nothing to append");
    }
    if (!rc) rc = rs_fs_commit(&file, err);
    if (rc) goto done;
    const char *paths[1] = {path};
    rc = import_files(ctx, args, name, paths, 1, d, out, err);
    struct rs_err none = {0};
    if (rs_fs_remove(path, &none)) {
        rs_log(RS_LOG_WARN, "import", "%s", none.msg);
    }
    if (!rc) {
        rs_val_set_int(out->doc, "feedback_rows", feedback.rows);
        rs_result_say(out, "%lld posted events are part of '%s' now", (long long)feedback.rows,
                      name);
    }
done:
    rs_fs_discard(&file);
    rs_dataset_close(d);
    free(path);
    return rc;
}

enum rs_code rs_cmd_data_import(struct rs_ctx *ctx, const struct rs_args *args,
                                struct rs_result *out, struct rs_err *err)
{
    const char *name = rs_args_text(args, "name");
    const char *train = rs_args_text(args, "train");
    const char *test = rs_args_text(args, "test");
    size_t n = rs_args_count(args, "file");
    bool feedback = rs_args_bool(args, "feedback");
    if (!name && !feedback) return rs_fail(err, RS_EARG, "import: --name NAME is missing");
    if (!name) {
        name = rs_conf_text(ctx->conf, "data.dataset");
    }
    enum rs_code rc = rs_ctx_check_name("dataset", name, err);
    if (rc) return rc;
    if (!train != !test) {
        return rs_fail(err, RS_EARG, "import: --train and --test come together");
    }
    if ((n > 0) + (train != NULL) + feedback != 1) {
        return rs_fail(err, RS_EARG, "import: say FILE…, --train F --test F, or --feedback");
    }
    if (train) return import_given(ctx, args, name, out, err);
    if (feedback) return import_feedback(ctx, args, name, out, err);
    const char **paths = rs_xalloc(n, sizeof(*paths));
    for (size_t i = 0; i < n; i++) {
        paths[i] = rs_args_nth(args, "file", i);
    }
    rc = import_files(ctx, args, name, paths, n, NULL, out, err);
    free(paths);
    return rc;
}
