/* main - picks the door: the command line today. */
#include <stdio.h>

int main(void)
{
    return 0;
}
