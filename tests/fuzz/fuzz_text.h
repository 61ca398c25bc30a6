/*
 * fuzz_text - seeded mutations of small documents, for the parsers of text.
 *
 * Case n of a driver depends on n alone, so a failure is replayed from the number it prints.
 * RS_FUZZ_CASES sets how many cases run (nightly: millions).
 */
#ifndef TESTS_FUZZ_FUZZ_TEXT_H
#define TESTS_FUZZ_FUZZ_TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rs/base/rng.h"
#include "rs/base/val.h"

enum { FUZZ_MAX = 4096 };

struct fuzz_text {
    char bytes[FUZZ_MAX];
    size_t len;
};

static inline uint64_t fuzz_n_cases(uint64_t dflt)
{
    const char *text = getenv("RS_FUZZ_CASES");
    return text ? strtoull(text, NULL, 10) : dflt;
}

/* Replace n_old bytes at `at` by part[n_new]; too long: nothing happens. */
static inline void fuzz_splice(struct fuzz_text *t, size_t at, size_t n_old, const char *part,
                               size_t n_new)
{
    char copy[FUZZ_MAX];
    if (t->len - n_old + n_new > FUZZ_MAX) return;
    memcpy(copy, part, n_new); /* part may lie in t */
    memmove(t->bytes + at + n_new, t->bytes + at + n_old, t->len - at - n_old);
    memcpy(t->bytes + at, copy, n_new);
    t->len = t->len - n_old + n_new;
}

/* A document of docs[] changed in one to eight places: a bit, a byte, a piece dropped, doubled or
 * taken from another document, a word of the language put in. */
static inline void fuzz_make(struct fuzz_text *t, uint64_t n, const char *const *docs,
                             const char *const *words)
{
    struct rs_rng rng = rs_rng_make(n, rs_rng_stream("fuzz", 0));
    size_t n_docs = 0;
    size_t n_words = 0;
    while (docs[n_docs])
        n_docs++;
    while (words[n_words])
        n_words++;
    const char *doc = docs[rs_rng_below(&rng, n_docs)];
    t->len = 0;
    fuzz_splice(t, 0, 0, doc, strlen(doc));
    for (uint64_t i = 1 + rs_rng_below(&rng, 8); i > 0; i--) {
        size_t at = (size_t)rs_rng_below(&rng, t->len + 1);
        size_t rest = t->len - at;
        size_t piece = (size_t)rs_rng_below(&rng, (rest < 16 ? rest : 16) + 1);
        const char *word = words[rs_rng_below(&rng, n_words)];
        const char *other = docs[rs_rng_below(&rng, n_docs)];
        char byte = (char)rs_rng_below(&rng, 256);
        switch (rs_rng_below(&rng, 6)) {
        case 0:
            if (rest > 0) t->bytes[at] = (char)(t->bytes[at] ^ (1 << (byte & 7)));
            break;
        case 1:
            fuzz_splice(t, at, 0, &byte, 1);
            break;
        case 2:
            fuzz_splice(t, at, piece, "", 0);
            break;
        case 3:
            fuzz_splice(t, at, 0, t->bytes + at, piece);
            break;
        case 4:
            fuzz_splice(t, at, piece, word, strlen(word));
            break;
        default:
            fuzz_splice(t, at, rest, other, (size_t)rs_rng_below(&rng, strlen(other) + 1));
            break;
        }
    }
}

/* Lists and maps around the deepest value, v counted. */
static inline int fuzz_depth(const struct rs_val *v)
{
    int deepest = 0;
    for (size_t i = 0; i < v->n; i++) {
        int depth = fuzz_depth(v->items[i]);
        if (depth > deepest) deepest = depth;
    }
    return v->type >= RS_VAL_LIST ? deepest + 1 : 0;
}

#endif
