/*
 * conf_impl - what the two files of conf share: layers being merged, and their sources.
 */
#ifndef RS_BASE_CONF_IMPL_H
#define RS_BASE_CONF_IMPL_H

#include "rs/base/conf.h"

#define RS_CONF_MAX_FILE (1 << 20)

struct rs_conf {
    const struct rs_conf_group *groups;
    struct rs_val *raw;               /* group -> key -> value as merged, before checks */
    struct rs_val *sources;           /* "group.key" -> where from */
    struct rs_values **main_values;   /* one a group */
    struct rs_values **picked_values; /* one a group, or NULL */
    const char *dir;
    const char *(*environ_get)(const char *name);
};

const struct rs_conf_group *rs_conf_find_group(const struct rs_conf *c, const char *name,
                                               size_t len);
/* What the group's selector chooses so far, "" at worst. */
const char *rs_conf_chosen(const struct rs_conf *c, const struct rs_conf_group *g);
/* The row of a key by name or alias, in the group's table or that of what is chosen; or NULL. */
const struct rs_param *rs_conf_row(const struct rs_conf *c, const struct rs_conf_group *g,
                                   const char *key);
/* Text of the environment, the command line or a ${…} as the row wants it: texts and choices as
 * they stand, all else as YAML reads it. row NULL: as YAML. */
enum rs_code rs_conf_read_text(const struct rs_param *row, const char *text, const char *source,
                               struct rs_val **out, struct rs_err *err);
/* Set raw group.key. A new value of the group's selector drops what was chosen for the old one. */
void rs_conf_put(struct rs_conf *c, const struct rs_conf_group *g, const char *key,
                 const struct rs_val *value, const char *source);
enum rs_code rs_conf_unknown_group(const struct rs_conf *c, const char *name, const char *source,
                                   struct rs_err *err);
enum rs_code rs_conf_unknown_key(const struct rs_conf *c, const struct rs_conf_group *g,
                                 const char *key, const char *source, struct rs_err *err);
/* Layers, in the order of the head of conf.h. */
enum rs_code rs_conf_read_files(struct rs_conf *c, const char *const *overrides, size_t n,
                                struct rs_err *err);
void rs_conf_read_environment(struct rs_conf *c, const struct rs_conf_env *env);
enum rs_code rs_conf_apply_overrides(struct rs_conf *c, const char *const *overrides, size_t n,
                                     struct rs_err *err);

#endif
