/*
 * app_screens - the screens behind the keys 1 to 8.
 */
#include "app_impl.h"
#include "data_view.h"

const struct tui_view_ops *const tui_screens[TUI_SCREENS] = {
    NULL,                                 /* 1 dash */
    &tui_users_ops, &tui_items_ops, NULL, /* 4 train */
    NULL,                                 /* 5 tune */
    NULL,                                 /* 6 runs */
    NULL,                                 /* 7 models */
    NULL,                                 /* 8 serve */
};
