/*
 * model - the served bundle as counted snapshots: one is current, the one before it is kept for
 * pages that were begun with it.
 *
 * srv_models.lock guards the pointers, the counts of all snapshots and the times; a snapshot's
 * other fields do not change once it is published. A bundle is opened, hashed and closed without
 * the lock. srv_model_publish is called by one thread at a time, which alone uses `known`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rs/base/clock.h"
#include "rs/base/hash.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "state_impl.h"

enum {
    N_KNOWN = 64,
    SETTLED_MS = 100, /* a file that was changed within this may be changed again unseen: the
                         kernel's stamps come from a clock of at most 10 ms */
};

/* A file whose SHA-256 was seen. */
struct known {
    struct srv_file file;
    char sha256[RS_SHA256_HEX];
};

struct srv_models {
    pthread_mutex_t lock;
    struct srv_model *current, *previous; /* one reference each, or NULL; under lock */
    uint64_t generation;                  /* under lock */
    int64_t swapped_ns;                   /* under lock */
    struct known known[N_KNOWN];          /* of the publishing thread; a ring */
    size_t n_known;
};

struct srv_models *srv_models_new(void)
{
    struct srv_models *m = rs_xalloc(1, sizeof(*m));
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

static void free_model(struct srv_model *model)
{
    if (!model) return;
    rs_bundle_close(model->bundle);
    free(model->allowed);
    free(model);
}

void srv_models_free(struct srv_models *m)
{
    if (!m) return;
    rs_assert(!m->current || m->current->refs == 1);
    rs_assert(!m->previous || m->previous->refs == 1);
    free_model(m->current);
    free_model(m->previous);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- counts -------------------------------------------------------------------------------- */

/* Under the lock. Returns what nobody holds any more, to be freed without the lock. */
static struct srv_model *let_go(struct srv_model *model)
{
    return model && --model->refs == 0 ? model : NULL;
}

struct srv_model *srv_model_acquire(struct srv_models *m)
{
    pthread_mutex_lock(&m->lock);
    struct srv_model *model = m->current;
    if (model) model->refs++;
    pthread_mutex_unlock(&m->lock);
    return model;
}

struct srv_model *srv_model_acquire_version(struct srv_models *m, int64_t version)
{
    struct srv_model *model = NULL;
    pthread_mutex_lock(&m->lock);
    if (m->current && m->current->version == version) {
        model = m->current;
    } else if (m->previous && m->previous->version == version) {
        model = m->previous;
    }
    if (model) model->refs++;
    pthread_mutex_unlock(&m->lock);
    return model;
}

void srv_model_release(struct srv_models *m, struct srv_model *held)
{
    if (!held) return;
    pthread_mutex_lock(&m->lock);
    struct srv_model *unused = let_go(held);
    pthread_mutex_unlock(&m->lock);
    free_model(unused);
}

/* ---- swaps --------------------------------------------------------------------------------- */

/* next NULL: nothing serves from here on, not even pages. */
static void swap(struct srv_models *m, struct srv_model *next)
{
    pthread_mutex_lock(&m->lock);
    struct srv_model *old = let_go(m->previous);
    struct srv_model *last = NULL;
    if (next) {
        next->generation = ++m->generation;
        m->previous = m->current;
    } else {
        last = let_go(m->current);
        m->previous = NULL;
    }
    m->current = next;
    m->swapped_ns = rs_clock_mono_ns();
    pthread_mutex_unlock(&m->lock);
    free_model(old);
    free_model(last);
}

void srv_models_withdraw(struct srv_models *m)
{
    swap(m, NULL);
}

void srv_models_drop_previous(struct srv_models *m, int64_t age_ms)
{
    struct srv_model *old = NULL;
    pthread_mutex_lock(&m->lock);
    if (m->previous && rs_clock_mono_ns() - m->swapped_ns >= age_ms * 1000000) {
        old = let_go(m->previous);
        m->previous = NULL;
    }
    pthread_mutex_unlock(&m->lock);
    free_model(old);
}

/* ---- opening ------------------------------------------------------------------------------- */

bool srv_file_look(const char *path, struct srv_file *out)
{
    struct stat st;
    if (stat(path, &st) != 0) return false;
    *out = (struct srv_file){.device = st.st_dev,
                             .inode = st.st_ino,
                             .size = st.st_size,
                             .modified = st.st_mtim,
                             .changed = st.st_ctim};
    return true;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool srv_file_same(const struct srv_file *a, const struct srv_file *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

static enum rs_code look(const char *path, struct srv_file *out, struct rs_err *err)
{
    if (srv_file_look(path, out)) return RS_OK;
    return errno == ENOENT ? rs_fail(err, RS_ENOTFOUND, "model '%s' is not there", path)
                           : rs_fail_errno(err, errno, "model '%s'", path);
}

static bool is_known(const struct srv_models *m, const struct srv_file *file, const char *sha256)
{
    size_t n = m->n_known < N_KNOWN ? m->n_known : N_KNOWN;
    for (size_t i = 0; i < n; i++) {
        const struct known *k = &m->known[i];
        if (srv_file_same(&k->file, file) && strcmp(k->sha256, sha256) == 0) return true;
    }
    return false;
}

static bool settled(const struct srv_file *f)
{
    int64_t changed_ms = (int64_t)f->changed.tv_sec * 1000 + f->changed.tv_nsec / 1000000;
    return rs_clock_now_ms() - changed_ms > SETTLED_MS;
}

static enum rs_code check_hash(const char *path, const char *sha256, struct rs_err *err)
{
    char is[RS_SHA256_HEX];
    enum rs_code rc = rs_sha256_file(path, is, err);
    if (!rc && strcmp(is, sha256) != 0)
        rc = rs_fail(err, RS_EDAMAGED, "model '%s' has SHA-256 %s, registered is %s", path, is,
                     sha256);
    return rc;
}

/* That the mapped file has the wanted hash, and is the one that was there before it was mapped. */
static enum rs_code prove(struct srv_models *m, const char *path, const char *sha256,
                          const struct srv_file *before, struct rs_err *err)
{
    struct srv_file after = {0};
    bool known = is_known(m, before, sha256);
    enum rs_code rc = known ? RS_OK : check_hash(path, sha256, err);
    if (!rc) rc = look(path, &after, err);
    if (!rc && !srv_file_same(before, &after))
        rc = rs_fail(err, RS_EBUSY, "model '%s' was replaced while it was opened", path);
    if (rc || known || !settled(before)) return rc;
    struct known *k = &m->known[m->n_known++ % N_KNOWN];
    k->file = *before;
    snprintf(k->sha256, sizeof(k->sha256), "%s", sha256);
    return RS_OK;
}

static enum rs_code open_model(struct srv_models *m, const char *path, const char *sha256,
                               const struct srv_settings *s, struct srv_model *model,
                               struct rs_err *err)
{
    struct srv_file file = {0};
    enum rs_code rc = look(path, &file, err);
    if (!rc) rc = rs_bundle_open(path, &model->bundle, err);
    if (!rc) rc = prove(m, path, sha256, &file, err);
    if (!rc) rc = rs_allowed_read(model->bundle, s->allow, s->deny, &model->allowed, err);
    return rc;
}

enum rs_code srv_model_publish(struct srv_models *m, const char *path, const char *sha256,
                               int64_t version, const struct srv_settings *s, struct rs_err *err)
{
    struct srv_model *model = rs_xalloc(1, sizeof(*model));
    enum rs_code rc = open_model(m, path, sha256, s, model, err);
    if (rc) {
        free_model(model);
        return rc;
    }
    model->refs = 1;
    model->version = version;
    model->since_ms = rs_clock_now_ms();
    snprintf(model->model, sizeof(model->model), "%s", model->bundle->model->ops->name);
    snprintf(model->label, sizeof(model->label), "v%lld", (long long)version);
    swap(m, model);
    return RS_OK;
}
