/* conf_schema - every key of the configuration as JSON Schema, options' own keys by condition. */
#include <stdlib.h>
#include <string.h>

#include "rs/base/conf.h"
#include "rs/base/mem.h"

/* {"if": {"properties": {select: {"const": option}}}, "then": …} for every option. */
static void add_options(const struct rs_conf_group *g, struct rs_val *schema)
{
    struct rs_str options;
    rs_str_init(&options, 4096);
    g->list(&options);
    struct rs_val *all = rs_val_set(schema, "allOf", rs_val_list());
    for (const char *at = rs_str_text(&options); *at;) {
        size_t len = strcspn(at, ", ");
        char *option = rs_xstrndup(at, len);
        struct rs_val *one = rs_val_push(all, rs_val_map());
        struct rs_val *when = rs_val_set(one, "if", rs_val_map());
        struct rs_val *names = rs_val_set(when, "properties", rs_val_map());
        rs_val_set_str(rs_val_set(names, g->select, rs_val_map()), "const", option);
        struct rs_val *own = rs_param_schema(g->pick(option));
        rs_val_remove(own, "additionalProperties");
        rs_val_set(one, "then", own);
        free(option);
        at += len + strspn(at + len, ", ");
    }
    rs_str_clear(&options);
}

struct rs_val *rs_conf_schema(const struct rs_conf_group *groups)
{
    struct rs_val *schema = rs_val_map();
    rs_val_set_str(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    rs_val_set_str(schema, "title", "recsys-tui configuration");
    rs_val_set_str(schema, "type", "object");
    struct rs_val *properties = rs_val_set(schema, "properties", rs_val_map());
    for (const struct rs_conf_group *g = groups; g->name; g++) {
        struct rs_val *one = rs_val_set(properties, g->name, rs_param_schema(g->table));
        rs_val_set_str(one, "description", g->help);
        if (g->select && g->list) {
            add_options(g, one);
            rs_val_remove(one, "additionalProperties");
            rs_val_set_bool(one, "unevaluatedProperties", false);
        }
    }
    rs_val_set_bool(schema, "additionalProperties", false);
    return schema;
}
