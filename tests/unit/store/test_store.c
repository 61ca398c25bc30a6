/* The store: made on first use, by many at once; errors that say what to do; copies and the way
 * back. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/ref_store.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/store/datasets.h"
#include "rs/store/sql.h"

static void put(struct rs_store *st, const char *name)
{
    struct rs_err err = {0};
    assert_ok(rs_datasets_put(st, name, "f", 1, 2, 3, &err), &err);
}

static int64_t count(const char *path)
{
    return ref_store_int(path, "SELECT count(*) FROM rs_dataset");
}

/* ---- open ---------------------------------------------------------------------------------- */

static void first_use_makes_the_store(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    char *dir = ref_temp_dir();
    char *path = rs_path_join(dir, "a/b/recsys.db");
    assert_code(rs_store_open(path, 0, &st, &err), RS_ENOTFOUND, &err, "is not there");
    assert_code(rs_store_open(path, RS_STORE_READONLY, &st, &err), RS_ENOTFOUND, &err, path);
    assert_false(rs_fs_exists(path));
    assert_ok(rs_store_open(path, RS_STORE_CREATE, &st, &err), &err);
    assert_int_equal(rs_store_version(st), rs_store_latest_version());
    assert_string_equal(rs_store_path(st), path);
    put(st, "a");
    rs_store_close(st);
    assert_int_equal(ref_store_int(path, "PRAGMA user_version"), rs_store_latest_version());
    assert_int_equal(ref_store_int(path, "PRAGMA application_id"), 0x52535455);
    assert_ok(rs_store_open(path, 0, &st, &err), &err);
    assert_int_equal(rs_store_version(st), rs_store_latest_version());
    rs_store_close(st);
    rs_store_close(NULL);
    assert_int_equal(count(path), 1);
    free(path);
    ref_remove(dir);
}

static void read_only_reads(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *st = NULL;
    struct rs_val *list = NULL;
    ref_store_init(&t);
    put(t.st, "a");
    assert_ok(rs_store_open(t.path, RS_STORE_READONLY, &st, &err), &err);
    assert_ok(rs_datasets_list(st, &list, &err), &err);
    assert_int_equal(list->n, 1);
    rs_val_free(list);
    assert_code(rs_datasets_put(st, "b", "f", 1, 2, 3, &err), RS_EIO, &err, "writable");
    rs_store_close(st);
    ref_store_sql(t.path, "PRAGMA user_version = 0; PRAGMA application_id = 0");
    assert_code(rs_store_open(t.path, RS_STORE_READONLY, &st, &err), RS_EARG, &err, "older");
    ref_store_clear(&t);
}

static void strangers_are_left_alone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *st = NULL;
    ref_store_init(&t);
    ref_store_sql(t.path, "PRAGMA user_version = 7");
    assert_code(rs_store_open(t.path, RS_STORE_CREATE, &st, &err), RS_EARG, &err,
                "newer recsys-tui (schema 7, this program knows");
    ref_store_sql(t.path, "PRAGMA user_version = 1; PRAGMA application_id = 77");
    assert_code(rs_store_open(t.path, RS_STORE_CREATE, &st, &err), RS_EARG, &err,
                "another program");
    ref_store_sql(t.path, "PRAGMA application_id = 0");
    assert_code(rs_store_open(t.path, RS_STORE_CREATE, &st, &err), RS_EARG, &err,
                "another program");
    ref_store_clear(&t);
}

static void what_is_no_store_is_refused(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct rs_store *st = NULL;
    char *dir = ref_temp_dir();
    char *noise = rs_xalloc(5000, 1);
    memset(noise, 'x', 5000);
    char *text = ref_file(dir, "text.db", noise, 5000);
    assert_code(rs_store_open(text, RS_STORE_CREATE, &st, &err), RS_EDAMAGED, &err, "db restore");
    assert_code(rs_store_open(text, RS_STORE_READONLY, &st, &err), RS_EDAMAGED, &err, text);
    assert_code(rs_store_open(dir, RS_STORE_CREATE, &st, &err), RS_EIO, &err, "readable");
    char *below = rs_path_join(text, "recsys.db");
    assert_code(rs_store_open(below, RS_STORE_CREATE, &st, &err), RS_EIO, &err, below);
    free(below);
    free(text);
    free(noise);
    ref_remove(dir);
}

