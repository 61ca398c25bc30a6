/*
 * fetch - a dataset into data/raw/<dataset>/: from a mirror, its official address or a given one.
 *
 * The archive is checked against its SHA-256 always (pinned for the MovieLens sets, given for
 * others) before a byte of it is extracted. What was fetched before and still matches is kept.
 */
#ifndef RS_DATA_FETCH_H
#define RS_DATA_FETCH_H

#include <stdbool.h>
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
    const char *sha256;  /* of the archive, 64 hex digits; NULL: the known set's own */
    int64_t max_bytes;   /* of a download, and of the extracted files together; 0: 8 GiB */
};
struct rs_fetch_result {
    char **files; /* extracted, relative to raw_dir, sorted, NULL-ended */
    char sha256[65];
    char *from;  /* what it was read from; the caller frees */
    bool cached; /* already there, nothing was read */
};
/* raw_dir: data/raw/<dataset>, whose contents are replaced. Appears whole or not at all: a killed
 * fetch leaves at most "<raw_dir>.new/", and "<raw_dir>.part/" with a partial archive that the next
 * one resumes (HTTP range). What is no archive is taken as it is, under its own name.
 * RS_EARG: unknown set, or no hash; RS_EDAMAGED: wrong hash or hostile archive; RS_ENOTFOUND: no
 * such file there; RS_EIO: not reachable, or cut off. */
RS_MUST_USE enum rs_code rs_fetch(const char *raw_dir, const struct rs_fetch_opts *opts,
                                  struct rs_task *task, struct rs_fetch_result *out,
                                  struct rs_err *err);
void rs_fetch_result_clear(struct rs_fetch_result *r);

/* Extract regular files of a zip, tar or gz into dir (flattening one common top folder), told apart
 * by their contents; hidden ones are left out. RS_EDAMAGED, naming the entry: absolute paths, "..",
 * links, devices, names that repeat, more than max_bytes (0: 8 GiB), than 10,000 entries or than
 * 1000 times the archive (bombs), an archive cut short. On failure dir holds what came before. */
RS_MUST_USE enum rs_code rs_archive_extract(const char *archive, const char *dir, int64_t max_bytes,
                                            struct rs_task *task, struct rs_err *err);

#endif
