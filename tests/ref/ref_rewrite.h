/*
 * ref_rewrite - a pack with right checksums and one wrong number.
 */
#ifndef TESTS_REF_REWRITE_H
#define TESTS_REF_REWRITE_H

#include <stddef.h>
#include <stdint.h>

/* Write the pack at `whole` anew to `broken`, one element of one section changed, and sometimes one
 * less of them. Returns how many sections there are. */
size_t ref_rewrite(const char *whole, const char *broken, const char *kind, size_t section,
                   uint64_t seed);

#endif
