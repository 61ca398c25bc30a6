/* fs - whole writes, whole reads, maps, folders and locks, and what a failure leaves behind. */
#include "ref/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs/base/clock.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

static int make_dir(void **state)
{
    *state = ref_temp_dir();
    return 0;
}

static int remove_dir(void **state)
{
    ref_remove(*state);
    return 0;
}

static size_t count(const char *dir)
{
    struct rs_err err = {0};
    char **names;
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    size_t n = 0;
    while (names[n])
        n++;
    rs_fs_list_free(names);
    return n;
}

static void assert_holds(const char *path, const char *want, size_t len)
{
    struct rs_err err = {0};
    char *text;
    size_t got;
    assert_ok(rs_fs_read(path, 1 << 20, &text, &got, &err), &err);
    assert_int_equal(got, len);
    assert_memory_equal(text, want, len);
    assert_int_equal(text[len], 0);
    free(text);
}

static void write_then_read(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "f");
    assert_ok(rs_fs_write(path, "a\0b", 3, &err), &err);
    assert_holds(path, "a\0b", 3);
    assert_ok(rs_fs_write(path, NULL, 0, &err), &err); /* over it */
    assert_holds(path, "", 0);
    assert_int_equal(count(*state), 1);
    assert_true(rs_fs_exists(path));
    assert_false(rs_fs_is_dir(path));
    assert_true(rs_fs_is_dir(*state));
    int64_t size;
    assert_ok(rs_fs_size(path, &size, &err), &err);
    assert_int_equal(size, 0);
    free(path);
}

static void read_refuses(void **state)
{
    struct rs_err err = {0};
    char *path = ref_file(*state, "f", "12345", SIZE_MAX);
    char *out;
    size_t len;
    assert_ok(rs_fs_read(path, 5, &out, &len, &err), &err);
    assert_int_equal(len, 5);
    free(out);
    assert_ok(rs_fs_read(path, 5, &out, NULL, &err), &err);
    free(out);
    assert_code(rs_fs_read(path, 4, &out, &len, &err), RS_EARG, &err, "5 bytes, larger than the 4");
    assert_code(rs_fs_read(*state, 4, &out, &len, &err), RS_EIO, &err, "is a directory");
    /* a file that does not know its size */
    assert_code(rs_fs_read("/proc/self/maps", 10, &out, &len, &err), RS_EARG, &err, "10 bytes");
    assert_ok(rs_fs_read("/proc/self/maps", 1 << 20, &out, &len, &err), &err);
    assert_true(len > 1000);
    assert_int_equal(strlen(out), len);
    free(out);
    char *missing = rs_path_join(*state, "none");
    char *below = rs_path_join(path, "x");
    int64_t size;
    assert_code(rs_fs_read(missing, 9, &out, &len, &err), RS_ENOTFOUND, &err, "no such file");
    assert_code(rs_fs_read(below, 9, &out, &len, &err), RS_ENOTFOUND, &err, "not a directory");
    assert_code(rs_fs_size(missing, &size, &err), RS_ENOTFOUND, &err, missing);
    free(below);
    free(missing);
    free(path);
}

static enum rs_code read_file(void *ctx, struct rs_err *err)
{
    char *out;
    size_t len;
    enum rs_code rc = rs_fs_read(ctx, SIZE_MAX, &out, &len, err);
    if (!rc) free(out);
    return rc;
}

static enum rs_code copy_file(void *ctx, struct rs_err *err)
{
    char *to = rs_xprintf("%s.copy", (const char *)ctx);
    enum rs_code rc = rs_fs_copy(ctx, to, err);
    assert_true(rs_fs_exists(to) == (rc == RS_OK));
    free(to);
    return rc;
}

static enum rs_code list_dir(void *ctx, struct rs_err *err)
{
    char **names;
    enum rs_code rc = rs_fs_list(ctx, &names, err);
    if (!rc) rs_fs_list_free(names);
    return rc;
}

static void survives_oom(void **state)
{
    char *path = ref_file(*state, "f", "text", SIZE_MAX);
    assert_survives_oom(read_file, path);
    char *proc = rs_xstrdup("/proc/self/maps"); /* grows */
    assert_survives_oom(read_file, proc);
    assert_survives_oom(copy_file, path);
    assert_survives_oom(list_dir, *state);
    free(proc);
    free(path);
}

