/* hash - thin layer over libsodium and libxxhash. */
#include "rs/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "fs_impl.h"
#include "rs/base/mem.h"

#define READ_SIZE ((size_t)1 << 18)

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct rs_sha256), "state too small");

static crypto_hash_sha256_state *state(struct rs_sha256 *h)
{
    return (crypto_hash_sha256_state *)(void *)h->state;
}

void rs_sha256_init(struct rs_sha256 *h)
{
    crypto_hash_sha256_init(state(h));
}

void rs_sha256_add(struct rs_sha256 *h, const void *data, size_t len)
{
    if (len) crypto_hash_sha256_update(state(h), data, len);
}

void rs_sha256_hex(struct rs_sha256 *h, char out[RS_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state(h), digest);
    sodium_bin2hex(out, RS_SHA256_HEX, digest, sizeof(digest));
}

void rs_sha256_of(const void *data, size_t len, char out[RS_SHA256_HEX])
{
    struct rs_sha256 h = {0};
    rs_sha256_init(&h);
    rs_sha256_add(&h, data, len);
    rs_sha256_hex(&h, out);
}

enum rs_code rs_sha256_file(const char *path, char out[RS_SHA256_HEX], struct rs_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rs_fs_fail(err, errno, "open", path);
    enum rs_code rc = RS_OK;
    char *buf = rs_try_alloc(READ_SIZE, 1);
    if (!buf) {
        rc = rs_fail(err, RS_ENOMEM, "hash '%s': out of memory", path);
        goto done;
    }
    struct rs_sha256 h = {0};
    rs_sha256_init(&h);
    for (;;) {
        ssize_t n = read(fd, buf, READ_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            rc = rs_fail_errno(err, errno, "read '%s'", path);
            goto done;
        }
        if (n == 0) break;
        rs_sha256_add(&h, buf, (size_t)n);
    }
    rs_sha256_hex(&h, out);
done:
    free(buf);
    close(fd);
    return rc;
}

bool rs_hash_equal(const char a[RS_SHA256_HEX], const char b[RS_SHA256_HEX])
{
    return sodium_memcmp(a, b, RS_SHA256_HEX - 1) == 0;
}

uint64_t rs_checksum(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}
