/*
 * conf - composed configuration as Hydra users know it, checked against tables of parameters.
 *
 * Order     built-in < configs/config.yaml with its `defaults` list of groups < params.yaml <
 *           environment (RECSYS_GROUP__KEY and the aliases given) < command-line overrides.
 * Overrides group=option (loads configs/group/option.yaml), key.path=value, +key=value, ~key;
 *           ${key.path} and ${oc.env:VAR,default} are interpolated.
 * Checks    a key that no table has, a value of the wrong type or range: an error that names file,
 *           line, key and what was expected, with the nearest valid key.
 */
#ifndef RS_BASE_CONF_H
#define RS_BASE_CONF_H

#include "rs/base/err.h"
#include "rs/base/param.h"
#include "rs/base/val.h"

/* A top-level group. Its keys are `table`, or, where `select` names a key of the group (such as
 * model.name), that table and the one `pick` gives for the selected value. */
struct rs_conf_group {
    const char *name; /* NULL ends the list */
    const struct rs_param *table;
    const char *select;
    const struct rs_param *(*pick)(const char *selected); /* NULL: unknown option */
    void (*list)(struct rs_str *out); /* what may be picked, "a, b", for errors */
    const char *help;
};

/* An environment variable that sets a key: {"LOG_LEVEL", "logging.level"}. */
struct rs_conf_env {
    const char *variable; /* NULL ends the list */
    const char *key;
};

struct rs_conf;

/* dir: the workspace (configs/ and params.yaml are optional there). environ_get: getenv or a test's
 * own. The tables are borrowed for the life of the object. */
RS_MUST_USE enum rs_code rs_conf_load(const struct rs_conf_group *groups,
                                      const struct rs_conf_env *env,
                                      const char *(*environ_get)(const char *name), const char *dir,
                                      const char *const *overrides, size_t n_overrides,
                                      struct rs_conf **out, struct rs_err *err);
void rs_conf_free(struct rs_conf *c);
/* Every RECSYS_GROUP__KEY=value among variables (as environ, NULL-ended) names a key of a table, be
 * it of an option that is not picked. RS_EARG: with the nearest. */
RS_MUST_USE enum rs_code rs_conf_check_environment(const struct rs_conf_group *groups,
                                                   char *const *variables, struct rs_err *err);

/* key "group.name"; a key that no table has is our bug (assert). */
int64_t rs_conf_int(const struct rs_conf *c, const char *key);
double rs_conf_real(const struct rs_conf *c, const char *key);
bool rs_conf_bool(const struct rs_conf *c, const char *key);
const char *rs_conf_text(const struct rs_conf *c, const char *key);
const int64_t *rs_conf_ints(const struct rs_conf *c, const char *key, size_t *n_out);
/* Where the value came from: "built-in", "configs/model/als.yaml:3", "params.yaml:7",
 * "environment LOG_LEVEL", "command line". */
const char *rs_conf_source(const struct rs_conf *c, const char *key);
/* Values of a group's main table, and of the table picked by its selector (NULL if none). */
const struct rs_values *rs_conf_group(const struct rs_conf *c, const char *group);
const struct rs_values *rs_conf_picked(const struct rs_conf *c, const char *group);
struct rs_val *rs_conf_tree(const struct rs_conf *c); /* the whole, resolved; the caller's */
/* Is text an override (group=option, a.b=value, +a.b=value, ~a.b) rather than a plain argument? */
bool rs_conf_is_override(const char *text);
struct rs_val *rs_conf_schema(const struct rs_conf_group *groups); /* JSON Schema 2020-12 */

#endif
