/*
 * answer_store - calls that read the store, on the query thread: what the commands of the same
 * names print, so that REST and the command line tell the same numbers.
 */
#include <stdio.h>
#include <string.h>

#include "rs/commands/ctx.h"
#include "rs/tracking/studies.h"
#include "route_impl.h"

enum { MAX_WORDS = 6 };

/* The words of a command line. Values follow their option's '=' or stand after "--", so that none
 * of them is taken for an option. */
struct words {
    const char *list[MAX_WORDS];
    size_t n;
    bool failed; /* no memory */
};

static void add_word(struct words *w, const char *word)
{
    rs_assert(w->n < MAX_WORDS);
    w->failed |= !word;
    w->list[w->n++] = word;
}

/* --NAME=VALUE of a field, where it has a value. */
static void add_option(struct srv_call *c, struct words *w, const char *name)
{
    const struct srv_value *v = srv_get(c, name);
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)v->i);
    const char *text = v->s ? v->s : number;
    size_t len = strlen(name) + strlen(text) + 4;
    char *word = rs_arena_alloc(c->arena, len);
    if (word) snprintf(word, len, "--%s=%s", name, text);
    add_word(w, word);
}

/* A configuration that was broken since the server read it is not the asker's fault. */
static enum rs_code blame(struct srv_call *c, enum rs_code rc, struct rs_err *err)
{
    struct rs_conf *conf = NULL;
    struct rs_err why = {0};
    if (rc != RS_EARG && rc != RS_EPARSE) return rc;
    enum rs_code broken = rs_ctx_conf_for(c->ctx, "model list", NULL, 0, &conf, &why);
    rs_conf_free(conf);
    return broken ? rs_fail(err, RS_EIO, "configuration: %s", why.msg) : rc;
}

static enum rs_code answer(struct srv_call *c, const char *command, const struct words *w,
                           struct rs_err *err)
{
    struct rs_result result;
    if (w->failed) return rs_fail(err, RS_ENOMEM, "no memory to ask for '%s'", command);
    rs_result_init(&result);
    enum rs_code rc = rs_ctx_call(c->ctx, command, w->list, w->n, &result, err);
    if (rc) {
        rc = blame(c, rc, err);
    } else {
        rs_json_print(result.doc, 0, c->out);
        if (c->out->failed) rc = rs_fail(err, RS_ENOMEM, "no memory for the answer");
    }
    rs_result_clear(&result);
    return rc;
}

enum rs_code srv_get_models(struct srv_call *c, struct rs_err *err)
{
    return answer(c, "model list", &(struct words){0}, err);
}

enum rs_code srv_get_journal(struct srv_call *c, struct rs_err *err)
{
    struct words w = {0};
    add_option(c, &w, "limit");
    return answer(c, "model history", &w, err);
}

enum rs_code srv_get_model(struct srv_call *c, struct rs_err *err)
{
    struct words w = {0};
    add_word(&w, "--");
    add_word(&w, srv_get(c, "version")->s);
    return answer(c, "model show", &w, err);
}

enum rs_code srv_get_runs(struct srv_call *c, struct rs_err *err)
{
    struct words w = {0};
    add_option(c, &w, "limit");
    add_option(c, &w, "offset");
    if (srv_get(c, "filter")->given) add_option(c, &w, "filter");
    if (srv_get(c, "sort")->given) add_option(c, &w, "sort");
    return answer(c, "run list", &w, err);
}

enum rs_code srv_get_run(struct srv_call *c, struct rs_err *err)
{
    struct words w = {0};
    add_word(&w, "--");
    add_word(&w, srv_get(c, "id")->s);
    return answer(c, "run show", &w, err);
}

enum rs_code srv_get_jobs(struct srv_call *c, struct rs_err *err)
{
    struct words w = {0};
    add_option(c, &w, "limit");
    return answer(c, "job list", &w, err);
}

enum rs_code srv_get_job(struct srv_call *c, struct rs_err *err)
{
    char id[24];
    struct words w = {0};
    snprintf(id, sizeof(id), "%lld", (long long)srv_get(c, "id")->i);
    add_word(&w, id);
    return answer(c, "job show", &w, err);
}

enum rs_code srv_get_studies(struct srv_call *c, struct rs_err *err)
{
    struct rs_store *st;
    struct rs_val *studies = NULL;
    int64_t count = 0;
    enum rs_code rc = rs_ctx_store(c->ctx, &st, err);
    if (rc) return rc;
    rc =
        rs_studies_list(st, srv_get(c, "limit")->i, srv_get(c, "offset")->i, &studies, &count, err);
    if (rc) return rc;
    struct rs_val *doc = rs_val_map();
    rs_val_set(doc, "studies", studies);
    rs_val_set_int(doc, "count", count);
    rs_json_print(doc, 0, c->out);
    rs_val_free(doc);
    return c->out->failed ? rs_fail(err, RS_ENOMEM, "no memory for the answer") : RS_OK;
}
