/* The console played by scripts: the whole program, a real store and real jobs, no terminal. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_vterm.h"
#include "ref/run_bin.h"
#include "ref/support.h"
#include "rs/base/fs.h"
#include "rs/base/mem.h"

static struct ref_bin bin;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ref_bin_clear(&bin);
    return 0;
}

/* Plays lines; the program ends with status. What it wrote on standard error is the caller's. */
static char *play(int status, const char *options, const char *script)
{
    ref_bin_write(&bin, "play.txt", script, strlen(script));
    char *line = rs_xprintf("console --script play.txt --glyphs ascii %s", options);
    struct ref_run r;
    ref_bin_run(&bin, &(struct ref_how){0}, line, &r);
    if (r.status != status) {
        fail_msg("%s ended with %d, not %d:\n%s%s", line, r.status, status, r.out, r.err);
    }
    assert_string_equal(r.out, "");
    char *err = rs_xstrdup(r.err);
    ref_run_clear(&r);
    free(line);
    return err;
}

static void plays(const char *script)
{
    char *err = play(0, "--size 100x30", script);
    assert_string_equal(err, "");
    free(err);
}

static void screens_stand_and_are_written(void **state)
{
    (void)state;
    plays(":expect recsys >\n"
          ":wait @production\n"
          ":dump screen.txt\n"
          ":save-screen screen.svg\n"
          ":save-screen screen.ansi\n");
    char *path = ref_bin_path(&bin, "screen.txt");
    char *text = NULL;
    size_t len;
    struct rs_err err = {0};
    assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
    int rows = 0;
    for (const char *s = text; *s; s++) {
        rows += *s == '\n';
        assert_true((unsigned char)*s < 0x7f); /* --glyphs ascii */
    }
    assert_int_equal(rows, 30);
    assert_non_null(strstr(text, "? help"));
    free(text);
    free(path);
    path = ref_bin_path(&bin, "screen.svg");
    assert_ok(rs_fs_read(path, 1 << 22, &text, &len, &err), &err);
    assert_non_null(strstr(text, "<svg"));
    free(text);
    free(path);
}

static void escape_takes_one_layer(void **state)
{
    (void)state;
    plays("?\n"
          ":expect keys of this place\n"
          "/ errors Enter\n"
          ":expect what went wrong\n"
          ":expect /errors\n"
          "Esc\n"
          ":expect keys of this place\n"
          "Esc\n"
          ":expect recsys >\n"
          "? q e q J\n"
          ":expect pipeline run\n"
          "q\n");
}

static void filters_follow_typing_and_come_back(void **state)
{
    (void)state;
    plays("J / fetch\n"
          ":expect data fetch\n"
          "Esc\n" /* the prompt: the filter is as it was */
          ":expect pipeline run\n"
          "Esc\n");
    char *err = play(8, "--size 100x30", "J / fetch\n:expect pipeline run --dataset\n");
    assert_non_null(strstr(err, "play.txt:2"));
    free(err);
}

static void the_palette_runs_commands(void **state)
{
    (void)state;
    plays(":run list\n"
          ":wait ndcg\n"
          "Esc\n"
          ": \"model list\" Enter\n"
          ":wait production\n"
          "Esc\n"
          ": trian Enter\n"
          ":expect did you mean\n"
          "e\n"
          ":expect did you mean train\n"
          "q\n");
    /* What is missing is told at once, and no job is asked. */
    char *err = play(2, "--size 100x30", ":user show\n");
    assert_non_null(strstr(err, "play.txt:1"));
    free(err);
}

static void a_job_runs_and_is_seen(void **state)
{
    (void)state;
    plays(":evaluate --part val eval.bootstrap_samples=200\n"
          ":wait began\n"
          ":wait\n"
          "J\n"
          ":wait evaluate\n"
          ":expect done\n"
          "Enter\n"
          ":wait result\n");
}

static void quitting_asks_about_jobs_of_ours(void **state)
{
    (void)state;
    plays(":train --model als model.iterations=1000 model.factors=128\n"
          ":wait | #\n"
          "Q\n"
          ":expect still run\n"
          "Enter\n" /* decides nothing */
          "s\n"
          ":expect recsys >\n"
          "J x\n"
          ":expect Cancel job\n"
          "x\n" /* the key that asked is no answer */
          ":expect Cancel job\n"
          "Enter\n" /* no */
          ":expect running\n"
          "x y\n"
          ":wait cancelled\n"
          "q Q\n");
}

