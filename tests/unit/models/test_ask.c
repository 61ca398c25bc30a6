/* Requests in external ids: what they become, what is passed over, what is refused; lists of ids. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref_bundle.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/models/ask.h"

enum { USERS = 40, ITEMS = 100 };

struct world {
    struct ref_bundle t;
    struct rs_arena *arena;
};

static int set_up(void **state)
{
    struct world *w = rs_xalloc(1, sizeof(*w));
    ref_bundle_init(&w->t, 7, USERS, ITEMS, "als", "factors=6 iterations=3 input=values");
    w->arena = rs_arena_new((size_t)1 << 20, 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rs_arena_free(w->arena);
    ref_bundle_clear(&w->t);
    free(w);
    return 0;
}

static struct rs_ask resolve(const struct world *w, const struct rs_wish *wish, size_t want_ignored)
{
    struct rs_err err = {0};
    struct rs_ask ask;
    size_t ignored = SIZE_MAX;
    assert_ok(rs_wish_resolve(w->t.b, wish, w->arena, &ask, &ignored, &err), &err);
    assert_int_equal(ignored, want_ignored);
    return ask;
}

static void refuse(const struct world *w, const struct rs_wish *wish, enum rs_code code,
                   const char *part)
{
    struct rs_err err = {0};
    struct rs_ask ask;
    size_t ignored;
    assert_code(rs_wish_resolve(w->t.b, wish, w->arena, &ask, &ignored, &err), code, &err, part);
}

static void assert_row(const int32_t *row, int32_t n, const int32_t *want, int32_t n_want)
{
    assert_int_equal(n, n_want);
    for (int32_t i = 0; i < n; i++) {
        assert_int_equal(row[i], want[i]);
    }
}

static bool allowed(const uint64_t *bits, int32_t item)
{
    return bits[item / 64] >> (item % 64) & 1;
}

static void users_are_found(void **state)
{
    const struct world *w = *state;
    struct rs_wish wish = {
        .user_id = "30", .k = 7, .offset = 3, .diversity = 0.5, .exclude_seen = true};
    struct rs_ask ask = resolve(w, &wish, 0);
    assert_int_equal(ask.user, 2);
    assert_int_equal(ask.k, 7);
    assert_int_equal(ask.offset, 3);
    assert_true(ask.diversity == 0.5 && ask.exclude_seen);
    assert_true(ask.n_items == 0 && ask.n_exclude == 0 && !ask.allowed);
    wish.user_id = "31";
    assert_int_equal(resolve(w, &wish, 0).user, -1);
    wish.strict = true;
    refuse(w, &wish, RS_ENOTFOUND, "user '31' was not in training");
    wish.user_id = NULL;
    assert_int_equal(resolve(w, &wish, 0).user, -1); /* nobody was asked for */
}

static void items_become_an_ascending_row(void **state)
{
    const struct world *w = *state;
    const char *const items[] = {"i070", "none", "i003", "i070", "i064", ""};
    const char *const exclude[] = {"i099", "i000", "unknown", "i099"};
    struct rs_wish wish = {
        .items = items, .n_items = 6, .exclude = exclude, .n_exclude = 4, .k = 5};
    struct rs_ask ask = resolve(w, &wish, 2);
    assert_row(ask.items, ask.n_items, (int32_t[]){3, 64, 70}, 3);
    assert_null(ask.values);
    assert_row(ask.exclude, ask.n_exclude, (int32_t[]){0, 99}, 2);
    wish.strict = true;
    refuse(w, &wish, RS_ENOTFOUND, "item 'none' is not in the model's catalogue");
    wish.n_items = 1; /* what is unknown need not be left out */
    assert_int_equal(resolve(w, &wish, 0).n_exclude, 2);
}

static void of_an_item_the_last_event_counts(void **state)
{
    const struct world *w = *state;
    const struct rs_event events[] = {
        {.id = 1, .item_id = "i050", .value = 1},        {.id = 2, .item_id = "i020", .value = 2},
        {.id = 3, .item_id = "new", .value = 3},         {.id = 4, .item_id = "i050", .value = 4.5},
        {.id = 5, .item_id = "i020", .value = INFINITY}, {.id = 6, .item_id = "i021", .value = NAN},
        {.id = 7, .item_id = "i022", .value = -DBL_MAX}, {.id = 8, .item_id = "i099", .value = -1},
    };
    struct rs_wish wish = {.user_id = "10", .events = events, .n_events = 8, .k = 5};
    struct rs_ask ask = resolve(w, &wish, 0); /* events are not what was asked with */
    assert_int_equal(ask.user, 0);
    assert_row(ask.items, ask.n_items, (int32_t[]){20, 50, 99}, 3);
    assert_true(ask.values[0] == 2.0f && ask.values[1] == 4.5f && ask.values[2] == -1.0f);
}

