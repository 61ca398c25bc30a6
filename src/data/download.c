/*
 * download - one file over HTTP(S), resumed where an earlier try stopped.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rs/base/fs.h"

#include "fetch_impl.h"

#define CONNECT_SECONDS 10L
#define STALL_SECONDS   30L
#define MAX_REDIRECTS   5L

struct transfer {
    FILE *f;
    int64_t had; /* bytes from before */
    struct rs_task *task;
    bool write_failed;
    CURL *curl;
    bool started; /* the answer's first byte came */
};

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    long status = 0;
    if (!t->started) {
        t->started = true;
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
        if (t->had > 0 && status != 206) { /* the server sends it all: begin anew */
            t->had = 0;
            t->write_failed = fseek(t->f, 0, SEEK_SET) != 0;
        }
    }
    if (t->write_failed || fwrite(bytes, size, n, t->f) != n) {
        t->write_failed = true;
        return 0;
    }
    return size * n;
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

static void set_options(CURL *c, struct transfer *t, const char *url, char *reason)
{
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
    if (t->had > 0) {
        curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->had);
    }
}

static enum rs_code explain(const struct transfer *t, CURLcode code, const char *url,
                            const char *reason, struct rs_err *err)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return rs_fail(err, RS_ECANCEL, "download: interrupted; the next try goes on");
    }
    if (t->write_failed) return rs_fail_errno(err, errno, "download of %s: write", url);
    if (status == 404) return rs_fail(err, RS_ENOTFOUND, "%s: there is no such file (404)", url);
    return rs_fail(err, RS_EIO,
                   "%s: %s: set RECSYS_DATA_MIRROR to a folder that holds the archive, or use "
                   "--dataset synthetic",
                   url, reason[0] ? reason : curl_easy_strerror(code));
}

enum rs_code rs_download(const char *url, const char *to, struct rs_task *task, struct rs_err *err)
{
    struct transfer t = {.task = task};
    char reason[CURL_ERROR_SIZE] = "";
    t.f = fopen(to, "r+b");
    if (!t.f) {
        t.f = fopen(to, "w+b");
    }
    if (!t.f) return rs_fail_errno(err, errno, "open '%s'", to);
    if (fseek(t.f, 0, SEEK_END) == 0) {
        t.had = (int64_t)ftell(t.f);
    }
    t.curl = curl_easy_init();
    if (!t.curl) {
        fclose(t.f);
        return rs_fail(err, RS_ENOMEM, "download: no memory for a connection");
    }
    rs_task_begin(task, "download", "bytes", 0);
    set_options(t.curl, &t, url, reason);
    CURLcode code = curl_easy_perform(t.curl);
    long status = 0;
    curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
    enum rs_code rc = RS_OK;
    /* 416: the part is already whole; its hash decides. */
    if (code != CURLE_OK && !(t.had > 0 && status == 416)) {
        rc = explain(&t, code, url, reason, err);
    }
    curl_easy_cleanup(t.curl);
    if (fclose(t.f) != 0 && !rc) {
        rc = rs_fail_errno(err, errno, "download of %s: write '%s'", url, to);
    }
    return rc;
}
