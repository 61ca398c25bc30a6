/*
 * command - one table of everything the program does, for the command line, batch files, the
 * console's palette and REST alike.
 *
 * A handler gets typed arguments, never prints and never exits; it fills a struct rs_result that
 * the door renders as aligned text, CSV or JSON. Help, completion, the manual and later the REST
 * schema are printed from the rows.
 */
#ifndef RS_COMMANDS_COMMAND_H
#define RS_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "rs/base/err.h"
#include "rs/base/libs.h"
#include "rs/base/param.h"
#include "rs/base/str.h"
#include "rs/commands/result.h"

enum rs_arg_flags {
    RS_ARG_OPTIONAL = 1 << 0,   /* may be absent although it has no default */
    RS_ARG_POSITIONAL = 1 << 1, /* by place; also accepted as --name */
    RS_ARG_REPEAT = 1 << 2,     /* several: texts only; positional ones come last */
    RS_ARG_HIDDEN = 1 << 3,     /* the program's own, said to itself: not in any help */
};

/* What a shell or the console offers while this argument is typed. */
enum rs_complete {
    RS_COMPLETE_NONE,
    RS_COMPLETE_FILE,
    RS_COMPLETE_MODEL,   /* rs_models[] */
    RS_COMPLETE_DATASET, /* known and prepared */
    RS_COMPLETE_SPLIT,
    RS_COMPLETE_RUN,
    RS_COMPLETE_VERSION, /* numbers and aliases */
    RS_COMPLETE_COMMAND,
};

struct rs_arg {
    const char *name; /* NULL ends the list; long option --name, '_' never */
    enum rs_param_type type;
    const char *dflt; /* text; without one and without OPTIONAL the argument is required */
    double min, max;  /* numbers; both 0: no bound */
    const char *choices;
    char letter; /* short option, or 0 */
    unsigned flags;
    enum rs_complete complete;
    const char *value; /* placeholder in help: "ID"; NULL: by type */
    const char *key;   /* configuration key that it sets, "serving.port"; one that ends in '.' is
                          set by KEY=VALUE, below it; NULL: none */
    const char *help;
};

struct rs_args; /* parsed values of one command */
struct rs_ctx;

typedef enum rs_code rs_cmd_fn(struct rs_ctx *ctx, const struct rs_args *args,
                               struct rs_result *out, struct rs_err *err);

enum rs_cmd_flags {
    RS_CMD_JOB = 1 << 0,       /* long: a row in rs_job, progress, cancel */
    RS_CMD_WRITES = 1 << 1,    /* changes the workspace: over REST it needs a token */
    RS_CMD_OVERRIDES = 1 << 2, /* takes configuration overrides as plain arguments */
    RS_CMD_DOOR = 1 << 3,      /* done by a door itself (help, shell, serve): run is NULL */
    RS_CMD_ANYWHERE = 1 << 4,  /* needs no workspace and no valid configuration */
    RS_CMD_SECRET = 1 << 5,    /* its result is for the asker's eyes: never kept, never a job */
    RS_CMD_ALONE = 1 << 6,     /* wants the store to itself: never a job */
};

struct rs_cmd {
    const char *name;          /* "train", "run list"; NULL ends the table */
    const char *group;         /* heading in help */
    const char *summary;       /* at most 60 columns */
    const char *detail;        /* more for --help and the manual; NULL: none */
    const char *example;       /* one line, runs as it stands in a demo workspace; NULL: none */
    const struct rs_arg *args; /* NULL: none */
    unsigned flags;
    rs_cmd_fn *run;
};

/* A way into the program that stands beside the command line: main hands it over, and the command
 * of this name is its. */
struct rs_door {
    const char *command; /* NULL ends a list */
    rs_cmd_fn *run;      /* the configuration is composed, signals have their default actions */
    void (*libraries)(rs_lib_fn *fn, void *ctx); /* what it rests on, for `doctor`; or NULL */
};

extern const struct rs_cmd rs_commands[];
/* Groups in the order of help, NULL-ended. */
extern const char *const rs_command_groups[];

/* The command that words[] begin with (longest name wins); *used_out words. NULL: none. */
const struct rs_cmd *rs_command_find(const char *const *words, size_t n, size_t *used_out);
/* The command of exactly this name; a name that the table lacks is our bug (assert). */
const struct rs_cmd *rs_command_named(const char *name);
bool rs_command_takes(const struct rs_cmd *c, const char *arg); /* has it such an argument? */
/* What an argument may be, as a parameter's row. */
struct rs_param rs_arg_param(const struct rs_arg *arg);
/* Nearest name for "did you mean", or NULL. */
const char *rs_command_nearest(const char *const *words, size_t n);
/* Sound table: unique names, help on every argument, defaults that parse, keys that exist, flags
 * that go together, summaries <= 60. */
RS_MUST_USE enum rs_code rs_command_check(struct rs_err *err);

/* words: what follows the command's name: --name value, --name=value, -k value, flags without
 * value, positional arguments, "--" ends options; configuration overrides where the command takes
 * them. RS_EARG: unknown option with the nearest, missing or bad value, what was expected. */
RS_MUST_USE enum rs_code rs_args_parse(const struct rs_cmd *cmd, const char *const *words, size_t n,
                                       struct rs_args **out, struct rs_err *err);
/* The same from a JSON object {name: value} (lists for repeated ones, "overrides": [..]). */
RS_MUST_USE enum rs_code rs_args_from_val(const struct rs_cmd *cmd, const struct rs_val *map,
                                          struct rs_args **out, struct rs_err *err);
void rs_args_free(struct rs_args *a);
const struct rs_cmd *rs_args_command(const struct rs_args *a);
/* The words after the command's name that give the same arguments again, a NULL-ended list freed
 * with rs_fs_list_free. */
char **rs_args_to_words(const struct rs_args *a);
/* The overrides of the configuration that arguments stand for (rs_arg.key), then the plain ones: a
 * NULL-ended list of *n_out, freed with rs_fs_list_free. */
char **rs_args_to_overrides(const struct rs_args *a, size_t *n_out);
/* One line for people and logs: words as a shell would take them, passwords in addresses masked. */
char *rs_words_line(const char *const *words, size_t n);

/* A name that the command's table lacks is our bug (assert). */
bool rs_args_given(const struct rs_args *a, const char *name);       /* said by the user */
bool rs_args_has(const struct rs_args *a, const char *name);         /* said, or has a default */
const char *rs_args_text(const struct rs_args *a, const char *name); /* NULL: absent */
int64_t rs_args_int(const struct rs_args *a, const char *name);      /* absent: 0 */
double rs_args_real(const struct rs_args *a, const char *name);
bool rs_args_bool(const struct rs_args *a, const char *name);
const int64_t *rs_args_ints(const struct rs_args *a, const char *name, size_t *n_out);
size_t rs_args_count(const struct rs_args *a, const char *name); /* of a repeated one */
const char *rs_args_nth(const struct rs_args *a, const char *name, size_t i);
const char *const *rs_args_overrides(const struct rs_args *a, size_t *n_out); /* the plain ones */

#endif
