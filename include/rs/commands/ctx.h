/*
 * ctx - what a command works in: workspace, configuration, store, progress and cancel.
 */
#ifndef RS_COMMANDS_CTX_H
#define RS_COMMANDS_CTX_H

#include "rs/base/conf.h"
#include "rs/base/err.h"
#include "rs/base/fs.h"
#include "rs/base/log.h"
#include "rs/base/task.h"
#include "rs/commands/command.h"
#include "rs/data/dataset.h"
#include "rs/data/split.h"
#include "rs/features/features.h"
#include "rs/models/bundle.h"
#include "rs/store/jobs.h"
#include "rs/store/store.h"
#include "rs/tracking/runs.h"

struct rs_job_log;

struct rs_ctx {
    char *workspace;
    struct rs_conf *conf;        /* composed for the running command */
    struct rs_store *store;      /* opened by rs_ctx_store; NULL until then */
    struct rs_task task;         /* cancel is set by signals; on_progress by the door */
    rs_progress_fn *on_progress; /* the door's bar, or NULL */
    void *progress_ctx;
    struct rs_job_handle *job;  /* of a RS_CMD_JOB command, else NULL */
    struct rs_job_log *job_log; /* what that job says, for the store */
    char run_id[RS_RUN_ID];     /* run being trained: values of its epochs go to the store; or "" */
    char *log_level;            /* of the command line, over logging.level; NULL: none */
    enum rs_log_level auto_level; /* what logging.level=auto stands for: warn, of a server info */
    bool keep_log_level;          /* composing leaves the level as it is: of a server's threads */
    char *command_line;           /* for the job's row */
    int64_t adopt;                /* row that the next command runs as, reserved by another; or 0 */
    const struct rs_door *doors;  /* main's list; or NULL */
    /* Prints the result of a command that goes on (a server that listens), instead of at its end;
     * or NULL: nobody waits for it. */
    void (*announce)(const struct rs_result *r, void *arg);
    void *announce_arg;
};

struct rs_ctx *rs_ctx_new(const char *workspace);
void rs_ctx_free(struct rs_ctx *ctx);

/* Run one command: composes the configuration from files, environment, arguments that stand for
 * keys, and overrides; registers a job where the row says so, or goes on as ctx->adopt; ends it
 * with what happened. */
RS_MUST_USE enum rs_code rs_ctx_run(struct rs_ctx *ctx, const struct rs_cmd *cmd,
                                    const struct rs_args *args, struct rs_result *out,
                                    struct rs_err *err);
/* The first step of rs_ctx_run alone: ctx->conf as the command would see it. */
RS_MUST_USE enum rs_code rs_ctx_compose(struct rs_ctx *ctx, const struct rs_args *args,
                                        struct rs_err *err);
/* The level that the composed configuration asks for; rs_ctx_compose takes it too. */
void rs_ctx_take_log_level(const struct rs_ctx *ctx);
/* A command called by another (pipeline): words as on a command line, without the name. Shares
 * store, job and task. */
RS_MUST_USE enum rs_code rs_ctx_call(struct rs_ctx *ctx, const char *name, const char *const *words,
                                     size_t n, struct rs_result *out, struct rs_err *err);

/* The configuration that such a call would see; the caller's. */
RS_MUST_USE enum rs_code rs_ctx_conf_for(struct rs_ctx *ctx, const char *name,
                                         const char *const *words, size_t n, struct rs_conf **out,
                                         struct rs_err *err);

/* The groups of the configuration (models' tables picked by model.name), NULL-ended. */
extern const struct rs_conf_group rs_conf_groups[];
extern const struct rs_conf_env rs_conf_envs[];

/* The store, opened (made) on first use. */
RS_MUST_USE enum rs_code rs_ctx_store(struct rs_ctx *ctx, struct rs_store **out,
                                      struct rs_err *err);
/* Path in the workspace; the caller frees. */
char *rs_ctx_path(const struct rs_ctx *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The folder of a file that is to be written, made where it is not there. */
RS_MUST_USE enum rs_code rs_ctx_make_folder_of(const char *path, struct rs_err *err);

/* rs_lock_open, whose wait ends when the command is cancelled (RS_ECANCEL). */
RS_MUST_USE enum rs_code rs_ctx_lock(struct rs_ctx *ctx, const char *path, int64_t wait_ms,
                                     struct rs_lock *out, struct rs_err *err);

/* A name that becomes a folder or a key: 1 to 100 characters, no '/', no leading dot, no control
 * characters. what: "dataset". */
RS_MUST_USE enum rs_code rs_ctx_check_name(const char *what, const char *name, struct rs_err *err);
/* Names where the arguments `dataset` and `split` leave them open: the configuration's; where that
 * one is not prepared and there is exactly one, that one. Each returned text is the caller's. */
RS_MUST_USE enum rs_code rs_ctx_dataset_name(struct rs_ctx *ctx, const struct rs_args *args,
                                             char **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_ctx_split_name(struct rs_ctx *ctx, const struct rs_args *args,
                                           const char *dataset, char **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_ctx_dataset(struct rs_ctx *ctx, const char *name,
                                        struct rs_dataset **out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_ctx_split(struct rs_ctx *ctx, const char *dataset, const char *split,
                                      struct rs_split **out, struct rs_err *err);
/* rs_fs_list, where a folder that is not there is an empty one. */
RS_MUST_USE enum rs_code rs_ctx_list_folder(const char *dir, char ***out, struct rs_err *err);
/* Names of folders below data/interim or data/processed/<dataset> that hold a finished one. */
RS_MUST_USE enum rs_code rs_ctx_list_datasets(struct rs_ctx *ctx, char ***out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_ctx_list_splits(struct rs_ctx *ctx, const char *dataset, char ***out,
                                            struct rs_err *err);

/* The bundle that a reference means: version, alias, run, a path to an .rsm file; NULL: the alias
 * of the configuration (serving.alias, "production"). label_out: "v3", "run 3f9a12…"; or NULL. */
RS_MUST_USE enum rs_code rs_ctx_bundle(struct rs_ctx *ctx, const char *ref, struct rs_bundle **out,
                                       char **label_out, struct rs_err *err);
/* The hash of the bundle that a version, alias or run means; ref and label_out as above. */
RS_MUST_USE enum rs_code rs_ctx_bundle_hash(struct rs_ctx *ctx, const char *ref, char sha256[65],
                                            char **label_out, struct rs_err *err);
/* Path of a bundle by hash: models/<sha256>.rsm. The caller frees. */
char *rs_ctx_bundle_path(const struct rs_ctx *ctx, const char *sha256);
/* Who changes the registry, for the journal: RECSYS_ACTOR, as jobs of a server have it, else the
 * login name. */
const char *rs_ctx_actor(void);

#endif
