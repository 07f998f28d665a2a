/*
 * ms_ssl_signer: the process that holds the authority's keys.
 *
 * It holds the CA key and the escrow key (once a passphrase has opened them),
 * the keyed hash of that passphrase, the profiles, and one socket. It may do
 * what ops.c lists, for whoever has the other end of that socket: the service
 * that started it. It opens no file and no other socket after its start,
 * parses nothing from outside but message.c's fixed layout, and ends with the
 * service, or at the first packet that is not one of its messages.
 */
#include <getopt.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "ca/policy/profile_file.h"
#include "ca/sandbox/account.h"
#include "ca/signer/program.h"
#include "ca/signer/sandbox.h"

#ifndef MS_VERSION
#define MS_VERSION "0.1.0"
#endif

#define EXIT_USAGE      2
#define THREADS_DEFAULT 2
#define THREADS_MOST    64
#define CHECK_EC_MOST   1000000

struct settings {
	const char *dir;
	const char *profiles;
	const char *ca_key;          /* NULL: DIR/ca.key; else a URI */
	const char *pkcs11_module;   /* NULL: the engine's own choice */
	const char *passphrase_file; /* NULL: none */
	const char *user;            /* NULL: stays who it is */
	bool no_sandbox;
	int fd;
	unsigned threads;
	unsigned check_ec; /* see struct signer */
	struct san_list local_names;
	enum log_level log_level;
};

static void
usage(void)
{
	fputs(
	    "usage: ms_ssl_signer --fd N --dir DIR --profiles FILE\n"
	    "           [--ca-key URI] [--pkcs11-module FILE]\n"
	    "           [--passphrase-file FILE] [--threads N] [--check-ec N]\n"
	    "           [--local-names LIST]\n"
	    "           [--log-level debug|info|warn|error]\n"
	    "           [--user NAME] [--no-sandbox]\n"
	    "       ms_ssl_signer init …\n"
	    "       ms_ssl_signer --help | --version\n"
	    "\n"
	    "Holds the authority's keys for ms_ssl_server, which starts it.\n"
	    "  --fd               the SOCK_SEQPACKET socket to the service\n"
	    "  --dir              where ca.key, ca.crt, escrow.key and\n"
	    "                     escrow.pub are\n"
	    "  --profiles         the profiles' file\n"
	    "  --ca-key           pkcs11:…, the CA key in a token\n"
	    "  --pkcs11-module    the token's library\n"
	    "  --passphrase-file  opens the keys at the start\n"
	    "  --threads          1 to 64 (2)\n"
	    "  --check-ec         verifies one in N EC signatures (none)\n"
	    "  --local-names      dns:…,ip:…: what the authority's own\n"
	    "                     entities may be called\n"
	    "  --user             becomes this user once its files are read\n"
	    "  --no-sandbox       under a debugger or valgrind\n"
	    "\n",
	    stdout);
	init_usage();
}

