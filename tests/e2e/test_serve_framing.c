/* serve, and requests that two readers may read differently: each is refused, and what follows it
 * on its connection is never read as a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/http_client.h"
#include "ref/support.h"
#include "rs/base/mem.h"
#include "rs/base/rng.h"

#define BEARER   "Authorization: Bearer no-token-of-this-server\r\n"
#define HOST     "Host: a\r\n"
#define JSON     "Content-Type: application/json\r\n"
/* What a smuggled request would be; nothing here may answer it. */
#define SMUGGLED "GET /live HTTP/1.1\r\n" HOST "\r\n"

static struct ref_bin bin;
static struct ref_serve server;

static int set_up(void **state)
{
    (void)state;
    ref_bin_demo(&bin);
    ref_serve_start(&bin, &(struct ref_how){0}, "", &server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    int status = ref_serve_stop(&server, SIGTERM);
    ref_bin_clear(&bin);
    return status;
}

static void open_with(struct ref_http *h, const char *bytes)
{
    ref_http_open(&server, h);
    ref_http_send(h, bytes, SIZE_MAX);
}

static void assert_alive(void)
{
    struct ref_answer a;
    ref_ask(&server, "GET", "/live", "", NULL, &a);
    assert_int_equal(a.status, 200);
    ref_answer_clear(&a);
}

#define WITH(heads, rest) "POST /recommend HTTP/1.1\r\n" heads "\r\n" rest
#define RAW_BODY          "{\"user_id\":1}" /* 13 bytes */

#define RAW(status, text)              \
    {                                  \
        text, sizeof(text) - 1, status \
    }

static const struct {
    const char *bytes;
    size_t len;
    int status; /* 0: closed without an answer */
} unclear[] = {
    /* where does the body end? */
    RAW(400, WITH(HOST JSON "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n",
                  "0\r\n\r\n" SMUGGLED)),
    RAW(400, WITH(HOST JSON "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                  "0\r\n\r\n" SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 13\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 13\r\nContent-Length: 0\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 13, 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: +13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: -1\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 0x0d\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length:\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 1 3\r\n", RAW_BODY SMUGGLED)),
    RAW(413, WITH(HOST JSON "Content-Length: 99999999999999999999\r\n", RAW_BODY SMUGGLED)),
    RAW(413, WITH(HOST JSON "Content-Length: 18446744073709551615\r\n", RAW_BODY SMUGGLED)),
    RAW(501, WITH(HOST JSON "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" SMUGGLED)),
    RAW(501, WITH(HOST JSON "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" SMUGGLED)),
    RAW(501, WITH(HOST JSON "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" SMUGGLED)),
    RAW(501, WITH(HOST JSON "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n" SMUGGLED)),
    RAW(400, WITH(HOST JSON "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                  "0\r\n\r\n" SMUGGLED)),
    RAW(400, WITH(HOST JSON "Transfer-Encoding:\vchunked\r\n", "0\r\n\r\n" SMUGGLED)),
    RAW(400,
        "POST /recommend HTTP/1.0\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST "Content-Length: 31\r\n\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    /* where does a head end, and what is its name? */
    RAW(400, WITH(HOST JSON "Content-Length : 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON " Content-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(" " HOST JSON "Content-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 13\r\n 0\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "X: y\r\n\tz\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON ": 13\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content_Length\x7f: 1\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400,
        WITH(HOST JSON "X: a\rContent-Length: 5\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "X: a\x01\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 13\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH("Host: a\n" JSON "Content-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, "GET /live HTTP/1.1\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST "\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\n"
             "Host: a\n\n" SMUGGLED),
    RAW(400, WITH(HOST JSON "X: a\0b\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "Content-Length: 1\0003\r\n", RAW_BODY SMUGGLED)),
    RAW(400, WITH(HOST JSON "X\0: a\r\nContent-Length: 13\r\n", RAW_BODY SMUGGLED)),
    RAW(400, "GET /live\0 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST "X: y\0\r\n\r\n" SMUGGLED),
    /* for whom is it, and from whom? */
    RAW(400, "GET /live HTTP/1.1\r\n\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1\r\n" HOST "Host: b\r\n\r\n" SMUGGLED),
    RAW(400, "GET http://a/live HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET live HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET * HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /models HTTP/1.1\r\n" HOST BEARER BEARER "\r\n" SMUGGLED),
    RAW(400, WITH(HOST JSON JSON "Content-Length: 13\r\n", RAW_BODY SMUGGLED)),
    /* is it a request? */
    RAW(400, "GET  /live HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live  HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /li ve HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1.1 \r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /li\tve HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /l\xc3\xaf HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live HTTP/1\r\n" HOST "\r\n" SMUGGLED),
    RAW(400, "GET /live http/1.1\r\n" HOST "\r\n" SMUGGLED),
    RAW(505, "GET /live HTTP/2.0\r\n" HOST "\r\n" SMUGGLED),
    RAW(505, "GET /live HTTP/0.9\r\n" HOST "\r\n" SMUGGLED), RAW(0, "hello\r\n\r\n" SMUGGLED),
    RAW(0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" SMUGGLED), /* TLS */
};

static void unclear_requests_are_refused_and_end_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unclear) / sizeof(*unclear); i++) {
        struct ref_http h;
        ref_http_open(&server, &h);
        ref_http_send(&h, unclear[i].bytes, unclear[i].len);
        ref_http_expect(&h, unclear[i].status, unclear[i].bytes);
        /* Of a bad length libmicrohttpd sends its heads twice; no other answer may come. */
        char *rest = ref_http_rest(&h);
        if (!rest || strstr(rest, "HTTP/1.1 2")) {
            fail_msg("%s\n  and then: %s", unclear[i].bytes, rest ? rest : "it goes on");
        }
        free(rest);
        ref_http_close(&h);
    }
    assert_alive();
}

/* ---- chunks -------------------------------------------------------------------------------- */

#define CHUNKED "POST /recommend HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"

static void chunked_bodies_are_read_and_are_the_last_on_their_connection(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int status;
    } rows[] = {
        {CHUNKED "d\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 200},
        {CHUNKED "00D\r\n" RAW_BODY "\r\n000\r\n\r\n" SMUGGLED, 200},
        {CHUNKED "1\r\n{\r\n6\r\n\"user_\r\n6\r\nid\":1}\r\n0\r\n\r\n" SMUGGLED, 200},
        {CHUNKED "d;a=b\r\n" RAW_BODY "\r\n0\r\nX: y\r\n\r\n" SMUGGLED, 200},
        {CHUNKED "d;a\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 200}, /* read so; the rest is not */
        {CHUNKED "0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "g\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "-1\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "0x1\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED " d\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "5\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 400},
        {CHUNKED "fffffffffffffffff\r\n" RAW_BODY "\r\n0\r\n\r\n" SMUGGLED, 413},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ref_http h;
        open_with(&h, rows[i].bytes);
        ref_http_expect(&h, rows[i].status, rows[i].bytes);
        ref_http_expect_end(&h, rows[i].bytes);
    }
}

/* ---- length -------------------------------------------------------------------------------- */

static char *repeat(char c, size_t n)
{
    char *text = rs_xalloc(n + 1, 1);
    memset(text, c, n);
    return text;
}

static void heads_that_are_too_long_are_refused(void **state)
{
    (void)state;
    struct ref_http h;
    char *filler = repeat('x', 60000);
    char *uri = rs_xprintf("GET /%s HTTP/1.1\r\n" HOST "\r\n", filler);
    char *head = rs_xprintf("GET /live HTTP/1.1\r\n" HOST "X: %s\r\n\r\n", filler);
    char *fits = rs_xprintf("GET /live HTTP/1.1\r\n" HOST "X: %.16000s\r\nY: z\r\n\r\n", filler);
    ref_http_open(&server, &h);
    for (size_t at = 0; at < strlen(fits); at += 1000) { /* while the memory for it grows */
        size_t left = strlen(fits) - at;
        ref_http_send(&h, fits + at, left < 1000 ? left : 1000);
    }
    ref_http_expect(&h, 200, "a head that fits");
    ref_http_close(&h);
    free(fits);
    open_with(&h, uri);
    ref_http_expect(&h, 414, "a long path");
    ref_http_close(&h);
    open_with(&h, head);
    ref_http_expect(&h, 431, "a long head");
    ref_http_close(&h);
    open_with(&h, "GET /live HTTP/1.1\r\n" HOST);
    bool goes_on = true;
    for (int i = 0; i < 100000 && goes_on; i++) { /* as many as it takes */
        goes_on = ref_http_send(&h, "a: b\r\n", SIZE_MAX);
    }
    assert_false(goes_on);
    ref_http_close(&h);
    assert_alive();
    free(filler);
    free(uri);
    free(head);
}

/* ---- anything ------------------------------------------------------------------------------ */

static void mutate(struct rs_rng *rng, struct rs_str *text)
{
    static const char odd[] = "\r\n\0\t :;,/?%{}\"\\[]0\x7f\x80\xff";
    size_t at = (size_t)rs_rng_below(rng, text->len);
    size_t n = (size_t)rs_rng_below(rng, text->len - at < 20 ? text->len - at : 20);
    char piece[20];
    switch (rs_rng_below(rng, 4)) {
    case 0: /* another byte */
        text->data[at] = odd[rs_rng_below(rng, sizeof(odd) - 1)];
        break;
    case 1: /* a bit */
        text->data[at] = (char)(text->data[at] ^ (1 << rs_rng_below(rng, 8)));
        break;
    case 2: /* a piece is gone */
        memmove(text->data + at, text->data + at + n, text->len - at - n + 1);
        text->len -= n;
        break;
    default: /* a piece comes again */
        memcpy(piece, text->data + at, n);
        rs_str_addn(text, piece, n);
    }
}

/* Whatever comes, each connection ends, no answer is a failure of ours, and the server goes on. */
static void anything_may_come(void **state)
{
    (void)state;
    enum { ROUNDS = 20, CROWD = 64 };
    static const char *const sound[] = {
        "GET /user/1/history?limit=10&offset=2 HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n" SMUGGLED,
        WITH(HOST JSON "Content-Length: 13\r\n", RAW_BODY SMUGGLED),
        CHUNKED "6\r\n{\"user\r\n7\r\n_id\":1}\r\n0\r\n\r\n",
        "GET /models HTTP/1.1\r\n" HOST "Connection: close\r\nX-Request-Id: a\r\n\r\n",
    };
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct ref_http crowd[CROWD];
        struct rs_rng rng = rs_rng_make(2026, round);
        for (int i = 0; i < CROWD; i++) {
            struct rs_str text;
            rs_str_init(&text, 0);
            rs_str_add(&text, sound[rs_rng_below(&rng, sizeof(sound) / sizeof(*sound))]);
            for (uint64_t n = 1 + rs_rng_below(&rng, 3); n > 0 && text.len > 0; n--) {
                mutate(&rng, &text);
            }
            ref_http_open(&server, &crowd[i]);
            ref_http_send(&crowd[i], text.data, text.len);
            ref_http_end_sending(&crowd[i]);
            rs_str_clear(&text);
        }
        for (int i = 0; i < CROWD; i++) {
            char *said = ref_http_rest(&crowd[i]);
            if (!said || strstr(said, "HTTP/1.1 500") || strstr(said, "HTTP/1.1 503")) {
                fail_msg("round %d, %d: %s", (int)round, i, said ? said : "it goes on");
            }
            free(said);
            ref_http_close(&crowd[i]);
        }
        assert_alive();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unclear_requests_are_refused_and_end_the_connection),
        cmocka_unit_test(chunked_bodies_are_read_and_are_the_last_on_their_connection),
        cmocka_unit_test(heads_that_are_too_long_are_refused),
        cmocka_unit_test(anything_may_come),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
