/*
 * synth_impl - the made-up world that the generator's files share: every fact about an item or
 * a user is a function of the seed and its index.
 */
#ifndef RS_DATA_SYNTH_IMPL_H
#define RS_DATA_SYNTH_IMPL_H

#include "rs/data/synth.h"

#define RS_SYNTH_CLUSTERS   64
#define RS_SYNTH_FIRST_YEAR 1930
#define RS_SYNTH_LAST_YEAR  2025

/* Walker's alias table: one draw by weight is one look. Slot s stands for `self`, or with chance
 * 1 - keep for `other`. */
struct rs_synth_slot {
    float keep;
    int32_t self;
    int32_t other;
};
struct rs_synth_table {
    int32_t n;
    struct rs_synth_slot *slots; /* [n] */
};

static inline int32_t rs_synth_draw(const struct rs_synth_table *t, uint32_t bits)
{
    uint64_t place = (uint64_t)bits * (uint64_t)t->n; /* which slot, and how far into it */
    const struct rs_synth_slot *s = &t->slots[place >> 32];
    return (float)(uint32_t)place * 0x1p-32F < s->keep ? s->self : s->other;
}

struct rs_synth_item {
    float quality; /* stars it gets on average */
    int16_t year;
    uint8_t cluster;
};

/* What is true of the items. */
struct rs_synth_world {
    struct rs_synth_opts o;
    int32_t n_clusters;
    struct rs_synth_item *items;                      /* [o.items] */
    struct rs_synth_table all;                        /* items by popularity */
    struct rs_synth_table cluster[RS_SYNTH_CLUSTERS]; /* the same among a cluster's own */
};
/* After a failure too, the caller clears w. */
RS_MUST_USE enum rs_code rs_synth_world_make(const struct rs_synth_opts *o,
                                             struct rs_synth_world *w, struct rs_err *err);
void rs_synth_world_clear(struct rs_synth_world *w);

int32_t rs_synth_cluster(const struct rs_synth_opts *o, int32_t item);
int32_t rs_synth_year(const struct rs_synth_opts *o, int32_t item);

/* A generator: the world, and how many rows each user gets. */
struct rs_synth {
    struct rs_synth_world world;
    int32_t *target; /* [users] */
    int64_t total;   /* their sum */
};
/* After a failure too, the caller clears s. */
RS_MUST_USE enum rs_code rs_synth_make(const struct rs_synth_opts *o, struct rs_synth *s,
                                       struct rs_err *err);
void rs_synth_clear(struct rs_synth *s);
/* Users [first, end) are one round, of *rows_out rows. */
int32_t rs_synth_round_end(const struct rs_synth *s, int32_t first, int64_t *rows_out);
/* Their rows to x from x->n on, which has room. */
RS_MUST_USE enum rs_code rs_synth_round(const struct rs_synth *s, int32_t first, int32_t end,
                                        struct rs_task *task, struct rs_synth_rows *x,
                                        struct rs_err *err);
/* Room for so many rows. After a failure too, the caller clears x. */
RS_MUST_USE enum rs_code rs_synth_rows_alloc(struct rs_synth_rows *x, int64_t room,
                                             struct rs_err *err);

#endif
