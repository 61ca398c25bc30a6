/*
 * jobs_impl - what the rows of jobs and the heartbeat share: which process is meant by a pid.
 */
#ifndef RS_SRC_STORE_JOBS_IMPL_H
#define RS_SRC_STORE_JOBS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "boot id/pid namespace" of this process: pids mean the same only within one. */
void rs_job_pid_space(char *out, size_t size);
/* Clock ticks from boot to the start of pid; 0: no such process, or nothing known. */
int64_t rs_job_process_start(int64_t pid);
/* Is pid (of our pid space) the process that started then? start 0: any start. */
bool rs_job_process_alive(int64_t pid, int64_t start);

#endif
