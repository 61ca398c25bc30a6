/*
 * table_args - the arguments of every command; only table.c includes this.
 */
#ifndef RS_COMMANDS_TABLE_ARGS_H
#define RS_COMMANDS_TABLE_ARGS_H

#include "rs/commands/command.h"
#include "rs/data/ingest.h"
#include "rs/data/split.h"
#include "rs/models/rank.h"

/* A row an argument reads better than a line a field. */
/* clang-format off */

/* Rows that many commands share. */
#define ARG_DATASET \
    {.name = "dataset", .type = RS_PARAM_TEXT, .letter = 'd', .flags = RS_ARG_OPTIONAL, \
     .complete = RS_COMPLETE_DATASET, .value = "NAME", \
     .help = "dataset (default: data.dataset, or the only prepared one)"}
#define ARG_SPLIT \
    {.name = "split", .type = RS_PARAM_TEXT, .letter = 's', .flags = RS_ARG_OPTIONAL, \
     .complete = RS_COMPLETE_SPLIT, .value = "NAME", \
     .help = "split (default: split.protocol, or the only one)"}
#define ARG_MODEL \
    {.name = "model", .type = RS_PARAM_TEXT, .letter = 'm', .flags = RS_ARG_OPTIONAL, \
     .complete = RS_COMPLETE_MODEL, .value = "MODEL", .key = "model", \
     .help = "model to fit (default: model.name)"}
#define ARG_SET \
    {.name = "set", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL | RS_ARG_REPEAT, \
     .value = "KEY=VALUE", .key = "model.", \
     .help = "model parameter; short for model.KEY=VALUE"}
#define ARG_SEED \
    {.name = "seed", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 9e15, \
     .help = "random seed (default: the configuration's)"}
#define ARG_MODEL_REF \
    {.name = "model", .type = RS_PARAM_TEXT, .letter = 'm', .flags = RS_ARG_OPTIONAL, \
     .complete = RS_COMPLETE_VERSION, .value = "REF", \
     .help = "version, alias, run or .rsm file (default: serving.alias)"}
#define ARG_K \
    {.name = "k", .type = RS_PARAM_INT, .letter = 'k', .dflt = "10", .min = 1, .max = RS_MAX_K, \
     .help = "length of the list"}
#define ARG_FEEDBACK \
    {.name = "feedback", .type = RS_PARAM_BOOL, .dflt = "true", \
     .help = "count what the user posted to the server"}
#define ARG_LIMIT \
    {.name = "limit", .type = RS_PARAM_INT, .letter = 'n', .dflt = "20", .min = 1, .max = 1e6, \
     .help = "rows at most"}
#define ARG_OFFSET \
    {.name = "offset", .type = RS_PARAM_INT, .dflt = "0", .min = 0, .max = 1e12, \
     .help = "rows to skip"}
#define ARG_SEARCH \
    {.name = "search", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "TEXT", \
     .help = "only rows that contain this, in any case"}
#define ARG_VERSION \
    {.name = "version", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL, \
     .complete = RS_COMPLETE_VERSION, .value = "VERSION", .help = "number, alias or run"}
#define ARG_JOB \
    {.name = "job", .type = RS_PARAM_INT, .flags = RS_ARG_POSITIONAL, .min = 1, .max = 1e15, \
     .value = "ID", .help = "number of the job"}
#define ARG_REASON \
    {.name = "reason", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "TEXT", \
     .help = "why, for the journal"}
#define ARG_METRIC \
    {.name = "metric", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "NAME", \
     .help = "such as ndcg_at_10, mrr (default: eval.metric)"}
#define ARG_END \
    {.name = NULL}

static const struct rs_arg args_data_fetch[] = {
    ARG_DATASET,
    {.name = "url", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .complete = RS_COMPLETE_FILE,
     .value = "URL", .help = "another address or a local archive"},
    {.name = "sha256", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "HEX",
     .help = "what the archive must hash to"},
    {.name = "users", .type = RS_PARAM_INT, .dflt = "600", .min = 1, .max = 1e8,
     .help = "synthetic: users"},
    {.name = "items", .type = RS_PARAM_INT, .dflt = "3000", .min = 10, .max = 1e7,
     .help = "synthetic: items"},
    {.name = "interactions", .type = RS_PARAM_INT, .dflt = "90000", .min = 1, .max = 1e10,
     .help = "synthetic: ratings, about"},
    ARG_SEED,
    ARG_END,
};