static void stream_appears_on_commit(void **state)
{
    struct rs_err err = {0};
    char *path = ref_file(*state, "f", "old", SIZE_MAX);
    struct rs_fs_file file = {0};
    assert_ok(rs_fs_create(path, &file, &err), &err);
    char *tmp = rs_xstrdup(file.tmp);
    assert_true(rs_fs_exists(tmp));
    const char *name = strrchr(tmp, '/') + 1;
    assert_memory_equal(name, ".f.tmp.", 7);
    fputs("new", file.f);
    assert_holds(path, "old", 3);
    assert_ok(rs_fs_commit(&file, &err), &err);
    assert_holds(path, "new", 3);
    assert_false(rs_fs_exists(tmp));
    rs_fs_discard(&file); /* nothing left to do */
    assert_holds(path, "new", 3);
    free(tmp);

    assert_ok(rs_fs_create(path, &file, &err), &err);
    fputs("never", file.f);
    rs_fs_discard(&file);
    assert_null(file.f);
    assert_holds(path, "new", 3);
    assert_int_equal(count(*state), 1);
    free(path);
}

static void writers_of_one_target_do_not_meet(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "f");
    struct rs_fs_file a = {0};
    struct rs_fs_file b = {0};
    assert_ok(rs_fs_create(path, &a, &err), &err);
    assert_ok(rs_fs_create(path, &b, &err), &err); /* and leaves a's file alone */
    assert_string_not_equal(a.tmp, b.tmp);
    fputs("a", a.f);
    fputs("b", b.f);
    assert_ok(rs_fs_commit(&b, &err), &err);
    assert_ok(rs_fs_commit(&a, &err), &err);
    assert_holds(path, "a", 1);
    assert_int_equal(count(*state), 1);
    free(path);
}

static void killed_writer_leaves_nothing_for_good(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "f");
    char *other = ref_file(*state, ".g.tmp.1.0", "of another target", SIZE_MAX);
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_fs_file file = {0};
        if (rs_fs_create(path, &file, &err)) _exit(1);
        fputs("half", file.f);
        fflush(file.f);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(count(*state), 2);
    assert_false(rs_fs_exists(path));
    assert_ok(rs_fs_write(path, "whole", 5, &err), &err);
    assert_int_equal(count(*state), 2);
    assert_holds(path, "whole", 5);
    assert_true(rs_fs_exists(other));
    free(other);
    free(path);
}

/* Run fn with files limited to 4 KiB: the kernel refuses what is above with EFBIG. */
static void with_small_files(void (*fn)(const char *dir), const char *dir)
{
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = 4096, .rlim_max = old.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    fn(dir);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
}

static void write_too_much(const char *dir)
{
    struct rs_err err = {0};
    char *path = rs_path_join(dir, "f");
    char *big = rs_xalloc(100000, 1);
    assert_code(rs_fs_write(path, big, 100000, &err), RS_EIO, &err, "file too large");
    assert_code(rs_fs_write(path, big, 4097, &err), RS_EIO, &err, "file too large");

    /* the stream's writes fail unseen; commit must still know why */
    struct rs_fs_file file = {0};
    assert_ok(rs_fs_create(path, &file, &err), &err);
    for (int i = 0; i < 10000; i++)
        fputs("0123456789", file.f);
    assert_code(rs_fs_commit(&file, &err), RS_EIO, &err, "file too large");
    assert_null(file.f);

    /* and what is only in the buffer at commit */
    assert_ok(rs_fs_create(path, &file, &err), &err);
    assert_int_equal(setvbuf(file.f, NULL, _IOFBF, 1 << 16), 0);
    assert_int_equal(fwrite(big, 1, 5000, file.f), 5000);
    assert_code(rs_fs_commit(&file, &err), RS_EIO, &err, "file too large");
    free(big);
    free(path);
}

static void full_disk_keeps_the_old_file(void **state)
{
    char *path = ref_file(*state, "f", "old", SIZE_MAX);
    with_small_files(write_too_much, *state);
    assert_holds(path, "old", 3);
    assert_int_equal(count(*state), 1); /* no temporary names */
    free(path);
}

static void copy_too_much(const char *dir)
{
    struct rs_err err = {0};
    char *from = rs_path_join(dir, "big");
    char *to = rs_path_join(dir, "copy");
    assert_code(rs_fs_copy(from, to, &err), RS_EIO, &err, "file too large");
    assert_false(rs_fs_exists(to));
    free(from);
    free(to);
}

static void copies(void **state)
{
    struct rs_err err = {0};
    size_t len = 600000;
    char *bytes = rs_xalloc(len, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 7 % 251);
    char *from = ref_file(*state, "big", bytes, len);
    char *to = rs_path_join(*state, "to");
    char *missing = rs_path_join(*state, "none");
    assert_ok(rs_fs_copy(from, to, &err), &err);
    assert_holds(to, bytes, len);
    assert_code(rs_fs_copy(missing, to, &err), RS_ENOTFOUND, &err, "none");
    assert_code(rs_fs_copy(*state, to, &err), RS_EIO, &err, "is a directory");
    assert_holds(to, bytes, len);
    with_small_files(copy_too_much, *state);
    assert_int_equal(count(*state), 2);
    free(missing);
    free(to);
    free(from);
    free(bytes);
}

