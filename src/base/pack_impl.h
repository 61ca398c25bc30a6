/*
 * pack_impl - the layout that writer and reader of pack share.
 *
 * header (64 bytes) | sections, each at a multiple of 64, zeros between | table at a multiple of 64
 * The table ends the file. Every byte is covered: the header by its own checksum, the sections and
 * the table by theirs, what is between by being zero.
 */
#ifndef RS_BASE_PACK_IMPL_H
#define RS_BASE_PACK_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "rs/base/pack.h"

#define PACK_MAGIC        "RSPK"
#define PACK_LAYOUT       1 /* version of this layout; what is in the sections has its own */
#define PACK_ALIGN        64
#define PACK_NAME_SIZE    16
#define PACK_MAX_SECTIONS 4096

struct pack_header {
    char magic[4];
    char kind[4];
    uint32_t layout;
    uint32_t version;
    uint64_t file_size;
    uint64_t table_offset;
    uint32_t n_sections;
    uint32_t zero[3];
    uint64_t table_checksum;
    uint64_t header_checksum; /* of all bytes before it */
};

struct pack_section {
    char name[PACK_NAME_SIZE]; /* zero-filled */
    uint32_t type;             /* enum rs_pack_type */
    uint32_t zero;
    uint64_t offset;
    uint64_t bytes;
    uint64_t checksum;
};

_Static_assert(sizeof(struct pack_header) == 64, "no padding");
_Static_assert(sizeof(struct pack_section) == 48, "no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packs are mapped as little endian");

static inline uint64_t pack_align(uint64_t n)
{
    return (n + PACK_ALIGN - 1) / PACK_ALIGN * PACK_ALIGN;
}

/* Bytes of one element; 0 for a type that does not exist. */
size_t rs_pack_elem_size(uint32_t type);

#endif
