#include "service/signer/start.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHILD_FD 3
#define SELF     "/proc/self/exe"

static const char *const places[] = {
    "%s/ms_ssl_signer",
    "%s/../libexec/ms_ssl_server/ms_ssl_signer",
};

int
own_program_find(char out[PATH_MAX])
{
	ssize_t n = readlink(SELF, out, PATH_MAX - 1);

	if (n <= 0)
		return -1;
	out[n] = '\0';
	if (access(out, X_OK) != 0) /* replaced by a newer one meanwhile */
		memcpy(out, SELF, sizeof(SELF));
	return 0;
}

static int
own_folder(char out[PATH_MAX])
{
	char *slash;

	if (own_program_find(out) != 0)
		return -1;
	slash = strrchr(out, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	return 0;
}

int
signer_program_find(const char *program, char *out, size_t size, struct err *e)
{
	char folder[PATH_MAX];

	if (program[0] != '\0') {
		snprintf(out, size, "%s", program);
		if (access(out, X_OK) == 0)
			return 0;
		return err_set(e, ERR_INTERNAL, NULL,
		    "signer_program: \"%s\" cannot be run", program);
	}
	if (own_folder(folder) != 0)
		return err_errno(e, "readlink", "/proc/self/exe");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* the two formats above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		int n = snprintf(out, size, places[i], folder);
#pragma GCC diagnostic pop
		if (n > 0 && (size_t)n < size && access(out, X_OK) == 0)
			return 0;
	}
	return err_set(e, ERR_INTERNAL, NULL,
	    "ms_ssl_signer is not beside this program; set signer_program");
}

void
child_prepare(pid_t parent)
{
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    getppid() != parent)
		_exit(1);
	/* Ctrl-C on a terminal is for the parent alone, which tells us. */
	if (setpgid(0, 0) != 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First out of each other's way. */
int
child_take_fds(int a, int b)
{
	int from[] = {fcntl(a, F_DUPFD, CHILD_FD + 2),
	    b < 0 ? -1 : fcntl(b, F_DUPFD, CHILD_FD + 2)};

	for (int i = 0; i < (b < 0 ? 1 : 2); i++) {
		if (from[i] < 0 || dup2(from[i], CHILD_FD + i) != CHILD_FD + i)
			return -1;
		close(from[i]);
	}
	return 0;
}

/* Options without a value are not given. Returns how many there are then. */
static size_t
add_option(const char **argv, size_t n, const char *option, const char *value)
{
	if (value[0] == '\0')
		return n;
	argv[n] = option;
	argv[n + 1] = value;
	return n + 2;
}

static void
signer_exec(const struct signer_start *s, const char *program)
{
	char threads[16], check_ec[16] = "";
	const char *argv[32] = {"ms_ssl_signer", "--fd", "3", "--dir", s->dir,
	    "--profiles", s->profiles, "--threads", threads, "--log-level",
	    s->log_level};
	size_t n = 11;

	snprintf(threads, sizeof(threads), "%u", s->threads);
	if (s->check_ec > 0)
		snprintf(check_ec, sizeof(check_ec), "%u", s->check_ec);
	n = add_option(argv, n, "--check-ec", check_ec);
	n = add_option(argv, n, "--local-names", s->local_names);
	n = add_option(argv, n, "--ca-key", s->ca_key);
	n = add_option(argv, n, "--pkcs11-module", s->pkcs11_module);
	n = add_option(argv, n, "--passphrase-file", s->passphrase_file);
	n = add_option(argv, n, "--user", s->user);
	if (!s->sandbox)
		argv[n++] = "--no-sandbox";
	argv[n] = NULL;
	execv(program, (char *const *)(void *)argv);
}

int
signer_start(const struct signer_start *s, int *fd, pid_t *pid, struct err *e)
{
	pid_t parent = getpid();
	char program[PATH_MAX];
	int pair[2];

	if (signer_program_find(s->program, program, sizeof(program), e) != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_errno(e, "socketpair", "signer");
	*pid = fork();
	if (*pid == 0) {
		child_prepare(parent);
		if (child_take_fds(pair[1], -1) == 0)
			signer_exec(s, program);
		_exit(127);
	}
	close(pair[1]);
	if (*pid < 0) {
		close(pair[0]);
		return err_errno(e, "fork", "signer");
	}
	*fd = pair[0];
	return 0;
}
