/*
 * libs - the libraries of this layer.
 */
#include "rs/data/libs.h"

#include <stdio.h>

#include <archive.h>
#include <csv.h>
#include <curl/curl.h>

void rs_data_libraries(rs_lib_fn *fn, void *ctx)
{
    char built[32];
    char running[32];
    int v = archive_version_number();
    snprintf(running, sizeof(running), "%d.%d.%d", v / 1000000, v / 1000 % 1000, v % 1000);
    fn("libarchive", ARCHIVE_VERSION_ONLY_STRING, running, ctx);
    fn("libcurl", LIBCURL_VERSION, curl_version_info(CURLVERSION_NOW)->version, ctx);
    snprintf(built, sizeof(built), "%d.%d.%d", CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
    fn("libcsv", built, built, ctx); /* says nothing at run time */
}