static const char *source_of(const struct world *w, const struct rs_wish *wish)
{
    struct rs_err err = {0};
    struct rs_ranked out[5];
    int32_t n;
    const char *source = NULL;
    struct rs_ask ask = resolve(w, wish, 0);
    assert_ok(rs_bundle_recommend(w->t.b, &ask, w->arena, out, &n, &source, &err), &err);
    assert_int_equal(n, wish->k);
    return source;
}

static void feedback_makes_an_unknown_user_known(void **state)
{
    const struct world *w = *state;
    const struct rs_event liked[] = {{.item_id = "i001", .value = 5}, {.item_id = "z", .value = 5}};
    struct rs_wish wish = {.user_id = "stranger", .events = liked, .n_events = 2, .k = 5};
    wish.strict = true;
    assert_string_equal(source_of(w, &wish), "als");
    wish.events = liked + 1; /* of an item that the model does not know */
    wish.n_events = 1;
    refuse(w, &wish, RS_ENOTFOUND, "'stranger'");
    wish.strict = false;
    assert_string_equal(source_of(w, &wish), "popularity:unknown_user");
    wish.n_events = 0;
    assert_string_equal(source_of(w, &wish), "popularity:unknown_user");
    const struct rs_event nothing[] = {{.item_id = "i001", .value = 0}}; /* weight 0 */
    wish.events = nothing;
    wish.n_events = 1;
    assert_string_equal(source_of(w, &wish), "popularity:cold_user");
}

/* The largest weights that events can have end in a list or an error. */
static void extreme_values_are_survived(void **state)
{
    const struct world *w = *state;
    const double values[] = {1e6, -1e6, 1e18, 1e30, (double)FLT_MAX, -(double)FLT_MAX, 1e-40};
    for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
        for (int user = 0; user < 2; user++) {
            struct rs_err err = {0};
            struct rs_ranked out[5];
            int32_t n;
            const char *source;
            const struct rs_event events[] = {{.item_id = "i001", .value = values[v]},
                                              {.item_id = "i002", .value = 4}};
            struct rs_wish wish = {
                .user_id = user ? "10" : "?", .events = events, .n_events = 2, .k = 5};
            struct rs_ask ask = resolve(w, &wish, 0);
            enum rs_code rc = rs_bundle_recommend(w->t.b, &ask, w->arena, out, &n, &source, &err);
            if (rc) {
                assert_code(rc, RS_ENUMERIC, &err, NULL);
            } else {
                for (int32_t i = 0; i < n; i++) {
                    assert_true(isfinite(out[i].score));
                }
            }
        }
    }
}

static void filters_meet(void **state)
{
    const struct world *w =
        *state; /* odd items have the genres Drama and Comedy, even ones Drama */
    uint64_t mine[ITEMS / 64 + 1] = {0};
    for (int32_t i = 0; i < 90; i++) {
        mine[i / 64] |= 1ULL << (i % 64);
    }
    const char *const candidates[] = {"i001", "i002", "i065", "i095", "i065", "nothing"};
    const char *const genres[] = {"comedy"};
    struct rs_wish wish = {.k = 5, .allowed = mine};
    assert_ptr_equal(resolve(w, &wish, 0).allowed, mine);
    wish.candidates = candidates;
    wish.n_candidates = 6;
    wish.genres = genres;
    wish.n_genres = 1;
    const uint64_t *bits = resolve(w, &wish, 1).allowed;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i == 1 || i == 65);
    }
    wish.candidates = NULL;
    bits = resolve(w, &wish, 0).allowed;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i % 2 == 1 && i < 90);
    }
    wish.allowed = NULL;
    bits = resolve(w, &wish, 0).allowed;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i % 2 == 1);
    }
    wish.candidates = candidates;
    wish.genres = NULL;
    bits = resolve(w, &wish, 1).allowed;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i == 1 || i == 2 || i == 65 || i == 95);
    }
    wish.strict = true;
    refuse(w, &wish, RS_ENOTFOUND, "item 'nothing'");
    const char *const unknown[] = {"drama", "Dramma"};
    wish = (struct rs_wish){.k = 5, .genres = unknown, .n_genres = 2};
    refuse(w, &wish, RS_ENOTFOUND, "genre 'Dramma'");
}

