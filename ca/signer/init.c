#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ca/signer/authority.h"
#include "ca/signer/program.h"

#define EXIT_USAGE 2

/* Options that are no attribute of the subject come after those. */
enum init_option {
	OPTION_DIR = SUBJECT_COUNT,
	OPTION_KEY_TYPE,
	OPTION_CA_KEY,
	OPTION_PKCS11_MODULE,
	OPTION_DAYS,
	OPTION_PASSPHRASE_FD,
	OPTION_HELP,
	OPTION_COUNT
};

struct init {
	struct authority_plan plan;
	int passphrase_fd;
	bool help;
};

static void
fill_options(struct option options[OPTION_COUNT + 1])
{
	static const char *const words[OPTION_COUNT - SUBJECT_COUNT] = {"dir",
	    "key-type", "ca-key", "pkcs11-module", "days", "passphrase-fd",
	    "help"};

	memset(options, 0, sizeof(struct option) * (OPTION_COUNT + 1));
	for (int i = 0; i < OPTION_COUNT; i++) {
		options[i].name =
		    i < SUBJECT_COUNT
			? subject_attribute_word((enum subject_attribute)i)
			: words[i - SUBJECT_COUNT];
		options[i].has_arg =
		    i == OPTION_HELP ? no_argument : required_argument;
		options[i].val = i;
	}
}

void
init_usage(void)
{
	fputs("usage: ms_ssl_signer init --dir DIR --passphrase-fd N\n"
	      "           [--key-type TYPE | --ca-key URI]\n"
	      "           [--pkcs11-module FILE] [--days N] [--country TEXT]\n"
	      "           [--state TEXT] [--locality TEXT] [--org TEXT]\n"
	      "           [--unit TEXT] [--cn TEXT] [--email TEXT]\n"
	      "\n"
	      "Makes an authority in DIR: ca.key, ca.crt, escrow.key,\n"
	      "escrow.pub; none of them may be there. The passphrase is read\n"
	      "from descriptor N.\n"
	      "  --key-type  ec:P-256 (default), ec:P-384, rsa:2048,\n"
	      "              rsa:3072, rsa:4096\n"
	      "  --ca-key    pkcs11:…, a key that a token holds: no ca.key is\n"
	      "              made, and the passphrase is the token's PIN\n"
	      "  --pkcs11-module  the token's library\n"
	      "  --days      life of the authority's certificate (3650)\n",
	    stdout);
}

static int
set_number(const char *word, const char *text, unsigned max, unsigned *out,
    struct err *e)
{
	if (number_parse(text, max, out) == 0)
		return 0;
	return err_set(e, ERR_BAD_FIELD, word, "must be 1 to %u", max);
}

static int
set_option(struct init *i, int option, const char *text, struct err *e)
{
	struct bytes value = bytes_of_text(text == NULL ? "" : text);
	unsigned fd;

	switch (option) {
	case OPTION_DIR:
		i->plan.dir = text;
		return 0;
	case OPTION_KEY_TYPE:
		return key_type_parse(value, &i->plan.key_type, e);
	case OPTION_CA_KEY:
		i->plan.ca_key = text;
		return 0;
	case OPTION_PKCS11_MODULE:
		i->plan.pkcs11_module = text;
		return 0;
	case OPTION_DAYS:
		return set_number(
		    "days", text, AUTHORITY_DAYS_MAX, &i->plan.days, e);
	case OPTION_PASSPHRASE_FD:
		if (strcmp(text, "0") == 0) {
			i->passphrase_fd = 0;
			return 0;
		}
		if (set_number("passphrase-fd", text, INT_MAX, &fd, e) != 0)
			return -1;
		i->passphrase_fd = (int)fd;
		return 0;
	case OPTION_HELP:
		i->help = true;
		return 0;
	default:
		return subject_set(
		    &i->plan.subject, (enum subject_attribute)option, value, e);
	}
}

static int
parse(struct init *i, int argc, char **argv, struct err *e)
{
	struct option options[OPTION_COUNT + 1];
	int option;

	fill_options(options);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option < 0 || option >= OPTION_COUNT)
			return err_set(
			    e, ERR_BAD_FIELD, NULL, "try init --help");
		if (set_option(i, option, optarg, e) != 0)
			return -1;
	}
	if (i->help)
		return 0;
	if (optind < argc)
		return err_set(e, ERR_BAD_FIELD, NULL,
		    "\"%s\": an argument too many", argv[optind]);
	if (i->plan.dir == NULL || i->passphrase_fd < 0)
		return err_set(e, ERR_BAD_FIELD, NULL,
		    "--dir and --passphrase-fd are needed");
	return 0;
}

static int
run(const struct init *i, struct err *e)
{
	struct secret *pass = NULL;
	int rc;

	if (secret_heap_init(PROGRAM_SECURE_HEAP, e) != 0 ||
	    passphrase_read_fd(i->passphrase_fd, &pass, e) != 0)
		return -1;
	rc = authority_create(&i->plan, pass, e);
	secret_free(pass);
	return rc;
}

int
init_main(int argc, char **argv)
{
	struct init i = {
	    .plan = {.key_type = KEY_EC_P256, .days = 3650},
	    .passphrase_fd = -1,
	};
	struct err e = ERR_INIT;

	if (parse(&i, argc, argv, &e) != 0) {
		fprintf(stderr, "ms_ssl_signer init: %s\n", e.message);
		return EXIT_USAGE;
	}
	if (i.help) {
		init_usage();
		return 0;
	}
	if (run(&i, &e) != 0) {
		fprintf(stderr, "ms_ssl_signer init: %s\n", e.message);
		return 1;
	}
	return 0;
}
