/*
 * answer_health - /health, /live and /ready: for people, for who restarts the process, and for who
 * sends it requests. /health always answers 200: what is wrong stands in it.
 */
#include "answer_impl.h"
#include "rs/base/clock.h"

/* Opens the list of problems or goes on with it. */
static void put_problem(struct rs_str *out, int *n, const char *text)
{
    if ((*n)++) SRV_JSON(out, ",");
    rs_json_quote(text, out);
}

static int put_problems(struct srv_call *c, struct rs_str *out)
{
    struct srv_watch *watch = c->srv->watch; /* NULL until it is started */
    int n = 0;
    char text[128];
    if (!c->model) {
        snprintf(text, sizeof(text), "no model is served: model promote VERSION --to %s",
                 c->settings->alias);
        put_problem(out, &n, text);
    }
    if (!watch) return n;
    if (!srv_watch_store_ok(watch)) put_problem(out, &n, "the store cannot be read");
    int64_t refused = srv_watch_refused(watch);
    if (refused) {
        snprintf(text, sizeof(text), "version %lld cannot be served: see the log",
                 (long long)refused);
        put_problem(out, &n, text);
    }
    return n;
}

enum rs_code srv_get_health(struct srv_call *c, struct rs_err *err)
{
    const struct rs_bundle *b = c->model ? c->model->bundle : NULL;
    struct rs_str problems;
    rs_str_init(&problems, 0);
    bool healthy = put_problems(c, &problems) == 0;
    SRV_JSON(c->out, "{\"status\":");
    rs_json_quote(healthy ? "healthy" : "degraded", c->out);
    SRV_JSON(c->out, ",\"timestamp\":");
    srv_json_time_ms(c->out, rs_clock_now_ms());
    SRV_JSON(c->out, ",\"model_loaded\":");
    srv_json_bool(c->out, b);
    SRV_JSON(c->out, ",\"model_version\":");
    if (b) {
        rs_str_add_int(c->out, c->model->version);
    } else {
        SRV_JSON(c->out, "null");
    }
    SRV_JSON(c->out, ",\"n_users\":");
    rs_str_add_int(c->out, b ? rs_idmap_size(b->users) : 0);
    SRV_JSON(c->out, ",\"n_items\":");
    rs_str_add_int(c->out, b ? rs_idmap_size(b->items) : 0);
    SRV_JSON(c->out, ",\"problems\":[");
    rs_str_addn(c->out, rs_str_text(&problems), problems.len);
    SRV_JSON(c->out, "]}");
    rs_str_clear(&problems);
    return srv_answer_end(c, err);
}

static enum rs_code answer_state(struct srv_call *c, const char *state, struct rs_err *err)
{
    SRV_JSON(c->out, "{\"status\":");
    rs_json_quote(state, c->out);
    SRV_JSON(c->out, "}");
    return srv_answer_end(c, err);
}

enum rs_code srv_get_live(struct srv_call *c, struct rs_err *err)
{
    return answer_state(c, "ok", err);
}

enum rs_code srv_get_ready(struct srv_call *c, struct rs_err *err)
{
    bool draining = atomic_load(&c->srv->draining);
    if (c->model && !draining) return answer_state(c, "ok", err);
    c->status = c->route->also_answer;
    return answer_state(c, draining ? "the server is stopping" : "no model is served", err);
}