/* Eight processes at once on a folder without a store, each opens, writes and closes. */
static void many_may_be_first(void **state)
{
    (void)state;
    enum { N = 8, ROUNDS = 5 };
    for (int round = 0; round < ROUNDS; round++) {
        char *dir = ref_temp_dir();
        char *path = rs_path_join(dir, "db/recsys.db");
        int gate[2];
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < N; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid > 0) continue;
            struct rs_err err = {0};
            struct rs_store *st = NULL;
            char name[16];
            char go;
            close(gate[1]);
            ssize_t ended = read(gate[0], &go, 1); /* until the parent closes its end */
            snprintf(name, sizeof(name), "d%d", i);
            enum rs_code rc = rs_store_open(path, RS_STORE_CREATE, &st, &err);
            if (!rc) rc = rs_datasets_put(st, name, "f", 1, 2, 3, &err);
            if (rc) fprintf(stderr, "child: %s\n", err.msg);
            rs_store_close(st);
            _exit(rc || ended != 0 ? 1 : 0);
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < N; i++) {
            int status;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(count(path), N);
        free(path);
        ref_remove(dir);
    }
}

/* ---- transactions -------------------------------------------------------------------------- */

static void a_locked_store_says_so(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *other = NULL;
    ref_store_init(&t);
    assert_ok(rs_store_open(t.path, 0, &other, &err), &err);
    rs_store_set_busy_ms(other, 20);
    assert_ok(rs_store_begin(t.st, &err), &err);
    put(t.st, "a");
    assert_code(rs_store_begin(other, &err), RS_EBUSY, &err, "wait for it, or stop it");
    assert_code(rs_store_begin_full(other, &err), RS_EBUSY, &err, t.path);
    assert_code(rs_datasets_put(other, "b", "f", 1, 2, 3, &err), RS_EBUSY, &err, "locked");
    assert_ok(rs_store_commit(t.st, &err), &err);
    put(other, "b"); /* and works again afterwards */
    assert_int_equal(count(t.path), 2);
    rs_store_close(other);
    ref_store_clear(&t);
}

