/*
 * bundles - what the worker keeps open between questions: a few bundles by hash, one dataset.
 *
 * Opening proves all checksums of a file, too slow for every key; the files are mapped, so an open
 * one costs little memory. A bundle's name is its hash, so an open one is never stale; a dataset is
 * known by its file's identity and time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "work_impl.h"

enum { MAX_OPEN = 3 }; /* what serves, and two that are compared */

struct open_bundle {
    struct rs_bundle *bundle; /* NULL: a free place */
    char *label;
    int64_t used; /* counts calls */
};

struct tui_models {
    struct rs_ctx *ctx;
    struct open_bundle bundles[MAX_OPEN];
    int64_t calls;
    char serving[65]; /* hash behind the alias when it was last asked for; "" */
    struct rs_dataset *dataset;
    char *dataset_name;
    struct stat dataset_file;
};

struct tui_models *tui_models_new(struct rs_ctx *ctx)
{
    struct tui_models *m = rs_xalloc(1, sizeof(*m));
    m->ctx = ctx;
    return m;
}

static void close_bundle(struct open_bundle *o)
{
    rs_bundle_close(o->bundle);
    free(o->label);
    *o = (struct open_bundle){0};
}

static void close_dataset(struct tui_models *m)
{
    rs_dataset_close(m->dataset);
    free(m->dataset_name);
    m->dataset = NULL;
    m->dataset_name = NULL;
}

void tui_models_free(struct tui_models *m)
{
    if (!m) return;
    for (int i = 0; i < MAX_OPEN; i++) {
        close_bundle(&m->bundles[i]);
    }
    close_dataset(m);
    free(m);
}

enum rs_code tui_models_compose(struct tui_models *m, struct rs_err *err)
{
    struct rs_conf *conf = NULL;
    enum rs_code rc = rs_ctx_conf_for(m->ctx, "model list", NULL, 0, &conf, err);
    if (rc) return rc;
    rs_conf_free(m->ctx->conf);
    m->ctx->conf = conf;
    return RS_OK;
}

static struct open_bundle *find(struct tui_models *m, const char *sha256)
{
    for (int i = 0; i < MAX_OPEN; i++) {
        struct open_bundle *o = &m->bundles[i];
        if (o->bundle && sha256[0] && strcmp(o->bundle->sha256, sha256) == 0) return o;
    }
    return NULL;
}

/* A free place, else that of the one not used for longest, emptied. */
static struct open_bundle *make_room(struct tui_models *m)
{
    struct open_bundle *oldest = &m->bundles[0];
    for (int i = 0; i < MAX_OPEN; i++) {
        if (m->bundles[i].used < oldest->used) oldest = &m->bundles[i];
    }
    close_bundle(oldest);
    return oldest;
}

/* What served is closed where something else serves now. */
static void note_serving(struct tui_models *m, const char *sha256)
{
    struct open_bundle *before = strcmp(m->serving, sha256) != 0 ? find(m, m->serving) : NULL;
    if (before) close_bundle(before);
    memcpy(m->serving, sha256, sizeof(m->serving));
}

static void use(struct tui_models *m, struct open_bundle *o, char *label)
{
    free(o->label);
    o->label = label;
    o->used = ++m->calls;
}

enum rs_code tui_models_bundle(struct tui_models *m, const char *ref, const struct rs_bundle **out,
                               const char **label_out, struct rs_err *err)
{
    char sha256[65] = "";
    char *label = NULL;
    struct open_bundle *o = NULL;
    bool is_file = ref && rs_str_ends(ref, ".rsm");
    if (!is_file) {
        enum rs_code rc = rs_ctx_bundle_hash(m->ctx, ref, sha256, &label, err);
        if (rc) return rc;
        if (!ref) note_serving(m, sha256);
        o = find(m, sha256);
    }
    if (!o) {
        struct rs_bundle *opened = NULL;
        char *path = is_file ? rs_xstrdup(ref) : rs_ctx_bundle_path(m->ctx, sha256);
        enum rs_code rc = rs_bundle_open(path, &opened, err);
        if (rc) {
            if (label) rs_wrap(err, "%s", label);
            free(label);
            free(path);
            return rc;
        }
        if (is_file) label = rs_xstrdup(ref);
        free(path);
        o = make_room(m);
        o->bundle = opened;
    }
    use(m, o, label);
    *out = o->bundle;
    if (label_out) *label_out = o->label;
    return RS_OK;
}

static enum rs_code dataset_name(struct tui_models *m, const char *name, char **out,
                                 struct rs_err *err)
{
    if (name) {
        *out = rs_xstrdup(name);
        return rs_ctx_check_name("dataset", name, err);
    }
    struct rs_args *args = NULL;
    enum rs_code rc = rs_args_parse(rs_command_named("data inspect"), NULL, 0, &args, err);
    if (!rc) rc = rs_ctx_dataset_name(m->ctx, args, out, err);
    rs_args_free(args);
    return rc;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum rs_code tui_models_dataset(struct tui_models *m, const char *name,
                                const struct rs_dataset **out, struct rs_err *err)
{
    struct stat now = {0};
    char *chosen = NULL;
    char *path = NULL;
    enum rs_code rc = dataset_name(m, name, &chosen, err);
    if (rc) goto done;
    path = rs_ctx_path(m->ctx, "data/interim/%s/dataset.rsd", chosen);
    bool there = stat(path, &now) == 0;
    if (!there || !rs_str_eq(chosen, m->dataset_name) || !same_file(&now, &m->dataset_file)) {
        close_dataset(m);
        rc = rs_ctx_dataset(m->ctx, chosen, &m->dataset, err);
        if (rc) goto done;
        m->dataset_name = rs_xstrdup(chosen);
        m->dataset_file = now;
    }
    *out = m->dataset;
done:
    free(chosen);
    free(path);
    return rc;
}
