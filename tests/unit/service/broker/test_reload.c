#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/broker/mosquitto_conf.h"
#include "service/broker/reload.h"

static char folder[64];
static struct config config;

static int
set_up(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	snprintf(folder, sizeof(folder), "/tmp/broker-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	assert_int_equal(file_path(path, sizeof(path), folder, name), 0);
	return path;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	struct err e = ERR_INIT;

	assert_int_equal(
	    file_write(path_of(name), bytes_of_text(text), mode, &e), 0);
}

static void
reload(void)
{
	pid_t pid = broker_reload(&config);
	int status;

	if (pid == 0)
		return;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	broker_reload_ended(status);
}

static void
use_pid_file(const char *text)
{
	put("pid", text, 0600);
	snprintf(config.broker_pid_file, sizeof(config.broker_pid_file), "%s",
	    path_of("pid"));
}

static void
use_command(const char *text)
{
	snprintf(
	    config.broker_reload, sizeof(config.broker_reload), "%s", text);
}

static unsigned
free_port(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)(void *)&a;
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, any, n), 0);
	assert_int_equal(getsockname(fd, any, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

/* The files that mosquitto.conf names, made by the openssl tool. */
static void
make_broker_files(void)
{
	struct mosquitto_plan plan = {
	    .dir = folder,
	    .listen = "127.0.0.1",
	    .port = free_port(),
	    .prefix = "ssl",
	    .user = getpwuid(geteuid())->pw_name,
	};
	char command[512];
	struct buf text;

	snprintf(command, sizeof(command),
	    "cd %s && mkdir local mosquitto && cd local && openssl req -x509 "
	    "-newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -subj /CN=broker "
	    "-keyout broker.key -out broker.crt 2>/dev/null && "
	    "cp broker.crt ca.crt",
	    folder);
	assert_int_equal(system(command), 0);
	buf_init(&text, 65536);
	mosquitto_conf_write(&plan, &text);
	buf_append_text(&text, "log_type information\n");
	put("mosquitto.conf", (const char *)text.data, 0600);
	buf_clear(&text);
	mosquitto_acl_write(&plan, &text);
	put("mosquitto.acl", (const char *)text.data, 0600);
	buf_clear(&text);
}

/* A real Mosquitto; what it says comes from *out. */
static pid_t
start_broker(FILE **out)
{
	int pipe_fd[2];
	pid_t pid;

	make_broker_files();
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipe_fd[1], STDERR_FILENO);
		execlp("mosquitto", "mosquitto", "-c",
		    path_of("mosquitto.conf"), (char *)NULL);
		execl("/usr/sbin/mosquitto", "mosquitto", "-c",
		    path_of("mosquitto.conf"), (char *)NULL);
		_exit(127);
	}
	close(pipe_fd[1]);
	*out = fdopen(pipe_fd[0], "r");
	assert_non_null(*out);
	return pid;
}

static bool
says(FILE *out, const char *words)
{
	char line[512];

	while (fgets(line, sizeof(line), out) != NULL)
		if (strstr(line, words) != NULL)
			return true;
	return false;
}

static void
reload_signals_a_mosquitto_that_runs_with_our_files(void **state)
{
	FILE *out;
	pid_t pid = start_broker(&out);

	(void)state;
	assert_true(says(out, " running"));
	snprintf(config.broker_pid_file, sizeof(config.broker_pid_file), "%s",
	    path_of("mosquitto/mosquitto.pid"));
	reload();
	assert_true(says(out, "Reloading config"));
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fclose(out);
}

/* SIGHUP would end it. */
static void
reload_leaves_another_process_with_that_number_alone(void **state)
{
	pid_t pid = fork();
	char number[16];
	int status;

	(void)state;
	if (pid == 0) {
		signal(SIGHUP, SIG_DFL);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	snprintf(number, sizeof(number), "%d\n", (int)pid);
	use_pid_file(number);
	reload();
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void
reload_leaves_a_pid_file_without_a_process_alone(void **state)
{
	static const char *const texts[] = {"", "\n", "x", "0\n", "1\n", "-1\n",
	    "-2\n", "99999999999999999999\n", "2147483647\n",
	    "4294967298 and more than what a number needs\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		use_pid_file(texts[i]);
		reload();
	}
	snprintf(config.broker_pid_file, sizeof(config.broker_pid_file), "%s",
	    path_of("nowhere"));
	reload();
	config.broker_pid_file[0] = '\0';
	reload();
}

static void
reload_runs_a_command_with_an_empty_environment(void **state)
{
	char text[256], command[256];
	struct err e = ERR_INIT;
	struct buf seen;

	(void)state;
	snprintf(text, sizeof(text),
	    "#!/bin/sh\necho \"$#|$1|$2|$MS_SECRET|$PATH\" >%s/seen\n", folder);
	put("command", text, 0700);
	snprintf(
	    command, sizeof(command), "%s  one $HOME;ls", path_of("command"));
	use_command(command);
	setenv("MS_SECRET", "not for it", 1);
	reload();
	unsetenv("MS_SECRET");
	buf_init(&seen, 1024);
	assert_int_equal(file_read(path_of("seen"), &seen, &e), 0);
	assert_string_equal((const char *)seen.data,
	    "2|one|$HOME;ls||/usr/sbin:/usr/bin:/sbin:/bin\n");
	buf_clear(&seen);
}

static void
reload_survives_a_command_that_fails_or_is_not_there(void **state)
{
	(void)state;
	use_command("/bin/false");
	reload();
	use_command("/nonexistent/command now");
	reload();
	use_command("   ");
	reload();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(reload_signals_a_mosquitto_that_runs_with_our_files),
	    CASE(reload_leaves_another_process_with_that_number_alone),
	    CASE(reload_leaves_a_pid_file_without_a_process_alone),
	    CASE(reload_runs_a_command_with_an_empty_environment),
	    CASE(reload_survives_a_command_that_fails_or_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