static void write_refuses(void **state)
{
    struct rs_err err = {0};
    char *nowhere = rs_path_join(*state, "none/f");
    assert_code(rs_fs_write(nowhere, "x", 1, &err), RS_ENOTFOUND, &err, "create '");
    char *folder = rs_path_join(*state, "d");
    assert_ok(rs_fs_mkdirs(folder, &err), &err);
    assert_code(rs_fs_write(folder, "x", 1, &err), RS_EIO, &err, "a folder stands there");
    char *pipe = rs_path_join(*state, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_code(rs_fs_write(pipe, "x", 1, &err), RS_EIO, &err, "a device, pipe or socket stands");
    assert_int_equal(unlink(pipe), 0);
    free(pipe);
    assert_int_equal(count(*state), 1);
    if (geteuid() != 0) { /* root may write anywhere */
        assert_int_equal(chmod(folder, 0500), 0);
        char *path = rs_path_join(folder, "f");
        assert_code(rs_fs_write(path, "x", 1, &err), RS_EIO, &err, "permission denied");
        assert_int_equal(chmod(folder, 0700), 0);
        free(path);
    }
    free(folder);
    free(nowhere);
}

static void folders(void **state)
{
    struct rs_err err = {0};
    char *deep = rs_path_join(*state, "a//b/c/");
    assert_ok(rs_fs_mkdirs(deep, &err), &err);
    assert_true(rs_fs_is_dir(deep));
    assert_ok(rs_fs_mkdirs(deep, &err), &err);
    assert_ok(rs_fs_mkdirs("/", &err), &err);
    assert_ok(rs_fs_mkdirs("/proc/self", &err), &err); /* is there, though read-only */
    char *file = ref_file(deep, "f", "x", 1);
    char *below = rs_path_join(file, "g");
    assert_code(rs_fs_mkdirs(below, &err), RS_EIO, &err, "make folder '");
    assert_code(rs_fs_mkdirs(file, &err), RS_EIO, &err, "file exists");
    char *top = rs_path_join(*state, "a");
    assert_ok(rs_fs_remove(below, &err), &err); /* absent */
    assert_true(rs_fs_exists(file));
    assert_ok(rs_fs_remove(top, &err), &err);
    assert_false(rs_fs_exists(top));
    assert_ok(rs_fs_remove(top, &err), &err);
    assert_code(rs_fs_remove("/proc/self", &err), RS_EIO, &err, "remove '/proc/self'");
    free(top);
    free(below);
    free(file);
    free(deep);
}

static void remove_does_not_follow_links(void **state)
{
    struct rs_err err = {0};
    char *kept = rs_path_join(*state, "kept");
    char *gone = rs_path_join(*state, "gone");
    assert_ok(rs_fs_mkdirs(kept, &err), &err);
    assert_ok(rs_fs_mkdirs(gone, &err), &err);
    char *file = ref_file(kept, "f", "x", 1);
    char *inner = rs_path_join(gone, "link");
    char *outer = rs_path_join(*state, "link");
    assert_int_equal(symlink(kept, inner), 0);
    assert_int_equal(symlink(kept, outer), 0);
    assert_ok(rs_fs_remove(gone, &err), &err);
    assert_ok(rs_fs_remove(outer, &err), &err);
    assert_true(rs_fs_exists(file));
    assert_int_equal(count(*state), 1);
    free(outer);
    free(inner);
    free(file);
    free(gone);
    free(kept);
}

static void list_is_sorted(void **state)
{
    struct rs_err err = {0};
    for (int i = 0; i < 40; i++) {
        char *name = rs_xprintf("%02d", (i * 17) % 40);
        free(ref_file(*state, name, "", 0));
        free(name);
    }
    free(ref_file(*state, ".hidden", "", 0));
    char **names;
    assert_ok(rs_fs_list(*state, &names, &err), &err);
    assert_string_equal(names[0], ".hidden");
    for (int i = 0; i < 40; i++)
        assert_int_equal(strtol(names[i + 1], NULL, 10), i);
    assert_null(names[41]);
    rs_fs_list_free(names);
    rs_fs_list_free(NULL);
    char *missing = rs_path_join(*state, "none");
    assert_code(rs_fs_list(missing, &names, &err), RS_ENOTFOUND, &err, "no such file");
    free(missing);
}

static void renames(void **state)
{
    struct rs_err err = {0};
    char *a = ref_file(*state, "a", "A", 1);
    char *b = ref_file(*state, "b", "B", 1);
    assert_ok(rs_fs_rename(a, b, &err), &err);
    assert_holds(b, "A", 1);
    assert_code(rs_fs_rename(a, b, &err), RS_ENOTFOUND, &err, "rename '");
    char *nowhere = rs_path_join(*state, "none/b");
    assert_code(rs_fs_rename(b, nowhere, &err), RS_EIO, &err, "none/b");
    free(nowhere);
    free(b);
    free(a);
}

static void space_and_temp_dirs(void **state)
{
    assert_true(rs_fs_free_bytes(*state) > 0);
    assert_int_equal(rs_fs_free_bytes("/none/such"), -1);
    const char *env = getenv("TMPDIR");
    char *old = rs_xstrdup(env);
    assert_int_equal(setenv("TMPDIR", *state, 1), 0);
    char *dir = rs_fs_make_temp_dir("x");
    assert_non_null(dir);
    assert_true(strncmp(dir, *state, strlen(*state)) == 0);
    assert_true(rs_fs_is_dir(dir));
    assert_int_equal(setenv("TMPDIR", "/none/such", 1), 0);
    assert_null(rs_fs_make_temp_dir("x"));
    if (old) {
        setenv("TMPDIR", old, 1);
    } else {
        unsetenv("TMPDIR");
    }
    free(dir);
    free(old);
}

static void maps(void **state)
{
    struct rs_err err = {0};
    char *path = ref_file(*state, "f", "12345", SIZE_MAX);
    struct rs_map map = {0};
    assert_ok(rs_map_open(path, &map, &err), &err);
    assert_int_equal(map.len, 5);
    assert_memory_equal(map.data, "12345", 5);
    rs_map_close(&map);
    assert_null(map.data);
    assert_int_equal(map.len, 0);
    rs_map_close(&map);
    assert_ok(rs_fs_write(path, "", 0, &err), &err);
    assert_ok(rs_map_open(path, &map, &err), &err);
    assert_null(map.data);
    assert_int_equal(map.len, 0);
    rs_map_close(&map);
    assert_code(rs_map_open(*state, &map, &err), RS_EIO, &err, "not a regular file");
    char *missing = rs_path_join(*state, "none");
    assert_code(rs_map_open(missing, &map, &err), RS_ENOTFOUND, &err, "none");
    free(missing);
    free(path);
}

static void lock_excludes(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "lock");
    struct rs_lock a = {.fd = -1};
    struct rs_lock b = {.fd = -1};
    rs_lock_close(&a); /* not held: nothing to do */
    assert_ok(rs_lock_open(path, 0, &a, &err), &err);
    char *mine = rs_xprintf("held by process %ld", (long)getpid());
    assert_code(rs_lock_open(path, 0, &b, &err), RS_EBUSY, &err, mine);
    int64_t begun = rs_clock_mono_ns();
    assert_code(rs_lock_open(path, 30, &b, &err), RS_EBUSY, &err, mine);
    assert_true(rs_clock_mono_ns() - begun >= 30 * 1000000);
    assert_int_equal(b.fd, -1);
    rs_lock_close(&a);
    assert_int_equal(a.fd, -1);
    assert_ok(rs_lock_open(path, 0, &b, &err), &err);
    assert_ok(rs_fs_remove(path, &err), &err); /* someone cleans up: the next lock is a new file */
    assert_ok(rs_lock_open(path, 0, &a, &err), &err);
    rs_lock_close(&a);
    rs_lock_close(&b);
    assert_code(rs_lock_open(*state, 0, &a, &err), RS_EIO, &err, "open lock '");
    free(mine);
    free(path);
}

