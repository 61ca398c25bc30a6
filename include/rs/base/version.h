/*
 * version - of the program, for `--version`, the manual page and the OpenAPI document.
 */
#ifndef RS_BASE_VERSION_H
#define RS_BASE_VERSION_H

#define RS_VERSION      "0.1.0"
#define RS_VERSION_DATE "2026-11-24" /* of the manual page */

#endif
