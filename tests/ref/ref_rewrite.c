/* ref_rewrite - section by section through the writer, so that every checksum is right. */
#include "ref_rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "rs/base/mem.h"
#include "rs/base/pack.h"
#include "rs/base/rng.h"
#include "support.h"

/* One element of bytes[len] becomes a number of any size, or that of another place; returns the
 * bytes that stay. */
static size_t spoil(unsigned char *bytes, size_t len, size_t size, struct rs_rng *rng)
{
    size_t at = rs_rng_below(rng, len / size) * size;
    uint64_t value = rs_rng_next64(rng) >> rs_rng_below(rng, 64);
    if (rs_rng_below(rng, 3) == 0)
        memcpy(&value, bytes + rs_rng_below(rng, len / size) * size, size);
    memcpy(bytes + at, &value, size);
    return rs_rng_below(rng, 4) == 0 ? len - size : len;
}

size_t ref_rewrite(const char *whole, const char *broken, const char *kind, size_t section,
                   uint64_t seed)
{
    struct rs_err err = {0};
    struct rs_reader *r = NULL;
    struct rs_writer *w = NULL;
    static const size_t sizes[] = {1, 1, 4, 8, 4, 8}; /* by rs_pack_type */
    assert_ok(rs_pack_open(whole, kind, 1, 1, &r, &err), &err);
    assert_ok(rs_writer_open(broken, kind, 1, &w, &err), &err);
    size_t n = rs_pack_n_sections(r);
    for (size_t i = 0; i < n; i++) {
        int64_t bytes;
        const char *name = rs_pack_section(r, i, NULL, &bytes);
        const void *data = NULL;
        int type = 0;
        struct rs_err no = {0};
        while (rs_pack_get(r, name, (enum rs_pack_type)type, -1, &data, NULL, &no)) {
            type++;
        }
        size_t len = (size_t)bytes;
        unsigned char *copy = rs_xalloc(len + 8, 1);
        memcpy(copy, data, len);
        struct rs_rng rng = rs_rng_make(seed, i);
        if (i == section && len > 0) len = spoil(copy, len, sizes[type], &rng);
        assert_ok(rs_writer_add(w, name, (enum rs_pack_type)type, copy, len / sizes[type], &err),
                  &err);
        free(copy);
    }
    assert_ok(rs_writer_close(w, NULL, &err), &err);
    rs_pack_close(r);
    return n;
}
