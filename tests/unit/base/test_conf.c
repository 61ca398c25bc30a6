/* conf: layers and their order, options, overrides, interpolation, sources, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/support.h"
#include "rs/base/conf.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

static const struct rs_param data_table[] = {
    {.name = "path", .type = RS_PARAM_TEXT, .dflt = "here", .help = "-"},
    {.name = "share", .type = RS_PARAM_REAL, .dflt = "0.01", .min = 0, .max = 1, .help = "-"},
    {.name = "strict", .type = RS_PARAM_BOOL, .dflt = "false", .help = "-"},
    {.name = NULL},
};
static const struct rs_param eval_table[] = {
    {.name = "k", .type = RS_PARAM_INT_LIST, .dflt = "5,10", .min = 1, .max = 1000, .help = "-"},
    {.name = "metric", .type = RS_PARAM_TEXT, .dflt = "ndcg", .help = "-"},
    {.name = "exclude",
     .type = RS_PARAM_CHOICE,
     .dflt = "train",
     .choices = "train|none",
     .help = "-"},
    {.name = "seed", .type = RS_PARAM_INT, .dflt = "42", .min = 0, .max = 9e15, .help = "-"},
    {.name = NULL},
};
static const struct rs_param model_table[] = {
    {.name = "name", .type = RS_PARAM_TEXT, .dflt = "als", .help = "-"},
    {.name = "note", .type = RS_PARAM_TEXT, .dflt = "", .help = "-"},
    {.name = NULL},
};
static const struct rs_param als_table[] = {
    {.name = "factors",
     .type = RS_PARAM_INT,
     .dflt = "64",
     .min = 1,
     .max = 1024,
     .alias = "embedding_dim",
     .help = "-"},
    {.name = "reg", .type = RS_PARAM_REAL, .dflt = "0.01", .min = 0, .max = 10, .help = "-"},
    {.name = "limit", .type = RS_PARAM_INT, .help = "-"},
    {.name = NULL},
};
static const struct rs_param popularity_table[] = {
    {.name = "score",
     .type = RS_PARAM_CHOICE,
     .dflt = "count",
     .choices = "count|sum",
     .help = "-"},
    {.name = NULL},
};

static const struct rs_param *pick(const char *name)
{
    if (strcmp(name, "als") == 0) return als_table;
    return strcmp(name, "popularity") == 0 ? popularity_table : NULL;
}

static void list_models(struct rs_str *out)
{
    rs_str_add(out, "als, popularity");
}

static const struct rs_conf_group groups[] = {
    {.name = "data", .table = data_table, .help = "what is read"},
    {.name = "eval", .table = eval_table, .help = "metrics"},
    {.name = "model",
     .table = model_table,
     .select = "name",
     .pick = pick,
     .list = list_models,
     .help = "which"},
    {.name = NULL},
};
static const struct rs_conf_env aliases[] = {{"DATA_PATH", "data.path"}, {NULL, NULL}};

/* The environment of a test: "NAME=value", NULL-ended. */
static const char *const *environment;

static const char *env_get(const char *name)
{
    for (const char *const *e = environment; e && *e; e++) {
        size_t len = strlen(name);
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=') return *e + len + 1;
    }
    return NULL;
}

/* A workspace of files and the environment, and overrides as one text cut at blanks. */
struct bench {
    char *dir;
    struct rs_conf *conf;
};

