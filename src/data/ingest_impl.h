/*
 * ingest_impl - what the files of ingest share.
 *
 * Path of a row  a file is one window of bytes (mapped) or several (unpacked); a window is cut into
 *                parts at ends of rows; threads parse parts, each into its own range of the
 *                window's columns; finish turns external ids into dense ones, part by part, and
 *                sorts. Nothing depends on where the cuts are or on the number of threads.
 */
#ifndef RS_DATA_INGEST_IMPL_H
#define RS_DATA_INGEST_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csr_impl.h"
#include "rs/base/err.h"
#include "rs/base/task.h"
#include "rs/data/ingest.h"

#define MAX_EXAMPLES 10
#define MAX_TYPES    255
#define MAX_TIME_S   INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MS_ABOVE     INT64_C(100000000000) /* a larger time is in milliseconds */
#define MAX_ROW      ((size_t)1 << 28)     /* bytes of one row, quoted newlines included */

enum role { ROLE_USER, ROLE_ITEM, ROLE_VALUE, ROLE_TIME, ROLE_TYPE, N_ROLES };

/* How the work is cut; tests make it small and switch the direct path off. */
struct rs_ingest_tune {
    size_t part_bytes;   /* 0: by size and threads */
    size_t window_bytes; /* of unpacked text read at once; 0: 32 MiB */
    bool no_fast;
};
RS_MUST_USE enum rs_code rs_ingest_tuned(const char *const *paths, size_t n_paths,
                                         const struct rs_ingest_opts *opts,
                                         const struct rs_ingest_tune *tune, struct rs_task *task,
                                         struct rs_interactions *out,
                                         struct rs_ingest_report *report_out, struct rs_err *err);

/* ---- interned byte strings (ingest_intern.c) ------------------------------------------------ */

/* Distinct keys numbered by first appearance. Zero is an empty table. */
struct intern {
    int32_t n;
    int32_t cap;
    int64_t *at; /* [cap + 1] key i is bytes[at[i] .. at[i+1]) */
    char *bytes;
    size_t bytes_cap;
    uint32_t *hash; /* [cap] */
    int32_t *slots; /* [n_slots] key + 1, or 0; a power of two, at most half full */
    size_t n_slots;
};
int32_t rs_intern_add(struct intern *t, const char *key, size_t len); /* -1: out of memory */
void rs_intern_clear(struct intern *t);
static inline const char *intern_key(const struct intern *t, int32_t i, size_t *len_out)
{
    *len_out = (size_t)(t->at[i + 1] - t->at[i]);
    return t->bytes + t->at[i];
}

/* ---- what is known of one file -------------------------------------------------------------- */

struct source {
    const struct rs_ingest_opts *opts;
    const char *path;
    char *name; /* base name, for messages */
    enum rs_format format;
    char delim;         /* csv, tsv; dat has "::" */
    int index[N_ROLES]; /* 0-based field, or -1 */
    int n_fields;       /* fields a row needs */
    bool named;         /* columns are known by name, not by number */
    /* Names that columns may have (known ones, or the one asked for), and the one found. */
    const char *const *candidates[N_ROLES];
    const char *asked[N_ROLES][2];
    char *label[N_ROLES];
    char *columns; /* copy of opts->columns that asked points into */
    int64_t line;  /* of the window's first byte, 1-based */
    unsigned saw;  /* of all parts */
};
/* Text of the file to be read: sets format, columns and line from its first bytes and says where
 * the rows begin. text[len] holds the first row whole, or the file. */
RS_MUST_USE enum rs_code rs_source_look(struct source *s, const char *text, size_t len,
                                        size_t *begin_out, struct rs_err *err);
RS_MUST_USE enum rs_code rs_source_init(struct source *s, const char *path,
                                        const struct rs_ingest_opts *opts, struct rs_err *err);
void rs_source_clear(struct source *s);
const char *rs_role_name(enum role role);
/* By the ending of a name, behind which .gz or .zip may stand; AUTO: it does not say. */
enum rs_format rs_format_of_name(const char *name);

/* ---- parts (ingest_part.c) ------------------------------------------------------------------ */

/* External ids of the rows of one part: integers in 32 bits, in 64 bits, or texts by number. */
enum id_kind { ID_NARROW, ID_WIDE, ID_TEXT };
struct id_column {
    enum id_kind kind;
    int32_t *narrow; /* [room] in the window's columns: ids, numbers of texts, at last indices */
    int64_t *wide;   /* [room] own; kind WIDE */
    struct intern texts;
};

/* By user and item and unique; by user; in any order. */
enum order { ORDER_SORTED, ORDER_GROUPED, ORDER_NONE };

struct part {
    const struct source *src;
    const char *begin;
    const char *end;
    int64_t line;        /* of begin */
    int64_t n_lines;     /* line ends in it */
    bool plain;          /* no quote and no lone carriage return: rows are lines */
    bool open;           /* ends inside quotes */
    const char *open_at; /* where they began */
    int64_t room;        /* rows that fit */
    int64_t n;           /* rows taken */
    struct id_column id[2];
    float *value;  /* [room] */
    int64_t *time; /* [room] or NULL */
    uint8_t *type; /* [room] or NULL; numbers of `types` */
    struct intern types;
    const char *label[N_ROLES]; /* as messages call the columns */
    int32_t largest[2];         /* of the narrow ids */
    enum order order;           /* of the rows, as far as their ids are narrow */
    int64_t rows, bad, null_values, null_times, ms_times;
    int n_examples;
    char *examples[MAX_EXAMPLES];
    unsigned saw;    /* bit r: a row had a cell for role r, if only an empty one */
    enum rs_code rc; /* why it stopped */
    struct rs_err err;
};
struct cell {
    const char *s; /* NULL: the row has no such cell */
    size_t len;
};
void rs_part_clear(struct part *p);
/* largest and order, while the rows are still in the cache. */
void rs_part_sum_up(struct part *p);
/* One row as text. Counts it; takes it or says why not. False: the part stops (p->rc). */
bool rs_part_row(struct part *p, const struct cell cells[N_ROLES], int n_fields, int64_t line);
/* A refused row: counted, kept as an example or, strict, the end of the part. line 0: the text says
 * the place. False: stop. */
