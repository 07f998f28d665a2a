/* `ms_ssl_signer change-passphrase`: for ms_ssl_server passphrase --change. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ca/signer/program.h"

#define EXIT_USAGE 2

struct settings {
	const char *dir;
	int old_fd, new_fd; /* -1: not given */
};

static const struct option options[] = {
    {"dir", required_argument, NULL, 'd'},
    {"passphrase-fd", required_argument, NULL, 'o'},
    {"new-passphrase-fd", required_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

void
change_passphrase_usage(void)
{
	fputs(
	    "\nms_ssl_signer change-passphrase: ca.key and escrow.key of DIR\n"
	    "under another passphrase.\n"
	    "  --dir                DIR\n"
	    "  --passphrase-fd      where the present one can be read\n"
	    "  --new-passphrase-fd  and the next one\n",
	    stdout);
}

static int
set_fd(int *fd)
{
	unsigned n;

	if (number_parse(optarg, INT_MAX, &n) != 0)
		return -1;
	*fd = (int)n;
	return 0;
}

static int
parse(struct settings *s, int argc, char **argv)
{
	int option, rc = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			s->dir = optarg;
		else if (option == 'o')
			rc |= set_fd(&s->old_fd);
		else if (option == 'n')
			rc |= set_fd(&s->new_fd);
		else
			rc = -1;
	}
	return rc != 0 || optind < argc || s->dir == NULL || s->old_fd < 0 ||
		       s->new_fd < 0
		   ? -1
		   : 0;
}

static int
change(const struct settings *s, struct err *e)
{
	struct secret *old = NULL, *pass = NULL;
	int rc = -1;

	if (secret_heap_init(PROGRAM_SECURE_HEAP, e) == 0 &&
	    passphrase_read_fd(s->old_fd, &old, e) == 0 &&
	    passphrase_read_fd(s->new_fd, &pass, e) == 0)
		rc = authority_change_passphrase(s->dir, old, pass, e);
	secret_free(old);
	secret_free(pass);
	return rc;
}

int
change_passphrase_main(int argc, char **argv)
{
	struct settings s = {.old_fd = -1, .new_fd = -1};
	struct err e = ERR_INIT;

	if (parse(&s, argc, argv) != 0) {
		fputs("ms_ssl_signer: wrong options; try --help\n", stderr);
		return EXIT_USAGE;
	}
	if (change(&s, &e) == 0)
		return 0;
	fprintf(stderr, "ms_ssl_signer change-passphrase: %s\n", e.message);
	return 1;
}
