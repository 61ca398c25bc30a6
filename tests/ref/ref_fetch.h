/*
 * ref_fetch - a small set to fetch, and an HTTP server in a child process that gives it out.
 */
#ifndef TESTS_REF_REF_FETCH_H
#define TESTS_REF_REF_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rs/base/hash.h"
#include "rs/data/fetch.h"

/* mine.zip holds mine/ratings.csv ("1,2,3\n") and mine/movies.csv ("2,x\n"). */
struct ref_set {
    char *base;
    char *raw;  /* base/raw/mine */
    char *part; /* base/raw/mine.part */
    char *zip;  /* base/mine.zip */
    char *bytes;
    size_t len;
    char sha256[RS_SHA256_HEX];
};
struct ref_set ref_set_make(void);
void ref_set_clear(struct ref_set *p);
/* The set's files are in p->raw, and nothing is left of the way to them. Clears r. */
void ref_assert_fetched(const struct ref_set *p, struct rs_fetch_result *r, const char *from,
                        bool cached);

enum ref_answer {
    REF_WHOLE,     /* 200, or 206 where a range is asked */
    REF_NO_RANGES, /* 200 whatever is asked */
    REF_CUT,       /* announces all, sends half, closes */
    REF_STALL,     /* announces all, sends half, waits until the client leaves */
    REF_LONGER,    /* announces more than there is */
    REF_MISSING,   /* 404 */
    REF_BROKEN,    /* 500 */
    REF_MOVED,     /* 302 to /moved.zip */
};
struct ref_server {
    pid_t pid;
    int log; /* requests, as they come */
    char *address;
};
/* Answers n requests for the set's zip, one after the other, then ends. */
struct ref_server ref_server_start(const struct ref_set *p, const enum ref_answer *answers, int n);
/* It answered all n requests; the ith asked for bytes from[i] on. */
void ref_server_stop(struct ref_server *s, int n, const int64_t *from);
/* A listening socket on a free port of this machine. */
int ref_listen(int *port);

#endif
