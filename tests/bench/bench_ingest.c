/*
 * bench_ingest - a file of interactions read, mapped and built into rows both ways.
 * usage: bench_ingest FILE [RUNS]      one JSON line a run, seconds a step
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/par.h"
#include "rs/data/csr.h"
#include "rs/data/ingest.h"

static double seconds_since(int64_t *from_ns)
{
    int64_t now = rs_clock_mono_ns();
    double s = (double)(now - *from_ns) * 1e-9;
    *from_ns = now;
    return s;
}

static enum rs_code run(const char *path, struct rs_err *err)
{
    const struct rs_ingest_opts opts = {.header = -1, .max_bad_share = 0.05};
    struct rs_ingest_report report = {0};
    struct rs_interactions x = {0};
    struct rs_csr by_user = {0};
    struct rs_csr by_item = {0};
    int64_t clock = rs_clock_mono_ns();
    int64_t whole = clock;
    double ingest = 0;
    double csr = 0;
    double transpose = 0;
    enum rs_code rc = rs_ingest(&path, 1, &opts, NULL, &x, &report, err);
    if (rc) goto done;
    ingest = seconds_since(&clock);
    rc = rs_csr_from_interactions(&x, &by_user, err);
    if (rc) goto done;
    csr = seconds_since(&clock);
    rc = rs_csr_transpose(&by_user, &by_item, err);
    if (rc) goto done;
    transpose = seconds_since(&clock);
    printf("{\"bench\": \"ingest\", \"threads\": %d, \"rows\": %lld, \"users\": %d, \"items\": %d, "
           "\"ingest_s\": %.3f, \"csr_s\": %.3f, \"transpose_s\": %.3f, \"seconds\": %.3f, "
           "\"peak_rss_mb\": %lld}\n",
           rs_par_threads(), (long long)x.n, by_user.n_rows, by_item.n_rows, ingest, csr, transpose,
           seconds_since(&whole), (long long)(rs_mem_peak_rss() / 1000000));
    fflush(stdout);
done:
    rs_csr_clear(&by_user);
    rs_csr_clear(&by_item);
    rs_interactions_clear(&x);
    rs_ingest_report_clear(&report);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [RUNS]\n", argv[0]);
        return 2;
    }
    long runs = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    struct rs_err err = {0};
    for (long i = 0; i < runs; i++) {
        if (run(argv[1], &err)) {
            fprintf(stderr, "%s\n", err.msg);
            return rs_code_exit(err.code);
        }
    }
    return 0;
}
