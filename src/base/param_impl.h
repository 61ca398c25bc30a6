/*
 * param_impl - one checked value of a row, shared by param.c (checks) and values.c (storage).
 */
#ifndef RS_SRC_BASE_PARAM_IMPL_H
#define RS_SRC_BASE_PARAM_IMPL_H

#include "rs/base/param.h"

enum { RS_PARAM_MAX_INTS = 10000 };

struct rs_slot {
    bool has;      /* false: unset, and all below is zero */
    bool is_given; /* set by someone, not the default */
    bool b;
    int64_t i; /* integer, or index of a choice */
    double r;
    char *text; /* text and choice */
    int64_t *ints;
    size_t n_ints;
};

void rs_slot_clear(struct rs_slot *s);
/* out is written on success only; what it held is not freed. */
RS_MUST_USE enum rs_code rs_param_parse(const struct rs_param *p, const char *text,
                                        struct rs_slot *out, struct rs_err *err);
/* "factors: expected an integer 1..1024, got <given>" */
enum rs_code rs_param_refuse(const struct rs_param *p, const char *given, struct rs_err *err);
struct rs_val *rs_slot_to_val(const struct rs_param *p, const struct rs_slot *s);

#endif
