/* The CA itself, made by the program that will hold its key; then the local
 * entities, made the way that they will be renewed. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/app.h"
#include "service/cli/init.h"
#include "service/cli/passphrase.h"
#include "service/cli/problem.h"
#include "service/signer/start.h"
#include "service/supervisor.h"

#define ARGS_MAX 32

static size_t
add_key(const struct init *i, const char **argv, size_t n)
{
	if (i->config.ca_key[0] != '\0') {
		argv[n++] = "--ca-key";
		argv[n++] = i->config.ca_key;
	} else if (i->key_type != NULL) {
		argv[n++] = "--key-type";
		argv[n++] = i->key_type;
	}
	if (i->config.pkcs11_module[0] != '\0') {
		argv[n++] = "--pkcs11-module";
		argv[n++] = i->config.pkcs11_module;
	}
	return n;
}

static void
exec_signer_init(const struct init *i, const char *program, int fd)
{
	const char *argv[ARGS_MAX] = {"ms_ssl_signer", "init", "--dir", i->work,
	    "--days", i->ca_days, "--passphrase-fd"};
	char option[SUBJECT_COUNT][16], number[16];
	size_t n = 7;

	snprintf(number, sizeof(number), "%d", fd);
	argv[n++] = number;
	n = add_key(i, argv, n);
	for (int a = 0; a < SUBJECT_COUNT; a++) {
		if (i->subject[a] == NULL)
			continue;
		snprintf(option[a], sizeof(option[a]), "--%s",
		    subject_attribute_word((enum subject_attribute)a));
		argv[n++] = option[a];
		argv[n++] = i->subject[a];
	}
	argv[n] = NULL;
	execv(program, (char *const *)(void *)argv);
	_exit(127);
}

static int
wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
init_authority_make(struct init *i, struct err *e)
{
	char program[PATH_MAX];
	pid_t pid;
	int fd;

	if (signer_program_find(
		i->config.signer_program, program, sizeof(program), e) != 0 ||
	    passphrase_memory_file(i->pass, &fd, e) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		exec_signer_init(i, program, fd);
	close(fd);
	if (pid < 0)
		return err_errno(e, "fork", "signer");
	if (wait_for(pid) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the CA was not made; the lines above say why");
	return 0;
}

static int
make_local(const struct config *c, const char *passphrase_path, struct err *e)
{
	struct app_options app = {
	    .config = c, .take_control_fd = -1, .once_local = true};
	struct signer_start start;
	pid_t pid;
	int rc;

	supervisor_signer_settings(c, &start);
	start.passphrase_file = passphrase_path;
	start.log_level = "warn";
	if (signer_start(&start, &app.take_signer_fd, &pid, e) != 0)
		return -1;
	rc = app_run(&app, e);
	(void)!wait_for(pid); /* it ends with its socket */
	return rc;
}

int
init_local_make(struct init *i, struct err *e)
{
	static struct config c; /* too large for a stack */
	char conf[CONFIG_PATH_MAX], pass[64];
	int fd, rc;

	if (file_path(conf, sizeof(conf), i->work, "ms_ssl_server.conf") != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	if (config_read(conf, NULL, 0, &c, cli_print_problem, NULL) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the configuration that was made is not good");
	if (passphrase_memory_file(i->pass, &fd, e) != 0)
		return -1;
	snprintf(pass, sizeof(pass), "/proc/self/fd/%d", fd);
	rc = make_local(&c, pass, e);
	close(fd);
	return rc;
}