static void lock_ends_with_its_process(void **state)
{
    struct rs_err err = {0};
    char *path = rs_path_join(*state, "lock");
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rs_lock l;
        if (rs_lock_open(path, 0, &l, &err) || write(ready[1], "x", 1) != 1) _exit(1);
        for (;;)
            pause();
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    struct rs_lock l = {.fd = -1};
    char *holder = rs_xprintf("held by process %ld", (long)pid);
    assert_code(rs_lock_open(path, 0, &l, &err), RS_EBUSY, &err, holder);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_ok(rs_lock_open(path, 10000, &l, &err), &err); /* waits until it is gone */
    rs_lock_close(&l);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);
    free(holder);
    free(path);
}

#define IN_DIR(fn) cmocka_unit_test_setup_teardown(fn, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(write_then_read),
        IN_DIR(read_refuses),
        IN_DIR(survives_oom),
        IN_DIR(stream_appears_on_commit),
        IN_DIR(writers_of_one_target_do_not_meet),
        IN_DIR(killed_writer_leaves_nothing_for_good),
        IN_DIR(full_disk_keeps_the_old_file),
        IN_DIR(copies),
        IN_DIR(write_refuses),
        IN_DIR(folders),
        IN_DIR(remove_does_not_follow_links),
        IN_DIR(list_is_sorted),
        IN_DIR(renames),
        IN_DIR(space_and_temp_dirs),
        IN_DIR(maps),
        IN_DIR(lock_excludes),
        IN_DIR(lock_ends_with_its_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