static const struct rs_arg args_data_import[] = {
    {.name = "file", .type = RS_PARAM_TEXT,
     .flags = RS_ARG_POSITIONAL | RS_ARG_REPEAT | RS_ARG_OPTIONAL, .complete = RS_COMPLETE_FILE,
     .value = "FILE", .help = "files of interactions, read as one"},
    {.name = "name", .type = RS_PARAM_TEXT, .letter = 'n', .flags = RS_ARG_OPTIONAL,
     .value = "NAME", .help = "dataset to make"},
    {.name = "format", .type = RS_PARAM_CHOICE, .letter = 'f', .dflt = "auto",
     .choices = "auto|csv|tsv|dat|jsonl|user-items|npz", .help = "format of the files"},
    {.name = "columns", .type = RS_PARAM_TEXT, .letter = 'c', .flags = RS_ARG_OPTIONAL,
     .value = "user=A,item=B,…",
     .help = "columns: user, item, value, time, type; names or numbers"},
    {.name = "header", .type = RS_PARAM_CHOICE, .dflt = "auto", .choices = "auto|yes|no",
     .help = "does the first line name the columns"},
    {.name = "catalogue", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "item, title, genres of the items"},
    {.name = "train", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "train part of a given split"},
    {.name = "test", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "test part of a given split"},
    {.name = "feedback", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "append the events posted to the server"},
    {.name = "strict", .type = RS_PARAM_BOOL, .dflt = "false", .help = "stop at the first bad row"},
    ARG_END,
};

static const struct rs_arg args_data_prepare[] = {
    ARG_DATASET,
    {.name = "strict", .type = RS_PARAM_BOOL, .dflt = "false", .help = "stop at the first bad row"},
    ARG_END,
};

static const struct rs_arg args_data_split[] = {
    ARG_DATASET,
    {.name = "protocol", .type = RS_PARAM_CHOICE, .letter = 'p', .flags = RS_ARG_OPTIONAL,
     .choices = "global-temporal|user-temporal|leave-last-n|random|k-fold|user-holdout|rolling|"
                "none",
     .help = "how to cut (default: split.protocol)"},
    {.name = "as", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "NAME",
     .help = "name of the split (default: the protocol)"},
    {.name = "test-ratio", .type = RS_PARAM_REAL, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 0.9,
     .help = "share of test (default: the protocol's)"},
    {.name = "val-ratio", .type = RS_PARAM_REAL, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 0.9,
     .help = "share of validation"},
    {.name = "k-core", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 1e6,
     .help = "least rows of a user and of an item, iterated"},
    {.name = "user-core", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 1e6,
     .help = "least rows of a user"},
    {.name = "item-core", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 1e6,
     .help = "least rows of an item"},
    {.name = "n-last", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 1, .max = 1000,
     .help = "leave-last-n: rows held out a user"},
    {.name = "folds", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 2, .max = 100,
     .help = "k-fold: number of folds"},
    {.name = "fold", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 0, .max = 99,
     .help = "k-fold, rolling: which one is test, from 0"},
    {.name = "windows", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL, .min = 1, .max = 100,
     .help = "rolling: number of windows"},
    ARG_SEED,
    ARG_END,
};

static const struct rs_arg args_of_split[] = {
    ARG_DATASET,
    ARG_SPLIT,
    ARG_END,
};

static const struct rs_arg args_train[] = {
    ARG_MODEL,
    ARG_SET,
    ARG_DATASET,
    ARG_SPLIT,
    ARG_SEED,
    {.name = "name", .type = RS_PARAM_TEXT, .letter = 'n', .flags = RS_ARG_OPTIONAL,
     .value = "TEXT", .help = "name of the run"},
    {.name = "out", .type = RS_PARAM_TEXT, .letter = 'o', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "also put the bundle here"},
    ARG_END,
};

