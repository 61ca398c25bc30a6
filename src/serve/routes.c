/*
 * routes - every call of the server, once. Dispatch, validation, the OpenAPI document, /docs and
 * the labels of /metrics read it.
 */
#include <string.h>

#include "rs/data/catalogue.h"
#include "fields_impl.h"

/* A row reads better than a line a field. */
/* clang-format off */

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

#define MAX_K   100
#define MAX_IDS 2000 /* a list of the longest ids fits a body of the default size */

/* Fields that calls share. */
#define FIELD_USER_PATH \
    {.name = "id", .type = SRV_ID, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .example = "1", \
     .help = "user"}
#define FIELD_K(place) \
    {.name = "k", .type = SRV_INT, .in = (place), .min = 1, .max = MAX_K, .dflt = "10", \
     .example = "10", .help = "length of the list"}
#define FIELD_LIMIT \
    {.name = "limit", .type = SRV_INT, .in = SRV_IN_QUERY, .min = 1, .max = 1000, .dflt = "100", \
     .example = "20", .help = "rows at most"}
#define FIELD_OFFSET \
    {.name = "offset", .type = SRV_INT, .in = SRV_IN_QUERY, .min = 0, .max = 1e9, .dflt = "0", \
     .example = "0", .help = "rows to skip"}
#define FIELD_SEARCH(what) \
    {.name = "search", .type = SRV_TEXT, .in = SRV_IN_QUERY, .help = (what)}
/* What /recommend and /recommend/batch share. */
#define FIELDS_LIST \
    FIELD_K(SRV_IN_BODY), \
    {.name = "exclude_seen", .type = SRV_BOOL, .dflt = "true", .example = "true", \
     .help = "leave out what the user already has"}, \
    {.name = "exclude_items", .type = SRV_IDS, .max = MAX_IDS, \
     .help = "items that are never listed"}, \
    {.name = "candidates", .type = SRV_IDS, .min = 1, .max = MAX_IDS, \
     .help = "only these items are ranked"}, \
    {.name = "genres", .type = SRV_TEXTS, .min = 1, .max = RS_MAX_GENRES, \
     .help = "only items that have one of these genres; an unknown genre is a 404"}, \
    {.name = "diversity", .type = SRV_REAL, .min = 0, .max = 1, .dflt = "0", .example = "0.3", \
     .help = "0: by score alone; towards 1: unlike items first (MMR)"}, \
    {.name = "strict", .type = SRV_BOOL, .dflt = "false", \
     .help = "an unknown user or item is a 404 instead of being passed over"}

