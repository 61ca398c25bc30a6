/*
 * val_impl - what the readers of JSON and YAML share with the tree of values.
 *
 * Every tree that is read is bounded, so the recursion of free, copy and print is too.
 */
#ifndef RS_SRC_BASE_VAL_IMPL_H
#define RS_SRC_BASE_VAL_IMPL_H

#include "rs/base/val.h"

enum {
    VAL_MAX_DEPTH = 100,      /* lists and maps around a value */
    VAL_MAX_VALUES = 1000000, /* of a tree, aliases counted once a use */
    VAL_MAX_BYTES = 16 << 20, /* of a text, and of what its aliases stand for */
};

/* Append without a look at the keys that are there: the reader proves that they differ. */
void rs_val_append(struct rs_val *map, const char *key, size_t key_len, struct rs_val *value);
/* Size, encoding and NUL bytes of a text, before a parser sees it; a byte-order mark is skipped. */
RS_MUST_USE enum rs_code rs_val_check_text(const char **text, size_t *len, const char *source,
                                           struct rs_err *err);
/* Message of a library as part of ours: one line, nothing unprintable. */
enum rs_code rs_val_fail_at(struct rs_err *err, const char *source, int line, const char *message);
/* The shortest exact form, with '.' or exponent so that it is read back as a double. */
void rs_val_add_real(struct rs_str *out, double r);

#endif
