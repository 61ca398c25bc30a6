/* cgroup - limits read from a tree of our own: the tightest from our group up to the root counts. */
#include "ref/support.h"

#include <stdlib.h>

#include "../../../src/base/cgroup_impl.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

struct tree {
    char *dir;
    char *root;
    char *self;
};

static int make_tree(void **state)
{
    struct rs_err err = {0};
    struct tree *t = rs_xalloc(1, sizeof(*t));
    t->dir = ref_temp_dir();
    t->root = rs_path_join(t->dir, "cgroup");
    char *deep = rs_path_join(t->root, "a/b");
    assert_ok(rs_fs_mkdirs(deep, &err), &err);
    t->self = ref_file(t->dir, "self", "4:memory:/old\n0::/a/b\n", SIZE_MAX);
    free(deep);
    *state = t;
    return 0;
}

static int remove_tree(void **state)
{
    struct tree *t = *state;
    free(t->root);
    free(t->self);
    ref_remove(t->dir);
    free(t);
    return 0;
}

static void put(const struct tree *t, const char *name, const char *text)
{
    free(ref_file(t->root, name, text, SIZE_MAX));
}

static void memory(void **state)
{
    struct tree *t = *state;
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), -1); /* no controller */
    put(t, "a/b/memory.max", "max\n");
    put(t, "a/b/memory.current", "1000\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), -1);
    put(t, "a/memory.max", "5000\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), -1); /* use unknown */
    put(t, "a/memory.current", "2000\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 3000);
    put(t, "a/memory.stat", "anon 7\nfile 900\ninactive_file 500\nactive_file 9\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 3500); /* cache is given back */
    put(t, "a/b/memory.max", "1600\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 600); /* the tightest */
    put(t, "memory.max", "100\n");
    put(t, "memory.current", "300\n");
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 0); /* over it */
}

static void cpus(void **state)
{
    struct tree *t = *state;
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 0);
    put(t, "a/b/cpu.max", "max 100000\n");
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 0);
    put(t, "a/cpu.max", "400000 100000\n");
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 4);
    put(t, "a/b/cpu.max", "150000 100000\n");
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 2); /* rounded up */
    put(t, "a/b/cpu.max", "5000 100000\n");
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 1);
    static const char *const odd[] = {"", "x", "100000", "100000 0", "-1 100000", "99999999999 1"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        put(t, "a/b/cpu.max", odd[i]);
        assert_int_equal(rs_cgroup_cpus(t->root, t->self), 4);
    }
}

static void unknown_group(void **state)
{
    struct tree *t = *state;
    put(t, "memory.max", "5000\n");
    put(t, "memory.current", "1000\n");
    put(t, "cpu.max", "300000 100000\n");
    free(ref_file(t->dir, "self", "0::/\n", SIZE_MAX)); /* the root, as in a container */
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 4000);
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 3);
    free(ref_file(t->dir, "self", "0::/gone/away\n", SIZE_MAX));
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), 4000);
    free(ref_file(t->dir, "self", "4:memory:/old\n", SIZE_MAX)); /* version 1 only */
    assert_int_equal(rs_cgroup_memory_left(t->root, t->self), -1);
    assert_int_equal(rs_cgroup_cpus(t->root, t->self), 0);
    assert_int_equal(rs_cgroup_memory_left(t->root, "/none/such"), -1);
    assert_int_equal(rs_cgroup_cpus(t->root, "/none/such"), 0);
}

#define IN_TREE(fn) cmocka_unit_test_setup_teardown(fn, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {IN_TREE(memory), IN_TREE(cpus), IN_TREE(unknown_group)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
