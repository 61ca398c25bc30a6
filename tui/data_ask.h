/*
 * data_ask - one user or item in full: history, recommended, why, similar, raters, by month.
 *
 * Lists go the way of the command `recommend`: stored feedback, allow and deny lists,
 * rs_wish_resolve, rs_bundle_recommend. Work functions run on the worker, what they answer is a
 * copy.
 */
#ifndef TUI_DATA_ASK_H
#define TUI_DATA_ASK_H

#include "data_rows.h"

enum { TUI_MAX_GENRES_SHOWN = 12, TUI_MAX_VALUES_SHOWN = 12 };

/* Their question. */
struct tui_question {
    struct tui_held_split *held; /* of the view's rows; or NULL */
    char *user, *item;           /* external ids; what the question needs */
    int32_t k;
    bool with_seen;
};
struct tui_question *tui_question_new(struct tui_held_split *held, const char *user,
                                      const char *item, int32_t k, bool with_seen);
void tui_question_free(void *question);

struct tui_bar_row {
    char name[24];
    int32_t n;
};
/* What is known of a user. */
struct tui_user {
    char *id;
    bool known; /* in the data; feedback alone does not make a user known */
    int32_t rated, posted;
    double mean;                                     /* NaN: no values */
    struct tui_rows *history;                        /* value, title, genres, when */
    struct tui_bar_row genres[TUI_MAX_GENRES_SHOWN]; /* most first */
    int n_genres;
    struct tui_bar_row
        values[TUI_MAX_VALUES_SHOWN]; /* ascending; of more distinct values: ranges */
    int n_values;
};
/* A list of items: recommended or similar. */
struct tui_list {
    char *id;              /* for whom, to what */
    char label[96];        /* "als v7" */
    char source[64];       /* "als", "popularity: unknown user"; "" where there is no list */
    char nothing[160];     /* why there is no list; "" there is one */
    struct tui_rows *rows; /* rank, score, bar, title, genres, year */
    int32_t n;
};
/* Why an item is on a user's list. */
struct tui_why {
    char *user, *item;
    char title[96];
    char text[240];        /* "Spirited Away 41 %, Totoro 22 %, 5 more"; or what cannot be said */
    struct tui_rows *rows; /* share, title, rated; none where nothing can be said */
};
struct tui_item {
    char *id;
    char title[96];
    int32_t rated;
    struct tui_rows *raters; /* user, value, when */
    double *month, *count;   /* [n_months]: years ("2018.5") and ratings in it */
    int n_months;
};
void tui_user_free(void *user);
void tui_list_free(void *list);
void tui_why_free(void *why);
void tui_item_free(void *item);
/* Of a struct tui_question: user; user, k, with_seen; user and item; item and k; item. */
tui_work_fn tui_work_user, tui_work_list, tui_work_why, tui_work_similar, tui_work_item;

/* The same on data, for tests. events: what the user posted. */
RS_MUST_USE enum rs_code tui_user_read(const struct tui_data *d, const char *id,
                                       const struct rs_event *events, size_t n_events,
                                       struct tui_user **out, struct rs_err *err);
RS_MUST_USE enum rs_code tui_item_read(const struct tui_data *d, const char *id,
                                       const struct rs_task *task, struct tui_item **out,
                                       struct rs_err *err);
RS_MUST_USE enum rs_code tui_list_read(const struct rs_bundle *b, const struct rs_wish *wish,
                                       struct tui_list **out, struct rs_err *err);
RS_MUST_USE enum rs_code tui_similar_read(const struct rs_bundle *b, const char *id, int32_t k,
                                          const uint64_t *allowed, struct tui_list **out,
                                          struct rs_err *err);
RS_MUST_USE enum rs_code tui_why_read(const struct rs_bundle *b, const struct rs_wish *wish,
                                      const char *item, struct tui_why **out, struct rs_err *err);

#endif
