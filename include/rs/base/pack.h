/*
 * pack - the container of all our binary files (.rsd, .rsm): named, checksummed, mapped sections.
 *
 * Layout   magic "RSPK", kind (4 chars), format version, file size, section count, header
 *          checksum; then the section table {name[16], type, offset, bytes, checksum}; then the
 *          sections, each at a multiple of 64 bytes, padding zero. Little endian. No time, path or
 *          host inside: equal sections give equal bytes.
 * Safety   rs_pack_open checks magic, version, sizes, bounds and every checksum before it returns,
 *          so a flipped byte anywhere (padding included) is RS_EDAMAGED and never a crash.
 *          Readers still check what the numbers inside mean (indices in range).
 */
#ifndef RS_BASE_PACK_H
#define RS_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/val.h"

enum rs_pack_type { RS_PACK_BYTES, RS_PACK_U8, RS_PACK_I32, RS_PACK_I64, RS_PACK_F32, RS_PACK_F64 };

struct rs_writer; /* a pack being written, in order, to a temporary name */
struct rs_reader; /* a mapped pack; sections stay valid until close */

/* kind: 4 characters, such as "DATA", "SPLT", "MODL". */
RS_MUST_USE enum rs_code rs_writer_open(const char *path, const char *kind, uint32_t version,
                                        struct rs_writer **out, struct rs_err *err);
/* n elements of type; the bytes are written before it returns. name: at most 15 characters. */
RS_MUST_USE enum rs_code rs_writer_add(struct rs_writer *w, const char *name,
                                       enum rs_pack_type type, const void *data, size_t n,
                                       struct rs_err *err);
RS_MUST_USE enum rs_code rs_writer_add_json(struct rs_writer *w, const char *name,
                                            const struct rs_val *v, struct rs_err *err);
/* Header, fsync, rename. sha256_out[65] of the whole file, or NULL. Frees w in any case. */
RS_MUST_USE enum rs_code rs_writer_close(struct rs_writer *w, char *sha256_out, struct rs_err *err);
/* The same, but the file is named <sha256><suffix>, in the folder of the path it was opened
 * with. */
RS_MUST_USE enum rs_code rs_writer_close_hashed(struct rs_writer *w, const char *suffix,
                                                char sha256_out[65], struct rs_err *err);
void rs_writer_discard(struct rs_writer *w); /* removes the temporary file; accepts NULL */

/* min..max: versions this program reads. RS_ENOTFOUND: no file. RS_EDAMAGED: see above, or another
 * kind; RS_EARG: a newer version than max, with the remedy. */
RS_MUST_USE enum rs_code rs_pack_open(const char *path, const char *kind, uint32_t min_version,
                                      uint32_t max_version, struct rs_reader **out,
                                      struct rs_err *err);
void rs_pack_close(struct rs_reader *r);
bool rs_pack_has(const struct rs_reader *r, const char *name);
/* Borrowed section; RS_EDAMAGED if absent, of another type, or not n elements (n_want < 0: any). */
RS_MUST_USE enum rs_code rs_pack_get(const struct rs_reader *r, const char *name,
                                     enum rs_pack_type type, int64_t n_want, const void **out,
                                     int64_t *n_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_pack_get_json(const struct rs_reader *r, const char *name,
                                          struct rs_val **out, struct rs_err *err);
size_t rs_pack_size(const struct rs_reader *r);
const char *rs_pack_path(const struct rs_reader *r);
/* Names of sections in file order: for `model verify` and tests. */
size_t rs_pack_n_sections(const struct rs_reader *r);
const char *rs_pack_section(const struct rs_reader *r, size_t i, int64_t *offset_out,
                            int64_t *bytes_out);

#endif