static int64_t synchronous(struct rs_store *st)
{
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_prepare_v2(rs_store_handle(st), "PRAGMA synchronous", -1, &q, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

static void groups_are_whole_or_absent(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    assert_ok(rs_store_begin(t.st, &err), &err);
    put(t.st, "a");
    rs_store_rollback(t.st);
    rs_store_rollback(t.st);
    assert_int_equal(count(t.path), 0);
    assert_int_equal(synchronous(t.st), 1);
    assert_ok(rs_store_begin_full(t.st, &err), &err);
    assert_int_equal(synchronous(t.st), 2);
    put(t.st, "a");
    put(t.st, "b");
    assert_int_equal(count(t.path), 0); /* not before the commit */
    assert_ok(rs_store_commit(t.st, &err), &err);
    assert_int_equal(synchronous(t.st), 1);
    assert_int_equal(count(t.path), 2);
    assert_ok(rs_store_begin_full(t.st, &err), &err);
    rs_store_rollback(t.st);
    assert_int_equal(synchronous(t.st), 1);
    ref_store_clear(&t);
}

static void calls_join_the_open_transaction(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    bool own = false;
    ref_store_init(&t);
    assert_ok(rs_store_join(t.st, &own, &err), &err);
    assert_true(own);
    put(t.st, "a");
    bool inner = true;
    assert_ok(rs_store_join(t.st, &inner, &err), &err);
    assert_false(inner);
    put(t.st, "b");
    assert_ok(rs_store_leave(t.st, inner, RS_OK, &err), &err);
    assert_int_equal(count(t.path), 0);
    assert_ok(rs_store_leave(t.st, own, RS_OK, &err), &err);
    assert_int_equal(count(t.path), 2);
    assert_ok(rs_store_join(t.st, &own, &err), &err);
    put(t.st, "c");
    assert_int_equal(rs_store_leave(t.st, own, RS_EARG, &err), RS_EARG);
    assert_int_equal(count(t.path), 2);
    ref_store_clear(&t);
}

static void parts_are_taken_back_alone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    assert_ok(rs_store_begin(t.st, &err), &err);
    put(t.st, "before");
    assert_ok(rs_store_savepoint(t.st, &err), &err);
    put(t.st, "taken back");
    assert_ok(rs_store_rollback_to(t.st, &err), &err);
    assert_ok(rs_store_savepoint(t.st, &err), &err);
    put(t.st, "kept");
    assert_ok(rs_store_release(t.st, &err), &err);
    assert_ok(rs_store_commit(t.st, &err), &err);
    assert_int_equal(count(t.path), 2);
    assert_int_equal(
        ref_store_int(t.path, "SELECT count(*) FROM rs_dataset WHERE name = 'taken back'"), 0);
    ref_store_clear(&t);
}

/* Some errors (a full disk, here a trigger) end the whole transaction. */
static void a_lost_transaction_is_said(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    ref_store_sql(t.path, "CREATE TRIGGER full_disk BEFORE INSERT ON rs_dataset "
                          "WHEN new.name = 'last' BEGIN SELECT RAISE(ROLLBACK, 'full'); END");
    assert_ok(rs_store_begin_full(t.st, &err), &err);
    put(t.st, "before");
    assert_ok(rs_store_savepoint(t.st, &err), &err);
    assert_code(rs_datasets_put(t.st, "last", "f", 1, 2, 3, &err), RS_EREFUSED, &err, "full");
    assert_code(rs_store_rollback_to(t.st, &err), RS_EIO, &err, "was rolled back");
    assert_code(rs_store_savepoint(t.st, &err), RS_EIO, &err, "was rolled back");
    assert_code(rs_store_release(t.st, &err), RS_EIO, &err, "was rolled back");
    rs_store_rollback(t.st);
    assert_int_equal(synchronous(t.st), 1);
    assert_int_equal(count(t.path), 0);
    ref_store_clear(&t);
}

/* ---- changes ------------------------------------------------------------------------------- */

static bool has_changed(struct rs_store *st, uint64_t *mark)
{
    struct rs_err err = {0};
    bool changed = false;
    assert_ok(rs_store_changes(st, mark, &changed, &err), &err);
    return changed;
}

static void changes_of_others_are_seen(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *other = NULL;
    uint64_t mark = 0;
    ref_store_init(&t);
    assert_true(has_changed(t.st, &mark)); /* the first look */
    assert_false(has_changed(t.st, &mark));
    put(t.st, "own");
    assert_false(has_changed(t.st, &mark));
    assert_ok(rs_store_open(t.path, 0, &other, &err), &err);
    assert_ok(rs_store_begin(other, &err), &err);
    put(other, "a");
    assert_false(has_changed(t.st, &mark)); /* not before the commit */
    assert_ok(rs_store_commit(other, &err), &err);
    assert_true(has_changed(t.st, &mark));
    assert_false(has_changed(t.st, &mark));
    uint64_t second = 0; /* marks do not know each other */
    put(other, "b");
    assert_true(has_changed(t.st, &second));
    assert_true(has_changed(t.st, &mark));
    rs_store_close(other);
    ref_store_clear(&t);
}

static void a_store_that_goes_is_said_to_be_gone(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *again = NULL;
    uint64_t mark = 0;
    bool changed = false;
    ref_store_init(&t);
    char *aside = rs_path_join(t.dir, "aside.db");
    char *copy = rs_path_join(t.dir, "copy.db");
    put(t.st, "a");
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    assert_true(has_changed(t.st, &mark));
    assert_int_equal(rename(t.path, aside), 0);
    assert_code(rs_store_changes(t.st, &mark, &changed, &err), RS_ENOTFOUND, &err, "is gone");
    assert_int_equal(rename(copy, t.path), 0); /* another one */
    assert_code(rs_store_changes(t.st, &mark, &changed, &err), RS_ENOTFOUND, &err, t.path);
    assert_ok(rs_store_open(t.path, 0, &again, &err), &err);
    mark = 0;
    assert_true(has_changed(again, &mark));
    rs_store_close(again);
    assert_int_equal(rename(t.path, copy) | rename(aside, t.path), 0);
    (void)has_changed(t.st, &mark); /* back again */
    free(copy);
    free(aside);
    ref_store_clear(&t);
}

static void statements_are_prepared_once(void **state)
{
    (void)state;
    static const char sql[] = "SELECT ?1";
    struct rs_err err = {0};
    struct ref_store t;
    sqlite3_stmt *a = NULL;
    sqlite3_stmt *b = NULL;
    bool row = false;
    ref_store_init(&t);
    assert_ok(rs_store_stmt(t.st, sql, &a, &err), &err);
    rs_store_bind_text(a, 1, "x");
    assert_ok(rs_store_step(t.st, a, &row, &err), &err);
    assert_true(row);
    char *text = rs_store_dup_text(a, 0);
    assert_string_equal(text, "x");
    free(text);
    rs_store_reset(a);
    assert_ok(rs_store_stmt(t.st, sql, &b, &err), &err);
    assert_ptr_equal(a, b);
    assert_ok(rs_store_step(t.st, b, &row, &err), &err);
    assert_string_equal(rs_store_text(b, 0), ""); /* bindings were cleared */
    rs_store_reset(b);
    static const char bad[] = "SELECT nothing FROM nowhere";
    assert_code(rs_store_stmt(t.st, bad, &a, &err), RS_EDAMAGED, &err, "db check");
    ref_store_clear(&t);
}

/* ---- check --------------------------------------------------------------------------------- */

static void assert_problem(struct rs_store *st, const char *part)
{
    struct rs_err err = {0};
    struct rs_val *problems = NULL;
    assert_ok(rs_store_check(st, &problems, &err), &err);
    if (!part) {
        assert_int_equal(problems->n, 0);
    } else {
        assert_true(problems->n > 0);
        if (!strstr(problems->items[0]->s, part))
            fail_msg("'%s' without '%s'", problems->items[0]->s, part);
    }
    rs_val_free(problems);
}

static void check_finds_what_is_wrong(void **state)
{
    (void)state;
    struct ref_store t;
    ref_store_init(&t);
    assert_problem(t.st, NULL);
    ref_store_sql(t.path, "DROP INDEX rs_run_name");
    assert_problem(t.st, "index rs_run_name is missing");
    ref_store_sql(t.path, "CREATE INDEX rs_run_name ON rs_run (model)");
    assert_problem(t.st, "index rs_run_name is not as it was made");
    ref_store_sql(t.path, "DROP INDEX rs_run_name; CREATE INDEX rs_run_name ON rs_run (name);"
                          "CREATE TABLE studies (study_id INTEGER)");
    assert_problem(t.st, NULL); /* Optuna's tables are no concern of ours */
    ref_store_sql(t.path, "INSERT INTO rs_run_tag VALUES ('nobody', 'k', 'v')");
    assert_problem(t.st, "a row of rs_run_tag refers to a row of rs_run");
    ref_store_clear(&t);
}

/* Overwrite the second half of the file, which the rows of `fill` have made theirs. */
static void ruin(const char *path)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    fseek(f, size / 2, SEEK_SET);
    for (long i = size / 2; i < size; i++)
        fputc(0x5a, f);
    fclose(f);
}

