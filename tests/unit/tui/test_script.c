/* Scripts and console.yaml: lines to steps, good lines kept, bad ones named. */
#include "tui/script.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"
#include "tests/ref/support.h"
#include "tui/config.h"
#include "tui/key.h"

static void lines_become_steps(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct tui_script s;
    const char *text = "# opens the users\n"
                       "2 Enter ^R\n"
                       "\n"
                       "/ heat \"two words\" Enter\r\n"
                       "  :dump out file.txt\n"
                       ": \n"
                       "'Esc'";
    assert_ok(tui_script_parse(text, "test", &s, &err), &err);
    assert_int_equal(s.n, 10);
    assert_int_equal(s.steps[0].keys[0], '2');
    assert_int_equal(s.steps[1].keys[0], TUI_KEY_ENTER);
    assert_int_equal(s.steps[2].keys[0], 18);
    assert_int_equal(s.steps[3].keys[0], '/');
    assert_int_equal(s.steps[4].n_keys, 4);
    assert_int_equal(s.steps[5].n_keys, 9);
    assert_int_equal(s.steps[5].keys[3], ' ');
    assert_int_equal(s.steps[6].keys[0], TUI_KEY_ENTER);
    assert_string_equal(s.steps[7].say, "dump out file.txt");
    assert_int_equal(s.steps[7].line, 5);
    assert_int_equal(s.steps[8].keys[0], ':');
    assert_int_equal(s.steps[9].n_keys, 3); /* quoted: letters, not the key */
    tui_script_clear(&s);
}

static void bad_scripts_name_their_line(void **state)
{
    (void)state;
    struct rs_err err = {0};
    struct tui_script s;
    assert_code(tui_script_parse("j\n/ \"open\n", "tour", &s, &err), RS_EPARSE, &err, "tour:2");
    assert_code(tui_script_parse("j\n\xff\n", "tour", &s, &err), RS_EPARSE, &err, "UTF-8");
    assert_int_equal(s.n, 0);
    assert_ok(tui_script_parse("", "tour", &s, &err), &err);
    assert_int_equal(s.n, 0);
}

static void words_keep_quotes_together(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char **words = NULL;
    size_t n = 0;
    assert_ok(tui_words(" train  --set 'a b' reason=\"it is\" don't ", &words, NULL, &n, &err),
              &err);
    assert_int_equal(n, 5);
    assert_string_equal(words[2], "a b");
    assert_string_equal(words[3], "reason=it is");
    assert_string_equal(words[4], "don't");
    rs_fs_list_free(words);
}

struct complaints {
    int n;
    struct rs_str all;
};

static void complain(const struct rs_err *err, void *arg)
{
    struct complaints *c = arg;
    c->n++;
    rs_str_addf(&c->all, "%s\n", err->msg);
}

static void bad_lines_cost_no_other(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = rs_fs_make_temp_dir("config");
    char *path = rs_path_join(dir, "console.yaml");
    const char *text = "ui:\n"
                       "  theme: mono\n"
                       "  fps: many\n"
                       "  colour: red\n"
                       "keys:\n"
                       "  users.turn: O\n"
                       "  global.quit: e\n"
                       "  users.dance: d\n"
                       "columns:\n"
                       "  runs: [run, model]\n"
                       "  items: 7\n"
                       "more: 1\n";
    assert_ok(rs_fs_write(path, text, strlen(text), &err), &err);
    struct tui_config c;
    struct complaints said = {0};
    struct tui_keymap *m = tui_keymap_new();
    tui_config_init(&c, path);
    tui_config_read(&c, m, complain, &said);
    assert_int_equal(said.n, 6);
    for (int line = 0; line < 6; line++) {
        static const char *const at[] = {":3", ":4", ":7", ":8", ":11", ":12"};
        assert_non_null(strstr(rs_str_text(&said.all), at[line]));
    }
    assert_string_equal(rs_values_text(c.ui, "theme"), "mono");
    assert_int_equal(rs_values_int(c.ui, "fps"), 10);
    const enum tui_context users[] = {TUI_USERS, TUI_GLOBAL};
    assert_int_equal(tui_keymap_find(m, users, 2, 'O'), TUI_REQ_TURN);
    assert_int_equal(c.columns->n, 1);

    /* Written whole, it says the same again and nothing to complain of. */
    assert_ok(tui_config_write(&c, &err), &err);
    struct tui_config again;
    struct tui_keymap *m2 = tui_keymap_new();
    rs_str_clear(&said.all);
    said.n = 0;
    tui_config_init(&again, path);
    tui_config_read(&again, m2, complain, &said);
    assert_int_equal(said.n, 0);
    assert_true(rs_val_equal(again.keys, c.keys));
    assert_true(rs_val_equal(again.columns, c.columns));
    assert_string_equal(rs_values_text(again.ui, "theme"), "mono");
    tui_keymap_free(m);
    tui_keymap_free(m2);
    tui_config_clear(&c);
    tui_config_clear(&again);
    assert_ok(rs_fs_remove(dir, &err), &err);
    free(path);
    free(dir);
}

static void a_line_that_is_no_yaml_is_left_out(void **state)
{
    (void)state;
    struct rs_err err = {0};
    char *dir = rs_fs_make_temp_dir("config");
    char *path = rs_path_join(dir, "console.yaml");
    const char *text = "ui:\n  theme: light\n  glyphs: [\n  mouse: true\n";
    assert_ok(rs_fs_write(path, text, strlen(text), &err), &err);
    struct tui_config c;
    struct complaints said = {0};
    struct tui_keymap *m = tui_keymap_new();
    tui_config_init(&c, path);
    tui_config_read(&c, m, complain, &said);
    assert_true(said.n > 0);
    assert_non_null(strstr(rs_str_text(&said.all), "console.yaml:"));
    rs_str_clear(&said.all);
    assert_string_equal(rs_values_text(c.ui, "theme"), "light");
    tui_keymap_free(m);
    tui_config_clear(&c);
    assert_ok(rs_fs_remove(dir, &err), &err);
    free(path);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_steps),
        cmocka_unit_test(bad_scripts_name_their_line),
        cmocka_unit_test(words_keep_quotes_together),
        cmocka_unit_test(bad_lines_cost_no_other),
        cmocka_unit_test(a_line_that_is_no_yaml_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
