/*
 * cursor - three numbers of 7 bits a byte, lowest first, and 8 bytes of a hash of them and of the
 * request; as base64url.
 */
#include "cursor_impl.h"

#include <string.h>

#include "rs/base/hash.h"

enum { VARINT = 10, CHECK = 8, MAX_BYTES = 3 * VARINT + CHECK };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static unsigned char *put_number(unsigned char *to, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        *to++ = (unsigned char)(v | 128);
    *to++ = (unsigned char)v;
    return to;
}

/* NULL: none that fits. */
static const unsigned char *get_number(const unsigned char *at, const unsigned char *end,
                                       int64_t *out)
{
    uint64_t v = 0;
    for (int shift = 0; at && at < end && shift < 63; shift += 7, at++) {
        v |= (uint64_t)(*at & 127) << shift;
        if (*at < 128) {
            *out = (int64_t)v;
            return at + 1;
        }
    }
    return NULL;
}

/* Of the n bytes before it and of the request. */
static void check_of(const unsigned char *bytes, size_t n, uint64_t request,
                     unsigned char out[CHECK])
{
    unsigned char all[MAX_BYTES + sizeof(request)];
    memcpy(all, bytes, n);
    memcpy(all + n, &request, sizeof(request));
    uint64_t check = rs_checksum(all, n + sizeof(request));
    memcpy(out, &check, CHECK);
}

void srv_cursor_write(const struct srv_cursor *c, uint64_t request, char out[SRV_CURSOR_TEXT])
{
    unsigned char bytes[MAX_BYTES + 1] = {0}; /* and one that the last letter looks at */
    unsigned char *at = put_number(bytes, (uint64_t)c->version);
    at = put_number(at, (uint64_t)c->revision);
    at = put_number(at, (uint64_t)c->offset);
    check_of(bytes, (size_t)(at - bytes), request, at);
    size_t n_letters = (8 * ((size_t)(at - bytes) + CHECK) + 5) / 6;
    for (size_t i = 0; i < n_letters; i++) {
        size_t bit = 6 * i;
        unsigned pair = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        out[i] = letters[pair >> (10 - bit % 8) & 63];
    }
    out[n_letters] = '\0';
}

/* Whole bytes of a text of letters; 0: another text, or bits at its end that are not 0. */
static size_t decode(const char *text, unsigned char bytes[MAX_BYTES])
{
    size_t n = 0;
    unsigned held = 0;
    int n_held = 0; /* bits */
    for (; *text; text++) {
        const char *letter = strchr(letters, *text);
        if (!letter) return 0;
        held = held << 6 | (unsigned)(letter - letters);
        n_held += 6;
        if (n_held < 8) continue;
        if (n == MAX_BYTES) return 0;
        n_held -= 8;
        bytes[n++] = (unsigned char)(held >> n_held);
        held &= (1U << n_held) - 1;
    }
    return held == 0 && n_held < 6 ? n : 0;
}

bool srv_cursor_read(const char *text, uint64_t request, struct srv_cursor *out)
{
    unsigned char bytes[MAX_BYTES];
    unsigned char check[CHECK];
    int64_t offset = 0;
    size_t n = decode(text, bytes);
    if (n <= CHECK) return false;
    const unsigned char *end = bytes + n - CHECK;
    const unsigned char *at = get_number(bytes, end, &out->version);
    at = get_number(at, end, &out->revision);
    at = get_number(at, end, &offset);
    if (at != end || offset > INT32_MAX) return false;
    out->offset = (int32_t)offset;
    check_of(bytes, n - CHECK, request, check);
    return memcmp(check, end, CHECK) == 0;
}
