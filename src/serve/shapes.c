/*
 * shapes - what every answer looks like, once: the OpenAPI document describes it, and tests hold
 * answers against it.
 */
#include <stddef.h>

#include "route_impl.h"

/* clang-format off */

#define PROP_TITLE \
    {"title", "text", 0, "\"\" where unknown"}, {"genres", "text", 0, "\"Comedy|Drama\""}
#define PROP_ITEM_ROW {"item_id", "id", 0, "item"}, PROP_TITLE
#define PROP_TIMESTAMP {"timestamp", "text", 0, "when the answer was made, UTC"}

static const struct srv_prop error_props[] = {{"error", "ErrorText", 0, "what went wrong"},
    {.name = NULL}};
static const struct srv_prop error_text_props[] = {
    {"code", "text", 0, "stable name"}, {"message", "text", 0, "what, where, and what to do"},
    {.name = NULL}};
static const struct srv_prop state_props[] = {{"status", "text", 0, "ok, or what is missing"},
    {.name = NULL}};
static const struct srv_prop health_props[] = {
    {"status", "text", 0, "healthy or degraded"}, PROP_TIMESTAMP,
    {"model_loaded", "boolean", 0, "is one served"},
    {"model_version", "integer", SRV_PROP_NULL, "version that answers"},
    {"n_users", "integer", 0, "users it knows"}, {"n_items", "integer", 0, "items it knows"},
    {"problems", "text", SRV_PROP_LIST, "why degraded"}, {.name = NULL}};
static const struct srv_prop recommendation_props[] = {
    {"item_id", "id", 0, "item"}, {"score", "number", 0, "the model's"},
    {"rank", "integer", 0, "place, from 1"}, PROP_TITLE, {.name = NULL}};
static const struct srv_prop recommendations_props[] = {
    {"user_id", "id", SRV_PROP_NULL, "as asked; null for a history"},
    {"recommendations", "Recommendation", SRV_PROP_LIST, "best first"},
    {"source", "text", 0, "the model, or popularity:unknown_user, popularity:cold_user"},
    {"model_version", "integer", 0, "version that answered"}, PROP_TIMESTAMP,
    {"next_cursor", "text", SRV_PROP_NULL, "for the next page; null: none is left"},
    {"ignored_items", "integer", SRV_PROP_OPTIONAL,
     "how many items and candidates the model does not know; absent: 0"},
    {.name = NULL}};
static const struct srv_prop similar_props[] = {
    {"item_id", "id", 0, "item"}, {"similarity", "number", 0, "-1 to 1"},
    {"rank", "integer", 0, "place, from 1"}, PROP_TITLE, {.name = NULL}};
static const struct srv_prop similar_items_props[] = {
    {"item_id", "id", 0, "as asked"},
    {"similar_items", "SimilarItem", SRV_PROP_LIST, "most alike first"},
    {"model_version", "integer", 0, "version that answered"}, PROP_TIMESTAMP, {.name = NULL}};
static const struct srv_prop contribution_props[] = {
    PROP_ITEM_ROW, {"contribution", "number", 0, "to the score"},
    {"value", "number", 0, "what the user gave it"}, {.name = NULL}};
static const struct srv_prop explanation_props[] = {
    {"user_id", "id", 0, "user"}, {"item_id", "id", 0, "item"},
    {"title", "text", 0, "of the item"},
    {"score", "number", 0, "base and all contributions together"},
    {"base", "number", 0, "what no past item explains"},
    {"contributions", "Contribution", SRV_PROP_LIST, "largest first"},
    {"source", "text", 0, "the model"}, {"model_version", "integer", 0, "version that answered"},
    PROP_TIMESTAMP, {.name = NULL}};
static const struct srv_prop feedback_props[] = {
    {"id", "integer", 0, "of the stored event"}, {"user_id", "id", 0, "user"},
    {"item_id", "id", 0, "item"}, {"value", "number", 0, "as stored"},
    {"timestamp", "text", 0, "when it happened, UTC"}, {"type", "text", 0, "kind of event"},
    {"known_user", "boolean", 0, "does the model know the user"},
    {"known_item", "boolean", 0, "does the model know the item"}, {.name = NULL}};
static const struct srv_prop users_props[] = {
    {"users", "id", SRV_PROP_LIST, "ids, ascending"}, {"count", "integer", 0, "all that match"},
    {.name = NULL}};
static const struct srv_prop items_props[] = {
    {"items", "id", SRV_PROP_LIST, "ids, ascending"}, {"count", "integer", 0, "all that match"},
    {.name = NULL}};
