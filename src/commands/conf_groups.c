/*
 * conf_groups - every configuration key: type, default, range, help. A key that nothing reads does
 * not stand here; model parameters come from the models' own tables.
 */
#include <stddef.h>

#include "rs/commands/ctx.h"
#include "rs/models/model.h"

static const struct rs_param data_table[] = {
    {.name = "dataset",
     .type = RS_PARAM_TEXT,
     .dflt = "ml-latest-small",
     .help = "dataset that commands use unless told"},
    {.name = "mirror",
     .type = RS_PARAM_TEXT,
     .dflt = "",
     .help = "folder or address that holds <dataset>.zip"},
    {.name = "max_bad_share",
     .type = RS_PARAM_REAL,
     .dflt = "0.01",
     .min = 0,
     .max = 1,
     .help = "share of bad rows above which reading stops"},
    {.name = "strict", .type = RS_PARAM_BOOL, .dflt = "false", .help = "stop at the first bad row"},
    {.name = "value_min",
     .type = RS_PARAM_REAL,
     .dflt = "0",
     .min = -1e9,
     .max = 1e9,
     .help = "smallest value of a good row; both 0: any"},
    {.name = "value_max",
     .type = RS_PARAM_REAL,
     .dflt = "0",
     .min = -1e9,
     .max = 1e9,
     .help = "largest value of a good row; both 0: any"},
    {.name = NULL},
};

static const struct rs_param split_table[] = {
    {.name = "protocol",
     .type = RS_PARAM_CHOICE,
     .dflt = "user-temporal",
     .choices =
         "global-temporal|user-temporal|leave-last-n|random|k-fold|user-holdout|rolling|given|"
         "none",
     .help = "how train, validation and test are cut"},
    {.name = "test_ratio",
     .type = RS_PARAM_REAL,
     .dflt = "-1",
     .min = -1,
     .max = 0.9,
     .help = "share of test; -1: the protocol's own"},
    {.name = "val_ratio",
     .type = RS_PARAM_REAL,
     .dflt = "-1",
     .min = -1,
     .max = 0.9,
     .help = "share of validation; -1: the protocol's own"},
    {.name = "user_core",
     .type = RS_PARAM_INT,
     .dflt = "5",
     .min = 0,
     .max = 1e6,
     .help = "least rows of a user, iterated with item_core"},
    {.name = "item_core",
     .type = RS_PARAM_INT,
     .dflt = "5",
     .min = 0,
     .max = 1e6,
     .help = "least rows of an item"},
    {.name = "n_last",
     .type = RS_PARAM_INT,
     .dflt = "1",
     .min = 1,
     .max = 1000,
     .help = "leave-last-n: rows held out a user"},
    {.name = "folds",
     .type = RS_PARAM_INT,
     .dflt = "5",
     .min = 2,
     .max = 100,
     .help = "k-fold: number of folds"},
    {.name = "fold",
     .type = RS_PARAM_INT,
     .dflt = "0",
     .min = 0,
     .max = 99,
     .help = "k-fold, rolling: which one is test, from 0"},
    {.name = "windows",
     .type = RS_PARAM_INT,
     .dflt = "4",
     .min = 1,
     .max = 100,
     .help = "rolling: number of windows"},
    {.name = "seed",
     .type = RS_PARAM_INT,
     .dflt = "42",
     .min = 0,
     .max = 9e15,
     .help = "seed of the protocols that draw"},
    {.name = NULL},
};

static const struct rs_param features_table[] = {
    {.name = "half_life_days",
     .type = RS_PARAM_REAL,
     .dflt = "180",
     .min = 0.001,
     .max = 1e6,
     .help = "half-life of decayed popularity, in days"},
    {.name = NULL},
};

static const struct rs_param model_table[] = {
    {.name = "name", .type = RS_PARAM_TEXT, .dflt = "als", .help = "model to fit"},
    {.name = NULL},
};

