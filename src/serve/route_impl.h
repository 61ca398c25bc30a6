/*
 * route_impl - the calls of the server as one table: method, path, fields, answer, scope, handler.
 *
 * Dispatch, validation, /openapi.json, /docs and the labels of /metrics read the same rows.
 */
#ifndef SERVE_ROUTE_IMPL_H
#define SERVE_ROUTE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/arena.h"
#include "rs/base/err.h"
#include "rs/base/str.h"
#include "rs/base/val.h"
#include "rs/commands/ctx.h"

struct srv;
struct srv_body;
struct srv_call;
struct srv_model;
struct srv_settings;

/* What a field may be. JSON and query text alike; a query repeats or commas a list. */
#define SRV_TYPES(X)                                            \
    X(SRV_ID, "an id (text of 1 to 1024 bytes, or an integer)") \
    X(SRV_IDS, "a list of ids")                                 \
    X(SRV_TEXT, "text")                                         \
    X(SRV_TEXTS, "a list of texts")                             \
    X(SRV_INT, "an integer")                                    \
    X(SRV_REAL, "a number")                                     \
    X(SRV_BOOL, "true or false")                                \
    X(SRV_TIME, "seconds since 1970 or an ISO 8601 time")       \
    X(SRV_OBJECT, "an object")
#define SRV_TYPE_ENUM(id, text) id,
enum srv_type { SRV_TYPES(SRV_TYPE_ENUM) SRV_TYPE_COUNT };
#undef SRV_TYPE_ENUM

enum srv_place { SRV_IN_BODY, SRV_IN_QUERY, SRV_IN_PATH };
enum srv_field_flags { SRV_REQUIRED = 1 << 0 };

/* An optional field may be null, which is the same as absent. */
struct srv_field {
    const char *name; /* NULL ends a list */
    enum srv_type type;
    enum srv_place in;
    unsigned flags;
    double min, max;     /* of a number; of a list or text: least and most elements or characters;
                         both 0: no bound (numbers), 0 to 1000 (lists), 0 to 1024 (texts) */
    const char *dflt;    /* text form, or NULL */
    const char *example; /* JSON, for the document and the try-it forms; or NULL */
    const char *pattern; /* of a text, for the document: what its handler takes; NULL: any */
    const char *help;
};

struct srv_value {
    bool given;    /* said, and not null */
    int64_t i;     /* SRV_INT; SRV_TIME: seconds since 1970 */
    double r;      /* SRV_REAL */
    bool b;        /* SRV_BOOL */
    const char *s; /* SRV_TEXT; SRV_ID: integers in decimal. NULL where absent without dflt */
    const char *const *list; /* SRV_IDS, SRV_TEXTS */
    size_t n;
    const struct rs_val *map; /* SRV_OBJECT */
};
enum { SRV_MAX_FIELDS = 16 };

/* An answer's keys, for the document and for the tests that hold answers against it. */
enum srv_prop_flags {
    SRV_PROP_OPTIONAL = 1 << 0,
    SRV_PROP_NULL = 1 << 1, /* may be null */
    SRV_PROP_LIST = 1 << 2, /* a list of it */
};
struct srv_prop {
    const char *name; /* NULL ends a list */
    const char *type; /* "id", "text", "integer", "number", "boolean", "any", or a shape's name */
    unsigned flags;
    const char *help;
};
struct srv_shape {
    const char *name; /* NULL ends the table */
    const struct srv_prop *props;
    bool open; /* may have more keys: rows of the store as commands print them */
    bool list; /* the answer itself is a list of it */
};
extern const struct srv_shape srv_shapes[];

enum srv_method { SRV_GET, SRV_POST, SRV_METHOD_COUNT };
/* The token that is needed; OPEN: none ever; READ: only where settings say so. */
enum srv_scope { SRV_OPEN, SRV_READ, SRV_WRITE, SRV_ADMIN };
enum srv_route_flags {
    SRV_MODEL = 1 << 0,  /* answers from a model: 503 without one */
    SRV_QUERY = 1 << 1,  /* reads the store or starts a process: runs on the query thread */
    SRV_WRITER = 1 << 2, /* writes feedback: runs on the writer thread, in its transaction */
    SRV_QUIET = 1 << 3,  /* no access log line of a success (probes, scrapes) */
    SRV_FREE = 1 << 4,   /* not counted against a client's rate */
    SRV_ASSET = 1 << 5,  /* a page or its parts: not in the document; its query is ignored */
    SRV_AS_IS = 1 << 6,  /* a body of any keys is taken: call.body */
    SRV_LONG = 1 << 7,   /* computes for long: runs on the batch thread, and nobody waits for it */
};

/* Runs with everything checked. On RS_OK the answer stands in c->out (or c->shared); a failure is
 * answered by its code. */
typedef enum rs_code srv_run_fn(struct srv_call *c, struct rs_err *err);

