#include <stdio.h>

#include "service/cli/cli.h"
#include "service/cli/problem.h"
#include "service/config/config.h"
#include "service/supervisor.h"

int
cli_run(int argc, char **argv)
{
	static struct config c;
	struct cli_options o;

	if (cli_options_parse(argc, argv, &o) != 0)
		return EXIT_USAGE;
	if (config_read(o.config, o.setting, o.settings, &c, cli_print_problem,
		NULL) != 0) {
		fprintf(stderr, "ms_ssl_server: nothing was started\n");
		return EXIT_CONFIG;
	}
	log_set_program("supervisor");
	log_set_level(c.log_level);
	return supervisor_run(&c, &o);
}
