/*
 * answer_impl - what the answers of the model's calls share.
 */
#ifndef SERVE_ANSWER_IMPL_H
#define SERVE_ANSWER_IMPL_H

#include "http_impl.h"
#include "json_out_impl.h"

/* The last step of a handler that wrote to c->out: RS_ENOMEM where that found no memory. */
static inline enum rs_code srv_answer_end(struct srv_call *c, struct rs_err *err)
{
    if (!c->out->failed) return RS_OK;
    return rs_fail(err, RS_ENOMEM, "no memory for the answer");
}

/* The index of an item that somebody named; RS_ENOTFOUND. */
static inline enum rs_code srv_find_item(const struct rs_bundle *b, const char *id, int32_t *out,
                                         struct rs_err *err)
{
    *out = rs_idmap_find(b->items, id);
    if (*out >= 0) return RS_OK;
    return rs_fail(err, RS_ENOTFOUND, "item '%s' is not in the model's catalogue", id);
}

#endif