static const struct srv_prop item_row_props[] = {
    PROP_ITEM_ROW, {"year", "integer", SRV_PROP_NULL, "of release"},
    {"popularity", "number", 0, "sum of training values"}, {.name = NULL}};
static const struct srv_prop item_rows_props[] = {
    {"items", "ItemRow", SRV_PROP_LIST, "ascending by id"},
    {"count", "integer", 0, "all that match"}, {.name = NULL}};
static const struct srv_prop event_props[] = {
    PROP_ITEM_ROW, {"value", "number", SRV_PROP_NULL, "what the user gave it; null: not kept"},
    {"timestamp", "text", SRV_PROP_NULL, "when, UTC; null: not kept"},
    {"part", "text", 0, "train, validation or feedback"}, {.name = NULL}};
static const struct srv_prop history_props[] = {
    {"user_id", "id", 0, "as asked"}, {"history", "Event", SRV_PROP_LIST, "newest first"},
    {"count", "integer", 0, "all there are"}, {.name = NULL}};
static const struct srv_prop versions_props[] = {
    {"versions", "any", SRV_PROP_LIST, "newest first"}, {.name = NULL}};
static const struct srv_prop journal_props[] = {
    {"history", "any", SRV_PROP_LIST, "newest first"}, {.name = NULL}};
static const struct srv_prop version_props[] = {
    {"version", "integer", 0, "number"},
    {"stage", "text", 0, "none, staging, production, archived"}, {.name = NULL}};
static const struct srv_prop runs_props[] = {{"runs", "any", SRV_PROP_LIST, "rows"},
    {.name = NULL}};
static const struct srv_prop run_props[] = {{"run_id", "text", 0, "run"}, {.name = NULL}};
static const struct srv_prop studies_props[] = {
    {"studies", "any", SRV_PROP_LIST, "rows"}, {"count", "integer", 0, "all there are"},
    {.name = NULL}};
static const struct srv_prop jobs_props[] = {{"jobs", "any", SRV_PROP_LIST, "newest first"},
    {.name = NULL}};
static const struct srv_prop job_props[] = {
    {"job_id", "integer", 0, "number"},
    {"state", "text", 0, "running, done, failed, cancelled, lost"}, {.name = NULL}};
static const struct srv_prop commands_props[] = {
    {"commands", "any", SRV_PROP_LIST, "name, group, summary, arguments as a JSON schema"},
    {.name = NULL}};
static const struct srv_prop started_props[] = {
    {"job_id", "integer", 0, "number of the job"}, {"command", "text", 0, "what runs"},
    {"job", "text", 0, "where to look: /jobs/ID"}, {.name = NULL}};
static const struct srv_prop document_props[] = {
    {"openapi", "text", 0, "3.1.0"}, {"info", "any", 0, "title and version"},
    {"paths", "any", 0, "calls"}, {.name = NULL}};

const struct srv_shape srv_shapes[] = {
    {.name = "Error", .props = error_props},
    {.name = "ErrorText", .props = error_text_props, .open = true},
    {.name = "State", .props = state_props},
    {.name = "Health", .props = health_props},
    {.name = "Recommendation", .props = recommendation_props},
    {.name = "Recommendations", .props = recommendations_props},
    {.name = "RecommendationsList", .props = recommendations_props, .list = true},
    {.name = "SimilarItem", .props = similar_props},
    {.name = "SimilarItems", .props = similar_items_props},
    {.name = "Contribution", .props = contribution_props},
    {.name = "Explanation", .props = explanation_props},
    {.name = "Feedback", .props = feedback_props},
    {.name = "Users", .props = users_props},
    {.name = "Items", .props = items_props},
    {.name = "ItemRow", .props = item_row_props},
    {.name = "ItemRows", .props = item_rows_props},
    {.name = "Event", .props = event_props},
    {.name = "History", .props = history_props},
    {.name = "Models", .props = versions_props, .open = true},
    {.name = "Journal", .props = journal_props, .open = true},
    {.name = "Model", .props = version_props, .open = true},
    {.name = "Runs", .props = runs_props, .open = true},
    {.name = "Run", .props = run_props, .open = true},
    {.name = "Studies", .props = studies_props},
    {.name = "Jobs", .props = jobs_props, .open = true},
    {.name = "Job", .props = job_props, .open = true},
    {.name = "Commands", .props = commands_props},
    {.name = "Started", .props = started_props},
    {.name = "Document", .props = document_props, .open = true},
    {.name = NULL},
};
/* clang-format on */
