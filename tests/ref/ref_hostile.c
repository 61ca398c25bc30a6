/*
 * ref_hostile - libarchive's writer, with names and kinds as they are given.
 */
#include "ref/support.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/fs.h"
#include "rs/base/mem.h"
#include "rs/base/str.h"

#include "ref_hostile.h"

static void check(struct archive *a, int status)
{
    if (status != ARCHIVE_OK) fail_msg("archive: %s", archive_error_string(a));
}

static struct archive *open_writer(const char *path, enum ref_format pack)
{
    struct archive *a = archive_write_new();
    assert_non_null(a);
    if (pack == REF_ZIP) {
        check(a, archive_write_set_format_zip(a));
        check(a, archive_write_set_options(a, "zip:hdrcharset=UTF-8"));
    } else if (pack == REF_TAR || pack == REF_TAR_GZ) {
        check(a, archive_write_set_format_pax_restricted(a));
    } else {
        check(a, archive_write_set_format_raw(a));
    }
    for (int n = pack == REF_GZ_GZ ? 2 : pack == REF_GZ || pack == REF_TAR_GZ; n > 0; n--) {
        check(a, archive_write_add_filter_gzip(a));
        check(a, archive_write_set_filter_option(a, "gzip", "timestamp", NULL));
    }
    check(a, archive_write_set_bytes_in_last_block(a, 1));
    check(a, archive_write_open_filename(a, path));
    return a;
}

static unsigned type_of(enum ref_kind kind)
{
    static const unsigned types[] = {
        [REF_FILE] = AE_IFREG,     [REF_DIR] = AE_IFDIR,    [REF_SYMLINK] = AE_IFLNK,
        [REF_HARDLINK] = AE_IFREG, [REF_DEVICE] = AE_IFCHR, [REF_FIFO] = AE_IFIFO};
    return types[kind];
}

static void add(struct archive *a, const struct ref_entry *in)
{
    static const char zeros[1 << 16];
    struct archive_entry *e = archive_entry_new();
    size_t len = in->kind == REF_FILE && in->text ? strlen(in->text) : 0;
    if (rs_str_utf8_valid(in->name, strlen(in->name))) {
        archive_entry_set_pathname_utf8(e, in->name);
    } else {
        archive_entry_set_pathname(e, in->name);
    }
    archive_entry_set_filetype(e, type_of(in->kind));
    archive_entry_set_perm(e, 0644);
    archive_entry_set_mtime(e, 1000000000, 0);
    if (in->kind == REF_FILE) archive_entry_set_size(e, (int64_t)(len + in->zeros));
    if (in->kind == REF_SYMLINK) archive_entry_set_symlink(e, in->text);
    if (in->kind == REF_HARDLINK) archive_entry_set_hardlink(e, in->text);
    if (in->kind == REF_DEVICE) archive_entry_set_rdev(e, 0x0103);
    int status = archive_write_header(a, e);
    if (status != ARCHIVE_WARN)
        check(a, status); /* a name that is no text is written all the same */
    if (len) assert_int_equal(archive_write_data(a, in->text, len), len);
    for (size_t left = in->zeros; left > 0;) {
        size_t n = left < sizeof(zeros) ? left : sizeof(zeros);
        assert_int_equal(archive_write_data(a, zeros, n), n);
        left -= n;
    }
    archive_entry_free(e);
}

char *ref_pack(const char *dir, const char *name, enum ref_format pack,
               const struct ref_entry *entries)
{
    char *path = rs_path_join(dir, name);
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    assert_true(utf8 != (locale_t)0);
    locale_t before = uselocale(utf8);
    struct archive *a = open_writer(path, pack);
    for (; entries->name; entries++) {
        add(a, entries);
        if (pack == REF_GZ || pack == REF_GZ_GZ) break;
    }
    check(a, archive_write_close(a));
    archive_write_free(a);
    uselocale(before);
    freelocale(utf8);
    return path;
}

void ref_assert_holds(const char *dir, const char *want)
{
    struct rs_err err = {0};
    char **names = NULL;
    struct rs_str got;
    rs_str_init(&got, 4096);
    assert_ok(rs_fs_list(dir, &names, &err), &err);
    for (char **n = names; *n; n++) {
        rs_str_addf(&got, "%s%s", n == names ? "" : " ", *n);
    }
    assert_string_equal(rs_str_text(&got), want);
    rs_fs_list_free(names);
    rs_str_clear(&got);
}

void ref_assert_text(const char *dir, const char *name, const char *want)
{
    struct rs_err err = {0};
    char *path = rs_path_join(dir, name);
    char *text = NULL;
    size_t len = 0;
    assert_ok(rs_fs_read(path, 1 << 20, &text, &len, &err), &err);
    assert_int_equal(len, strlen(want));
    assert_string_equal(text, want);
    free(text);
    free(path);
}