static void fill(struct rs_store *st)
{
    struct rs_err err = {0};
    assert_ok(rs_store_begin(st, &err), &err);
    for (int i = 0; i < 4000; i++) {
        char name[128];
        snprintf(name, sizeof(name), "a dataset whose name alone fills pages quickly %064d", i);
        put(st, name);
    }
    assert_ok(rs_store_commit(st, &err), &err);
}

static void check_survives_ruins(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_val *list = NULL;
    ref_store_init(&t);
    fill(t.st);
    rs_store_close(t.st);
    ruin(t.path);
    assert_ok(rs_store_open(t.path, 0, &t.st, &err), &err);
    assert_problem(t.st, "");
    assert_code(rs_datasets_list(t.st, &list, &err), RS_EDAMAGED, &err, "db restore");
    ref_store_clear(&t);
}

/* ---- backup and restore -------------------------------------------------------------------- */

static void backups_are_whole_files(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *other = NULL;
    ref_store_init(&t);
    char *copy = rs_path_join(t.dir, "copy.db");
    put(t.st, "a");
    assert_ok(rs_store_open(t.path, 0, &other, &err), &err);
    assert_ok(rs_store_begin(other, &err), &err);
    put(other, "half"); /* another's open transaction neither blocks nor shows */
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    assert_ok(rs_store_commit(other, &err), &err);
    rs_store_close(other);
    assert_int_equal(count(copy), 1);
    assert_ok(rs_store_backup(t.st, copy, &err), &err); /* over the old one */
    assert_int_equal(count(copy), 2);
    char **names = NULL;
    assert_ok(rs_fs_list(t.dir, &names, &err), &err);
    assert_string_equal(names[0], "copy.db");
    assert_string_equal(names[1], "db"); /* no log, no temporary file */
    assert_null(names[2]);
    rs_fs_list_free(names);
    assert_code(rs_store_backup(t.st, t.path, &err), RS_EARG, &err, "the store itself");
    assert_code(rs_store_backup(t.st, "/nowhere/copy.db", &err), RS_EIO, &err, "/nowhere");
    free(copy);
    ref_store_clear(&t);
}

