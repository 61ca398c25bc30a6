/*
 * ask - a request for a list in external ids, turned into what a model is asked.
 *
 * The command line and the server fill a struct rs_wish from what was said; rs_wish_resolve looks
 * the ids up in the served bundle, so a request means the same at every door.
 * Cost: a binary search an id, and one pass over a set of n_items bits a list of ids.
 */
#ifndef RS_MODELS_ASK_H
#define RS_MODELS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/arena.h"
#include "rs/base/err.h"
#include "rs/models/bundle.h"

/* Something a user did after the model was trained. */
struct rs_event {
    int64_t id; /* order */
    const char *item_id;
    double value;
    int64_t time_s;
};

struct rs_wish {
    const char *user_id;      /* NULL: nobody */
    const char *const *items; /* history instead of a user; [n_items] */
    size_t n_items;
    const struct rs_event
        *events; /* newer than the model, oldest first; of one item the last counts */
    size_t n_events;
    const char *const *exclude; /* never listed */
    size_t n_exclude;
    const char *const *candidates; /* only these; NULL: all */
    size_t n_candidates;
    const char *const *genres; /* only items with one of these; NULL: all */
    size_t n_genres;
    const uint64_t *allowed; /* only these as well (allow and deny lists); NULL: all */
    int32_t k, offset; /* places offset + 1 … offset + k of the list; together <= RS_MAX_K */
    double diversity;  /* 0 … 1, see struct rs_ask */
    bool exclude_seen;
    bool strict; /* an unknown user or item is an error; else it is left out */
};

/* Everything in *out lives in arena. *ignored_out: ids of items and candidates that the bundle does
 * not know. Events of such items, or whose value is no finite float, say nothing. A user is unknown
 * who is not in the bundle and has no event that says something. RS_ENOTFOUND: unknown genre; with
 * strict also user, item and candidate, each named. RS_EARG: user and items together; k, offset or
 * diversity out of range; RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_wish_resolve(const struct rs_bundle *b, const struct rs_wish *w,
                                         struct rs_arena *arena, struct rs_ask *out,
                                         size_t *ignored_out, struct rs_err *err);

/* Bits of the items that may be listed, from files of ids ("" or NULL: no such list): those of
 * `allow`, less those of `deny`. *out NULL where both are absent; else the caller's. One id a line,
 * # at its beginning or after a blank begins a comment; ids that the bundle does not know are fine.
 * RS_ENOTFOUND; RS_EPARSE (file, line); RS_EARG: over 256 MiB; RS_ENOMEM. */
RS_MUST_USE enum rs_code rs_allowed_read(const struct rs_bundle *b, const char *allow,
                                         const char *deny, uint64_t **out, struct rs_err *err);

#endif