static const struct rs_arg args_evaluate[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .letter = 'r', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_RUN, .value = "ID", .help = "run to evaluate (default: the latest)"},
    {.name = "version", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "REF",
     .help = "registered version instead of a run"},
    {.name = "part", .type = RS_PARAM_CHOICE, .letter = 'p', .dflt = "test",
     .choices = "test|val", .help = "held-out part"},
    {.name = "k", .type = RS_PARAM_INT_LIST, .letter = 'k', .flags = RS_ARG_OPTIONAL, .min = 1,
     .max = RS_MAX_K, .value = "5,10,20", .help = "list lengths (default: eval.k)"},
    {.name = "exclude", .type = RS_PARAM_CHOICE, .flags = RS_ARG_OPTIONAL,
     .choices = "train+val|train|none", .help = "what lists leave out (default: eval.exclude)"},
    {.name = "out", .type = RS_PARAM_TEXT, .letter = 'o', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "also write the metrics here as JSON"},
    {.name = "trec", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "PREFIX",
     .help = "write PREFIX.run and PREFIX.qrels for outside tools"},
    ARG_END,
};

static const struct rs_arg args_compare[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL | RS_ARG_REPEAT,
     .complete = RS_COMPLETE_RUN, .value = "RUN",
     .help = "two or more runs; popularity is one too"},
    ARG_METRIC,
    {.name = "part", .type = RS_PARAM_CHOICE, .letter = 'p', .dflt = "test",
     .choices = "test|val", .help = "held-out part"},
    ARG_END,
};

static const struct rs_arg args_reproduce[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_RUN, .value = "RUN", .help = "run to train and evaluate again"},
    ARG_END,
};

static const struct rs_arg args_backtest[] = {
    ARG_DATASET,
    ARG_MODEL,
    ARG_SET,
    ARG_SEED,
    {.name = "windows", .type = RS_PARAM_INT, .letter = 'w', .dflt = "4", .min = 1, .max = 100,
     .help = "windows of equal rows over the newer half of the log"},
    ARG_METRIC,
    ARG_END,
};

static const struct rs_arg args_recommend[] = {
    {.name = "user", .type = RS_PARAM_TEXT, .letter = 'u', .flags = RS_ARG_OPTIONAL,
     .value = "ID", .help = "for whom"},
    {.name = "items", .type = RS_PARAM_TEXT, .letter = 'i', .flags = RS_ARG_OPTIONAL,
     .value = "ID,ID,…", .help = "for somebody who liked these"},
    ARG_K,
    {.name = "exclude-seen", .type = RS_PARAM_BOOL, .dflt = "true",
     .help = "leave out what the user has seen"},
    {.name = "offset", .type = RS_PARAM_INT, .dflt = "0", .min = 0, .max = RS_MAX_K - 1,
     .help = "places of the list to skip"},
    {.name = "exclude-items", .type = RS_PARAM_TEXT, .letter = 'x', .flags = RS_ARG_OPTIONAL,
     .value = "ID,ID,…", .help = "never list these"},
    {.name = "candidates", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "ID,ID,…",
     .help = "list these only"},
    {.name = "genres", .type = RS_PARAM_TEXT, .letter = 'g', .flags = RS_ARG_OPTIONAL,
     .value = "A,B", .help = "only items of one of these genres"},
    {.name = "diversity", .type = RS_PARAM_REAL, .dflt = "0", .min = 0, .max = 1,
     .help = "0: by score alone; towards 1: unlike items first (MMR)"},
    {.name = "strict", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "an unknown user or item is an error"},
    ARG_FEEDBACK,
    ARG_MODEL_REF,
    ARG_END,
};

static const struct rs_arg args_similar[] = {
    {.name = "item", .type = RS_PARAM_TEXT, .letter = 'i', .value = "ID", .help = "to which"},
    ARG_K,
    ARG_MODEL_REF,
    ARG_END,
};

