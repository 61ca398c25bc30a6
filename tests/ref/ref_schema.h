/*
 * ref_schema - does a value fit a JSON Schema? As much of JSON Schema 2020-12 as the program's own
 * documents use; a keyword that is not known fails the test.
 */
#ifndef TESTS_REF_REF_SCHEMA_H
#define TESTS_REF_REF_SCHEMA_H

#include "rs/base/str.h"
#include "rs/base/val.h"

/* doc: where "#/…" references lead. why (may be NULL) gets the place and the rule that was broken. */
bool ref_schema_allows(const struct rs_val *doc, const struct rs_val *schema,
                       const struct rs_val *v, struct rs_str *why);
/* What "#/a/b" means in doc; a reference that leads nowhere fails the test. */
const struct rs_val *ref_schema_find(const struct rs_val *doc, const char *ref);
/* The schema of an answer: of that method ("get"), path as in the document, and status. It fails
 * where the document lacks it. */
const struct rs_val *ref_schema_answer(const struct rs_val *doc, const char *method,
                                       const char *path, int status);

#endif
