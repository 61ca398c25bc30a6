/*
 * libs - the libraries of this layer.
 */
#include "rs/base/libs.h"

#include <stdio.h>

#include <jansson.h>
#include <libfyaml.h>
#include <sodium.h>
#include <utf8proc.h>
#include <xxhash.h>

void rs_base_libraries(rs_lib_fn *fn, void *ctx)
{
    char built[32];
    char running[32];
    unsigned v = XXH_versionNumber();
    snprintf(built, sizeof(built), "%d.%d.%d", XXH_VERSION_MAJOR, XXH_VERSION_MINOR,
             XXH_VERSION_RELEASE);
    snprintf(running, sizeof(running), "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
    fn("jansson", JANSSON_VERSION, jansson_version_str(), ctx);
    fn("libfyaml", fy_library_version(), fy_library_version(), ctx); /* headers name no version */
    fn("libsodium", SODIUM_VERSION_STRING, sodium_version_string(), ctx);
    fn("xxHash", built, running, ctx);
    snprintf(built, sizeof(built), "%d.%d.%d", UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR,
             UTF8PROC_VERSION_PATCH);
    fn("utf8proc", built, utf8proc_version(), ctx);
}
