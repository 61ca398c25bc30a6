/*
 * thread - how the server's own threads start, and how each keeps its connection to the store.
 */
#include <signal.h>

#include "state_impl.h"

enum { BUSY_MS = 5000 }; /* longest wait for another process; half of a command's */

enum rs_code srv_thread_start(pthread_t *out, srv_thread_fn *run, void *arg, const char *what,
                              struct rs_err *err)
{
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int e = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return e ? rs_fail_errno(err, e, "start the %s thread", what) : RS_OK;
}

static enum rs_code open_store(const char *path, struct rs_store **st, struct rs_err *err)
{
    struct rs_err why = {0};
    enum rs_code rc = rs_store_open(path, 0, st, &why);
    if (rc == RS_ENOTFOUND)
        return rs_fail(err, RS_EBUSY, "store '%s' is not there: put it back, or restart", path);
    if (rc) {
        *err = why;
    } else {
        rs_store_set_busy_ms(*st, BUSY_MS);
    }
    return rc;
}

enum rs_code srv_store_keep(const char *path, struct rs_store **st, uint64_t *mark,
                            bool *changed_out, struct rs_err *err)
{
    struct rs_err why = {0};
    enum rs_code rc = *st ? rs_store_changes(*st, mark, changed_out, &why) : RS_ENOTFOUND;
    if (!rc) return RS_OK;
    if (rc == RS_EBUSY) {
        *err = why;
        return rc;
    }
    rs_store_close(*st); /* another file, none, or one that cannot be read: begin again */
    *st = NULL;
    *mark = 0;
    rc = open_store(path, st, err);
    if (!rc) rc = rs_store_changes(*st, mark, changed_out, err);
    return rc;
}
