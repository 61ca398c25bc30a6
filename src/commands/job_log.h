/*
 * job_log - what a job says (rs_log, info and above) into the store's log, beside its row.
 */
#ifndef RS_COMMANDS_JOB_LOG_H
#define RS_COMMANDS_JOB_LOG_H

#include "rs/store/store.h"

struct rs_job_log;

/* Listen from now on. Lines of any thread wait in memory until a flush. */
struct rs_job_log *rs_job_log_open(int64_t job_id);
/* Write what waits. A store that refuses loses the lines, not the job. */
void rs_job_log_flush(struct rs_job_log *l, struct rs_store *st);
void rs_job_log_close(struct rs_job_log *l, struct rs_store *st); /* flushes; accepts NULL */

#endif