bool rs_part_bad(struct part *p, int64_t line, const char *fmt, ...) RS_PRINTF(3, 4);
bool rs_part_fail(struct part *p, enum rs_code code, const char *fmt, ...) RS_PRINTF(3, 4);
bool rs_part_no_memory(struct part *p);
/* Row i gets an integer id. False: out of memory. */
bool rs_id_put_int(struct id_column *c, int64_t i, int64_t room, int64_t id);
/* Does v lie outside the bounds of o? */
static inline bool value_refused(const struct rs_ingest_opts *o, double v)
{
    return (o->value_min != 0 || o->value_max != 0) && (v < o->value_min || v > o->value_max);
}

/* ---- parsers: fill a part from its bytes; failures are left in p->rc ------------------------- */

struct csv_reader; /* libcsv for one part, made when first needed */
void rs_ingest_csv(struct part *p);
/* Rows of [begin, end), which starts and ends at ends of rows. False: the part stops. */
bool rs_separated_rows(struct csv_reader **reader, struct part *p, const char *begin,
                       const char *end, int64_t line);
void rs_csv_reader_free(struct csv_reader *r);
/* Fields of the first row that is not blank, NULL-ended: free with rs_names_free. *end_out: the
 * place behind it, *lines_out: line ends up to there. */
RS_MUST_USE enum rs_code rs_first_row(const struct source *s, const char *text, size_t len,
                                      char ***fields_out, size_t *end_out, int64_t *lines_out,
                                      struct rs_err *err);
void rs_names_free(char **names);
/* Is text[len] inside quotes at its end, by libcsv's rules? *state is carried from piece to piece,
 * zero at the start; *open_out: place of the quote that is open. */
struct quote_state {
    int at;
    size_t spaces;
};
bool rs_quotes_open(struct quote_state *state, char delim, const char *text, size_t len,
                    const char **open_out);

bool rs_fast_fits(const struct source *s);
void rs_ingest_fast(struct part *p, const char *readable_end);
void rs_ingest_jsonl(struct part *p);
void rs_ingest_lists(struct part *p);

/* ---- the whole (ingest.c, ingest_window.c, ingest_finish.c) ---------------------------------- */

struct ingest {
    const struct rs_ingest_opts *opts;
    const struct rs_ingest_tune *tune;
    struct rs_task *task;
    struct rs_ingest_report *report;
    struct part *parts; /* in file order */
    size_t n_parts;
    size_t cap_parts;
    struct source **sources; /* of the files so far */
    size_t n_sources;
    struct rs_columns *slabs; /* the columns that parts' ranges lie in */
    size_t n_slabs;
    unsigned saw;      /* of all files */
    double done_bytes; /* of the files before this one */
};
/* Text that begins at a row. */
struct window {
    const char *text;
    size_t len;
    bool eof;          /* nothing follows */
    bool mapped;       /* pages of a file, to be given back once parsed */
    double file_bytes; /* of the file that it stands for, for progress */
};
/* Parse w to its end or, if more follows, to the end of its last whole row: *used_out. */
RS_MUST_USE enum rs_code rs_ingest_window(struct ingest *g, struct source *s,
                                          const struct window *w, size_t *used_out,
                                          struct rs_err *err);
/* Room for n parts in g and for all their rows (part.room is set) in a new slab. */
RS_MUST_USE enum rs_code rs_ingest_room(struct ingest *g, const struct source *s,
                                        struct part *parts, size_t n_parts, struct rs_err *err);
/* Counters and examples of finished parts into the report; the first failure in file order. */
RS_MUST_USE enum rs_code rs_ingest_settle(struct ingest *g, struct source *s, struct part *parts,
                                          size_t n_parts, struct rs_err *err);
RS_MUST_USE enum rs_code rs_ingest_finish(struct ingest *g, struct rs_interactions *out,
                                          struct rs_err *err);
/* Dense indices for ids of one column of all parts. *ranked_out: equal and larger ids in `narrow`
 * have become equal and larger indices, so that what was sorted still is. */
RS_MUST_USE enum rs_code rs_ingest_map(struct ingest *g, int column, struct rs_idmap **out,
                                       bool *ranked_out, struct rs_err *err);

/* ---- archives (ingest_stream.c) and npz ------------------------------------------------------ */

enum packing { PACK_NONE, PACK_GZIP, PACK_ZIP };
enum packing rs_packing_of(const void *head, size_t len);
struct stream;
/* The one file in a .gz or .zip. *name_out: its name inside (zip), else NULL; borrowed. */
RS_MUST_USE enum rs_code rs_stream_open(const char *path, enum packing packing, struct stream **out,
                                        const char **name_out, struct rs_err *err);
/* The next file of a .zip, false at the end. */
RS_MUST_USE enum rs_code rs_stream_next(struct stream *s, bool *more_out, const char **name_out,
                                        struct rs_err *err);
/* Up to n bytes; fewer only at the end. */
RS_MUST_USE enum rs_code rs_stream_read(struct stream *s, void *buf, size_t n, size_t *got_out,
                                        struct rs_err *err);
double rs_stream_done(const struct stream *s); /* packed bytes read */
void rs_stream_close(struct stream *s);
RS_MUST_USE enum rs_code rs_ingest_npz(struct ingest *g, struct source *s, struct rs_err *err);

#endif
