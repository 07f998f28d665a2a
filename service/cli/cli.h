/* The subcommands of ms_ssl_server. Each returns the program's exit status. */
#ifndef SERVICE_CLI_CLI_H
#define SERVICE_CLI_CLI_H

#include <stddef.h>

#define EXIT_USAGE  2
#define EXIT_CONFIG 78 /* sysexits.h: do not start it again */

#define CLI_SETTINGS_MAX 128

/* --config F, --set key=value …, and (serve) --signer-fd N
 * --control-fd N. */
struct cli_options {
	const char *config;
	const char *setting[CLI_SETTINGS_MAX];
	size_t settings;
	int signer_fd;
	int control_fd;
};

/* -1 after telling what is wrong on stderr. */
__attribute__((warn_unused_result)) int cli_options_parse(
    int argc, char **argv, struct cli_options *out);

int cli_init(int argc, char **argv);
int cli_check(int argc, char **argv);
/* `passphrase --change` */
int cli_passphrase(int argc, char **argv);
int cli_run(int argc, char **argv);
/* The service process itself; started by the supervisor. */
int cli_serve(int argc, char **argv);

void cli_help(void);
void cli_help_init(void);

#endif
