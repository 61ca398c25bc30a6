/*
 * completion - scripts for bash and zsh, printed from the command table.
 */
#include <string.h>

#include "rs/cli/cli.h"
#include "rs/models/model.h"

static void add_options(const struct rs_arg *table, struct rs_str *out)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        if (!(a->flags & (RS_ARG_POSITIONAL | RS_ARG_HIDDEN))) {
            rs_str_addf(out, " --%s", a->name);
        }
    }
}

/* What an option's value may be, as words; empty: files. */
static void add_values(const struct rs_arg *a, struct rs_str *out)
{
    for (const char *c = a->choices; c && *c; c++) {
        rs_str_addc(out, *c == '|' ? ' ' : *c);
    }
    if (a->complete == RS_COMPLETE_MODEL) {
        for (const struct rs_model_ops *const *m = rs_models; *m; m++) {
            rs_str_addf(out, "%s ", (*m)->name);
        }
    }
}

/* command NULL: of any. */
static void bash_values(const struct rs_arg *table, const char *command, struct rs_str *out)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        struct rs_str values;
        rs_str_init(&values, 8192);
        add_values(a, &values);
        if (values.len > 0) {
            rs_str_add(out, "        ");
            if (command) rs_str_addf(out, "'%s'", command);
            rs_str_addf(out, "%s'|--%s') words='%s' ;;\n", command ? "" : "*", a->name,
                        rs_str_text(&values));
        }
        rs_str_clear(&values);
    }
}

static void add_names(struct rs_str *out)
{
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        rs_str_addf(out, "%s'%s'", c == rs_commands ? "" : " ", c->name);
    }
}

/* Global options that take a value, as a pattern of case: "--workspace|--threads". */
static void add_valued_globals(struct rs_str *out)
{
    bool first = true;
    for (const struct rs_arg *a = rs_cli_globals; a->name; a++) {
        if (a->type == RS_PARAM_BOOL) continue;
        rs_str_addf(out, "%s--%s", first ? "" : "|", a->name);
        first = false;
    }
}

/* The script cuts "--name=value" itself, because bash may or may not break words at '='. */
static const char bash_begin[] =
    "    COMPREPLY=()\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} head=''\n"
    "    if [[ $cur == = ]]; then cur=''\n"
    "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    elif [[ $cur == --*=* ]]; then prev=${cur%%=*} head=$prev= cur=${cur#*=}; fi\n"
    "    local typed='' w i name words='' command=''\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        w=${COMP_WORDS[i]}\n"
    "        case $w in\n";
static const char bash_find[] =
    "        -*) [[ -z $typed ]] && continue; break ;;\n"
    "        =*) break ;;\n"
    "        esac\n"
    "        typed+=${typed:+ }$w\n"
    "    done\n"
    "    for name in \"${names[@]}\"; do\n"
    "        [[ \"$typed \" == \"$name \"* && ${#name} -gt ${#command} ]] && command=$name\n"
    "    done\n"
    "    if [[ $command == help && $cur != -* ]]; then typed=${typed#help}; typed=${typed# }; "
    "command=''; fi\n"
    "    case \"$command|$prev\" in\n";
static const char bash_end[] =
    "'\n"
    "    elif [[ -z $words && $prev != --* ]]; then\n"
    "        for name in \"${names[@]}\"; do\n"
    "            if [[ -z $typed ]]; then words+=\" ${name%% *}\"\n"
    "            elif [[ $name == \"$typed \"* ]]; then name=${name#\"$typed \"}; "
    "words+=\" ${name%% *}\"; fi\n"
    "        done\n"
    "        [[ -n $words || -n $command ]] || return 0\n"
    "    fi\n"
    "    if [[ -n $words ]]; then\n"
    "        while IFS= read -r w; do COMPREPLY+=(\"$head$w\"); done "
    "< <(compgen -W \"$words\" -- \"$cur\" | sort -u)\n"
    "    else\n"
    "        while IFS= read -r w; do COMPREPLY+=(\"$head$w\"); done "
    "< <(compgen -f -- \"$cur\")\n"
    "    fi\n"
    "}\n"
    "complete -o filenames -F _recsys_tui recsys-tui\n";

