/*
 * download - one file over HTTP(S), resumed where an earlier try stopped.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rs/base/fs.h"

#include "fetch_impl.h"

#define CONNECT_SECONDS 10L
#define STALL_SECONDS   30L
#define MAX_REDIRECTS   5L

struct transfer {
    CURL *curl;
    FILE *f;
    struct rs_task *task;
    int64_t had; /* bytes from before */
    int64_t now; /* in the file */
    int64_t max;
    int write_errno;
    bool started; /* the answer's first byte came */
};

/* A server that does not know ranges sends it all: what was there goes. */
static bool begin_anew(struct transfer *t)
{
    t->had = 0;
    t->now = 0;
    return ftruncate(fileno(t->f), 0) == 0; /* it is open for appending */
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    long status = 0;
    if (!t->started) {
        t->started = true;
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
        if (t->had > 0 && status != 206 && !begin_anew(t)) {
            t->write_errno = errno;
            return 0;
        }
    }
    t->now += (int64_t)(size * n);
    if (t->now > t->max) return 0;
    size_t written = fwrite(bytes, size, n, t->f);
    if (written != n) {
        t->write_errno = errno;
    }
    return size * written;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    (void)up_total;
    (void)up_now;
    struct transfer *t = arg;
    if (total > 0 && t->task) {
        t->task->total = (double)(t->had + total);
    }
    rs_task_report(t->task, (double)(t->had + now));
    return rs_task_cancelled(t->task);
}

/* reason[CURL_ERROR_SIZE], range[32]: live as long as the transfer. */
static void set_options(struct transfer *t, const char *url, char *reason, char *range)
{
    CURL *c = t->curl;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason);
    if (t->had > 0) { /* not RESUME_FROM: with that, curl gives up on a server without ranges */
        snprintf(range, 32, "%lld-", (long long)t->had);
        curl_easy_setopt(c, CURLOPT_RANGE, range);
    }
}

static enum rs_code explain(const struct transfer *t, CURLcode code, long status, const char *url,
                            const char *reason, struct rs_err *err)
{
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return rs_fail(err, RS_ECANCEL, "download: interrupted; the next try goes on");
    }
    if (code == CURLE_OUT_OF_MEMORY) return rs_fail(err, RS_ENOMEM, "download of %s", url);
    if (t->write_errno) return rs_fail_errno(err, t->write_errno, "download of %s: write", url);
    if (t->now > t->max) {
        return rs_fail(err, RS_EDAMAGED, "%s: more than %lld bytes; refused", url,
                       (long long)t->max);
    }
    if (status == 404) return rs_fail(err, RS_ENOTFOUND, "%s: there is no such file (404)", url);
    const char *why = reason[0] ? reason : curl_easy_strerror(code);
    if (t->started) {
        return rs_fail(err, RS_EIO, "%s: %s after %lld bytes; the next try goes on from there", url,
                       why, (long long)t->now);
    }
    return rs_fail(err, RS_EIO,
                   "%s: %s: set RECSYS_DATA_MIRROR to a folder that holds the archive, or use "
                   "--dataset synthetic",
                   url, why);
}

/* What an earlier try left stays. */
static enum rs_code open_part(const char *path, struct transfer *t, struct rs_err *err)
{
    t->f = fopen(path, "a+b");
    if (!t->f) return rs_fail_errno(err, errno, "open '%s'", path);
    if (fseek(t->f, 0, SEEK_END) == 0) {
        t->had = (int64_t)ftell(t->f);
    }
    if (t->had < 0) {
        t->had = 0;
    }
    t->now = t->had;
    return RS_OK;
}

enum rs_code rs_download(const char *url, const char *to, int64_t max_bytes, struct rs_task *task,
                         bool *resumed, struct rs_err *err)
{
    struct transfer t = {.task = task, .max = max_bytes};
    char reason[CURL_ERROR_SIZE] = "";
    char range[32];
    enum rs_code rc = open_part(to, &t, err);
    if (rc) return rc;
    t.curl = curl_easy_init();
    if (!t.curl) {
        fclose(t.f);
        return rs_fail(err, RS_ENOMEM, "download: no memory for a connection");
    }
    rs_task_begin(task, "download", "bytes", 0);
    set_options(&t, url, reason, range);
    CURLcode code = curl_easy_perform(t.curl);
    long status = 0;
    curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
    /* 416: no bytes beyond those that are there; the hash decides. */
    if (code != CURLE_OK && !(t.had > 0 && status == 416)) {
        rc = explain(&t, code, status, url, reason, err);
    }
    curl_easy_cleanup(t.curl);
    if (fclose(t.f) != 0 && !rc) {
        rc = rs_fail_errno(err, errno, "download of %s: write '%s'", url, to);
    }
    *resumed = t.had > 0;
    return rc;
}