/* Nothing beside the store but what SQLite and the user know. */
static void assert_no_leftovers(const char *dir)
{
    struct rs_err err = {0};
    char **names = NULL;
    char *db = rs_path_join(dir, "db");
    assert_ok(rs_fs_list(db, &names, &err), &err);
    for (char **n = names; *n; n++) {
        if (strstr(*n, ".tmp") || strstr(*n, ".restore.")) fail_msg("%s was left", *n);
    }
    rs_fs_list_free(names);
    free(db);
}

static void a_backup_comes_back(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    struct rs_store *other = NULL;
    ref_store_init(&t);
    char *copy = rs_path_join(t.dir, "copy.db");
    char *kept = rs_xprintf("%s.before-restore", t.path);
    put(t.st, "a");
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    put(t.st, "b");
    assert_code(rs_store_restore(copy, t.path, &err), RS_EBUSY, &err, "in use");
    assert_int_equal(count(t.path), 2);
    rs_store_close(t.st);
    assert_ok(rs_store_restore(copy, t.path, &err), &err);
    assert_int_equal(count(t.path), 1);
    assert_int_equal(count(kept), 2);
    assert_ok(rs_store_open(t.path, 0, &other, &err), &err);
    put(other, "c");
    rs_store_close(other);
    assert_ok(rs_store_restore(kept, t.path, &err), &err); /* the other way round */
    assert_int_equal(count(t.path), 2);
    assert_code(rs_store_restore(t.path, t.path, &err), RS_EARG, &err, "itself");
    assert_code(rs_store_restore("/nowhere", t.path, &err), RS_ENOTFOUND, &err, "/nowhere");
    assert_ok(rs_fs_remove(t.path, &err), &err);
    assert_ok(rs_store_restore(copy, t.path, &err), &err); /* nothing there */
    assert_int_equal(count(t.path), 1);
    assert_no_leftovers(t.dir);
    free(kept);
    free(copy);
    assert_ok(rs_store_open(t.path, 0, &t.st, &err), &err);
    ref_store_clear(&t);
}