struct srv_route {
    enum srv_method method;
    const char *path;               /* "/user/{id}/history"; NULL ends the table */
    const char *tag;                /* heading in the document */
    const struct srv_field *fields; /* NULL: none */
    const char *answer;             /* name of a shape; NULL: see `type` */
    const char *type;               /* content type; NULL: application/json */
    int status;                     /* of success; 0: 200 */
    enum srv_scope scope;
    unsigned flags;
    srv_run_fn *run;
    const char *summary; /* at most 60 columns */
    const char *detail;  /* or NULL */
    const int *also;     /* statuses beside those that follow from the row, 0-ended; or NULL */
    const char *const *one_of; /* fields of which exactly one is given, NULL-ended; or NULL */
    int also_answer; /* a status beside `status` with an answer of the same shape; 0: none */
};
extern const struct srv_route srv_routes[];
int srv_n_routes(void);
/* Does a call of it have a body? */
bool srv_route_has_body(const struct srv_route *r);
/* Every status that a call of the route is answered with once its path and method are found,
 * ascending; returns how many. Those of HTTP itself (405, 408, 411, 414, 431) may come on top. */
enum { SRV_MAX_STATUSES = 16 };
int srv_route_statuses(const struct srv_route *r, int out[SRV_MAX_STATUSES]);
/* Is that status answered in the route's own shape (else as an Error)? */
bool srv_route_answers(const struct srv_route *r, int status);

enum { SRV_MAX_PATH_VALUES = 4 };
/* The route of a method and a raw path (still %-encoded, without the query). *allow_out: bits
 * 1 << method of the methods that the path has, 0: it does not exist. values_out gets the decoded
 * path values from arena, in the order of the braces. NULL: none; err->code RS_EARG where the path
 * does not decode (bad %, NUL, not UTF-8), else RS_OK. */
const struct srv_route *srv_route_find(enum srv_method method, const char *path, size_t len,
                                       struct rs_arena *arena, const char *values_out[4],
                                       unsigned *allow_out, struct rs_err *err);
/* Sound table: unique paths, help everywhere, shapes that exist, defaults that parse. */
RS_MUST_USE enum rs_code srv_routes_check(struct rs_err *err);

/* One request while it is answered. */
struct srv_call {
    struct srv *srv;
    const struct srv_route *route;
    struct srv_value values[SRV_MAX_FIELDS]; /* one a field of the route, in its order */
    const struct srv_settings *settings;     /* as they were when the request came */
    struct srv_model *model; /* SRV_MODEL routes; others: what serves, or NULL. Held for the call */
    struct rs_arena *arena;  /* until the answer is on its way */
    struct rs_arena *scratch;  /* for scoring; reset when the handler returns */
    struct rs_ctx *ctx;        /* SRV_QUERY and SRV_WRITER: store and commands; else NULL */
    struct rs_str *out;        /* the answer's text; empty at the start */
    struct srv_body *shared;   /* instead of out: a finished answer, one reference for the call */
    const char *location;      /* Location header, in arena; or NULL */
    const char *etag;          /* ETag header with its quotes, in arena or kept; or NULL */
    int status;                /* of success; the route's at the start */
    const char *actor;         /* name of the token that asked, or "" */
    const struct rs_val *body; /* SRV_AS_IS: an object, in arena; NULL: none was sent */
};

/* A field's value by name; a name that the route lacks is our bug (assert). */
const struct srv_value *srv_get(const struct srv_call *c, const char *name);

/* Reads path values, query (raw, after '?'; may be NULL) and body (NULL or empty: none was sent)
 * through the route's fields into c->values; texts live in c->arena. RS_EARG: names the field and
 * what was expected ("k: 101 is above 100: an integer from 1 to 100 was expected"), an unknown or
 * doubled field with the nearest name; RS_EPARSE: body that is no JSON; RS_ENOMEM. */
RS_MUST_USE enum rs_code srv_fields_read(struct srv_call *c, const char *const path_values[4],
                                         const char *query, const char *body, size_t body_len,
                                         struct rs_err *err);
/* "an integer from 1 to 100": what a field may be, for errors and the document. */
void srv_field_expected(const struct srv_field *f, struct rs_str *out);

/* ---- handlers, by file ---- */
/* answer_health.c */
srv_run_fn srv_get_health, srv_get_live, srv_get_ready;
/* answer_lists.c */
srv_run_fn srv_post_recommend, srv_post_recommend_batch, srv_post_similar;
/* answer_items.c */
srv_run_fn srv_get_users, srv_get_items, srv_get_items_with_metadata, srv_get_history,
    srv_get_explain;
/* answer_feedback.c */
srv_run_fn srv_post_feedback;
/* answer_store.c: what commands print, read by the query thread */
srv_run_fn srv_get_models, srv_get_model, srv_get_journal, srv_get_runs, srv_get_run,
    srv_get_studies, srv_get_jobs, srv_get_job;
/* answer_admin.c */
srv_run_fn srv_get_commands, srv_post_command;
/* metrics.c, openapi.c, pages.c */
srv_run_fn srv_get_metrics, srv_get_openapi, srv_get_page;

#endif