static const struct srv_field recommend_fields[] = {
    {.name = "user_id", .type = SRV_ID, .example = "1", .help = "user; or say items"},
    {.name = "items", .type = SRV_IDS, .min = 1, .max = MAX_IDS,
     .help = "the history of somebody unknown, instead of a user"},
    FIELDS_LIST,
    {.name = "cursor", .type = SRV_TEXT, .min = 1, .max = 128, .pattern = "^[A-Za-z0-9_-]+$",
     .help = "next_cursor of the page before: same model, no repeats; other fields stay as "
             "they were"},
    {.name = NULL},
};
static const struct srv_field batch_fields[] = {
    {.name = "user_ids", .type = SRV_IDS, .flags = SRV_REQUIRED, .min = 1, .max = 1000,
     .example = "[1, 2, 3]", .help = "users, in the order of the answers"},
    FIELDS_LIST,
    {.name = NULL},
};
static const struct srv_field similar_fields[] = {
    {.name = "item_id", .type = SRV_ID, .flags = SRV_REQUIRED, .example = "50",
     .help = "item"},
    FIELD_K(SRV_IN_BODY),
    {.name = NULL},
};
static const struct srv_field users_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET, FIELD_SEARCH("only ids that contain this, a to z in any case"),
    {.name = NULL},
};
static const struct srv_field items_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET,
    FIELD_SEARCH("only items whose id or title contains this, a to z in any case"), {.name = NULL},
};
static const struct srv_field history_fields[] = {
    FIELD_USER_PATH, FIELD_LIMIT, FIELD_OFFSET, {.name = NULL},
};
static const struct srv_field explain_fields[] = {
    {.name = "user_id", .type = SRV_ID, .in = SRV_IN_QUERY, .flags = SRV_REQUIRED, .example = "1",
     .help = "user"},
    {.name = "item_id", .type = SRV_ID, .in = SRV_IN_QUERY, .flags = SRV_REQUIRED, .example = "50",
     .help = "item whose score is explained"},
    FIELD_K(SRV_IN_QUERY),
    {.name = NULL},
};
static const struct srv_field feedback_fields[] = {
    {.name = "user_id", .type = SRV_ID, .flags = SRV_REQUIRED, .example = "1", .help = "user"},
    {.name = "item_id", .type = SRV_ID, .flags = SRV_REQUIRED, .example = "50", .help = "item"},
    {.name = "value", .type = SRV_REAL, .min = -1e6, .max = 1e6, .example = "5",
     .help = "rating or weight; absent: what counts as liked"},
    {.name = "timestamp", .type = SRV_TIME, .help = "when it happened; absent: now"},
    {.name = "type", .type = SRV_TEXT, .max = 64, .example = "\"rating\"",
     .help = "kind of event, kept as it is"},
    {.name = NULL},
};
static const struct srv_field version_fields[] = {
    {.name = "version", .type = SRV_TEXT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1,
     .max = 100, .example = "\"production\"", .help = "number or alias"},
    {.name = NULL},
};
static const struct srv_field journal_fields[] = {FIELD_LIMIT, {.name = NULL}};
/* What rs_runs_list sorts by. */
#define SORT_PATTERN \
    "^-?(name|model|dataset|split|state|id|run_id|bundle|message|seed|started|started_ms|ended|" \
    "seconds|(metrics|params|tags)[.][^\\u0000]+)$"
/* What rs_runs_list filters by, for the document: without parentheses, which are taken too. */
#define FILTER_FIELD "(name|model|dataset|split|state|(params|tags)[.][a-z][a-z0-9_]*)"
#define FILTER_TERM \
    "(not )?((metrics[.][a-z][a-z0-9_]*) (=|!=|<|<=|>|>=) -?[0-9]{1,9}([.][0-9]{1,9})?|" \
    FILTER_FIELD " (=|!=|like) \"[A-Za-z0-9_.%-]*\"|" \
    FILTER_FIELD " is (not )?null)"
#define FILTER_PATTERN "^" FILTER_TERM "( (and|or) " FILTER_TERM "){0,9}$"
static const struct srv_field runs_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET,
    {.name = "filter", .type = SRV_TEXT, .in = SRV_IN_QUERY, .min = 1, .max = 1024,
     .example = "\"metrics.ndcg_at_10 > 0.1\"", .pattern = FILTER_PATTERN,
     .help = "as run list --filter, parentheses too; a wrong one is a 422"},
    {.name = "sort", .type = SRV_TEXT, .in = SRV_IN_QUERY, .min = 1, .max = 200,
     .example = "\"-metrics.ndcg_at_10\"", .pattern = SORT_PATTERN,
     .help = "column; - before it descends"},
    {.name = NULL},
};
static const struct srv_field run_fields[] = {
    {.name = "id", .type = SRV_TEXT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1, .max = 100,
     .example = "\"latest\"", .help = "run id, prefix, name, or latest"},
    {.name = NULL},
};
static const struct srv_field studies_fields[] = {FIELD_LIMIT, FIELD_OFFSET, {.name = NULL}};
static const struct srv_field jobs_fields[] = {FIELD_LIMIT, {.name = NULL}};
static const struct srv_field job_fields[] = {
    {.name = "id", .type = SRV_INT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1, .max = 1e15,
     .example = "1", .help = "number of the job"},
    {.name = NULL},
};
/* The body is the command's own arguments: rs_args_from_val checks it. */
static const struct srv_field command_fields[] = {
    {.name = "name", .type = SRV_TEXT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1,
     .max = 60, .example = "\"train\"", .help = "command; - or a space between its words"},
    {.name = NULL},
};

