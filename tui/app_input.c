/*
 * app_input - a key on its way: dialog, prompt, view, table of keys; counts before motions.
 */
#include "app_impl.h"

#define COUNT_NS 500000000LL /* digits of a count follow each other within this */
enum { MAX_COUNT = 100000000, CTRL_C = 3, CTRL_L = 12, CTRL_Z = 26 };

static bool counts(enum tui_request r)
{
    return (tui_request_flags(r) & TUI_REPEATS) || r == TUI_REQ_FIRST || r == TUI_REQ_LAST;
}

static enum tui_request find(struct tui_app *a, uint32_t code)
{
    enum tui_context contexts[4];
    int n = tui_view_contexts(tui_app_focus(a), true, contexts);
    return tui_keymap_find(a->keymap, contexts, n, code);
}

/* A digit: part of a count, and its screen where it has one. */
static void digit(struct tui_app *a, int value)
{
    struct tui_count *c = &a->count;
    if (c->digits == 0 || a->now_ns - c->at_ns > COUNT_NS) tui_app_settle(a);
    c->digits++;
    c->at_ns = a->now_ns;
    c->value = c->value < MAX_COUNT / 10 ? c->value * 10 + value : MAX_COUNT;
    enum tui_request r = find(a, (uint32_t)('0' + value));
    if (r != TUI_REQ_NONE) tui_app_request(a, r, 0);
}

static void plain_key(struct tui_app *a, const struct tui_key *k)
{
    if (k->code >= '0' && k->code <= '9' && !a->popup) {
        digit(a, (int)(k->code - '0'));
        return;
    }
    int count = 0;
    bool counting = a->count.digits > 1 && a->now_ns - a->count.at_ns <= COUNT_NS;
    if (counting && counts(find(a, k->code))) {
        count = a->count.value;
        (void)tui_app_unsettle(a);
    }
    tui_app_settle(a);
    enum tui_request r = find(a, k->code);
    char name[16];
    if (r == TUI_REQ_NONE) {
        tui_app_toast(a, "%s does nothing here; ? shows the keys", tui_key_text(k->code, name));
    } else if (!k->held || (tui_request_flags(r) & TUI_REPEATS)) {
        tui_app_request(a, r, count);
    }
}

static void prompt_key(struct tui_app *a, const struct tui_key *k)
{
    enum tui_prompt_state s =
        k->code == CTRL_C ? TUI_PROMPT_CANCELLED : tui_prompt_key(a->prompt, k);
    if (s == TUI_PROMPT_OPEN) {
        tui_app_typed_prompt(a, tui_prompt_text(a->prompt));
    } else {
        tui_app_answer_prompt(a, s == TUI_PROMPT_DONE ? tui_prompt_text(a->prompt) : NULL);
    }
}

/* true: the focused view took it. */
static bool view_key(struct tui_app *a, const struct tui_key *k)
{
    struct tui_view *v = tui_app_focus(a);
    if (!v->ops->key) return false;
    a->current = v;
    bool taken = v->ops->key(v, k);
    a->current = NULL;
    return taken;
}

/* Below the smallest size nothing acts unseen. */
static bool small_key(struct tui_app *a, const struct tui_key *k)
{
    if (tui_size_of(a->canvas.w, a->canvas.h) != TUI_TOO_SMALL) return false;
    if (k->code == 'q' || k->code == CTRL_C) a->done = true;
    if (k->code == CTRL_Z) tui_app_request(a, TUI_REQ_SUSPEND, 0);
    return true;
}

void tui_app_input(struct tui_app *a, const struct tui_key *k)
{
    a->active = true;
    a->key_dirty = true;
    if (k->code == TUI_KEY_RESIZE) return; /* the loop looks at the size itself */
    (void)tui_toasts_key(a->toasts);
    if (small_key(a, k)) return;
    a->last_key = k->code;
    if (k->code == CTRL_L || k->code == CTRL_Z) {
        tui_app_request(a, k->code == CTRL_L ? TUI_REQ_REPAINT : TUI_REQ_SUSPEND, 0);
    } else if (k->code == TUI_KEY_MOUSE) {
        tui_app_mouse(a, k);
    } else if (a->dialog) {
        enum tui_dialog_answer answer = k->code == CTRL_C ? TUI_NO : tui_dialog_key(a->dialog, k);
        if (answer != TUI_OPEN) tui_app_answer_dialog(a, answer);
    } else if (a->prompt) {
        prompt_key(a, k);
    } else if (view_key(a, k)) {
        tui_app_settle(a);
    } else if (k->code == TUI_KEY_PASTE) {
        tui_app_toast(a, "pasted text was refused: no input is open");
    } else {
        plain_key(a, k);
    }
}
