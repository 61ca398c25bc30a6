/*
 * search - which rows of a catalogue contain a text, in any (ASCII) case, without allocation.
 */
#ifndef SERVE_SEARCH_IMPL_H
#define SERVE_SEARCH_IMPL_H

#include "rs/data/catalogue.h"
#include "rs/data/idmap.h"

struct srv_search {
    const char *text; /* as said; "": everything matches */
    size_t len;
    char first[2]; /* its first byte in both cases */
};
struct srv_search srv_search_make(const char *text); /* borrows text; NULL: "" */
bool srv_search_in(const struct srv_search *s, const char *hay, size_t len);
bool srv_search_in_id(const struct srv_search *s, const struct rs_idmap *map, int32_t index);

#endif
