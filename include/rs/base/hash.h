/*
 * hash - SHA-256 for names and proofs (libsodium), XXH3 for checksums of sections (libxxhash).
 */
#ifndef RS_BASE_HASH_H
#define RS_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"

#define RS_SHA256_HEX 65 /* 64 digits and NUL */

struct rs_sha256 {
    _Alignas(16) unsigned char state[128];
};
void rs_sha256_init(struct rs_sha256 *h);
void rs_sha256_add(struct rs_sha256 *h, const void *data, size_t len);
void rs_sha256_hex(struct rs_sha256 *h, char out[RS_SHA256_HEX]); /* finishes */
void rs_sha256_of(const void *data, size_t len, char out[RS_SHA256_HEX]);
RS_MUST_USE enum rs_code rs_sha256_file(const char *path, char out[RS_SHA256_HEX],
                                        struct rs_err *err);
/* Of two hashes in hex: as long for equal ones as for others. */
bool rs_hash_equal(const char a[RS_SHA256_HEX], const char b[RS_SHA256_HEX]);
uint64_t rs_checksum(const void *data, size_t len); /* XXH3-64 */

#endif
