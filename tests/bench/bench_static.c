/*
 * bench_static - what libmicrohttpd itself can do here: takes a POST and answers with one fixed
 * text, on as many threads as the server under test. The measure for cached answers.
 * usage: bench_static PORT THREADS BYTES     (until standard input closes)
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    static char seen;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(c, MHD_HTTP_OK, cls);
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    size_t bytes = (size_t)strtoul(argv[3], NULL, 10);
    char *text = malloc(bytes + 1);
    if (!text) return 1;
    memset(text, 'x', bytes);
    struct MHD_Response *r = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(r, "Content-Type", "application/json");
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL, answer, r,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)strtoul(argv[2], NULL, 10), MHD_OPTION_END);
    if (!d) {
        fprintf(stderr, "bench_static: port %s is taken\n", argv[1]);
        return 1;
    }
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    MHD_stop_daemon(d);
    MHD_destroy_response(r);
    return 0;
}
