/* pack_json - sections that hold one JSON document. */
#include "rs/base/pack.h"

#include <stdlib.h>

#include "rs/base/mem.h"

enum rs_code rs_writer_add_json(struct rs_writer *w, const char *name, const struct rs_val *v,
                                struct rs_err *err)
{
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(v, 0, &text);
    enum rs_code rc = text.failed
                          ? rs_fail(err, RS_ENOMEM, "write section '%s': out of memory", name)
                          : rs_writer_add(w, name, RS_PACK_BYTES, text.data, text.len, err);
    rs_str_clear(&text);
    return rc;
}

enum rs_code rs_pack_get_json(const struct rs_reader *r, const char *name, struct rs_val **out,
                              struct rs_err *err)
{
    const void *text;
    int64_t len;
    enum rs_code rc = rs_pack_get(r, name, RS_PACK_BYTES, -1, &text, &len, err);
    if (rc) return rc;
    char *source = rs_xprintf("%s:%s", rs_pack_path(r), name);
    rc = rs_json_parse(text, (size_t)len, source, out, err);
    free(source);
    return rc;
}
