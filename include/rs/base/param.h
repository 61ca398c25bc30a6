/*
 * param - tables of typed parameters and the values read through them.
 *
 * One row gives a setting its name, type, default, range and help. Model parameters, command
 * arguments and configuration keys are such tables: defaults, checks, help, docs, completion and
 * the tuner's search space all come from the row.
 */
#ifndef RS_BASE_PARAM_H
#define RS_BASE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/val.h"

#define RS_PARAM_TYPES(X)        \
    X(RS_PARAM_BOOL, "boolean")  \
    X(RS_PARAM_INT, "integer")   \
    X(RS_PARAM_REAL, "number")   \
    X(RS_PARAM_TEXT, "text")     \
    X(RS_PARAM_CHOICE, "choice") \
    X(RS_PARAM_INT_LIST, "integers")
#define RS_PARAM_ENUM(id, name) id,
enum rs_param_type { RS_PARAM_TYPES(RS_PARAM_ENUM) RS_PARAM_TYPE_COUNT };
#undef RS_PARAM_ENUM

struct rs_param {
    const char *name; /* NULL ends a table */
    enum rs_param_type type;
    const char *dflt;          /* text form; NULL: unset (text: empty) */
    double min, max;           /* numbers; both 0: no bound; infinite: none on that side */
    bool log;                  /* tuner: search on a log scale */
    double step;               /* tuner and forms; 0: none */
    const char *choices;       /* "a|b|c" for RS_PARAM_CHOICE */
    const char *alias;         /* another accepted name, or NULL */
    const char *help;          /* one line, with the unit */
    double tune_min, tune_max; /* default search range; both 0: not tuned unless asked */
};

/* Values of one table, index for index. */
struct rs_values;
struct rs_values *rs_values_new(const struct rs_param *table); /* all defaults */
struct rs_values *rs_values_copy(const struct rs_values *v);
void rs_values_free(struct rs_values *v);
const struct rs_param *rs_values_table(const struct rs_values *v);

/* By name or alias. RS_EARG: unknown name (with the nearest), wrong type, outside the range, not a
 * choice; the text says what was expected. */
RS_MUST_USE enum rs_code rs_values_set_text(struct rs_values *v, const char *name, const char *text,
                                            struct rs_err *err);
RS_MUST_USE enum rs_code rs_values_set_val(struct rs_values *v, const char *name,
                                           const struct rs_val *value, struct rs_err *err);
RS_MUST_USE enum rs_code rs_values_set_map(struct rs_values *v, const struct rs_val *map,
                                           struct rs_err *err);
bool rs_values_is_set(const struct rs_values *v, const char *name); /* set by someone, not dflt */

/* An unset value reads as 0, false, "" or an empty list; of a choice -1. In maps it is null, and a
 * null unsets it again.
 *
 * Reading asks for names that exist with that type: anything else is our bug (assert). */
int64_t rs_values_int(const struct rs_values *v, const char *name);
double rs_values_real(const struct rs_values *v, const char *name);
bool rs_values_bool(const struct rs_values *v, const char *name);
const char *rs_values_text(const struct rs_values *v, const char *name); /* text and choice */
int rs_values_choice(const struct rs_values *v, const char *name);       /* index into choices */
/* Borrowed array of an integer list. */
const int64_t *rs_values_ints(const struct rs_values *v, const char *name, size_t *n_out);

struct rs_val *rs_values_to_map(const struct rs_values *v); /* every name, typed */
void rs_values_text_of(const struct rs_values *v, const char *name, struct rs_str *out);

/* One text against one row: what set_text checks, without storing. */
RS_MUST_USE enum rs_code rs_param_check(const struct rs_param *p, const char *text,
                                        struct rs_err *err);
const struct rs_param *rs_param_find(const struct rs_param *table, const char *name);
const char *rs_param_type_name(enum rs_param_type type);
/* "integer 1..1000, default 15" for help and docs. */
void rs_param_describe(const struct rs_param *p, struct rs_str *out);
struct rs_val *rs_param_schema(const struct rs_param *table); /* JSON Schema object */
/* Proof that a table is sound: unique names, help everywhere, defaults that pass. For tests. */
RS_MUST_USE enum rs_code rs_param_table_check(const struct rs_param *table, struct rs_err *err);

#endif