static void an_empty_choice_gives_an_empty_list(void **state)
{
    const struct world *w = *state;
    const char *const none[] = {"nothing"};
    struct rs_wish wish = {.user_id = "10", .k = 5, .candidates = none, .n_candidates = 1};
    for (wish.diversity = 0; wish.diversity < 1; wish.diversity += 0.5) {
        struct rs_err err = {0};
        struct rs_ranked out[5];
        int32_t n = -1;
        const char *source;
        struct rs_ask ask = resolve(w, &wish, 1);
        assert_ok(rs_bundle_recommend(w->t.b, &ask, NULL, out, &n, &source, &err), &err);
        assert_int_equal(n, 0);
    }
}

static void what_cannot_be_asked_is_refused(void **state)
{
    const struct world *w = *state;
    const char *const items[] = {"i001"};
    const struct {
        struct rs_wish wish;
        const char *part;
    } bad[] = {
        {{.user_id = "10", .items = items, .n_items = 1, .k = 1}, "a user and items"},
        {{.k = 0}, "k=0: it is 1 to 1000"},
        {{.k = -1}, "k=-1"},
        {{.k = RS_MAX_K + 1}, "k=1001"},
        {{.k = 10, .offset = -1}, "offset=-1"},
        {{.k = 10, .offset = RS_MAX_K - 9}, "offset=991 with k=10: a list has 1000 places"},
        {{.k = 1, .offset = INT32_MAX}, "offset="},
        {{.k = 1, .diversity = -0.1}, "diversity=-0.1: it is 0 to 1"},
        {{.k = 1, .diversity = 1.1}, "diversity"},
        {{.k = 1, .diversity = NAN}, "diversity"},
        {{.k = 10, .offset = 491, .diversity = 0.1}, "500 places with diversity"},
        {{.k = RS_MMR_POOL + 1, .diversity = 0.1}, "500 places with diversity"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        refuse(w, &bad[i].wish, RS_EARG, bad[i].part);
    }
    struct rs_wish last = {.k = 10, .offset = RS_MAX_K - 10};
    assert_int_equal(resolve(w, &last, 0).offset, 990);
    last = (struct rs_wish){.k = 10, .offset = RS_MMR_POOL - 10, .diversity = 1};
    assert_int_equal(resolve(w, &last, 0).offset, 490);
}

static enum rs_code resolve_everything(void *ctx, struct rs_err *err)
{
    const struct world *w = ctx;
    const char *const ids[] = {"i001", "i002", "i003"};
    const char *const genres[] = {"Comedy"};
    const struct rs_event events[] = {{.item_id = "i005", .value = 1}};
    struct rs_wish wish = {.user_id = "10",
                           .events = events,
                           .n_events = 1,
                           .exclude = ids,
                           .n_exclude = 3,
                           .candidates = ids,
                           .n_candidates = 3,
                           .genres = genres,
                           .n_genres = 1,
                           .k = 3};
    struct rs_ask ask;
    size_t ignored;
    struct rs_arena *arena = rs_arena_new(0, 0);
    char *fill = rs_arena_alloc(arena, 1024 - 64); /* so that the request needs blocks of its own */
    enum rs_code rc = fill ? RS_OK : rs_fail(err, RS_ENOMEM, "the first block");
    if (!rc) rc = rs_wish_resolve(w->t.b, &wish, arena, &ask, &ignored, err);
    rs_arena_free(arena);
    return rc;
}

/* An arena of every size that is too small, up to the one that is enough. */
static void a_small_arena_is_an_error(void **state)
{
    const struct world *w = *state;
    const char *const ids[] = {"i001", "i002", "i003"};
    const struct rs_event events[] = {{.item_id = "i005", .value = 1}};
    struct rs_wish wish = {.user_id = "10",
                           .events = events,
                           .n_events = 1,
                           .exclude = ids,
                           .n_exclude = 3,
                           .candidates = ids,
                           .n_candidates = 3,
                           .k = 3};
    int failures = 0;
    for (size_t size = 1;; size += 16) {
        struct rs_err err = {0};
        struct rs_ask ask;
        size_t ignored;
        struct rs_arena *arena = rs_arena_new(0, size);
        enum rs_code rc = rs_wish_resolve(w->t.b, &wish, arena, &ask, &ignored, &err);
        assert_true(rs_arena_used(arena) <= size);
        rs_arena_free(arena);
        if (!rc) break;
        assert_code(rc, RS_ENOMEM, &err, "a request over 100 items");
        failures++;
    }
    assert_true(failures > 10);
}

static void failing_memory_is_an_error(void **state)
{
    assert_survives_oom(resolve_everything, *state);
}

static uint64_t *read_allowed(const struct world *w, const char *allow, const char *deny)
{
    struct rs_err err = {0};
    uint64_t *bits = NULL;
    char *allow_path = allow ? ref_file(w->t.dir, "allow.txt", allow, SIZE_MAX) : NULL;
    char *deny_path = deny ? ref_file(w->t.dir, "deny.txt", deny, SIZE_MAX) : NULL;
    assert_ok(rs_allowed_read(w->t.b, allow_path, deny_path ? deny_path : "", &bits, &err), &err);
    free(allow_path);
    free(deny_path);
    return bits;
}

static void lists_of_ids_make_a_set(void **state)
{
    const struct world *w = *state;
    assert_null(read_allowed(w, NULL, NULL));
    uint64_t *bits =
        read_allowed(w, "i001\n  i064 \t# a film\r\n\n# i003\n#i004\nunknown\ni099", NULL);
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i == 1 || i == 64 || i == 99);
    }
    free(bits);
    bits = read_allowed(w, NULL, "\xEF\xBB\xBFi000\r\ni064\ni002#no\n");
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i != 0 && i != 64); /* # inside a word is its own */
    }
    free(bits);
    bits = read_allowed(w, "i001\ni002\n", "i002\ni003\n");
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(allowed(bits, i), i == 1);
    }
    free(bits);
    bits = read_allowed(w, "# nothing yet\n", NULL); /* a list, though of nothing */
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_false(allowed(bits, i));
    }
    free(bits);
}