static void put(struct bench *b, const char *name, const char *text)
{
    struct rs_err err = {0};
    char *path = rs_path_join(b->dir, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(rs_fs_mkdirs(path, &err), &err);
    *slash = '/';
    assert_ok(rs_fs_write(path, text, strlen(text), &err), &err);
    free(path);
}

static enum rs_code compose(struct bench *b, const char *overrides, struct rs_err *err)
{
    const char *words[16];
    size_t n = 0;
    char *text = rs_xstrdup(overrides);
    for (char *at = text; *at;) {
        size_t len = strcspn(at, " ");
        bool last = at[len] == '\0';
        words[n++] = at;
        at[len] = '\0';
        at += len + (last ? 0 : 1);
    }
    struct rs_conf *conf = NULL;
    enum rs_code rc = rs_conf_load(groups, aliases, env_get, b->dir, words, n, &conf, err);
    free(text);
    rs_conf_free(b->conf);
    b->conf = conf;
    return rc;
}

static struct rs_conf *load(struct bench *b, const char *overrides)
{
    struct rs_err err = {0};
    assert_ok(compose(b, overrides, &err), &err);
    return b->conf;
}

static void refuse(struct bench *b, const char *overrides, enum rs_code code, const char *want)
{
    struct rs_err err = {0};
    enum rs_code rc = compose(b, overrides, &err);
    if (rc != code || strcmp(err.msg, want) != 0) {
        fail_msg("%s: %s\n  wanted: %s", rs_code_name(rc), err.msg, want);
    }
    assert_null(b->conf);
}

static int set_up(void **state)
{
    struct bench *b = rs_xalloc(1, sizeof(*b));
    b->dir = ref_temp_dir();
    environment = NULL;
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    rs_conf_free(b->conf);
    ref_remove(b->dir);
    free(b);
    return 0;
}

static void assert_ints(const struct rs_conf *c, const char *want)
{
    struct rs_str got;
    rs_str_init(&got, 0);
    size_t n;
    const int64_t *k = rs_conf_ints(c, "eval.k", &n);
    for (size_t i = 0; i < n; i++) {
        rs_str_addf(&got, i ? ",%lld" : "%lld", (long long)k[i]);
    }
    assert_string_equal(rs_str_text(&got), want);
    rs_str_clear(&got);
}

static void assert_source(const struct rs_conf *c, const char *key, const char *want)
{
    assert_string_equal(rs_conf_source(c, key), want);
}

static void defaults_serve_without_files(void **state)
{
    const struct rs_conf *c = load(*state, "");
    assert_string_equal(rs_conf_text(c, "data.path"), "here");
    assert_true(rs_conf_real(c, "data.share") == 0.01);
    assert_false(rs_conf_bool(c, "data.strict"));
    assert_ints(c, "5,10");
    assert_string_equal(rs_conf_text(c, "eval.exclude"), "train");
    assert_string_equal(rs_conf_text(c, "model.name"), "als");
    assert_int_equal(rs_conf_int(c, "model.factors"), 64);
    assert_int_equal(rs_conf_int(c, "model.embedding_dim"), 64);
    assert_source(c, "model.factors", "built-in");
    assert_source(c, "data.path", "built-in");
    assert_ptr_equal(rs_values_table(rs_conf_group(c, "model")), model_table);
    assert_ptr_equal(rs_values_table(rs_conf_picked(c, "model")), als_table);
    assert_null(rs_conf_picked(c, "data"));
    assert_false(rs_values_is_set(rs_conf_picked(c, "model"), "limit"));
}

static void each_layer_stands_over_the_one_before(void **state)
{
    struct bench *b = *state;
    put(b, "configs/config.yaml",
        "data:\n  path: one\n  share: 0.1\n  strict: true\n"
        "eval:\n  seed: 1\n");
    put(b, "params.yaml",
        "# what experiments change\ndata:\n  share: 0.2\neval:\n  seed: 2\n"
        "  metric: map\n");
    const char *const env[] = {"RECSYS_EVAL__SEED=3", "RECSYS_EVAL__METRIC=mrr", "DATA_PATH=three",
                               "RECSYS_DATA__STRICT=", NULL};
    environment = env;
    const struct rs_conf *c = load(b, "eval.metric=recall");
    assert_true(rs_conf_bool(c, "data.strict"));
    assert_source(c, "data.strict", "configs/config.yaml:4");
    assert_true(rs_conf_real(c, "data.share") == 0.2);
    assert_source(c, "data.share", "params.yaml:3");
    assert_int_equal(rs_conf_int(c, "eval.seed"), 3);
    assert_source(c, "eval.seed", "environment RECSYS_EVAL__SEED");
    assert_string_equal(rs_conf_text(c, "data.path"), "three");
    assert_source(c, "data.path", "environment DATA_PATH");
    assert_string_equal(rs_conf_text(c, "eval.metric"), "recall");
    assert_source(c, "eval.metric", "command line");
}

static void the_defaults_list_orders_groups_and_self(void **state)
{
    struct bench *b = *state;
    put(b, "configs/data/big.yaml", "path: big\nshare: 0.5\n");
    put(b, "configs/data/small.yaml", "path: small\n");
    put(b, "configs/model/popularity.yaml", "score: sum\n");
    put(b, "configs/config.yaml",
        "defaults:\n  - data: big\n  - model: popularity\n  - _self_\ndata:\n  path: own\n");
    const struct rs_conf *c = load(b, "");
    assert_string_equal(rs_conf_text(c, "data.path"), "own");
    assert_source(c, "data.path", "configs/config.yaml:6");
    assert_true(rs_conf_real(c, "data.share") == 0.5);
    assert_source(c, "data.share", "configs/data/big.yaml:2");
    assert_string_equal(rs_conf_text(c, "model.name"), "popularity");
    assert_source(c, "model.name", "configs/config.yaml:3");
    assert_string_equal(rs_conf_text(c, "model.score"), "sum");

    /* _self_ first: the groups stand over the file's own keys; not named: they do not. */
    put(b, "configs/config.yaml", "defaults:\n  - _self_\n  - data: big\ndata:\n  path: own\n");
    assert_string_equal(rs_conf_text(load(b, ""), "data.path"), "big");
    put(b, "configs/config.yaml", "data:\n  path: own\ndefaults:\n  - data: big\n");
    assert_string_equal(rs_conf_text(load(b, ""), "data.path"), "own");

    /* An option said on the command line replaces the list's. */
    put(b, "configs/config.yaml", "defaults:\n  - data: big\n");
    c = load(b, "data=small");
    assert_string_equal(rs_conf_text(c, "data.path"), "small");
    assert_true(rs_conf_real(c, "data.share") == 0.01);
    assert_source(c, "data.path", "configs/data/small.yaml:1");
}

static void options_of_the_command_line_load_files(void **state)
{
    struct bench *b = *state;
    put(b, "configs/data/big.yaml", "path: big\nshare: 0.5\n");
    put(b, "configs/model/als.yaml", "factors: 8\nreg: 0.5\n");
    put(b, "configs/model/wide.yaml", "name: als\nfactors: 256\n");
    const struct rs_conf *c = load(b, "data.share=0.25 data=big");
    assert_string_equal(rs_conf_text(c, "data.path"), "big");
    assert_true(rs_conf_real(c, "data.share") == 0.25); /* a key stands over the option's file */
    c = load(b, "+model=als");
    assert_int_equal(rs_conf_int(c, "model.factors"), 8);
    assert_source(c, "model.name", "command line");
    c = load(b, "model=wide");
    assert_int_equal(rs_conf_int(c, "model.factors"), 256);
    c = load(b, "model=popularity"); /* a model needs no file */
    assert_string_equal(rs_conf_text(c, "model.score"), "count");

    /* params.yaml stands over the option's file, also where the option is said again. */
    put(b, "params.yaml", "model:\n  name: als\n  factors: 32\n");
    c = load(b, "model=als");
    assert_int_equal(rs_conf_int(c, "model.factors"), 32);
    assert_true(rs_conf_real(c, "model.reg") == 0.5);
    /* … and gives way where the command line chooses another model. */
    c = load(b, "model=popularity");
    assert_string_equal(rs_conf_text(c, "model.name"), "popularity");
    put(b, "params.yaml", "model:\n  name: popularity\n  score: sum\n");
    c = load(b, "model=als");
    assert_int_equal(rs_conf_int(c, "model.factors"), 8);
}

static void a_new_model_drops_the_keys_of_the_old_one(void **state)
{
    struct bench *b = *state;
    put(b, "configs/config.yaml", "model:\n  note: kept\n  factors: 8\n  reg: 0.5\n");
    put(b, "params.yaml", "model:\n  score: sum\n  name: popularity\n");
    const struct rs_conf *c = load(b, "");
    assert_string_equal(rs_conf_text(c, "model.score"), "sum");
    assert_string_equal(rs_conf_text(c, "model.note"), "kept"); /* of the group, not the model */

    c = load(b, "model.factors=9 model.name=als"); /* in any order */
    assert_int_equal(rs_conf_int(c, "model.factors"), 9);
    assert_true(rs_conf_real(c, "model.reg") == 0.01);

    const char *const env[] = {"RECSYS_MODEL__NAME=als", "RECSYS_MODEL__FACTORS=7",
                               "RECSYS_MODEL__SCORE=sum", NULL};
    environment = env;
    c = load(b, "");
    assert_int_equal(rs_conf_int(c, "model.factors"), 7);
    assert_source(c, "model.factors", "environment RECSYS_MODEL__FACTORS");

    /* The same model said again drops nothing. */
    put(b, "params.yaml", "model:\n  name: als\n");
    environment = NULL;
    assert_int_equal(rs_conf_int(load(b, "model.name=als"), "model.factors"), 8);
}

static void an_alias_and_its_name_are_one_key(void **state)
{
    struct bench *b = *state;
    put(b, "configs/config.yaml", "model:\n  embedding_dim: 16\n");
    const struct rs_conf *c = load(b, "");
    assert_int_equal(rs_conf_int(c, "model.factors"), 16);
    assert_source(c, "model.factors", "configs/config.yaml:2");
    assert_source(c, "model.embedding_dim", "configs/config.yaml:2");
    put(b, "params.yaml", "model:\n  factors: 24\n");
    assert_int_equal(rs_conf_int(load(b, ""), "model.embedding_dim"), 24);
    c = load(b, "model.embedding_dim=48");
    assert_int_equal(rs_conf_int(c, "model.factors"), 48);
    assert_source(c, "model.factors", "command line");
    assert_int_equal(rs_conf_int(load(b, "~model.embedding_dim"), "model.factors"), 64);
    struct rs_val *tree = rs_conf_tree(c = load(b, ""));
    assert_int_equal(rs_val_at(tree, "model.factors")->i, 24);
    assert_null(rs_val_at(tree, "model.embedding_dim"));
    rs_val_free(tree);
}

static void overrides_set_add_and_remove(void **state)
{
    struct bench *b = *state;
    put(b, "params.yaml", "eval:\n  seed: 5\n  metric: map\n");
    const struct rs_conf *c =
        load(b, "+eval.seed=6 ++data.share=0.75 ~eval.metric data.strict=true data.path=a=b");
    assert_int_equal(rs_conf_int(c, "eval.seed"), 6);
    assert_true(rs_conf_real(c, "data.share") == 0.75);
    assert_string_equal(rs_conf_text(c, "eval.metric"), "ndcg");
    assert_source(c, "eval.metric", "built-in");
    assert_true(rs_conf_bool(c, "data.strict"));
    assert_string_equal(rs_conf_text(c, "data.path"), "a=b");
    assert_int_equal(rs_conf_int(load(b, "eval.seed=7 eval.seed=8"), "eval.seed"), 8);
    load(b, "~data.path"); /* not set by anybody: nothing to remove */
    c = load(b, "model.limit=3");
    assert_true(rs_values_is_set(rs_conf_picked(c, "model"), "limit"));
    c = load(b, "model.limit=null");
    assert_false(rs_values_is_set(rs_conf_picked(c, "model"), "limit"));
}

static void text_of_the_command_line_is_typed_by_the_row(void **state)
{
    struct bench *b = *state;
    assert_string_equal(rs_conf_text(load(b, "data.path=007"), "data.path"), "007");
    assert_string_equal(rs_conf_text(load(b, "data.path=true"), "data.path"), "true");
    assert_string_equal(rs_conf_text(load(b, "data.path=1e3"), "data.path"), "1e3");
    assert_string_equal(rs_conf_text(load(b, "data.path=-"), "data.path"), "-");
    assert_string_equal(rs_conf_text(load(b, "data.path="), "data.path"), "");
    assert_string_equal(rs_conf_text(load(b, "data.path='007'"), "data.path"), "007");
    assert_string_equal(rs_conf_text(load(b, "data.path=http://x:1/y#z"), "data.path"),
                        "http://x:1/y#z");
    assert_true(rs_conf_real(load(b, "data.share=1e-4"), "data.share") == 1e-4);
    assert_int_equal(rs_conf_int(load(b, "eval.seed=64.0"), "eval.seed"), 64);
    assert_ints(load(b, "eval.k=[1,20]"), "1,20");
    assert_ints(load(b, "eval.k=1,20"), "1,20");
    assert_ints(load(b, "eval.k=7"), "7");
    const char *const env[] = {"RECSYS_EVAL__K=3,30", "RECSYS_DATA__PATH=09", NULL};
    environment = env;
    assert_ints(load(b, ""), "3,30");
    assert_string_equal(rs_conf_text(b->conf, "data.path"), "09");
}

static void interpolation_follows_keys_and_variables(void **state)
{
    struct bench *b = *state;
    const char *const env[] = {"HOME_DIR=/home/x", "EMPTY=", "N=12", "NAME=als", NULL};
    environment = env;
    put(b, "params.yaml",
        "data:\n  path: ${oc.env:HOME_DIR}/${eval.metric}/${eval.seed}\n"
        "  share: ${oc.env:SHARE,0.5}\n  strict: ${oc.env:STRICT, true}\n"
        "eval:\n  seed: ${oc.env:N}\n  metric: ${model.name}_at_${eval.seed}\n"
        "model:\n  name: ${oc.env:NAME}\n  factors: ${eval.seed}\n"
        "  note: ${oc.env:EMPTY,none}${oc.env:X,'a, b'}${oc.env:Y,}\n");
    const struct rs_conf *c = load(b, "");
    assert_string_equal(rs_conf_text(c, "data.path"), "/home/x/als_at_12/12");
    assert_true(rs_conf_real(c, "data.share") == 0.5);
    assert_true(rs_conf_bool(c, "data.strict"));
    assert_int_equal(rs_conf_int(c, "eval.seed"), 12);
    assert_int_equal(rs_conf_int(c, "model.factors"), 12);
    assert_string_equal(rs_conf_text(c, "model.note"), "a, b");
    assert_source(c, "model.factors", "params.yaml:10");

    /* Keys that nobody set have their default, by any name; and nesting works from the inside. */
    put(b, "params.yaml",
        "eval:\n  seed: ${model.embedding_dim}\n  k: ${oc.env:K,${eval.seed}}\n"
        "data:\n  path: ${oc.env:HOME_DIR,${eval.metric}}!\n"
        "model:\n  limit: ${model.factors}\n  note: <${model.limit}>\n");
    c = load(b, "");
    assert_int_equal(rs_conf_int(c, "eval.seed"), 64);
    assert_ints(c, "64");
    assert_string_equal(rs_conf_text(c, "data.path"), "/home/x!");
    assert_int_equal(rs_conf_int(c, "model.limit"), 64);
    assert_string_equal(rs_conf_text(c, "model.note"), "<64>");
    put(b, "params.yaml", "model:\n  note: <${model.limit}>\n  reg: ${data.share}\n");
    c = load(b, "data.share=0.125 data.path=${model.note}");
    assert_string_equal(rs_conf_text(c, "model.note"), "<>"); /* unset: nothing */
    assert_string_equal(rs_conf_text(c, "data.path"), "<>");
    assert_true(rs_conf_real(c, "model.reg") == 0.125);
}

static void bad_interpolation_names_place_and_reason(void **state)
{
    struct bench *b = *state;
    put(b, "params.yaml", "data:\n  path: ${eval.metric}\neval:\n  metric: x${data.path}\n");
    refuse(b, "", RS_EARG, "params.yaml:2: data.path: '${eval.metric}': it refers to itself");
    put(b, "params.yaml", "data:\n  path: ${data.path}\n");
    refuse(b, "", RS_EARG, "params.yaml:2: data.path: '${data.path}': it refers to itself");
    put(b, "params.yaml",
        "data:\n  path: ${eval.metric}${eval.metric}\neval:\n  metric: ${data.path}${data.path}\n");
    refuse(
        b, "", RS_EARG,
        "params.yaml:2: data.path: '${eval.metric}${eval.metric}': it becomes longer than 1048576 "
        "bytes");
    put(b, "params.yaml", "");
    refuse(b, "data.path=${oc.env:NOPE}", RS_EARG,
           "command line: data.path: '${oc.env:NOPE}': variable NOPE is not set: use "
           "${oc.env:NOPE,DEFAULT}");
    refuse(b, "data.path=a${eval.nosuch}", RS_EARG,
           "command line: data.path: 'a${eval.nosuch}': ${eval.nosuch}: there is no such key");
    refuse(b, "data.path=${eval}", RS_EARG,
           "command line: data.path: '${eval}': ${eval}: there is no such key");
    refuse(b, "data.path=${eval.metric", RS_EARG,
           "command line: data.path: '${eval.metric': '${eval.metric': a ${ is not closed");
    refuse(b, "eval.seed=${eval.metric}", RS_EARG,
           "command line: eval: seed: expected an integer 0..9e+15, got \"ndcg\"");
}

static void a_text_that_grows_without_end_is_refused(void **state)
{
    struct bench *b = *state;
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_str_add(&text, "eval:\n  metric: ");
    for (int i = 0; i < 2000; i++) {
        rs_str_add(&text, "0123456abc");
    }
    rs_str_add(&text, "\ndata:\n  path: ");
    for (int i = 0; i < 60; i++) {
        rs_str_add(&text, "${eval.metric}");
    }
    rs_str_add(&text, "\n");
    put(b, "params.yaml", rs_str_text(&text));
    rs_str_clear(&text);
    struct rs_err err = {0};
    assert_code(compose(b, "", &err), RS_EARG, &err, "it becomes longer than 1048576 bytes");
}

static void unknown_keys_and_groups_name_the_nearest(void **state)
{
    struct bench *b = *state;
    put(b, "params.yaml", "\ndata:\n  pth: x\n");
    refuse(b, "", RS_EARG,
           "params.yaml:3: there is no key data.pth: did you mean path? (see 'config schema')");
    put(b, "params.yaml", "dtaa:\n  path: x\n");
    refuse(b, "", RS_EARG,
           "params.yaml:1: there is no group 'dtaa': did you mean data? (see 'config schema')");
    put(b, "params.yaml", "model:\n  factor: 3\n");
    refuse(b, "", RS_EARG,
           "params.yaml:2: there is no key model.factor of als: did you mean factors? "
           "(see 'config schema')");
    put(b, "params.yaml", "defaults:\n  - data: big\n");
    refuse(b, "", RS_EARG, "params.yaml:1: there is no group 'defaults' (see 'config schema')");
    put(b, "params.yaml", "");
    refuse(b, "model.nam=als", RS_EARG,
           "command line: there is no key model.nam of als: did you mean name? "
           "(see 'config schema')");
    refuse(b, "model.name=popularity model.factors=3", RS_EARG,
           "command line: there is no key model.factors of popularity (see 'config schema')");
    refuse(b, "eval.k.x=3", RS_EARG,
           "command line: there is no key eval.k.x (see 'config schema')");
    refuse(b, "~eval.seeed", RS_EARG,
           "command line: there is no key eval.seeed: did you mean seed? (see 'config schema')");
    refuse(b, "evall.k=3", RS_EARG,
           "command line: there is no group 'evall': did you mean eval? (see 'config schema')");
    refuse(b, "~model", RS_EARG, "command line: ~model: say which key: ~model.KEY");
}

static void unknown_options_name_those_there_are(void **state)
{
    struct bench *b = *state;
    put(b, "configs/data/big.yaml", "path: big\n");
    put(b, "configs/data/small.yaml", "path: small\n");
    refuse(b, "data=bg", RS_EARG,
           "command line: data=bg: there is no configs/data/bg.yaml; options: big, small");
    refuse(b, "eval=fast", RS_EARG, "command line: eval=fast: there is no configs/eval/fast.yaml");
    refuse(b, "data=../big", RS_EARG, "command line: data=../big is not the name of an option");
    refuse(b, "data=", RS_EARG, "command line: data= is not the name of an option");
    refuse(b, "model.name=alss", RS_EARG,
           "command line: there is no model 'alss'; options: als, popularity");
    put(b, "configs/model/als.yaml", "");
    put(b, "configs/model/wide.yaml", "name: als\n");
    refuse(b, "model=alss", RS_EARG,
           "command line: there is no model 'alss' and no configs/model/alss.yaml; options: als, "
           "popularity, wide");
    put(b, "configs/config.yaml", "eval:\n  seed: 1\ndefaults:\n  - data: bg\n");
    refuse(b, "", RS_EARG,
           "configs/config.yaml:4: data=bg: there is no configs/data/bg.yaml; "
           "options: big, small");
    put(b, "configs/config.yaml", "defaults:\n  - dta: big\n");
    refuse(b, "", RS_EARG,
           "configs/config.yaml:2: there is no group 'dta': did you mean data? "
           "(see 'config schema')");
    put(b, "configs/config.yaml", "defaults:\n  - data\n");
    refuse(b, "", RS_EARG,
           "configs/config.yaml:2: defaults: expected '- group: option' or '- _self_'");
    put(b, "configs/config.yaml", "defaults: big\n");
    refuse(b, "", RS_EARG, "configs/config.yaml:1: defaults: expected a list, got text");
}

static void wrong_types_and_ranges_say_what_was_expected(void **state)
{
    struct bench *b = *state;
    put(b, "params.yaml", "eval:\n  seed: many\n");
    refuse(b, "", RS_EARG, "params.yaml:2: eval: seed: expected an integer 0..9e+15, got \"many\"");
    put(b, "params.yaml", "eval:\n  k:\n  - 5\n  - 1001\n");
    refuse(b, "", RS_EARG,
           "params.yaml:2: eval: k: expected integers separated by commas, each 1..1000, got "
           "'5,1001'");
    put(b, "params.yaml", "data:\n  strict: yes\n");
    refuse(b, "", RS_EARG, "params.yaml:2: data: strict: expected true or false, got \"yes\"");
    put(b, "params.yaml", "data:\n  path:\n    deep: 1\n");
    refuse(b, "", RS_EARG, "params.yaml:2: data: path: expected a text, got map");
    put(b, "params.yaml", "data: 5\n");
    refuse(b, "", RS_EARG, "params.yaml:1: data: expected keys with values, got integer");
    put(b, "params.yaml", "- data\n");
    refuse(b, "", RS_EARG, "params.yaml: expected groups of keys, got list");
    put(b, "params.yaml", "model:\n  factors: 2000\n");
    refuse(b, "", RS_EARG,
           "params.yaml:2: model: factors: expected an integer 1..1024, got "
           "'2000'");
    put(b, "params.yaml", "");
    refuse(b, "data.share=1.5", RS_EARG,
           "command line: data: share: expected a number 0..1, got '1.5'");
    refuse(b, "data.share=nan", RS_EARG,
           "command line: data: share: expected a number 0..1, got \"nan\"");
    refuse(b, "eval.exclude=all", RS_EARG,
           "command line: eval: exclude: expected one of train, none, got 'all'");
    const char *const env[] = {"RECSYS_MODEL__FACTORS=lots", NULL};
    environment = env;
    refuse(b, "", RS_EARG,
           "environment RECSYS_MODEL__FACTORS: model: factors: expected an integer "
           "1..1024, got \"lots\"");
}

static void files_that_are_no_yaml_name_their_line(void **state)
{
    struct bench *b = *state;
    struct rs_err err = {0};
    put(b, "params.yaml", "data:\n  path: [1\neval: {}\n");
    assert_code(compose(b, "", &err), RS_EPARSE, &err, "params.yaml:");
    put(b, "params.yaml", "data:\n  path: a\n  path: b\n");
    assert_code(compose(b, "", &err), RS_EPARSE, &err, "params.yaml:3");
    put(b, "params.yaml", "");
    put(b, "configs/config.yaml", "data: \t{\n");
    assert_code(compose(b, "", &err), RS_EPARSE, &err, "configs/config.yaml:");
    put(b, "configs/config.yaml", "");
    put(b, "configs/data/big.yaml", "path: \"a\n");
    assert_code(compose(b, "data=big", &err), RS_EPARSE, &err, "configs/data/big.yaml:");
    assert_code(compose(b, "eval.k=[1,", &err), RS_EPARSE, &err, "command line:");
    put(b, "configs/x/y.yaml", "");
    assert_ok(rs_fs_remove(b->dir, &err), &err);
    put(b, "params.yaml/x", "a folder in the file's place");
    assert_code(compose(b, "", &err), RS_EIO, &err, "params.yaml");
}

static void what_dvc_writes_is_read(void **state)
{
    struct bench *b = *state;
    put(b, "params.yaml",
        "# comments stay\neval:\n  k:   # lengths\n  - 5\n  - 10\n"
        "  metric: '007'\n  seed: 7\ndata:\n  share: 0.0001\n  path: 'a: b'\n"
        "  strict: false\nmodel:\n  limit: null\n");
    const struct rs_conf *c = load(b, "");
    assert_ints(c, "5,10");
    assert_string_equal(rs_conf_text(c, "eval.metric"), "007");
    assert_string_equal(rs_conf_text(c, "data.path"), "a: b");
    assert_true(rs_conf_real(c, "data.share") == 1e-4);
    assert_false(rs_values_is_set(rs_conf_picked(c, "model"), "limit"));
    put(b, "params.yaml", "eval:\n  new:\n    key: 1\n");
    refuse(b, "", RS_EARG, "params.yaml:2: there is no key eval.new (see 'config schema')");
    put(b, "params.yaml", "{\"eval\": {\"k\": [1, 2], \"seed\": 9}}"); /* JSON is YAML */
    assert_ints(load(b, ""), "1,2");
    put(b, "params.yaml", "");
    assert_int_equal(rs_conf_int(load(b, ""), "eval.seed"), 42);
}

static void overrides_are_told_from_arguments(void **state)
{
    (void)state;
    const char *const yes[] = {"a=b",  "a.b=c",  "+a.b=",    "++a=1",
                               "~a.b", "~a.b=1", "a_1.b2=x", NULL};
    const char *const no[] = {"a",    "a.b",   "=b",    "./a=b", "/a=b", "1=2",           "+a",
                              "-a=b", "a b=c", "a-b=c", "",      "~",    "https://x?y=z", NULL};
    for (const char *const *t = yes; *t; t++) {
        if (!rs_conf_is_override(*t)) fail_msg("'%s' is an override", *t);
    }
    for (const char *const *t = no; *t; t++) {
        if (rs_conf_is_override(*t)) fail_msg("'%s' is no override", *t);
    }
}

static void refuse_variables(char *const *variables, const char *want)
{
    struct rs_err err = {0};
    assert_int_equal(rs_conf_check_environment(groups, variables, &err), RS_EARG);
    assert_string_equal(err.msg, want);
}

static void variables_that_set_nothing_are_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char good[][40] = {"RECSYS_MODEL__FACTORS=3", "RECSYS_MODEL__SCORE=sum",
                       "RECSYS_EVAL__K=1",        "RECSYS_MODEL__EMBEDDING_DIM=3",
                       "RECSYS_WORKSPACE=a__b",   "X__Y=1"};
    char *ok[] = {good[0], good[1], good[2], good[3], good[4], good[5], NULL};
    assert_ok(rs_conf_check_environment(groups, ok, &err), &err);
    char key[] = "RECSYS_MODEL__FACTRS=3";
    refuse_variables((char *[]){good[0], key, NULL},
                     "environment RECSYS_MODEL__FACTRS: there is no key model.factrs of als: did "
                     "you mean factors? (see 'config schema')");
    char group[] = "RECSYS_EVALL__K=3";
    refuse_variables((char *[]){group, NULL},
                     "environment RECSYS_EVALL__K: there is no group 'evall': did you mean eval? "
                     "(see 'config schema')");
    char empty[] = "RECSYS_EVAL__=3";
    refuse_variables((char *[]){empty, NULL},
                     "environment RECSYS_EVAL__: there is no key eval. (see 'config schema')");
}

