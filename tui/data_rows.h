/*
 * data_rows - users and items as the worker finds them: in the served bundle, or, where nothing
 * serves, in the configured dataset's split.
 *
 * Everything here runs on the worker thread but the functions that release what it answered.
 * Cost: users O(nnz) on all threads, items O(nnz); a detail O(rows of that user or item).
 */
#ifndef TUI_DATA_ROWS_H
#define TUI_DATA_ROWS_H

#include "rs/data/split.h"
#include "rs/models/ask.h"
#include "rs/models/bundle.h"
#include "table.h"
#include "work.h"

/* An open split with a count of its holders. */
struct tui_held_split;
struct tui_held_split *tui_held_split_hold(struct tui_held_split *h); /* NULL stays NULL */
void tui_held_split_release(struct tui_held_split *h);

/* What rows are made of, borrowed from a bundle or a split for one piece of work. */
struct tui_data {
    const struct rs_bundle *bundle; /* NULL: nothing serves */
    struct tui_held_split *held;    /* NULL: it is a bundle's; a reference of its own */
    char label[96];                 /* "als v7", "split random of ml-latest-small" */
    const char *fingerprint;
    const struct rs_idmap *users, *items;
    const struct rs_catalogue *catalogue;
    struct rs_csr train; /* what the model learned from */
    struct rs_csr seen;  /* known as well: validation; values and times only in a split */
    double threshold;    /* from which on a value is liked */
};
void tui_data_of_bundle(const struct rs_bundle *b, const char *label, struct tui_data *out);
/* What serves; else `held` where not NULL, else the configured split. RS_ENOTFOUND: neither. */
RS_MUST_USE enum rs_code tui_data_open(struct tui_work *w, struct tui_held_split *held,
                                       struct tui_data *out, struct rs_err *err);
void tui_data_close(struct tui_data *d);

/* Columns of the two tables. */
enum {
    TUI_USER_ID,
    TUI_USER_RATED,
    TUI_USER_MEAN,
    TUI_USER_LAST,
    TUI_USER_FIRST,
    TUI_USER_SPREAD,
    TUI_USER_LIKED,
    TUI_USER_HELD,
    TUI_USER_COLUMNS
};
enum {
    TUI_ITEM_ID,
    TUI_ITEM_TITLE,
    TUI_ITEM_RATED,
    TUI_ITEM_MEAN,
    TUI_ITEM_YEAR,
    TUI_ITEM_GENRES,
    TUI_ITEM_SHARE,
    TUI_ITEM_COLUMNS
};
/* rated counts train and seen rows; mean, spread and liked are of rows whose value is known.
 * RS_ENOMEM, RS_ECANCEL. */
RS_MUST_USE enum rs_code tui_user_rows(const struct tui_data *d, const struct rs_task *task,
                                       struct tui_rows **out, struct rs_err *err);
/* share[n_items]: of the lists that were looked at, those with the item; NULL: not known yet. */
RS_MUST_USE enum rs_code tui_item_rows(const struct tui_data *d, const float *share,
                                       const struct rs_task *task, struct tui_rows **out,
                                       struct rs_err *err);

/* The answer of tui_work_users and tui_work_items. */
struct tui_loaded {
    struct tui_rows *rows; /* NULL: as before (same fingerprint), or there is no data */
    struct tui_held_split *held;
    bool there;  /* there is data */
    bool serves; /* a bundle's */
    char label[96];
    char fingerprint[65];
};
/* Their question: what the view has already ("" : nothing). NULL as input is fine as well. */
struct tui_load {
    struct tui_held_split *held;
    char fingerprint[65];
    float *share; /* items: [n_share] for their column; rows are built although nothing changed */
    int32_t n_share;
};
void tui_load_free(void *load);
void tui_loaded_free(void *loaded);
tui_work_fn tui_work_users, tui_work_items;

/* How often items are in lists of TUI_SHARE_K, counted a few users at a time so that the worker is
 * free between. */
enum { TUI_SHARE_K = 10, TUI_SHARE_USERS = 1000, TUI_SHARE_SLICE = 50 };
struct tui_share_slice {
    char fingerprint[65]; /* of the bundle that is meant */
    int32_t done;         /* users looked at before, of at most TUI_SHARE_USERS spread evenly */
};
struct tui_shares {
    char fingerprint[65];
    int32_t done, total; /* users looked at with this slice, and all to be */
    int32_t n_lists;     /* of this slice: users that the model has something personal to say */
    int32_t n_hits;
    struct tui_share_hit {
        int32_t item, rank; /* from 1 */
    } hits[TUI_SHARE_SLICE * TUI_SHARE_K];
};
tui_work_fn tui_work_shares; /* no answer (NULL) where another bundle or none serves by now */
RS_MUST_USE enum rs_code tui_shares_read(const struct rs_bundle *b, int32_t done,
                                         const uint64_t *allowed, struct rs_task *task,
                                         struct tui_shares *out, struct rs_err *err);

#endif
