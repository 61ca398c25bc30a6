/*
 * spawn - a command as a job in a process of its own, for the server and the console.
 */
#ifndef RS_COMMANDS_SPAWN_H
#define RS_COMMANDS_SPAWN_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/commands/command.h"
#include "rs/store/store.h"

/* May the command run as a job? RS_EREFUSED: why not, and what to do instead. */
RS_MUST_USE enum rs_code rs_job_allowed(const struct rs_cmd *cmd, struct rs_err *err);

/* Reserves a row and starts this same binary on it, with those arguments: in a session of its own,
 * without our descriptors, signal handlers and RECSYS_TOKEN, its standard error in rs_job_stderr.
 * It works in the workspace's folder, which is what relative paths among its arguments mean. actor:
 * who asked for it, as the journal shall say (RECSYS_ACTOR, at most 100 bytes); NULL: who runs us.
 * It outlives us and needs no reaping. Its result stands in the row's detail once it is done. Any
 * thread may call this; returns when the process runs. RS_EREFUSED: as rs_job_allowed; RS_EIO: it
 * could not be started, and the row has failed. */
RS_MUST_USE enum rs_code rs_job_spawn(const char *workspace, struct rs_store *st,
                                      const struct rs_cmd *cmd, const struct rs_args *args,
                                      const char *actor, int64_t *job_id_out, struct rs_err *err);

/* <workspace>/logs/job-<id>.log; the caller frees. Gone when the job is done and said nothing. */
char *rs_job_stderr(const char *workspace, int64_t id);

#endif