static void bad_lists_of_ids_are_refused(void **state)
{
    const struct world *w = *state;
    struct rs_err err = {0};
    uint64_t *bits = NULL;
    char *missing = rs_path_join(w->t.dir, "missing.txt");
    assert_code(rs_allowed_read(w->t.b, missing, NULL, &bits, &err), RS_ENOTFOUND, &err,
                "missing.txt");
    assert_code(rs_allowed_read(w->t.b, NULL, missing, &bits, &err), RS_ENOTFOUND, &err,
                "missing.txt");
    char *binary = ref_file(w->t.dir, "binary.txt", "i001\ni0\xff\n", SIZE_MAX);
    assert_code(rs_allowed_read(w->t.b, binary, NULL, &bits, &err), RS_EPARSE, &err,
                "binary.txt:2: not UTF-8");
    char *nul = ref_file(w->t.dir, "nul.txt", "i001\n\ni\0x\n", 10);
    assert_code(rs_allowed_read(w->t.b, nul, NULL, &bits, &err), RS_EPARSE, &err, "nul.txt:3:");
    char *text = rs_xalloc(RS_ID_MAX_BYTES + 2, 1);
    memset(text, 'x', RS_ID_MAX_BYTES + 1);
    char *wide = ref_file(w->t.dir, "wide.txt", text, SIZE_MAX);
    assert_code(rs_allowed_read(w->t.b, NULL, wide, &bits, &err), RS_EPARSE, &err,
                "wide.txt:1: an id of 1025 bytes");
    assert_null(bits);
    free(missing);
    free(binary);
    free(nul);
    free(text);
    free(wide);
}

struct lists {
    const struct rs_bundle *b;
    char *allow;
    char *deny;
};

static enum rs_code read_lists(void *ctx, struct rs_err *err)
{
    const struct lists *l = ctx;
    uint64_t *bits = NULL;
    enum rs_code rc = rs_allowed_read(l->b, l->allow, l->deny, &bits, err);
    free(bits);
    return rc;
}

static void lists_of_ids_survive_failing_memory(void **state)
{
    const struct world *w = *state;
    struct lists l = {.b = w->t.b,
                      .allow = ref_file(w->t.dir, "allow.txt", "i001\n", SIZE_MAX),
                      .deny = ref_file(w->t.dir, "deny.txt", "i002\n", SIZE_MAX)};
    assert_survives_oom(read_lists, &l);
    free(l.allow);
    free(l.deny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_found),
        cmocka_unit_test(items_become_an_ascending_row),
        cmocka_unit_test(of_an_item_the_last_event_counts),
        cmocka_unit_test(feedback_makes_an_unknown_user_known),
        cmocka_unit_test(extreme_values_are_survived),
        cmocka_unit_test(filters_meet),
        cmocka_unit_test(an_empty_choice_gives_an_empty_list),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(a_small_arena_is_an_error),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(lists_of_ids_make_a_set),
        cmocka_unit_test(bad_lists_of_ids_are_refused),
        cmocka_unit_test(lists_of_ids_survive_failing_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
