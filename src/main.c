/* main - picks the door: the command line. */
#include "rs/cli/cli.h"

int main(int argc, char **argv)
{
    return rs_cli_main(argc, argv);
}
