/*
 * key - names of keys and requests.
 */
#include "key.h"

#include <stdio.h>
#include <string.h>

struct named {
    uint32_t code;
    const char *name;
};
static const struct named key_names[] = {
#define ROW(id, name) {id, name},
    TUI_KEYS(ROW)
#undef ROW
        {' ', "Space"},
};

struct request_row {
    const char *name;
    unsigned flags;
    const char *help;
};
static const struct request_row request_rows[TUI_REQUEST_COUNT] = {
#define ROW(id, name, flags, help) {name, flags, help},
    TUI_REQUESTS(ROW)
#undef ROW
};

enum { N_KEY_NAMES = sizeof(key_names) / sizeof(key_names[0]) };

/* Code point to UTF-8; bytes. */
static int encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* One whole character of valid UTF-8 and nothing behind it. */
static bool decode(const char *s, uint32_t *out)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = strlen(s);
    if (n == 0 || n > 4 || !rs_str_utf8_valid(s, n) || rs_str_utf8_count(s) != 1) return false;
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = u[0] & mask[n];
    for (size_t i = 1; i < n; i++) {
        c = (c << 6) | (u[i] & 0x3fU);
    }
    *out = c;
    return true;
}

const char *tui_key_text(uint32_t code, char buf[16])
{
    for (int i = 0; i < N_KEY_NAMES; i++) {
        if (key_names[i].code == code) return key_names[i].name;
    }
    if (code < 0x20) {
        snprintf(buf, 16, "^%c", (int)(code + '@'));
    } else if (code == 0x7f) {
        snprintf(buf, 16, "^?");
    } else if (code >= TUI_KEY_FIRST) {
        snprintf(buf, 16, "?");
    } else {
        buf[encode(code, buf)] = '\0';
    }
    return buf;
}

bool tui_key_parse(const char *text, uint32_t *code_out)
{
    for (int i = 0; i < N_KEY_NAMES; i++) {
        if (strcmp(key_names[i].name, text) == 0) {
            *code_out = key_names[i].code;
            return true;
        }
    }
    if (text[0] == '^' && text[1] >= '@' && text[1] <= '_' && !text[2]) {
        *code_out = (uint32_t)(text[1] - '@');
        return true;
    }
    uint32_t code;
    if (!decode(text, &code) || code < 0x20 || code == 0x7f) return false;
    *code_out = code;
    return true;
}

const char *tui_request_name(enum tui_request r)
{
    return request_rows[r].name;
}

const char *tui_request_help(enum tui_request r)
{
    return request_rows[r].help;
}

unsigned tui_request_flags(enum tui_request r)
{
    return request_rows[r].flags;
}

bool tui_request_parse(const char *name, enum tui_request *out)
{
    for (int i = 0; i < TUI_REQUEST_COUNT; i++) {
        if (strcmp(request_rows[i].name, name) == 0) {
            *out = (enum tui_request)i;
            return true;
        }
    }
    return false;
}