void rs_help_completion_bash(struct rs_str *out)
{
    rs_str_add(out,
               "# bash completion for recsys-tui, printed by 'recsys-tui help --completion bash'\n"
               "_recsys_tui() {\n"
               "    local names=(");
    add_names(out);
    rs_str_add(out, ")\n");
    rs_str_add(out, bash_begin);
    rs_str_add(out, "        ");
    add_valued_globals(out);
    rs_str_add(out, ") [[ ${COMP_WORDS[i+1]} == = ]] && ((i++)); ((i++)); continue ;;\n");
    rs_str_add(out, bash_find);
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        bash_values(c->args, c->name, out);
    }
    bash_values(rs_cli_globals, NULL, out);
    rs_str_add(out, "    esac\n"
                    "    if [[ -z $words && -z $head && $cur == -* ]]; then\n"
                    "        case $command in\n");
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        if (!c->args) continue;
        rs_str_addf(out, "        '%s') words='", c->name);
        add_options(c->args, out);
        rs_str_add(out, "' ;;\n");
    }
    rs_str_add(out, "        esac\n        words+=' ");
    add_options(rs_cli_globals, out);
    rs_str_add(out, bash_end);
}

/* Text inside single quotes of zsh's _arguments specs. */
static void zsh_text(const char *text, struct rs_str *out)
{
    for (; *text; text++) {
        if (*text == '\'') {
            rs_str_add(out, "'\\''");
        } else if (*text == ':' || *text == '[' || *text == ']') {
            rs_str_addf(out, "\\%c", *text);
        } else {
            rs_str_addc(out, *text);
        }
    }
}

static void zsh_arg(const struct rs_arg *a, struct rs_str *out)
{
    struct rs_str values;
    rs_str_init(&values, 8192);
    add_values(a, &values);
    if (a->flags & RS_ARG_POSITIONAL) {
        rs_str_addf(out, " '%s:", a->flags & RS_ARG_REPEAT ? "*" : "");
    } else {
        rs_str_addf(out, " '%s--%s[", a->flags & RS_ARG_REPEAT ? "*" : "", a->name);
        zsh_text(a->help, out);
        rs_str_add(out, a->type == RS_PARAM_BOOL ? "]'" : "]:");
    }
    if (a->type != RS_PARAM_BOOL) {
        zsh_text(a->value ? a->value : a->name, out);
        if (values.len > 0) {
            rs_str_addf(out, ":(%s)'", rs_str_text(&values));
        } else {
            rs_str_add(out, a->complete == RS_COMPLETE_FILE ? ":_files'" : ": '");
        }
    }
    rs_str_clear(&values);
}

static void zsh_args(const struct rs_arg *table, struct rs_str *out)
{
    for (const struct rs_arg *a = table; a && a->name; a++) {
        if (!(a->flags & RS_ARG_HIDDEN)) zsh_arg(a, out);
    }
}

void rs_help_completion_zsh(struct rs_str *out)
{
    rs_str_add(out,
               "#compdef recsys-tui\n"
               "# zsh completion for recsys-tui, printed by 'recsys-tui help --completion zsh'\n"
               "_recsys_tui() {\n"
               "    local -a names globals\n    names=(");
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        rs_str_addf(out, "\n        '%s:", c->name);
        zsh_text(c->summary, out);
        rs_str_add(out, "'");
    }
    rs_str_add(out, "\n    )\n    globals=(");
    zsh_args(rs_cli_globals, out);
    rs_str_add(out, " )\n"
                    "    local two=\"${words[2]} ${words[3]}\" one=\"${words[2]}\"\n"
                    "    local -i skip=1\n"
                    "    if (( CURRENT == 2 )); then _describe command names; return; fi\n"
                    "    if (( ${names[(I)$two:*]} )); then skip=2; one=$two\n"
                    "    elif (( CURRENT == 3 )); then\n"
                    "        local -a rest=( ${${(M)names:#$one *}#$one } )\n"
                    "        (( $#rest )) && _describe command rest\n"
                    "        (( ${names[(I)$one:*]} )) || return\n"
                    "    fi\n"
                    "    shift $skip words; (( CURRENT -= skip ))\n"
                    "    case $one in\n");
    for (const struct rs_cmd *c = rs_commands; c->name; c++) {
        rs_str_addf(out, "        '%s') _arguments", c->name);
        zsh_args(c->args, out);
        rs_str_add(out, " $globals ;;\n");
    }
    rs_str_add(out, "    esac\n}\n_recsys_tui \"$@\"\n");
}
