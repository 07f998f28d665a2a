/* `ms_ssl_server passphrase --change`: the program that knows the keys does it,
 * and is handed both passphrases in memory. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/cli/cli.h"
#include "service/cli/passphrase.h"
#include "service/cli/problem.h"
#include "service/config/config.h"
#include "service/signer/start.h"

#define SECURE_HEAP (1u << 20)

struct change {
	const char *config_path;
	const char *old_file, *new_file; /* NULL: asked for */
	bool generate;
	struct config config;
	struct secret *old, *pass;
};

enum { OPT_CHANGE = 1, OPT_CONFIG, OPT_OLD, OPT_NEW, OPT_GENERATE };

static const struct option options[] = {
    {"change", no_argument, NULL, OPT_CHANGE},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"passphrase-file", required_argument, NULL, OPT_OLD},
    {"new-passphrase-file", required_argument, NULL, OPT_NEW},
    {"generate-passphrase", no_argument, NULL, OPT_GENERATE},
    {NULL, 0, NULL, 0},
};

static int
parse(struct change *c, int argc, char **argv)
{
	bool change = false;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPT_CHANGE)
			change = true;
		else if (option == OPT_CONFIG)
			c->config_path = optarg;
		else if (option == OPT_OLD)
			c->old_file = optarg;
		else if (option == OPT_NEW)
			c->new_file = optarg;
		else if (option == OPT_GENERATE)
			c->generate = true;
		else
			return -1;
	}
	if (change && optind == argc && c->config_path != NULL &&
	    !(c->generate && c->new_file != NULL))
		return 0;
	fprintf(stderr,
	    "usage: ms_ssl_server passphrase --change --config FILE\n"
	    "           [--passphrase-file FILE]\n"
	    "           [--new-passphrase-file FILE | "
	    "--generate-passphrase]\n");
	return -1;
}

static int
find_old(struct change *c, struct err *e)
{
	if (c->old_file != NULL)
		return passphrase_from_file(c->old_file, &c->old, e);
	return passphrase_ask("Present passphrase: ", &c->old, e);
}

static int
find_new(struct change *c, struct err *e)
{
	int rc;

	if (c->generate)
		rc = passphrase_generate(&c->pass, e);
	else if (c->new_file != NULL)
		rc = passphrase_from_file(c->new_file, &c->pass, e);
	else
		rc = passphrase_from_terminal(&c->pass, e);
	return rc == 0 ? passphrase_check(c->pass, e) : -1;
}

static void
exec_signer(const char *program, const char *dir, int old_fd, int new_fd)
{
	char old_text[16], new_text[16];
	const char *argv[] = {"ms_ssl_signer", "change-passphrase", "--dir",
	    dir, "--passphrase-fd", old_text, "--new-passphrase-fd", new_text,
	    NULL};

	snprintf(old_text, sizeof(old_text), "%d", old_fd);
	snprintf(new_text, sizeof(new_text), "%d", new_fd);
	execv(program, (char *const *)(void *)argv);
	_exit(127);
}

static int
run_signer(const struct change *c, struct err *e)
{
	char program[PATH_MAX];
	int old_fd, new_fd, status;
	pid_t pid;

	if (signer_program_find(
		c->config.signer_program, program, sizeof(program), e) != 0 ||
	    passphrase_memory_file(c->old, &old_fd, e) != 0)
		return -1;
	if (passphrase_memory_file(c->pass, &new_fd, e) != 0) {
		close(old_fd);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		exec_signer(program, c->config.dir, old_fd, new_fd);
	close(old_fd);
	close(new_fd);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return err_errno(e, "fork", "signer");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_INTERNAL, NULL,
	    "the passphrase was not changed; the lines above say why");
}

/* Where the service reads it at its start; on disk before the keys change, so
 * that a passphrase made here is not lost with this process. */
static int
write_file(const struct change *c, const char *path, struct err *e)
{
	struct bytes pass = secret_bytes(c->pass);
	struct buf text;
	int rc;

	buf_init(&text, pass.len + 1);
	buf_append(&text, pass.data, pass.len);
	buf_append_byte(&text, '\n');
	rc = buf_check(&text, "passphrase", e);
	if (rc == 0)
		rc = file_write(path, buf_bytes(&text), 0600, e);
	buf_clear(&text);
	return rc;
}

/* The file that has to follow: the configured one, or for a passphrase made
 * here DIR/passphrase. "": none. */
static int
file_to_write(const struct change *c, char path[CONFIG_PATH_MAX],
    char next[CONFIG_PATH_MAX], struct err *e)
{
	int n;

	path[0] = '\0';
	if (c->config.passphrase_file[0] != '\0')
		snprintf(
		    path, CONFIG_PATH_MAX, "%s", c->config.passphrase_file);
	else if (c->generate && file_path(path, CONFIG_PATH_MAX, c->config.dir,
				    "passphrase") != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	n = snprintf(next, CONFIG_PATH_MAX, "%s.new", path);
	return n > 0 && n < CONFIG_PATH_MAX
		   ? 0
		   : err_set(e, ERR_INTERNAL, NULL, "the path is too long");
}

static int
change(struct change *c, struct err *e)
{
	char path[CONFIG_PATH_MAX], next[CONFIG_PATH_MAX];

	if (c->config.ca_key[0] != '\0')
		return err_set(e, ERR_INTERNAL, NULL,
		    "the CA key is in a token: its PIN is changed with the "
		    "token's own tool, and escrow.key as ca/signer/HSM.md "
		    "says");
	if (find_old(c, e) != 0 || find_new(c, e) != 0 ||
	    file_to_write(c, path, next, e) != 0)
		return -1;
	if (path[0] != '\0' && write_file(c, next, e) != 0)
		return -1;
	if (run_signer(c, e) != 0) {
		if (path[0] != '\0')
			fprintf(stderr, "the new passphrase is in %s\n", next);
		return -1;
	}
	if (path[0] != '\0' && file_rename(next, path, e) != 0)
		return -1;
	printf("The keys are under the new passphrase.\n");
	if (path[0] != '\0')
		printf("It is in %s.\n", path);
	printf("A service that runs still goes by the old one: restart it.\n");
	return 0;
}

int
cli_passphrase(int argc, char **argv)
{
	static struct change c;
	struct err e = ERR_INIT;
	int rc;

	log_set_program("passphrase");
	if (parse(&c, argc, argv) != 0)
		return EXIT_USAGE;
	if (config_read(c.config_path, NULL, 0, &c.config, cli_print_problem,
		NULL) != 0)
		return EXIT_CONFIG;
	if (secret_heap_init(SECURE_HEAP, &e) != 0)
		log_warn("secure_heap", log_text("message", e.message));
	rc = change(&c, &e);
	secret_free(c.old);
	secret_free(c.pass);
	if (rc == 0)
		return 0;
	fprintf(stderr, "ms_ssl_server passphrase: %s\n", e.message);
	return 1;
}