static void another_process_keeps_its_store(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    int ready[2];
    int done[2];
    char c = 0;
    ref_store_init(&t);
    char *copy = rs_path_join(t.dir, "copy.db");
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    rs_store_close(t.st);
    assert_int_equal(pipe(ready) | pipe(done), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_store *st = NULL;
        close(done[1]);
        enum rs_code rc = rs_store_open(t.path, 0, &st, &err);
        ssize_t n = write(ready[1], &c, 1) + read(done[0], &c, 1);
        rs_store_close(st);
        _exit(rc || n != 1);
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_code(rs_store_restore(copy, t.path, &err), RS_EBUSY, &err, "in use");
    close(done[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_ok(rs_store_restore(copy, t.path, &err), &err);
    close(ready[0]);
    close(ready[1]);
    free(copy);
    assert_ok(rs_store_open(t.path, 0, &t.st, &err), &err);
    ref_store_clear(&t);
}

static void a_damaged_store_is_replaced(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    char *copy = rs_path_join(t.dir, "copy.db");
    put(t.st, "a");
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    rs_store_close(t.st);
    char *noise = rs_xalloc(9000, 1);
    memset(noise, 'x', 9000);
    free(ref_file(t.dir, "db/recsys.db", noise, 9000));
    free(ref_file(t.dir, "db/recsys.db-wal", noise, 9000));
    assert_ok(rs_store_restore(copy, t.path, &err), &err);
    assert_int_equal(count(t.path), 1);
    char *kept = rs_xprintf("%s.before-restore-wal", t.path);
    assert_true(rs_fs_exists(kept)); /* with its log, for whoever can read it */
    free(kept);
    free(noise);
    free(copy);
    assert_ok(rs_store_open(t.path, 0, &t.st, &err), &err);
    assert_problem(t.st, NULL);
    ref_store_clear(&t);
}

static void a_bad_backup_changes_nothing(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct ref_store t;
    ref_store_init(&t);
    char *copy = rs_path_join(t.dir, "copy.db");
    fill(t.st);
    assert_ok(rs_store_backup(t.st, copy, &err), &err);
    rs_store_close(t.st);
    ref_store_sql(copy, "DROP TABLE rs_alias");
    assert_code(rs_store_restore(copy, t.path, &err), RS_EDAMAGED, &err, "rs_alias is missing");
    ruin(copy);
    assert_code(rs_store_restore(copy, t.path, &err), RS_EDAMAGED, &err, copy);
    char *empty = ref_file(t.dir, "empty.db", "", 0);
    assert_code(rs_store_restore(empty, t.path, &err), RS_EARG, &err, "no backup");
    char *text = ref_file(t.dir, "text.db",
                          "not a database, but long enough to be read as one "
                          "by who reads the first hundred bytes of a file "
                          "that should be one",
                          SIZE_MAX);
    assert_code(rs_store_restore(text, t.path, &err), RS_EDAMAGED, &err, text);
    assert_no_leftovers(t.dir);
    assert_int_equal(count(t.path), 4000);
    free(text);
    free(empty);
    free(copy);
    assert_ok(rs_store_open(t.path, 0, &t.st, &err), &err);
    ref_store_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_use_makes_the_store),
        cmocka_unit_test(read_only_reads),
        cmocka_unit_test(strangers_are_left_alone),
        cmocka_unit_test(what_is_no_store_is_refused),
        cmocka_unit_test(many_may_be_first),
        cmocka_unit_test(a_locked_store_says_so),
        cmocka_unit_test(groups_are_whole_or_absent),
        cmocka_unit_test(calls_join_the_open_transaction),
        cmocka_unit_test(parts_are_taken_back_alone),
        cmocka_unit_test(a_lost_transaction_is_said),
        cmocka_unit_test(changes_of_others_are_seen),
        cmocka_unit_test(a_store_that_goes_is_said_to_be_gone),
        cmocka_unit_test(statements_are_prepared_once),
        cmocka_unit_test(check_finds_what_is_wrong),
        cmocka_unit_test(check_survives_ruins),
        cmocka_unit_test(backups_are_whole_files),
        cmocka_unit_test(a_backup_comes_back),
        cmocka_unit_test(another_process_keeps_its_store),
        cmocka_unit_test(a_damaged_store_is_replaced),
        cmocka_unit_test(a_bad_backup_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