static const struct option options[] = {
    {"fd", required_argument, NULL, 'f'},
    {"dir", required_argument, NULL, 'd'},
    {"profiles", required_argument, NULL, 'p'},
    {"ca-key", required_argument, NULL, 'c'},
    {"pkcs11-module", required_argument, NULL, 'm'},
    {"passphrase-file", required_argument, NULL, 'k'},
    {"threads", required_argument, NULL, 't'},
    {"check-ec", required_argument, NULL, 'e'},
    {"local-names", required_argument, NULL, 'a'},
    {"log-level", required_argument, NULL, 'l'},
    {"user", required_argument, NULL, 'u'},
    {"no-sandbox", no_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

int
number_parse(const char *text, unsigned max, unsigned *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 10; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || n < 1 || n > max)
		return -1;
	*out = (unsigned)n;
	return 0;
}

static int
set_option(struct settings *s, int option)
{
	struct err ignored = ERR_INIT;
	unsigned n;

	switch (option) {
	case 'f':
		if (number_parse(optarg, INT_MAX, &n) != 0 || n < 3)
			return -1;
		s->fd = (int)n;
		return 0;
	case 'd':
		s->dir = optarg;
		return 0;
	case 'p':
		s->profiles = optarg;
		return 0;
	case 'c':
		s->ca_key = optarg;
		return 0;
	case 'm':
		s->pkcs11_module = optarg;
		return 0;
	case 'k':
		s->passphrase_file = optarg;
		return 0;
	case 'u':
		s->user = optarg;
		return 0;
	case 'n':
		s->no_sandbox = true;
		return 0;
	case 't':
		return number_parse(optarg, THREADS_MOST, &s->threads);
	case 'e':
		return number_parse(optarg, CHECK_EC_MOST, &s->check_ec);
	case 'a':
		return san_list_add_all(&s->local_names, optarg, &ignored);
	case 'l':
		return log_level_parse(optarg, &s->log_level);
	default:
		return -1;
	}
}

static int
parse(struct settings *s, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (set_option(s, option) != 0)
			return -1;
	return optind < argc || s->fd < 0 || s->dir == NULL ||
		       s->profiles == NULL
		   ? -1
		   : 0;
}

static void
on_problem(void *arg, const char *path, int line, const char *message)
{
	(void)arg;
	log_error("profiles", log_text("file", path), log_number("line", line),
	    log_text("message", message));
}

/* A PIN that the token refuses does not end the program: it would be started
 * again, and show the token the same PIN until that locks itself. */
static int
open_with(struct authority *a, const struct secret *pass, const char *path,
    struct err *e)
{
	int rc;

	if (pass == NULL)
		return 0;
	rc = authority_unlock(a, secret_bytes(pass), e);
	if (rc != 0 && authority_pin_is_refused(a)) {
		log_error("locked", log_text("file", path),
		    log_text("why", "the token refuses it as its PIN"));
		return 0;
	}
	if (rc != 0 && e->kind == ERR_WRONG_PASS)
		return err_set(e, ERR_WRONG_PASS, NULL,
		    "%s: is not the passphrase of the CA key", path);
	return rc;
}

static int
read_files(struct signer *signer, const struct settings *s, struct err *e)
{
	struct hsm *hsm = NULL;

	if (profile_file_read(
		s->profiles, &signer->profiles, on_problem, NULL) != 0)
		return err_set(
		    e, ERR_INTERNAL, NULL, "%s: see above", s->profiles);
	if (s->ca_key != NULL &&
	    hsm_open(s->pkcs11_module, s->ca_key, &hsm, e) != 0)
		return -1;
	return authority_load_hsm(s->dir, hsm, &signer->authority, e);
}

/* The passphrase's file may be a descriptor that came with the exec, and a
 * token's module keeps descriptors of its own: they are closed in between. */
static int
read_all(struct signer *signer, const struct settings *s, struct err *e)
{
	struct secret *pass = NULL;
	int rc = -1;

	if (s->passphrase_file != NULL &&
	    passphrase_read_file(s->passphrase_file, &pass, e) != 0)
		return -1;
	if (harden_descriptors(s->fd, e) == 0 && read_files(signer, s, e) == 0)
		rc = open_with(signer->authority, pass, s->passphrase_file, e);
	secret_free(pass);
	return rc;
}

/* Root is there to read the files and to lock memory; then it is given up. */
static int
become(const struct settings *s, struct err *e)
{
	struct account a;

	if (s->user == NULL)
		return 0;
	if (account_find(s->user, "--user", &a, e) != 0)
		return -1;
	return account_become(&a, getppid(), e);
}

static int
confine(const struct settings *s, struct err *e)
{
	char token_folder[PATH_MAX];
	bool token = s->ca_key != NULL;

	if ((token && hsm_folder(s->pkcs11_module, token_folder,
			  sizeof(token_folder), e) != 0) ||
	    become(s, e) != 0)
		return -1;
	if (!s->no_sandbox)
		return sandbox_enter(token ? token_folder : NULL, e);
	log_warn("hardening", log_text("missing", "the sandbox: switched off"));
	return 0;
}

/*
 * The order matters. What needs the file system comes first, and every
 * descriptor but the socket is closed; memory is locked before any thread
 * exists, and OpenSSL fetches what it needs. Then the process gives up its user
 * and all that it can do but to serve: that binds the threads that come after.
 */
static int
run(const struct settings *s, struct signer *signer, struct err *e)
{
	enum key_type type;

	harden_signals();
	if (secret_heap_init(PROGRAM_SECURE_HEAP, e) != 0 ||
	    read_all(signer, s, e) != 0)
		return -1;
	harden_memory(s->user != NULL);
	if (authority_key_type(signer->authority, &type, e) != 0 ||
	    warm_up(type, e) != 0 || confine(s, e) != 0)
		return -1;
	log_info("ready", log_text("version", MS_VERSION),
	    log_text("key",
		authority_is_open(signer->authority) ? "open" : "locked"),
	    log_number("threads", s->threads));
	return serve(signer, s->fd, s->threads, e);
}

static int
serve_main(int argc, char **argv)
{
	struct settings s = {
	    .fd = -1,
	    .threads = THREADS_DEFAULT,
	    .log_level = LOG_LEVEL_INFO,
	};
	struct signer signer = {.authority = NULL};
	struct err e = ERR_INIT;
	int rc;

	if (parse(&s, argc, argv) != 0) {
		fputs("ms_ssl_signer: wrong options; try --help\n", stderr);
		return EXIT_USAGE;
	}
	log_set_level(s.log_level);
	signer.check_ec = s.check_ec;
	signer.local_names = s.local_names;
	rc = run(&s, &signer, &e);
	authority_free(signer.authority);
	if (rc != 0)
		log_error("stopped", log_text("message", e.message));
	else
		log_info("stopped", log_text("why", "the service has ended"));
	return rc == 0 ? 0 : 1;
}

static int
dispatch(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "init") == 0)
		return init_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "change-passphrase") == 0)
		return change_passphrase_main(argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage();
		change_passphrase_usage();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("ms_ssl_signer " MS_VERSION);
		return 0;
	}
	return serve_main(argc, argv);
}

int
main(int argc, char **argv)
{
	int status;

	/* No configuration file decides what OpenSSL does with the key. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	log_set_program("signer");
	harden_process();
	status = dispatch(argc, argv);
	/* Not exit(): what others hung there (a library, a sanitizer) may need
	 * calls that a sandbox denies. */
	fflush(NULL);
	_exit(status);
}