static const char *const who[] = {"user_id", "items", NULL};

const struct srv_route srv_routes[] = {
    {SRV_POST, "/recommend", "lists", recommend_fields, "Recommendations", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_post_recommend, .one_of = who,
     .also = (const int[]){404, 409, 0},
     .summary = "the k best items for a user, or for a history",
     .detail = "An unknown user gets the popularity list with source popularity:unknown_user. "
               "Pages (cursor) reach the first " TEXT(RS_MAX_K) " places, " TEXT(RS_MMR_POOL)
               " with diversity. timestamp says when the list was made; a finished answer may be "
               "given again while model, user and options are the same."},
    {SRV_POST, "/recommend/batch", "lists", batch_fields, "RecommendationsList", .scope = SRV_READ,
     .flags = SRV_MODEL | SRV_LONG, .run = srv_post_recommend_batch, .also = (const int[]){404, 0},
     .summary = "lists for many users at once"},
    {SRV_POST, "/similar-items", "lists", similar_fields, "SimilarItems", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_post_similar, .also = (const int[]){404, 409, 0},
     .summary = "the k items most like one"},
    {SRV_GET, "/explain", "lists", explain_fields, "Explanation", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_get_explain, .also = (const int[]){404, 0},
     .summary = "what each past item adds to an item's score"},

    {SRV_POST, "/feedback", "feedback", feedback_fields, "Feedback", .status = 201,
     .scope = SRV_WRITE, .flags = SRV_WRITER, .run = srv_post_feedback,
     .summary = "store an event; the next answer reflects it",
     .detail = "Answered when the event is on disk. data import --feedback makes training rows of "
               "stored events."},

    {SRV_GET, "/users", "catalogue", users_fields, "Users", .scope = SRV_READ, .flags = SRV_MODEL,
     .run = srv_get_users, .summary = "ids of the users the model knows"},
    {SRV_GET, "/user/{id}/history", "catalogue", history_fields, "History", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_get_history, .also = (const int[]){404, 0},
     .summary = "what a user has, newest first, posted feedback too"},
    {SRV_GET, "/items", "catalogue", items_fields, "Items", .scope = SRV_READ, .flags = SRV_MODEL,
     .run = srv_get_items, .summary = "ids of the items the model knows"},
    {SRV_GET, "/items-with-metadata", "catalogue", items_fields, "ItemRows", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_get_items_with_metadata,
     .summary = "the same with title, genres, year and popularity"},

    {SRV_GET, "/models", "registry", NULL, "Models", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_models, .summary = "versions, their stages and aliases"},
    {SRV_GET, "/models/journal", "registry", journal_fields, "Journal", .scope = SRV_READ,
     .flags = SRV_QUERY, .run = srv_get_journal,
     .summary = "who changed what in the registry, and why"},
    {SRV_GET, "/models/{version}", "registry", version_fields, "Model", .scope = SRV_READ,
     .flags = SRV_QUERY, .run = srv_get_model, .also = (const int[]){404, 0},
     .summary = "one version with its metrics and intervals"},
    {SRV_GET, "/runs", "registry", runs_fields, "Runs", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_runs, .also = (const int[]){422, 0},
     .summary = "trained runs, newest first"},
    {SRV_GET, "/runs/{id}", "registry", run_fields, "Run", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_run, .also = (const int[]){404, 0},
     .summary = "one run: parameters, metrics, curves"},
    {SRV_GET, "/studies", "registry", studies_fields, "Studies", .scope = SRV_READ,
     .flags = SRV_QUERY, .run = srv_get_studies, .summary = "hyperparameter studies in the store"},

    {SRV_GET, "/jobs", "admin", jobs_fields, "Jobs", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_jobs, .summary = "what runs and what ran"},
    {SRV_GET, "/jobs/{id}", "admin", job_fields, "Job", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_job, .also = (const int[]){404, 0},
     .summary = "one job, with its result when it has ended"},
    {SRV_GET, "/admin/commands", "admin", NULL, "Commands", .scope = SRV_ADMIN,
     .run = srv_get_commands, .summary = "what can be started, with the arguments"},
    {SRV_POST, "/admin/commands/{name}", "admin", command_fields, "Started", .status = 202,
     .scope = SRV_ADMIN, .flags = SRV_QUERY | SRV_AS_IS, .run = srv_post_command,
     .also = (const int[]){404, 409, 0},
     .summary = "start a command as a job",
     .detail = "The body holds the command's arguments by name; overrides of the configuration as "
               "a list of texts under overrides."},

    {SRV_GET, "/health", "service", NULL, "Health", .scope = SRV_OPEN,
     .flags = SRV_QUIET | SRV_FREE, .run = srv_get_health, .summary = "state of the service"},
    {SRV_GET, "/live", "service", NULL, "State", .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_FREE,
     .run = srv_get_live, .summary = "is the process there"},
    {SRV_GET, "/ready", "service", NULL, "State", .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_FREE,
     .run = srv_get_ready,
     .also_answer = 503, .summary = "is a model served; 503 until then"},
    {SRV_GET, "/metrics", "service", NULL, NULL, "text/plain; version=0.0.4; charset=utf-8",
     .scope = SRV_READ, .flags = SRV_QUIET | SRV_FREE, .run = srv_get_metrics,
     .summary = "counters and histograms for Prometheus"},
    {SRV_GET, "/openapi.json", "service", NULL, "Document", .scope = SRV_OPEN,
     .flags = SRV_QUIET, .run = srv_get_openapi, .summary = "this interface as OpenAPI 3.1"},

    {SRV_GET, "/docs", "pages", NULL, NULL, "text/html; charset=utf-8", .scope = SRV_OPEN,
     .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page,
     .summary = "the interface, to read and try"},
    {SRV_GET, "/", "pages", NULL, NULL, "text/html; charset=utf-8", .scope = SRV_OPEN,
     .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page, .summary = "the web explorer"},
    {SRV_GET, "/assets/explorer.js", "pages", NULL, NULL, "text/javascript; charset=utf-8",
     .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page,
     .summary = "its script"},
    {SRV_GET, "/assets/explorer.css", "pages", NULL, NULL, "text/css; charset=utf-8",
     .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page, .summary = "its look"},
    {SRV_GET, "/assets/docs.js", "pages", NULL, NULL, "text/javascript; charset=utf-8",
     .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page,
     .summary = "the script of /docs"},
    {SRV_GET, "/assets/style.css", "pages", NULL, NULL, "text/css; charset=utf-8",
     .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page,
     .summary = "the look of both"},
    {SRV_GET, "/favicon.svg", "pages", NULL, NULL, "image/svg+xml", .scope = SRV_OPEN,
     .flags = SRV_QUIET | SRV_ASSET, .run = srv_get_page, .summary = "the icon"},
    {.path = NULL},
};
/* clang-format on */