static void tree_and_schema_hold_every_key(void **state)
{
    struct rs_val *tree = rs_conf_tree(load(*state, "model.factors=3"));
    struct rs_str text;
    rs_str_init(&text, 0);
    rs_json_print(tree, 0, &text);
    assert_string_equal(rs_str_text(&text),
                        "{\"data\":{\"path\":\"here\",\"share\":0.01,\"strict\":false},"
                        "\"eval\":{\"k\":[5,10],\"metric\":\"ndcg\",\"exclude\":\"train\","
                        "\"seed\":42},\"model\":{\"name\":\"als\",\"note\":\"\",\"factors\":3,"
                        "\"reg\":0.01,\"limit\":null}}");
    rs_str_clear(&text);
    rs_val_free(tree);
    struct rs_val *schema = rs_conf_schema(groups);
    assert_string_equal(
        rs_val_get_str(rs_val_at(schema, "properties.eval.properties.k"), "type", ""), "array");
    assert_false(rs_val_get_bool(schema, "additionalProperties", true));
    assert_false(
        rs_val_get_bool(rs_val_at(schema, "properties.data"), "additionalProperties", true));
    const struct rs_val *model = rs_val_at(schema, "properties.model");
    assert_null(rs_val_get(model, "additionalProperties"));
    assert_false(rs_val_get_bool(model, "unevaluatedProperties", true));
    const struct rs_val *options = rs_val_get(model, "allOf"); /* als, then popularity */
    assert_int_equal(options->n, 2);
    const struct rs_val *name = rs_val_at(options->items[1], "if.properties.name");
    assert_string_equal(rs_val_get_str(name, "const", ""), "popularity");
    assert_int_equal(rs_val_at(options->items[0], "then.properties.factors.maximum")->i, 1024);
    rs_val_free(schema);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_serve_without_files),
        TEST(each_layer_stands_over_the_one_before),
        TEST(the_defaults_list_orders_groups_and_self),
        TEST(options_of_the_command_line_load_files),
        TEST(a_new_model_drops_the_keys_of_the_old_one),
        TEST(an_alias_and_its_name_are_one_key),
        TEST(overrides_set_add_and_remove),
        TEST(text_of_the_command_line_is_typed_by_the_row),
        TEST(interpolation_follows_keys_and_variables),
        TEST(bad_interpolation_names_place_and_reason),
        TEST(a_text_that_grows_without_end_is_refused),
        TEST(unknown_keys_and_groups_name_the_nearest),
        TEST(unknown_options_name_those_there_are),
        TEST(wrong_types_and_ranges_say_what_was_expected),
        TEST(files_that_are_no_yaml_name_their_line),
        TEST(what_dvc_writes_is_read),
        TEST(overrides_are_told_from_arguments),
        TEST(variables_that_set_nothing_are_refused),
        TEST(tree_and_schema_hold_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
