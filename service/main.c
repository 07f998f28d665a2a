/*
 * ms_ssl_server: the command line.
 *
 * `run` is the supervisor: it starts ms_ssl_signer, which holds the CA's key,
 * and this program again as `serve`, which holds the network, the store and the
 * requests, and is the only one that anybody outside talks to. `init` and
 * `check` are the operator's.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "service/cli/cli.h"

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} commands[] = {
    {"init", cli_init},
    {"run", cli_run},
    {"check", cli_check},
    {"passphrase", cli_passphrase},
    {"serve", cli_serve},
};

int
main(int argc, char **argv)
{
	/* No file decides what OpenSSL does with keys and passphrases. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("ms_ssl_server " MS_VERSION);
		return 0;
	}
	if (argc >= 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		cli_help();
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc >= 2 && strcmp(argv[1], commands[i].word) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr,
	    "usage: ms_ssl_server init|run|check|passphrase …; see --help\n");
	return EXIT_USAGE;
}