int srv_n_routes(void)
{
    return (int)(sizeof(srv_routes) / sizeof(*srv_routes)) - 1;
}

bool srv_route_has_body(const struct srv_route *r)
{
    if (r->flags & SRV_AS_IS) return true;
    for (const struct srv_field *f = r->fields; f && f->name; f++) {
        if (f->in == SRV_IN_BODY) return true;
    }
    return false;
}

bool srv_route_answers(const struct srv_route *r, int status)
{
    return status == (r->status ? r->status : 200) || (status && status == r->also_answer);
}

/* Puts status in its place; returns the new n. */
static int add_status(int *out, int n, int status)
{
    int at = n;
    while (at > 0 && out[at - 1] > status)
        at--;
    if (!status || (at > 0 && out[at - 1] == status)) return n;
    rs_assert(n < SRV_MAX_STATUSES);
    memmove(out + at + 1, out + at, (size_t)(n - at) * sizeof(*out));
    out[at] = status;
    return n + 1;
}

int srv_route_statuses(const struct srv_route *r, int out[SRV_MAX_STATUSES])
{
    const struct {
        bool when;
        int status;
    } rules[] = {
        {true, r->status ? r->status : 200},
        {true, r->also_answer},
        {r->flags & SRV_ASSET, 304}, /* If-None-Match */
        {!(r->flags & SRV_ASSET), 400},
        {r->scope != SRV_OPEN, 401},
        {r->scope != SRV_OPEN, 403},
        {srv_route_has_body(r), 413},
        {srv_route_has_body(r), 415},
        {srv_route_has_body(r), 422},
        {!(r->flags & SRV_FREE), 429},
        {r->flags & (SRV_QUERY | SRV_WRITER), 500},
        {r->flags & (SRV_MODEL | SRV_QUERY | SRV_WRITER), 503},
    };
    int n = 0;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        if (rules[i].when) n = add_status(out, n, rules[i].status);
    }
    for (const int *also = r->also; also && *also; also++) {
        n = add_status(out, n, *also);
    }
    return n;
}

