#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/cli/cli.h"

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"set", required_argument, NULL, 's'},
    {"signer-fd", required_argument, NULL, 'f'},
    {"control-fd", required_argument, NULL, 'k'},
    {NULL, 0, NULL, 0},
};

int
cli_options_parse(int argc, char **argv, struct cli_options *out)
{
	int c;

	memset(out, 0, sizeof(*out));
	out->signer_fd = out->control_fd = -1;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			out->config = optarg;
		else if (c == 's' && out->settings < CLI_SETTINGS_MAX)
			out->setting[out->settings++] = optarg;
		else if (c == 'f')
			out->signer_fd = (int)strtol(optarg, NULL, 10);
		else if (c == 'k')
			out->control_fd = (int)strtol(optarg, NULL, 10);
		else
			return -1;
	}
	if (optind < argc) {
		fprintf(
		    stderr, "ms_ssl_server: what is \"%s\"?\n", argv[optind]);
		return -1;
	}
	if (out->config == NULL) {
		fprintf(stderr, "ms_ssl_server: --config FILE is missing\n");
		return -1;
	}
	return 0;
}
