/* cgroup - limits that a container or service manager put on this process (cgroup version 2). */
#ifndef RS_BASE_CGROUP_IMPL_H
#define RS_BASE_CGROUP_IMPL_H

#include <stdint.h>

#define RS_CGROUP_ROOT "/sys/fs/cgroup"
#define RS_CGROUP_SELF "/proc/self/cgroup"

/* root: where groups are mounted; self: the file that names ours (tests bring their own). */
/* Bytes; -1: no limit or unknown. */
int64_t rs_cgroup_memory_left(const char *root, const char *self);
/* Quota in whole cores, rounded up; 0: none or unknown. */
int rs_cgroup_cpus(const char *root, const char *self);

#endif
