/*
 * A process that registers, promotes and rolls back is killed at random moments, again and again:
 * the store opens, the journal's chain holds, aliases point where it says, at models that are whole.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/clock.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"
#include "rs/registry/versions.h"

enum { KILLS = 40, RUNS = 24, MAX_MS = 60 };

struct job {
    struct ref_store *t;
    char runs[RUNS][RS_RUN_ID];
};

/* One change chosen by rng; every refusal must be one of the expected. */
static enum rs_code change(struct rs_store *st, const struct job *j, struct rs_rng *rng,
                           struct rs_err *err)
{
    static const struct rs_change by = {"killed", "at random"};
    static const char *const aliases[] = {"production", "staging", "canary"};
    const char *alias = aliases[rs_rng_below(rng, 3)];
    int64_t number = 0;
    bool existed;
    enum rs_code rc = RS_OK;
    switch (rs_rng_below(rng, 4)) {
    case 0:
        rc = rs_versions_register(st, j->runs[rs_rng_below(rng, RUNS)], j->t->models, "", &by,
                                  &number, &existed, err);
        break;
    case 1:
        rc = rs_alias_rollback(st, alias, 0, j->t->models, &by, &number, err);
        break;
    default:
        number = 1 + (int64_t)rs_rng_below(rng, RUNS);
        rc = rs_alias_set(st, alias, number, j->t->models, NULL, true, &by, err);
        break;
    }
    return rc == RS_ENOTFOUND ? RS_OK : rc; /* not registered yet, nothing to roll back to */
}

static void work_until_killed(const struct job *j, uint64_t seed, int ready)
{
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    struct rs_rng rng = rs_rng_make(seed, 1);
    char c = 0;
    enum rs_code rc = rs_store_open(j->t->path, 0, &st, &err);
    for (int i = 0; !rc; i++) {
        rc = change(st, j, &rng, &err);
        if (i == 2 && write(ready, &c, 1) != 1) _exit(1); /* a busy machine: it did begin */
    }
    print_error("child: %s\n", err.msg);
    _exit(1);
}

static void kill_one(const struct job *j, uint64_t seed)
{
    struct rs_rng rng = rs_rng_make(seed, 2);
    int ready[2];
    char c;
    int status;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) work_until_killed(j, seed, ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    rs_clock_sleep_ms((int64_t)rs_rng_below(&rng, MAX_MS));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status)) fail_msg("seed %d: the child ended by itself", (int)seed);
    close(ready[0]);
    close(ready[1]);
}

static void assert_sound(struct job *j, uint64_t seed)
{
    struct rs_err err = {0};
    struct rs_val *problems = NULL;
    struct rs_val *aliases = NULL;
    assert_ok(rs_store_open(j->t->path, 0, &j->t->st, &err), &err);
    assert_ok(rs_registry_verify(j->t->st, j->t->models, &problems, &err), &err);
    if (problems->n > 0) fail_msg("seed %d: %s", (int)seed, problems->items[0]->s);
    rs_val_free(problems);
    assert_ok(rs_store_check(j->t->st, &problems, &err), &err);
    if (problems->n > 0) fail_msg("seed %d: %s", (int)seed, problems->items[0]->s);
    rs_val_free(problems);
    assert_ok(rs_aliases_list(j->t->st, &aliases, &err), &err);
    for (size_t i = 0; i < aliases->n; i++) {
        struct rs_version v;
        const char *alias = rs_val_get_str(aliases->items[i], "alias", "");
        assert_ok(
            rs_versions_get(j->t->st, rs_val_get_int(aliases->items[i], "version", 0), &v, &err),
            &err);
        if (strcmp(alias, "production") == 0) assert_int_equal(v.stage, RS_STAGE_PRODUCTION);
        if (strcmp(alias, "staging") == 0)
            assert_true(v.stage == RS_STAGE_STAGING || v.stage == RS_STAGE_PRODUCTION);
        rs_version_clear(&v);
    }
    rs_val_free(aliases);
    rs_store_close(j->t->st);
    j->t->st = NULL;
}

static void kills_leave_a_sound_registry(void **state)
{
    (void)state;
    struct ref_store t;
    struct job j = {.t = &t};
    ref_store_init(&t);
    for (int i = 0; i < RUNS; i++)
        ref_store_run(&t, (uint64_t)i + 1, j.runs[i]);
    rs_store_close(t.st); /* no connection is open across a fork */
    t.st = NULL;
    for (uint64_t seed = 1; seed <= KILLS; seed++) {
        kill_one(&j, seed);
        assert_sound(&j, seed);
    }
    assert_true(ref_store_int(t.path, "SELECT count(*) FROM rs_journal") > KILLS);
    assert_true(ref_store_int(t.path, "SELECT count(*) FROM rs_alias") == 3);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_leave_a_sound_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
