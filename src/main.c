/* main - the command line, and the doors beside it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "rs/cli/cli.h"
#include "rs/serve/serve.h"
#include "rs/tui/tui.h"

/*
 * Idle OpenMP threads spin unless told otherwise, which on a busy machine takes the cores from the
 * threads they wait for: a pipeline beside other work took twice the time. The library reads its
 * setting when it is loaded, before main, so the program starts itself once more with it.
 */
static void let_idle_threads_sleep(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    if (setenv("OMP_WAIT_POLICY", "passive", 1) == 0) {
        execv("/proc/self/exe", argv); /* where that is not to be had, threads spin */
    }
}

static const struct rs_door doors[] = {
    {.command = "serve", .run = rs_serve_run, .libraries = rs_serve_libraries},
    {.command = "console", .run = rs_tui_run, .libraries = rs_tui_libraries},
    {.command = NULL},
};

int main(int argc, char **argv)
{
    let_idle_threads_sleep(argv);
    prctl(PR_SET_NAME, "recsys-tui"); /* for ps; starting /proc/self/exe made it "exe" */
    /* A container's first process inherits the orphans, jobs that a server started among them: the
     * kernel reaps them. */
    if (getpid() == 1) signal(SIGCHLD, SIG_IGN);
    return rs_cli_main(argc, argv, doors);
}
