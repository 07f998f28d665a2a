#include "service/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "service/signer/start.h"

#define DELAY_MAX_S   30
#define SHORT_LIFE_MS 5000
#define SHORT_LIVES   5 /* in a row: given up */
#define GRACE_MS      5000
#define IDLE_MS       60000

struct supervisor {
	const struct config *config;
	const struct cli_options *options;
	sigset_t signals;
	pid_t signer, service;          /* 0: not running */
	int service_status;             /* of its end */
	int64_t started_ms, kill_at_ms; /* monotonic; 0: not set */
	unsigned short_lives, delay_s;
	bool stopping;
};

void
supervisor_signer_settings(const struct config *c, struct signer_start *out)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};

	*out = (struct signer_start){
	    .program = c->signer_program,
	    .dir = c->dir,
	    .profiles = c->profiles,
	    .passphrase_file = c->passphrase_file,
	    .threads = c->signer_threads,
	    .log_level = levels[c->log_level],
	};
}

static void
service_exec(const struct cli_options *o)
{
	const char *argv[2 * CLI_SETTINGS_MAX + 8];
	char program[PATH_MAX];
	size_t n = 0;

	argv[n++] = "ms_ssl_server";
	argv[n++] = "serve";
	argv[n++] = "--config";
	argv[n++] = o->config;
	argv[n++] = "--signer-fd";
	argv[n++] = "3";
	for (size_t i = 0; i < o->settings; i++) {
		argv[n++] = "--set";
		argv[n++] = o->setting[i];
	}
	argv[n] = NULL;
	if (own_program_find(program) == 0)
		execv(program, (char *const *)(void *)argv);
}

static int
start_service(struct supervisor *s, int fd, struct err *e)
{
	pid_t parent = getpid();

	s->service = fork();
	if (s->service == 0) {
		child_prepare(parent);
		if (child_take_fd(fd) == 0)
			service_exec(s->options);
		_exit(127);
	}
	close(fd);
	if (s->service > 0)
		return 0;
	s->service = 0;
	return err_errno(e, "fork", "service");
}

static int
start_both(struct supervisor *s, struct err *e)
{
	struct signer_start settings;
	int fd;

	supervisor_signer_settings(s->config, &settings);
	if (signer_start(&settings, &fd, &s->signer, e) != 0)
		return -1;
	s->started_ms = clock_monotonic_ms();
	return start_service(s, fd, e);
}

static void
tell(pid_t pid, int signum)
{
	if (pid > 0)
		kill(pid, signum);
}

/* Both have until then to end by themselves. */
static void
set_deadline(struct supervisor *s, int64_t ms)
{
	if (s->kill_at_ms == 0)
		s->kill_at_ms = clock_monotonic_ms() + ms;
}

static void
log_end(const char *who, int status)
{
	if (WIFSIGNALED(status))
		log_warn("ended", log_text("process", who),
		    log_number("signal", WTERMSIG(status)));
	else
		log_info("ended", log_text("process", who),
		    log_number("status", WEXITSTATUS(status)));
}

/* One without the other is of no use: each ends by itself when the socket
 * between them does, within the grace. */
static void
reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->signer) {
			log_end("signer", status);
			s->signer = 0;
		} else if (pid == s->service) {
			log_end("service", status);
			s->service = 0;
			s->service_status =
			    WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		}
		set_deadline(s, GRACE_MS);
	}
}

static void
stop(struct supervisor *s)
{
	if (s->stopping) {
		tell(s->service, SIGKILL);
		tell(s->signer, SIGKILL);
		return;
	}
	s->stopping = true;
	tell(s->service, SIGTERM);
	set_deadline(s, 3 * (int64_t)s->config->drain_ms + GRACE_MS);
}

/* Waits for one signal, at most until the deadline. */
static void
wait_signal(struct supervisor *s, int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	switch (sigtimedwait(&s->signals, NULL, &t)) {
	case SIGCHLD:
		reap(s);
		break;
	case SIGTERM:
	case SIGINT:
		stop(s);
		break;
	case SIGHUP:
		tell(s->service, SIGHUP);
		break;
	default:
		break;
	}
}

static void
check_deadline(struct supervisor *s)
{
	if (s->kill_at_ms == 0 || clock_monotonic_ms() < s->kill_at_ms)
		return;
	log_warn("killing", log_text("why", "it did not end in time"));
	tell(s->service, SIGKILL);
	tell(s->signer, SIGKILL);
}

static void
wait_for_both(struct supervisor *s)
{
	s->kill_at_ms = 0;
	while (s->signer > 0 || s->service > 0) {
		int64_t left = IDLE_MS;

		if (s->kill_at_ms != 0)
			left = s->kill_at_ms - clock_monotonic_ms();
		wait_signal(s, left > 0 ? left : 100);
		check_deadline(s);
	}
}

/* Whether they are worth another start, and after how long. */
static bool
try_again(struct supervisor *s)
{
	int64_t lived = clock_monotonic_ms() - s->started_ms;

	if (s->stopping || s->service_status == EXIT_CONFIG)
		return false;
	if (lived >= SHORT_LIFE_MS)
		s->short_lives = 0;
	if (++s->short_lives > SHORT_LIVES) {
		log_error("given_up",
		    log_text("why", "ended too often, too soon; see above"));
		return false;
	}
	s->delay_s = s->short_lives == 1 ? 0 : 1u << (s->short_lives - 2);
	if (s->delay_s > DELAY_MAX_S)
		s->delay_s = DELAY_MAX_S;
	log_warn("starting_again", log_number("in_s", s->delay_s));
	return true;
}

static void
wait_delay(struct supervisor *s)
{
	int64_t end = clock_monotonic_ms() + 1000 * (int64_t)s->delay_s, left;

	while (!s->stopping && (left = end - clock_monotonic_ms()) > 0)
		wait_signal(s, left);
}

static void
block_signals(struct supervisor *s)
{
	sigemptyset(&s->signals);
	sigaddset(&s->signals, SIGCHLD);
	sigaddset(&s->signals, SIGTERM);
	sigaddset(&s->signals, SIGINT);
	sigaddset(&s->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
}

int
supervisor_run(const struct config *c, const struct cli_options *o)
{
	struct supervisor s = {.config = c, .options = o};
	struct err e = ERR_INIT;

	block_signals(&s);
	do {
		wait_delay(&s);
		if (s.stopping)
			return 0; /* nothing runs */
		if (start_both(&s, &e) != 0) {
			log_error("start", log_text("message", e.message));
			set_deadline(&s, 0);
			s.stopping = true;
			s.service_status = 1;
		}
		wait_for_both(&s);
	} while (try_again(&s));
	return s.service_status;
}