static const struct rs_param train_table[] = {
    {.name = "seed",
     .type = RS_PARAM_INT,
     .dflt = "42",
     .min = 0,
     .max = 9e15,
     .help = "seed of the fit"},
    {.name = "memory_limit_mb",
     .type = RS_PARAM_INT,
     .dflt = "0",
     .min = 0,
     .max = 1e9,
     .help = "memory a fit may take, in MiB; 0: what is free"},
    {.name = NULL},
};

static const struct rs_param eval_table[] = {
    {.name = "k",
     .type = RS_PARAM_INT_LIST,
     .dflt = "5,10,20",
     .min = 1,
     .max = 1000,
     .help = "list lengths, ascending"},
    {.name = "metric",
     .type = RS_PARAM_TEXT,
     .dflt = "ndcg_at_10",
     .help = "metric that models are compared by"},
    {.name = "relevance_threshold",
     .type = RS_PARAM_REAL,
     .dflt = "3.5",
     .min = -1e9,
     .max = 1e9,
     .help = "a held-out item is relevant from this value on; 1 where all values are 1"},
    {.name = "exclude",
     .type = RS_PARAM_CHOICE,
     .dflt = "train+val",
     .choices = "train+val|train|none",
     .help = "what lists leave out on test"},
    {.name = "bootstrap_samples",
     .type = RS_PARAM_INT,
     .dflt = "2000",
     .min = 100,
     .max = 1e6,
     .help = "resamples of users behind an interval"},
    {.name = "seed",
     .type = RS_PARAM_INT,
     .dflt = "42",
     .min = 0,
     .max = 9e15,
     .help = "seed of the bootstrap"},
    {.name = NULL},
};

static const struct rs_param serving_table[] = {
    {.name = "alias",
     .type = RS_PARAM_TEXT,
     .dflt = "production",
     .help = "alias whose version answers"},
    {.name = NULL},
};

static const struct rs_param logging_table[] = {
    {.name = "level",
     .type = RS_PARAM_CHOICE,
     .dflt = "warn",
     .choices = "debug|info|warn|error",
     .help = "least level that is logged"},
    {.name = NULL},
};

static const struct rs_param registry_table[] = {
    {.name = "gate_metric",
     .type = RS_PARAM_TEXT,
     .dflt = "ndcg_at_10",
     .help = "metric that a promotion must win on"},
    {.name = "tolerance",
     .type = RS_PARAM_REAL,
     .dflt = "0.005",
     .min = 0,
     .max = 1,
     .help = "how much worse than the serving version is still let through"},
    {.name = NULL},
};

static const struct rs_param pipeline_table[] = {
    {.name = "models",
     .type = RS_PARAM_TEXT,
     .dflt = "",
     .help = "models that the pipeline trains, a,b; empty: all"},
    {.name = NULL},
};

static void list_models(struct rs_str *out)
{
    for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
        rs_str_addf(out, "%s%s", out->len ? ", " : "", (*m)->name);
    }
}

const struct rs_conf_group rs_conf_groups[] = {
    {.name = "data", .table = data_table, .help = "what is read, and what is a bad row"},
    {.name = "split", .table = split_table, .help = "how data is cut"},
    {.name = "features", .table = features_table, .help = "numbers of users and items"},
    {.name = "model",
     .table = model_table,
     .select = "name",
     .pick = rs_model_params,
     .list = list_models,
     .help = "which model, and its parameters"},
    {.name = "train", .table = train_table, .help = "fitting"},
    {.name = "eval", .table = eval_table, .help = "metrics and their intervals"},
    {.name = "serving", .table = serving_table, .help = "what answers"},
    {.name = "registry", .table = registry_table, .help = "the promotion gate"},
    {.name = "pipeline", .table = pipeline_table, .help = "what pipeline run does"},
    {.name = "logging", .table = logging_table, .help = "what is said on standard error"},
    {.name = NULL},
};

const struct rs_conf_env rs_conf_envs[] = {
    {"RECSYS_DATA_MIRROR", "data.mirror"},
    {"MODEL_STAGE", "serving.alias"},
    {"LOG_LEVEL", "logging.level"},
    {NULL, NULL},
};
