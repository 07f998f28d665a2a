#include <stdio.h>

#include "service/cli/cli.h"
#include "service/cli/problem.h"
#include "service/config/config.h"

void
cli_print_problem(void *arg, const char *path, int line, const char *message)
{
	(void)arg;
	if (line > 0)
		fprintf(stderr, "%s:%d: %s\n", path, line, message);
	else
		fprintf(stderr, "%s: %s\n", path, message);
}

int
cli_check(int argc, char **argv)
{
	static struct config c; /* too large for a stack */
	struct cli_options o;

	if (cli_options_parse(argc, argv, &o) != 0)
		return EXIT_USAGE;
	if (config_read(o.config, o.setting, o.settings, &c, cli_print_problem,
		NULL) != 0)
		return 1;
	printf("%s: good\n", o.config);
	return 0;
}
