#include "service/broker/reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/file.h"

#define WORDS_MAX 16

/* A number that may be a process; 0: none. */
static pid_t
read_pid(const char *path)
{
	struct err e = ERR_INIT;
	struct buf text;
	long pid = 0;

	buf_init(&text, 32);
	if (file_exists(path) && file_read(path, &text, &e) == 0 &&
	    text.data != NULL)
		pid = strtol((const char *)text.data, NULL, 10);
	buf_clear(&text);
	return pid > 1 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

/* A killed broker leaves its pid file, and SIGHUP ends most programs: the
 * number may be another process by now. */
static bool
is_broker(pid_t pid)
{
	char path[32], name[16] = "";
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(name, 1, sizeof(name), f);
	fclose(f);
	return bytes_equal((struct bytes){(const uint8_t *)name, n},
	    bytes_of_text("mosquitto\n"));
}

static void
reload_by_signal(const char *pid_file)
{
	pid_t pid = read_pid(pid_file);

	if (pid == 0)
		log_info("broker_reload",
		    log_text("skipped", "no broker runs here"),
		    log_text("pid_file", pid_file));
	else if (!is_broker(pid))
		log_warn("broker_reload",
		    log_text("skipped", "the process is gone or not Mosquitto"),
		    log_text("pid_file", pid_file), log_number("pid", pid));
	else if (kill(pid, SIGHUP) != 0)
		log_warn("broker_reload", log_number("pid", pid),
		    log_text("failed", "the process is not ours"));
	else
		log_info("broker_reload", log_number("pid", pid));
}

void
broker_reload_ended(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_info("broker_reload", log_text("by", "command"));
	else if (WIFEXITED(status))
		log_warn("broker_reload", log_text("failed", "the command"),
		    log_number("status", WEXITSTATUS(status)));
	else
		log_warn("broker_reload", log_text("failed", "the command"),
		    log_number("signal", WTERMSIG(status)));
}

static void
split_words(char *text, char *words[WORDS_MAX + 1])
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w != NULL && n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
}

/* In the child. */
static void
exec_words(char **words)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {path, NULL};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_range(3, ~0u, 0);
	execvpe(words[0], words, env);
	_exit(127);
}

static pid_t
reload_by_command(const char *command)
{
	char text[CONFIG_PATH_MAX], *words[WORDS_MAX + 1];
	pid_t pid;

	snprintf(text, sizeof(text), "%s", command);
	split_words(text, words);
	if (words[0] == NULL)
		return 0;
	pid = fork();
	if (pid == 0)
		exec_words(words);
	if (pid > 0)
		return pid;
	log_warn("broker_reload", log_text("failed", "no process"));
	return 0;
}

pid_t
broker_reload(const struct config *c)
{
	if (c->broker_reload[0] != '\0')
		return reload_by_command(c->broker_reload);
	if (c->broker_pid_file[0] != '\0')
		reload_by_signal(c->broker_pid_file);
	return 0;
}