static const struct rs_arg args_explain[] = {
    {.name = "user", .type = RS_PARAM_TEXT, .letter = 'u', .value = "ID", .help = "for whom"},
    {.name = "item", .type = RS_PARAM_TEXT, .letter = 'i', .value = "ID", .help = "which item"},
    ARG_K,
    ARG_FEEDBACK,
    ARG_MODEL_REF,
    ARG_END,
};

static const struct rs_arg args_user_list[] = {
    ARG_DATASET,
    ARG_SEARCH,
    {.name = "sort", .type = RS_PARAM_CHOICE, .dflt = "id",
     .choices = "id|ratings|mean|last|-id|-ratings|-mean|-last", .help = "order; - descends"},
    ARG_LIMIT,
    ARG_OFFSET,
    ARG_END,
};
static const struct rs_arg args_user_show[] = {
    {.name = "user", .type = RS_PARAM_TEXT, .letter = 'u', .flags = RS_ARG_POSITIONAL,
     .value = "ID", .help = "which user"},
    ARG_DATASET,
    ARG_LIMIT,
    ARG_END,
};
static const struct rs_arg args_item_list[] = {
    ARG_DATASET,
    ARG_SEARCH,
    {.name = "sort", .type = RS_PARAM_CHOICE, .dflt = "-ratings",
     .choices = "id|title|year|ratings|mean|-id|-title|-year|-ratings|-mean",
     .help = "order; - descends"},
    {.name = "genre", .type = RS_PARAM_TEXT, .letter = 'g', .flags = RS_ARG_OPTIONAL,
     .value = "NAME", .help = "only items of this genre"},
    ARG_LIMIT,
    ARG_OFFSET,
    ARG_END,
};
static const struct rs_arg args_item_show[] = {
    {.name = "item", .type = RS_PARAM_TEXT, .letter = 'i', .flags = RS_ARG_POSITIONAL,
     .value = "ID", .help = "which item"},
    ARG_DATASET,
    ARG_END,
};

static const struct rs_arg args_run_list[] = {
    {.name = "filter", .type = RS_PARAM_TEXT, .letter = 'f', .flags = RS_ARG_OPTIONAL,
     .value = "EXPR", .help = "metrics.ndcg_at_10 > 0.1 and params.model = \"als\""},
    {.name = "sort", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "COLUMN",
     .help = "started, name, metrics.X, params.X; - descends"},
    ARG_LIMIT,
    ARG_OFFSET,
    ARG_END,
};
static const struct rs_arg args_run_show[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_RUN, .value = "RUN",
     .help = "id, prefix of 4 or more, name, or latest"},
    ARG_END,
};
static const struct rs_arg args_run_delete[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL | RS_ARG_REPEAT,
     .complete = RS_COMPLETE_RUN, .value = "RUN", .help = "runs to remove"},
    ARG_END,
};
static const struct rs_arg args_run_gc[] = {
    {.name = "dry-run", .type = RS_PARAM_BOOL, .dflt = "false", .help = "say, do not remove"},
    ARG_END,
};

