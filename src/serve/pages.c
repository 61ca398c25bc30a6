/*
 * pages - the files of src/serve/web/, which the build embeds. A route of a page or of its parts
 * names its file by its path's last part: /docs is docs.html, /assets/docs.js is docs.js.
 */
#include <stdio.h>
#include <string.h>

#include "route_impl.h"

struct page {
    const char *name;
    const char *etag; /* with its quotes */
    size_t len;
    const unsigned char *data;
};

static const struct page pages[] = {
#include "web.inc"
};

static const struct page *page_of(const char *path)
{
    char name[64];
    const char *last = strrchr(path, '/') + 1;
    snprintf(name, sizeof(name), "%s%s", *last ? last : "explorer",
             strchr(last, '.') ? "" : ".html");
    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        if (strcmp(pages[i].name, name) == 0) return &pages[i];
    }
    return NULL;
}

enum rs_code srv_get_page(struct srv_call *c, struct rs_err *err)
{
    const struct page *p = page_of(c->route->path);
    if (!p) return rs_fail(err, RS_ENOTFOUND, "%s is not part of this build", c->route->path);
    rs_str_addn(c->out, (const char *)p->data, p->len);
    if (c->out->failed) return rs_fail(err, RS_ENOMEM, "no memory for %s", p->name);
    c->etag = p->etag;
    return RS_OK;
}
