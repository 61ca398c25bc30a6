/* cgroup - limits that a container or service manager put on this process (cgroup version 2). */
#ifndef RS_BASE_CGROUP_IMPL_H
#define RS_BASE_CGROUP_IMPL_H

#include <stdint.h>

int64_t rs_cgroup_memory_left(void); /* bytes; -1: no limit or unknown */
int rs_cgroup_cpus(void);            /* quota in whole cores, rounded up; 0: none or unknown */

#endif
