/*
 * cursor - where the next page of a list begins, as a token that a client hands back.
 *
 * It pins what the list depends on: the version, the user's feedback that was known, and the
 * request. Nothing in it is secret, and nobody gains by making one: it names a page of a list that
 * its maker may ask for anyway.
 */
#ifndef SERVE_CURSOR_IMPL_H
#define SERVE_CURSOR_IMPL_H

#include <stdbool.h>
#include <stdint.h>

enum { SRV_CURSOR_TEXT = 64 }; /* bytes of a token and its NUL, at most */

struct srv_cursor {
    int64_t version;
    int64_t revision; /* id of the user's last event that counts; 0: none */
    int32_t offset;   /* places before the page */
};
/* request: hash of all that was asked, the same on every page. Numbers are 0 or more. */
void srv_cursor_write(const struct srv_cursor *c, uint64_t request, char out[SRV_CURSOR_TEXT]);
/* false: no token, or one of another request. */
bool srv_cursor_read(const char *text, uint64_t request, struct srv_cursor *out);

#endif