static const struct rs_arg args_model_register[] = {
    {.name = "run", .type = RS_PARAM_TEXT, .letter = 'r', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_RUN, .value = "ID", .help = "run to register (default: the latest)"},
    {.name = "description", .type = RS_PARAM_TEXT, .dflt = "", .value = "TEXT",
     .help = "what is special about it"},
    {.name = "out", .type = RS_PARAM_TEXT, .letter = 'o', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE",
     .help = "also write what was registered as JSON"},
    ARG_END,
};
static const struct rs_arg args_version[] = {
    ARG_VERSION,
    ARG_END,
};
static const struct rs_arg args_model_promote[] = {
    ARG_VERSION,
    {.name = "to", .type = RS_PARAM_TEXT, .letter = 't', .dflt = "production", .value = "ALIAS",
     .help = "production, staging or any alias"},
    {.name = "force", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "although the gate refuses; needs --reason"},
    ARG_REASON,
    {.name = "dry-run", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "say what the gate says, move nothing"},
    ARG_END,
};
static const struct rs_arg args_model_rollback[] = {
    {.name = "to", .type = RS_PARAM_TEXT, .letter = 't', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "VERSION", .help = "this one, not the one before"},
    {.name = "alias", .type = RS_PARAM_TEXT, .dflt = "production", .value = "ALIAS",
     .help = "which alias to move back"},
    ARG_REASON,
    {.name = "dry-run", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "say where it leads, move nothing"},
    ARG_END,
};
static const struct rs_arg args_model_archive[] = {
    ARG_VERSION,
    ARG_REASON,
    {.name = "undo", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "take it back out of the archive"},
    ARG_END,
};
static const struct rs_arg args_model_history[] = {
    {.name = "at", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "TIME",
     .help = "what stood then: 2026-05-03T10:00Z"},
    ARG_LIMIT,
    ARG_END,
};
static const struct rs_arg args_model_diff[] = {
    {.name = "a", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "VERSION", .help = "one version"},
    {.name = "b", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "VERSION", .help = "the other"},
    ARG_METRIC,
    ARG_END,
};
static const struct rs_arg args_model_verify[] = {
    {.name = "model", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL | RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "REF", .help = "version, alias, run or .rsm file"},
    ARG_END,
};

static const struct rs_arg args_pipeline_run[] = {
    ARG_DATASET,
    {.name = "protocol", .type = RS_PARAM_CHOICE, .letter = 'p', .flags = RS_ARG_OPTIONAL,
     .choices = "global-temporal|user-temporal|leave-last-n|random|k-fold|user-holdout|rolling",
     .help = "how to cut (default: split.protocol)"},
    {.name = "models", .type = RS_PARAM_TEXT, .letter = 'm', .flags = RS_ARG_OPTIONAL,
     .value = "A,B", .help = "models to train (default: all)"},
    {.name = "promote", .type = RS_PARAM_BOOL, .dflt = "true",
     .help = "promote the best one if the gate lets it"},
    {.name = "force", .type = RS_PARAM_BOOL, .dflt = "false", .help = "run every stage again"},
    ARG_END,
};
static const struct rs_arg args_pipeline_status[] = {
    ARG_DATASET,
    {.name = "models", .type = RS_PARAM_TEXT, .letter = 'm', .flags = RS_ARG_OPTIONAL,
     .value = "A,B", .help = "models of the pipeline (default: all)"},
    ARG_END,
};

static const struct rs_arg args_limit[] = {
    ARG_LIMIT,
    ARG_END,
};
static const struct rs_arg args_job[] = {
    ARG_JOB,
    ARG_END,
};
static const struct rs_arg args_job_log[] = {
    ARG_JOB,
    ARG_LIMIT,
    ARG_END,
};
static const struct rs_arg args_job_wait[] = {
    ARG_JOB,
    {.name = "timeout", .type = RS_PARAM_INT, .letter = 't', .dflt = "0", .min = 0, .max = 1e7,
     .help = "seconds to wait at most; 0: no limit"},
    ARG_END,
};

static const struct rs_arg args_serve[] = {
    {.name = "host", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "ADDRESS",
     .key = "serving.host", .help = "where to listen (default: serving.host)"},
    {.name = "port", .type = RS_PARAM_INT, .letter = 'p', .flags = RS_ARG_OPTIONAL, .min = 0,
     .max = 65535, .key = "serving.port",
     .help = "0: any free one (default: serving.port)"},
    {.name = "alias", .type = RS_PARAM_TEXT, .letter = 'a', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_VERSION, .value = "ALIAS", .key = "serving.alias",
     .help = "whose version answers (default: serving.alias)"},
    ARG_END,
};
static const struct rs_arg args_serve_stop[] = {
    {.name = "job", .type = RS_PARAM_INT, .letter = 'j', .flags = RS_ARG_OPTIONAL, .min = 1,
     .max = 1e15, .value = "ID", .help = "this one (default: all of this workspace)"},
    {.name = "timeout", .type = RS_PARAM_INT, .letter = 't', .flags = RS_ARG_OPTIONAL, .min = 1,
     .max = 1e7, .help = "seconds to wait at most (default: serving.drain_s + 5)"},
    ARG_END,
};

