/*
 * app_screens - the screens behind the keys 1 to 8.
 */
#include "app_impl.h"
#include "data_view.h"
#include "registry_view.h"

const struct tui_view_ops *const tui_screens[TUI_SCREENS] = {
    [0] = NULL,            /* 1 dash */
    [1] = &tui_users_ops,  /* 2 */
    [2] = &tui_items_ops,  /* 3 */
    [3] = NULL,            /* 4 train */
    [4] = NULL,            /* 5 tune */
    [5] = &tui_runs_ops,   /* 6 */
    [6] = &tui_models_ops, /* 7 */
    [7] = NULL,            /* 8 serve */
};
