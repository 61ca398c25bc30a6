/*
 * fetch - a dataset into data/raw/<dataset>/: from a mirror, its official address or a given one.
 *
 * The archive is checked against its SHA-256 always (pinned for the MovieLens sets, given for
 * others) before a byte of it is extracted. What was fetched before and still matches is kept.
 */
#ifndef RS_DATA_FETCH_H
#define RS_DATA_FETCH_H

#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/task.h"

/* Sets whose address and hash are known. */
struct rs_known_set {
    const char *name; /* NULL ends the table */
    const char *url;
    const char *sha256;
    const char *summary; /* "100,836 ratings of 610 users, 9,742 films (2018)" */
    int64_t bytes;       /* of the archive; 0: unknown */
};
extern const struct rs_known_set rs_known_sets[];
const struct rs_known_set *rs_known_set_find(const char *name);

struct rs_fetch_opts {
    const char *dataset; /* a known set, or the name to give what url holds */
    const char *mirror;  /* folder or base address that holds <dataset>.zip; NULL: none */
    const char *url;     /* another address or local file; NULL: the set's own */
    const char *sha256;  /* of url's file; needed for an unknown set */
    int64_t max_bytes;   /* of the extracted files together; 0: 8 GiB */
};
struct rs_fetch_result {
    char **files; /* extracted, relative to raw_dir, sorted, NULL-ended */
    char sha256[65];
    char *from;  /* what it was read from; the caller frees */
    bool cached; /* already there, nothing was read */
};
/* raw_dir: data/raw/<dataset>. Appears whole or not at all: a killed fetch leaves at most
 * a partial archive ("<raw_dir>.part/") that the next one resumes (HTTP range). RS_EDAMAGED:
 * wrong hash or hostile archive; RS_EIO: not reachable. */
RS_MUST_USE enum rs_code rs_fetch(const char *raw_dir, const struct rs_fetch_opts *opts,
                                  struct rs_task *task, struct rs_fetch_result *out,
                                  struct rs_err *err);
void rs_fetch_result_clear(struct rs_fetch_result *r);

/* Extract regular files of a zip, tar or gz into dir (flattening one common top folder). Refused:
 * absolute paths, "..", links, devices, names that repeat, more than max_bytes or a ratio of
 * 1:1000 (bombs). */
RS_MUST_USE enum rs_code rs_archive_extract(const char *archive, const char *dir, int64_t max_bytes,
                                            struct rs_task *task, struct rs_err *err);

#endif
