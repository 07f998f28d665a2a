#include "service/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "service/broker/reload.h"
#include "service/control.h"
#include "service/notify.h"
#include "service/signer/start.h"

#define DELAY_MAX_S   30
#define SHORT_LIFE_MS 5000
#define SHORT_LIVES   5 /* in a row: given up */
#define GRACE_MS      5000
#define IDLE_MS       60000
#define TICK_MS       100

struct supervisor {
	const struct config *config;
	const struct cli_options *options;
	int signals;                    /* signalfd */
	int control;                    /* to the service; -1: none runs */
	pid_t signer, service, command; /* 0: not running */
	int64_t command_until_ms;       /* then it is killed */
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
	    .ca_key = c->ca_key,
	    .pkcs11_module = c->pkcs11_module,
	    .passphrase_file = c->passphrase_file,
	    .user = geteuid() == 0 ? c->signer_user : "",
	    .sandbox = c->sandbox,
	    .threads = c->signer_threads,
	    .check_ec = c->signer_check_ec,
	    .local_names = c->broker_names,
	    .log_level = levels[c->log_level],
	};
}

static void
service_exec(const struct cli_options *o)
{
	const char *argv[2 * CLI_SETTINGS_MAX + 10];
	char program[PATH_MAX];
	size_t n = 0;

	argv[n++] = "ms_ssl_server";
	argv[n++] = "serve";
	argv[n++] = "--config";
	argv[n++] = o->config;
	argv[n++] = "--signer-fd";
	argv[n++] = "3";
	argv[n++] = "--control-fd";
	argv[n++] = "4";
	for (size_t i = 0; i < o->settings; i++) {
		argv[n++] = "--set";
		argv[n++] = o->setting[i];
	}
	argv[n] = NULL;
	/* Libraries free buffers that passphrases went through: what is freed
	 * is overwritten at once, and kept in no cache before that. */
	setenv("GLIBC_TUNABLES",
	    "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0", 1);
	if (own_program_find(program) == 0)
		execv(program, (char *const *)(void *)argv);
}

static void
close_control(struct supervisor *s)
{
	if (s->control >= 0)
		close(s->control);
	s->control = -1;
}

/* fd: the socket to the signer. */
static int
start_service(struct supervisor *s, int fd, struct err *e)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		close(fd);
		return err_errno(e, "socketpair", "service");
	}
	s->service = fork();
	if (s->service == 0) {
		child_prepare(parent);
		if (child_take_fds(fd, pair[1]) == 0)
			service_exec(s->options);
		_exit(127);
	}
	close(fd);
	close(pair[1]);
	close_control(s);
	s->control = pair[0];
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
		if (pid == s->command) {
			broker_reload_ended(status);
			s->command = 0;
			continue;
		}
		if (pid == s->signer) {
			log_end("signer", status);
			s->signer = 0;
		} else if (pid == s->service) {
			log_end("service", status);
			s->service = 0;
			close_control(s);
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

/* The service may not open the file by itself. */
static void
reload(struct supervisor *s)
{
	int fd;

	if (s->control < 0)
		return;
	fd = open(s->options->config, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || control_send(s->control, CONTROL_CONFIGURATION, fd) != 0)
		log_error("reload", log_text("file", s->options->config),
		    log_text("message", strerror(errno)));
	if (fd >= 0)
		close(fd);
}

static void
on_signal(struct supervisor *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(s);
		break;
	case SIGTERM:
	case SIGINT:
		stop(s);
		break;
	case SIGHUP:
		reload(s);
		break;
	default:
		break;
	}
}

/* One command at a time; it takes up whatever has changed meanwhile. */
static void
reload_broker(struct supervisor *s)
{
	if (s->command > 0)
		return;
	s->command = broker_reload(s->config);
	s->command_until_ms = clock_monotonic_ms() + BROKER_COMMAND_MS;
}

static void
on_control(struct supervisor *s)
{
	int fd, letter = control_receive(s->control, &fd);

	if (fd >= 0)
		close(fd);
	switch (letter) {
	case 0:
		close_control(s);
		break;
	case CONTROL_BROKER:
		reload_broker(s);
		break;
	case CONTROL_READY:
		notify_ready();
		break;
	case CONTROL_RELOADING:
		notify_reloading();
		break;
	case CONTROL_STOPPING:
		notify_stopping();
		break;
	default:
		break;
	}
}

/* For a signal or a letter of the service, at most until the deadline. */
static void
wait_event(struct supervisor *s, int64_t ms)
{
	struct pollfd fds[] = {
	    {s->signals, POLLIN, 0}, {s->control, POLLIN, 0}};

	if (poll(fds, 2, (int)ms) <= 0)
		return;
	if (fds[1].revents != 0)
		on_control(s);
	if (fds[0].revents != 0)
		on_signal(s);
}

static void
check_command(struct supervisor *s)
{
	if (s->command == 0 || clock_monotonic_ms() < s->command_until_ms)
		return;
	log_warn("broker_reload",
	    log_text("killing", "the command did not end in time"));
	tell(s->command, SIGKILL);
	s->command_until_ms = INT64_MAX;
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

static int64_t
time_left(const struct supervisor *s)
{
	int64_t now = clock_monotonic_ms(), left = IDLE_MS;

	if (s->kill_at_ms != 0)
		left = s->kill_at_ms - now;
	if (s->command != 0 && s->command_until_ms - now < left)
		left = s->command_until_ms - now;
	return left > 0 ? left : TICK_MS;
}

static void
wait_for_both(struct supervisor *s)
{
	s->kill_at_ms = 0;
	while (s->signer > 0 || s->service > 0) {
		wait_event(s, time_left(s));
		check_deadline(s);
		check_command(s);
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
		wait_event(s, left);
}

/* Signals are read, not caught. */
static int
take_signals(struct supervisor *s, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? 0 : err_errno(e, "signalfd", "supervisor");
}

/* Two users are what keeps the key's file from the process that the network
 * reaches. */
static void
tell_users(const struct config *c)
{
	if (geteuid() == 0 && c->user[0] != '\0' && c->signer_user[0] != '\0')
		return;
	log_warn("hardening",
	    log_text("missing",
		"two users: service and signer run as one, so only Landlock "
		"keeps the encrypted keys' files from the service"));
}

int
supervisor_run(const struct config *c, const struct cli_options *o)
{
	struct supervisor s = {.config = c, .options = o, .control = -1};
	struct err e = ERR_INIT;

	if (take_signals(&s, &e) != 0) {
		log_error("start", log_text("message", e.message));
		return 1;
	}
	tell_users(c);
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