static const struct rs_arg args_config_show[] = {
    {.name = "source", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "say where each value is from"},
    ARG_END,
};

static const struct rs_arg args_token_add[] = {
    {.name = "name", .type = RS_PARAM_TEXT, .letter = 'n', .flags = RS_ARG_POSITIONAL,
     .value = "NAME", .help = "what to call it"},
    {.name = "scope", .type = RS_PARAM_CHOICE, .dflt = "read", .choices = "read|write|admin",
     .help = "what it allows"},
    ARG_END,
};
static const struct rs_arg args_token_revoke[] = {
    {.name = "name", .type = RS_PARAM_TEXT, .letter = 'n', .flags = RS_ARG_POSITIONAL,
     .value = "NAME", .help = "which token"},
    ARG_END,
};

static const struct rs_arg args_db_backup[] = {
    {.name = "file", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "where to"},
    ARG_END,
};
static const struct rs_arg args_db_restore[] = {
    {.name = "file", .type = RS_PARAM_TEXT, .flags = RS_ARG_POSITIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "backup to put in place"},
    ARG_END,
};

static const struct rs_arg args_bench[] = {
    {.name = "interactions", .type = RS_PARAM_INT, .letter = 'n', .dflt = "1000000", .min = 1000,
     .max = 1e9, .help = "size of the generated data"},
    {.name = "factors", .type = RS_PARAM_INT, .letter = 'f', .dflt = "64", .min = 1, .max = 1024,
     .help = "ALS factors"},
    {.name = "epochs", .type = RS_PARAM_INT, .dflt = "3", .min = 1, .max = 100,
     .help = "ALS epochs that are timed"},
    {.name = "out", .type = RS_PARAM_TEXT, .letter = 'o', .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "also write the figures as JSON"},
    ARG_END,
};

static const struct rs_arg args_console[] = {
    {.name = "read-only", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "nothing that changes the workspace"},
    {.name = "plain", .type = RS_PARAM_BOOL, .dflt = "false",
     .help = "print each screen as text, and end"},
    {.name = "mono", .type = RS_PARAM_BOOL, .dflt = "false", .help = "no colours at all"},
    {.name = "theme", .type = RS_PARAM_CHOICE, .flags = RS_ARG_OPTIONAL,
     .choices = "default|light|high-contrast|mono", .help = "colours (default: console.yaml's)"},
    {.name = "glyphs", .type = RS_PARAM_CHOICE, .flags = RS_ARG_OPTIONAL,
     .choices = "auto|utf8|ascii", .help = "drawing characters; auto: by locale"},
    {.name = "mouse", .type = RS_PARAM_BOOL, .dflt = "false", .help = "clicks and wheel"},
    {.name = "script", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE",
     .help = "play key names and :commands from a file, then end"},
    {.name = "size", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL, .value = "WxH",
     .help = "screen of --script and --plain where no terminal is (80x24)"},
    {.name = "config", .type = RS_PARAM_TEXT, .flags = RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_FILE, .value = "FILE", .help = "instead of console.yaml"},
    {.name = "ready-fd", .type = RS_PARAM_INT, .flags = RS_ARG_OPTIONAL | RS_ARG_HIDDEN, .min = 0,
     .max = 1e6, .value = "N", .help = "gets a byte when all is shown and nothing is under way"},
    ARG_END,
};
static const struct rs_arg args_help[] = {
    {.name = "command", .type = RS_PARAM_TEXT,
     .flags = RS_ARG_POSITIONAL | RS_ARG_REPEAT | RS_ARG_OPTIONAL,
     .complete = RS_COMPLETE_COMMAND, .value = "COMMAND", .help = "explain this one"},
    {.name = "man", .type = RS_PARAM_BOOL, .dflt = "false", .help = "the manual page, as roff"},
    {.name = "completion", .type = RS_PARAM_CHOICE, .flags = RS_ARG_OPTIONAL,
     .choices = "bash|zsh", .help = "the completion script of a shell"},
    ARG_END,
};

#endif
