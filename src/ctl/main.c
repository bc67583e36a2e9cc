#include "commands.h"
#include "ctl.h"

int
main(int argc, char **argv)
{
	return ctl_run(commands, argc, argv);
}
