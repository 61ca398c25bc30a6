/*
 * routes - every call of the server, once. Dispatch, validation, the OpenAPI document, /docs and
 * the labels of /metrics read it.
 */
#include <stddef.h>

#include "rs/data/catalogue.h"
#include "route_impl.h"

/* A row reads better than a line a field. */
/* clang-format off */

#define MAX_K 100

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
    {.name = "search", .type = SRV_TEXT, .in = SRV_IN_QUERY, .help = what}
/* What /recommend and /recommend/batch share. */
#define FIELDS_LIST \
    FIELD_K(SRV_IN_BODY), \
    {.name = "exclude_seen", .type = SRV_BOOL, .dflt = "true", .example = "true", \
     .help = "leave out what the user already has"}, \
    {.name = "exclude_items", .type = SRV_IDS, .max = 10000, \
     .help = "items that are never listed"}, \
    {.name = "candidates", .type = SRV_IDS, .min = 1, .max = 10000, \
     .help = "only these items are ranked"}, \
    {.name = "genres", .type = SRV_TEXTS, .min = 1, .max = RS_MAX_GENRES, \
     .help = "only items that have one of these genres; an unknown genre is a 404"}, \
    {.name = "diversity", .type = SRV_REAL, .min = 0, .max = 1, .dflt = "0", .example = "0.3", \
     .help = "0: by score alone; towards 1: unlike items first (MMR)"}, \
    {.name = "strict", .type = SRV_BOOL, .dflt = "false", \
     .help = "an unknown user or item is a 404 instead of being passed over"}

static const struct srv_field recommend_fields[] = {
    {.name = "user_id", .type = SRV_ID, .example = "1", .help = "user; or say items"},
    {.name = "items", .type = SRV_IDS, .min = 1, .max = 10000,
     .help = "the history of somebody unknown, instead of a user"},
    FIELDS_LIST,
    {.name = "cursor", .type = SRV_TEXT, .min = 1, .max = 128,
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
    {.name = "item_id", .type = SRV_ID, .flags = SRV_REQUIRED, .example = "1", .help = "item"},
    FIELD_K(SRV_IN_BODY),
    {.name = NULL},
};
static const struct srv_field users_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET, FIELD_SEARCH("only ids that contain this"), {.name = NULL},
};
static const struct srv_field items_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET,
    FIELD_SEARCH("only items whose id or title contains this, in any case"), {.name = NULL},
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
static const struct srv_field runs_fields[] = {
    FIELD_LIMIT, FIELD_OFFSET,
    {.name = "filter", .type = SRV_TEXT, .in = SRV_IN_QUERY, .min = 1,
     .example = "\"metrics.ndcg_at_10 > 0.1\"",
     .help = "as run list --filter; a wrong one is a 422"},
    {.name = "sort", .type = SRV_TEXT, .in = SRV_IN_QUERY, .min = 1,
     .example = "\"-metrics.ndcg_at_10\"", .help = "column; - before it descends"},
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
    {.name = "id", .type = SRV_INT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1, .max = 9e15,
     .example = "1", .help = "number of the job"},
    {.name = NULL},
};
/* The body is the command's own arguments: rs_args_from_val checks it. */
static const struct srv_field command_fields[] = {
    {.name = "name", .type = SRV_TEXT, .in = SRV_IN_PATH, .flags = SRV_REQUIRED, .min = 1,
     .max = 60, .example = "\"train\"", .help = "command; - or a space between its words"},
    {.name = NULL},
};

const struct srv_route srv_routes[] = {
    {SRV_POST, "/recommend", "lists", recommend_fields, "Recommendations", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_post_recommend,
     .summary = "the k best items for a user, or for a history",
     .detail = "An unknown user gets the popularity list with source popularity:unknown_user. "
               "timestamp says when the list was made; a finished answer may be given again while "
               "model, user and options are the same."},
    {SRV_POST, "/recommend/batch", "lists", batch_fields, "RecommendationsList", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_post_recommend_batch,
     .summary = "lists for many users at once"},
    {SRV_POST, "/similar-items", "lists", similar_fields, "SimilarItems", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_post_similar, .summary = "the k items most like one"},
    {SRV_GET, "/explain", "lists", explain_fields, "Explanation", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_get_explain,
     .summary = "what each past item adds to an item's score"},

    {SRV_POST, "/feedback", "feedback", feedback_fields, "Feedback", .status = 201,
     .scope = SRV_WRITE, .flags = SRV_WRITER, .run = srv_post_feedback,
     .summary = "store an event; the next answer reflects it",
     .detail = "Answered when the event is on disk. data import --feedback makes training rows of "
               "stored events."},

    {SRV_GET, "/users", "catalogue", users_fields, "Users", .scope = SRV_READ, .flags = SRV_MODEL,
     .run = srv_get_users, .summary = "ids of the users the model knows"},
    {SRV_GET, "/user/{id}/history", "catalogue", history_fields, "History", .scope = SRV_READ,
     .flags = SRV_MODEL, .run = srv_get_history,
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
     .flags = SRV_QUERY, .run = srv_get_model,
     .summary = "one version with its metrics and intervals"},
    {SRV_GET, "/runs", "registry", runs_fields, "Runs", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_runs, .summary = "trained runs, newest first"},
    {SRV_GET, "/runs/{id}", "registry", run_fields, "Run", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_run, .summary = "one run: parameters, metrics, curves"},
    {SRV_GET, "/studies", "registry", studies_fields, "Studies", .scope = SRV_READ,
     .flags = SRV_QUERY, .run = srv_get_studies, .summary = "hyperparameter studies in the store"},

    {SRV_GET, "/jobs", "admin", jobs_fields, "Jobs", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_jobs, .summary = "what runs and what ran"},
    {SRV_GET, "/jobs/{id}", "admin", job_fields, "Job", .scope = SRV_READ, .flags = SRV_QUERY,
     .run = srv_get_job, .summary = "one job, with its result when it has ended"},
    {SRV_GET, "/admin/commands", "admin", NULL, "Commands", .scope = SRV_ADMIN,
     .run = srv_get_commands, .summary = "what can be started, with the arguments"},
    {SRV_POST, "/admin/commands/{name}", "admin", command_fields, "Started", .status = 202,
     .scope = SRV_ADMIN, .flags = SRV_QUERY, .run = srv_post_command,
     .summary = "start a command as a job",
     .detail = "The body holds the command's arguments by name; overrides of the configuration as "
               "a list of texts under overrides."},

    {SRV_GET, "/health", "service", NULL, "Health", .scope = SRV_OPEN,
     .flags = SRV_QUIET | SRV_FREE, .run = srv_get_health, .summary = "state of the service"},
    {SRV_GET, "/live", "service", NULL, "State", .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_FREE,
     .run = srv_get_live, .summary = "is the process there"},
    {SRV_GET, "/ready", "service", NULL, "State", .scope = SRV_OPEN, .flags = SRV_QUIET | SRV_FREE,
     .run = srv_get_ready, .summary = "is a model served; 503 until then"},
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