static int64_t serving(void)
{
    struct rs_val *doc = ref_bin_json(&bin, 0, "model show production", "version");
    int64_t version = rs_val_get_int(doc, "version", 0);
    rs_val_free(doc);
    return version;
}

static void production_wants_its_word(void **state)
{
    (void)state;
    free(ref_bin_out(&bin, 0, "model register --run popularity"));
    int64_t before = serving();
    char promote[200];
    char typed[300];
    int64_t other = before == 1 ? 2 : 1;
    snprintf(promote, sizeof(promote), ":model promote %d --force --reason test\n", (int)other);
    snprintf(typed, sizeof(typed), "%sEnter Enter y Enter Esc\n", promote);
    plays(typed);
    assert_int_equal(serving(), before);
    snprintf(typed, sizeof(typed), "%svv%d Enter Esc\n", promote, (int)other);
    plays(typed); /* another word */
    assert_int_equal(serving(), before);
    char *err = play(8, "--read-only --size 100x30", promote);
    assert_non_null(strstr(err, "--read-only"));
    free(err);
    assert_int_equal(serving(), before);
    snprintf(typed, sizeof(typed), "%sv%d Enter\n:wait v%d @production\n", promote, (int)other,
             (int)other);
    plays(typed);
    assert_int_equal(serving(), other);
    plays(":model rollback\nrollback Enter\n:wait @production\n");
    assert_int_equal(serving(), before);
}

static void a_bad_configuration_is_told_and_skipped(void **state)
{
    (void)state;
    const char *text = "keys:\n  global.jobs: e\n  global.mouse: M\n";
    ref_bin_write(&bin, "mine.yaml", text, strlen(text));
    char *err = play(0, "--config mine.yaml --size 100x30",
                     ":errors\n:expect mine.yaml:2\nq\n"
                     "e\n:expect jobs\nq\nM\n:expect mouse\n"
                     ":set theme=mono\n:save\n:expect saved\n");
    assert_string_equal(err, "");
    free(err);
    char *path = ref_bin_path(&bin, "mine.yaml");
    char *now = NULL;
    size_t len;
    struct rs_err e = {0};
    assert_ok(rs_fs_read(path, 1 << 20, &now, &len, &e), &e);
    assert_non_null(strstr(now, "theme: mono"));
    assert_null(strstr(now, "global.jobs"));
    free(now);
    free(path);
}

static void small_screens_say_so(void **state)
{
    (void)state;
    char *err = play(0, "--size 59x15",
                     ":expect recsys-tui needs 60x16, this is 59x15\nJ\n:expect needs 60x16\nq\n");
    assert_string_equal(err, "");
    free(err);
}

static void without_a_terminal_it_says_what_is_missing(void **state)
{
    (void)state;
    ref_bin_refuses(&bin, 2, "console", "terminal|--batch");
    ref_bin_refuses(&bin, 2, "console --size 80x24", "--script");
    ref_bin_refuses(&bin, 2, "console --script play.txt --size big", "COLUMNSxROWS");
    ref_bin_refuses(&bin, 3, "console --script none.txt", "none.txt");
}

static void plain_prints_each_screen(void **state)
{
    (void)state;
    char *out = ref_bin_out(&bin, 0, "console --plain --glyphs ascii");
    assert_non_null(strstr(out, "recsys >"));
    assert_null(strchr(out, '\033'));
    free(out);
}

/* ---- on a terminal ---- */

static struct ref_vterm *open_console(const char *line)
{
    struct ref_vterm *v =
        ref_vterm_open(&(struct ref_vterm_opts){.w = 100, .h = 30, .bin = &bin, .line = line});
    ref_vterm_expect(v, "@production"); /* what serves came from the store */
    ref_vterm_ready(v);
    return v;
}

static void expect_end(struct ref_vterm *v)
{
    assert_int_equal(ref_vterm_end(v), 0);
    assert_true(ref_vterm_as_found(v));
    assert_false(ref_vterm_alternate(v));
    ref_vterm_close(v);
}

static void keys_open_move_and_quit(void **state)
{
    (void)state;
    struct ref_vterm *v = open_console("console");
    ref_vterm_keys(v, "3");
    ref_vterm_expect(v, "[3 Items]");
    ref_vterm_keys(v, "2 ?");
    ref_vterm_expect(v, "keys of this place");
    ref_vterm_keys(v, "q");
    ref_vterm_send(v, "q");
    expect_end(v);
}

