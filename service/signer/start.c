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

int
child_take_fd(int fd)
{
	if (fd == CHILD_FD)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, CHILD_FD) == CHILD_FD ? 0 : -1;
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
	char threads[16];
	const char *argv[20] = {"ms_ssl_signer", "--fd", "3", "--dir", s->dir,
	    "--profiles", s->profiles, "--threads", threads, "--log-level",
	    s->log_level};
	size_t n = 11;

	snprintf(threads, sizeof(threads), "%u", s->threads);
	n = add_option(argv, n, "--ca-key", s->ca_key);
	n = add_option(argv, n, "--pkcs11-module", s->pkcs11_module);
	n = add_option(argv, n, "--passphrase-file", s->passphrase_file);
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
		if (child_take_fd(pair[1]) == 0)
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
