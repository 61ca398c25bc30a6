/*
 * answer_feedback - POST /feedback, on the writer thread: one row in the transaction of the moment.
 * The answer goes out when that is on disk.
 */
#include "answer_impl.h"
#include "rs/base/clock.h"
#include "rs/store/datasets.h"

/* What an event without a value is worth: what training counts as liked. */
static double liked(const struct srv_model *model)
{
    double threshold = model ? rs_val_get_real(model->bundle->info, "threshold", 0) : 0;
    return threshold > 0 ? threshold : 1;
}

static int64_t now_s(void)
{
    return rs_clock_now_ms() / 1000;
}

enum rs_code srv_post_feedback(struct srv_call *c, struct rs_err *err)
{
    const struct srv_value *value = srv_get(c, "value");
    const struct srv_value *when = srv_get(c, "timestamp");
    const struct srv_value *type = srv_get(c, "type");
    const struct rs_bundle *b = c->model ? c->model->bundle : NULL;
    const struct rs_feedback f = {.user_id = srv_get(c, "user_id")->s,
                                  .item_id = srv_get(c, "item_id")->s,
                                  .type = type->given ? type->s : "",
                                  .value = value->given ? value->r : liked(c->model),
                                  .time_s = when->given ? when->i : now_s()};
    int64_t id = 0;
    struct rs_store *st;
    enum rs_code rc = rs_ctx_store(c->ctx, &st, err);
    if (!rc) rc = rs_feedback_add(st, &f, &id, err);
    if (rc) return rc;
    SRV_JSON(c->out, "{\"id\":");
    rs_str_add_int(c->out, id);
    SRV_JSON(c->out, ",\"user_id\":");
    srv_json_id(c->out, b ? b->users : NULL, f.user_id);
    SRV_JSON(c->out, ",\"item_id\":");
    srv_json_id(c->out, b ? b->items : NULL, f.item_id);
    SRV_JSON(c->out, ",\"value\":");
    srv_json_double(c->out, f.value);
    SRV_JSON(c->out, ",\"timestamp\":");
    srv_json_time_s(c->out, f.time_s);
    SRV_JSON(c->out, ",\"type\":");
    rs_json_quote(f.type, c->out);
    SRV_JSON(c->out, ",\"known_user\":");
    srv_json_bool(c->out, b && rs_idmap_find(b->users, f.user_id) >= 0);
    SRV_JSON(c->out, ",\"known_item\":");
    srv_json_bool(c->out, b && rs_idmap_find(b->items, f.item_id) >= 0);
    SRV_JSON(c->out, "}");
    return srv_answer_end(c, err);
}
