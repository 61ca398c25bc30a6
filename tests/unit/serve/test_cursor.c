/* Cursors come back as they were written, and only for the request that they were written for. */
#include <string.h>

#include "../src/serve/cursor_impl.h"
#include "ref/support.h"
#include "rs/base/rng.h"

static void assert_same(const struct srv_cursor *a, const struct srv_cursor *b)
{
    assert_true(a->version == b->version);
    assert_true(a->revision == b->revision);
    assert_int_equal(a->offset, b->offset);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct rs_rng rng = rs_rng_make(3, rs_rng_stream("cursor", 0));
    for (int i = 0; i < 20000; i++) {
        /* few bits as often as many */
        struct srv_cursor c = {.version = (int64_t)(rs_rng_next64(&rng) >> (1 + i % 63)),
                               .revision = (int64_t)(rs_rng_next64(&rng) >> (1 + i % 61)),
                               .offset = (int32_t)(rs_rng_next64(&rng) >> (33 + i % 31))};
        uint64_t request = rs_rng_next64(&rng);
        char text[SRV_CURSOR_TEXT];
        struct srv_cursor back;
        srv_cursor_write(&c, request, text);
        assert_true(strlen(text) < SRV_CURSOR_TEXT);
        assert_true(srv_cursor_read(text, request, &back));
        assert_same(&c, &back);
    }
    struct srv_cursor most = {INT64_MAX, INT64_MAX, INT32_MAX};
    char text[SRV_CURSOR_TEXT];
    struct srv_cursor back;
    srv_cursor_write(&most, UINT64_MAX, text);
    assert_true(srv_cursor_read(text, UINT64_MAX, &back));
    assert_same(&most, &back);
}

static void any_other_text_is_refused(void **state)
{
    (void)state;
    static const struct srv_cursor c = {.version = 3, .revision = 1234567, .offset = 990};
    struct srv_cursor back;
    char text[SRV_CURSOR_TEXT];
    char other[SRV_CURSOR_TEXT + 80];
    srv_cursor_write(&c, 42, text);
    size_t len = strlen(text);
    assert_false(srv_cursor_read(text, 43, &back));
    for (size_t i = 0; i < len; i++) {
        for (int byte = 1; byte < 256; byte++) {
            memcpy(other, text, len + 1);
            if (other[i] == (char)byte) continue;
            other[i] = (char)byte;
            assert_false(srv_cursor_read(other, 42, &back));
        }
        memcpy(other, text, i);
        other[i] = '\0';
        assert_false(srv_cursor_read(other, 42, &back)); /* cut short */
    }
    for (size_t more = 1; more < 80; more++) {
        memcpy(other, text, len);
        memset(other + len, 'A', more);
        other[len + more] = '\0';
        assert_false(srv_cursor_read(other, 42, &back));
    }
    assert_false(srv_cursor_read("", 42, &back));
    assert_false(srv_cursor_read("next", 42, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(any_other_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
