/*
 * jobs_impl - what the rows of jobs and the heartbeat share: how a row begins, and which process is
 * meant by a pid.
 */
#ifndef RS_SRC_STORE_JOBS_IMPL_H
#define RS_SRC_STORE_JOBS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/store/store.h"

/* A running row of this process. space: its pid space, or "" where the row is reserved: its pid
 * then means no process anywhere, so it is told dead by its beat alone and gets no signal. */
RS_MUST_USE enum rs_code rs_job_insert(struct rs_store *st, const char *kind, const char *command,
                                       const char *space, int64_t *id_out, struct rs_err *err);
/* RS_ENOTFOUND or RS_EARG, for a row that was expected to be reserved. */
enum rs_code rs_job_fail_unreserved(struct rs_store *st, int64_t id, struct rs_err *err);
/* "boot id/pid namespace" of this process: pids mean the same only within one. */
void rs_job_pid_space(char *out, size_t size);
/* Clock ticks from boot to the start of pid; 0: no such process, or nothing known. */
int64_t rs_job_process_start(int64_t pid);
/* Is pid (of our pid space) the process that started then? start 0: any start. */
bool rs_job_process_alive(int64_t pid, int64_t start);

#endif