static void a_terminal_without_words_opens_it(void **state)
{
    (void)state;
    struct ref_pty p; /* no hidden option may be there */
    ref_pty_open(&bin, "", &p);
    ref_pty_expect(&p, "recsys");
    ref_pty_expect(&p, "production");
    ref_pty_send(&p, "Q");
    assert_int_equal(ref_pty_close(&p), 0);
}

/* Digits that go on to a motion are a count; otherwise they are screens. */
static void counts_come_before_motions(void **state)
{
    (void)state;
    struct ref_vterm *v = open_console("console");
    ref_vterm_send(v, "13j");
    ref_vterm_ready(v);
    ref_vterm_expect(v, "user 14 ");
    ref_vterm_send(v, "023G");
    ref_vterm_ready(v);
    ref_vterm_expect(v, "user 23 ");
    ref_vterm_send(v, "23?");
    ref_vterm_ready(v);
    ref_vterm_keys(v, "q");
    ref_vterm_expect(v, "[3 Items]");
    ref_vterm_send(v, "Q");
    expect_end(v);
}

static void sizes_come_and_go(void **state)
{
    (void)state;
    struct ref_vterm *v = open_console("console");
    static const int sizes[][2] = {{160, 50}, {80, 24}, {60, 16},   {59, 15},
                                   {10, 3},   {1, 1},   {400, 120}, {80, 24}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ref_vterm_resize(v, sizes[i][0], sizes[i][1]);
    }
    ref_vterm_expect(v, "? help");
    ref_vterm_resize(v, 52, 12);
    ref_vterm_expect(v, "recsys-tui needs 60x16, this is 52x12");
    ref_vterm_keys(v, "P : J"); /* nothing acts unseen */
    ref_vterm_resize(v, 80, 24);
    ref_vterm_expect(v, "[2 Users]");
    ref_vterm_send(v, "Q");
    expect_end(v);
}

static void pasted_text_acts_nowhere(void **state)
{
    (void)state;
    struct ref_vterm *v = open_console("console");
    ref_vterm_send(v, "\033[200~Q:quit\r\033[201~");
    ref_vterm_expect(v, "pasted text was refused");
    ref_vterm_keys(v, "/");
    ref_vterm_send(v, "\033[200~zzz\033[201~");
    ref_vterm_ready(v);
    ref_vterm_expect(v, "/zzz");
    ref_vterm_keys(v, "Esc");
    ref_vterm_send(v, "Q");
    expect_end(v);
}

static void a_hang_up_ends_it_in_a_dialog(void **state)
{
    (void)state;
    int64_t before = serving();
    struct ref_vterm *v = open_console("console");
    ref_vterm_send(v, ":model promote 1 --force --reason x\r");
    ref_vterm_expect(v, "answers from then on");
    ref_vterm_hang_up(v);
    assert_int_equal(ref_vterm_end(v), 0);
    ref_vterm_close(v);
    v = open_console("console");
    assert_int_equal(kill(ref_vterm_pid(v), SIGTERM), 0);
    expect_end(v);
    assert_int_equal(serving(), before);
}

/* A key of no meaning draws its toast, and that is all. */
static void a_key_costs_few_bytes(void **state)
{
    (void)state;
    struct ref_vterm *v = open_console("console");
    size_t n;
    ref_vterm_keys(v, "j");
    (void)ref_vterm_written(v, &n);
    ref_vterm_keys(v, "^Q");
    (void)ref_vterm_written(v, &n);
    assert_true(n > 0 && n < 600);
    ref_vterm_send(v, "Q");
    expect_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_stand_and_are_written),
        cmocka_unit_test(escape_takes_one_layer),
        cmocka_unit_test(filters_follow_typing_and_come_back),
        cmocka_unit_test(the_palette_runs_commands),
        cmocka_unit_test(a_job_runs_and_is_seen),
        cmocka_unit_test(quitting_asks_about_jobs_of_ours),
        cmocka_unit_test(production_wants_its_word),
        cmocka_unit_test(a_bad_configuration_is_told_and_skipped),
        cmocka_unit_test(small_screens_say_so),
        cmocka_unit_test(without_a_terminal_it_says_what_is_missing),
        cmocka_unit_test(plain_prints_each_screen),
        cmocka_unit_test(a_terminal_without_words_opens_it),
        cmocka_unit_test(keys_open_move_and_quit),
        cmocka_unit_test(counts_come_before_motions),
        cmocka_unit_test(sizes_come_and_go),
        cmocka_unit_test(pasted_text_acts_nowhere),
        cmocka_unit_test(a_hang_up_ends_it_in_a_dialog),
        cmocka_unit_test(a_key_costs_few_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