/* ---- the route of a path ------------------------------------------------------------------- */

enum { MAX_SEGMENTS = 8 };

/* A path cut at '/', decoded. */
struct segments {
    int n; /* 0: no path of ours */
    const char *text[MAX_SEGMENTS];
};

static enum rs_code cut_path(const char *path, size_t len, struct rs_arena *arena,
                             struct segments *out, struct rs_err *err)
{
    out->n = 0;
    if (len == 0 || path[0] != '/') return RS_OK;
    int n = 0;
    for (size_t at = 1; at <= len; n++) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t part = slash ? (size_t)(slash - path) - at : len - at;
        if (n == MAX_SEGMENTS) return RS_OK;
        char *text = rs_arena_alloc(arena, part + 1);
        if (!text) return rs_fail(err, RS_ENOMEM, "path: out of memory");
        enum rs_code rc = srv_url_decode(path + at, part, false, "path", text, err);
        if (rc) return rc;
        out->text[n] = text;
        at += part + 1;
    }
    out->n = n;
    return RS_OK;
}

/* Is the path an instance of the pattern? What stands in its braces goes to values. */
static bool matches(const char *pattern, const struct segments *path,
                    const char *values[SRV_MAX_PATH_VALUES])
{
    int n_values = 0;
    for (int i = 0; i < path->n; i++) {
        if (*pattern++ != '/') return false;
        size_t len = strcspn(pattern, "/");
        const char *text = path->text[i];
        if (pattern[0] == '{') {
            if (!text[0]) return false;
            values[n_values++] = text;
        } else if (strlen(text) != len || memcmp(text, pattern, len) != 0) {
            return false;
        }
        pattern += len;
    }
    return path->n > 0 && !*pattern;
}

/* The path as it stands in the table, which has no '%'. */
static const struct srv_route *find_literal(enum srv_method method, const char *path, size_t len)
{
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        if (r->method != method || strlen(r->path) != len) continue;
        if (memcmp(r->path, path, len) == 0) return r;
    }
    return NULL;
}

const struct srv_route *srv_route_find(enum srv_method method, const char *path, size_t len,
                                       struct rs_arena *arena,
                                       const char *values_out[SRV_MAX_PATH_VALUES],
                                       unsigned *allow_out, struct rs_err *err)
{
    const struct srv_route *found = find_literal(method, path, len);
    if (found && !strchr(found->path, '{')) {
        *allow_out = 1U << method;
        return found;
    }
    *allow_out = 0;
    struct segments cut;
    if (cut_path(path, len, arena, &cut, err)) return NULL;
    found = NULL;
    for (const struct srv_route *r = srv_routes; r->path; r++) {
        const char *values[SRV_MAX_PATH_VALUES] = {0};
        if ((found && r->method == method) || !matches(r->path, &cut, values)) continue;
        *allow_out |= 1U << r->method;
        if (r->method != method) continue;
        found = r;
        memcpy(values_out, values, sizeof(values));
    }
    return found;
}

const struct srv_value *srv_get(const struct srv_call *c, const char *name)
{
    const struct srv_field *f = c->route->fields;
    while (f && f->name && strcmp(f->name, name) != 0)
        f++;
    rs_assert(f && f->name);
    return &c->values[f - c->route->fields];
}
