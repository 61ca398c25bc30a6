/*
 * ref_hostile - archives made for tests, hostile ones included, and what came out of them.
 */
#ifndef TESTS_REF_REF_HOSTILE_H
#define TESTS_REF_REF_HOSTILE_H

#include <stddef.h>

enum ref_format { REF_ZIP, REF_TAR, REF_TAR_GZ, REF_GZ, REF_GZ_GZ };
enum ref_kind { REF_FILE, REF_DIR, REF_SYMLINK, REF_HARDLINK, REF_DEVICE, REF_FIFO };

struct ref_entry {
    const char *name; /* NULL ends a list */
    const char *text; /* of a file; the target of a link */
    enum ref_kind kind;
    size_t zeros; /* bytes behind the text */
};

/* Write dir/name; the path is the caller's. REF_GZ: the contents of the first entry alone. */
char *ref_pack(const char *dir, const char *name, enum ref_format pack,
               const struct ref_entry *entries);

/* dir holds `want`: sorted names with a space between. */
void ref_assert_holds(const char *dir, const char *want);
/* dir/name holds `want`. */
void ref_assert_text(const char *dir, const char *name, const char *want);

#endif
