#include "service/broker/reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "ca/base/file.h"

#define WORDS_MAX 16

/* Shorter than any stop of the service waits (app_stop.c). */
#define COMMAND_DEADLINE_MS 5000

/* A command that runs; freed when both handles are closed. */
struct command {
	uv_process_t process;
	uv_timer_t deadline;
	int open; /* handles that are not closed yet */
};

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

static void
on_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;

	if (--c->open == 0)
		free(c);
}

static void
close_both(struct command *c)
{
	uv_close((uv_handle_t *)&c->process, on_closed);
	uv_close((uv_handle_t *)&c->deadline, on_closed);
}

static void
on_ended(uv_process_t *process, int64_t status, int signum)
{
	if (status == 0 && signum == 0)
		log_info("broker_reload", log_text("by", "command"));
	else
		log_warn("broker_reload", log_text("failed", "the command"),
		    log_number("status", status), log_number("signal", signum));
	close_both(process->data);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct command *c = timer->data;

	log_warn("broker_reload",
	    log_text("killing", "the command did not end in time"));
	uv_process_kill(&c->process, SIGKILL);
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

static void
spawn(uv_loop_t *loop, struct command *c, char **words)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {path, NULL};
	uv_process_options_t o = {
	    .exit_cb = on_ended, .file = words[0], .args = words, .env = env};
	int rc;

	c->open = 2;
	uv_timer_init(loop, &c->deadline);
	rc = uv_spawn(loop, &c->process, &o);
	c->process.data = c;
	c->deadline.data = c;
	if (rc == 0) {
		uv_timer_start(
		    &c->deadline, on_deadline, COMMAND_DEADLINE_MS, 0);
		return;
	}
	log_warn("broker_reload", log_text("failed", uv_strerror(rc)));
	close_both(c);
}

static void
reload_by_command(uv_loop_t *loop, const char *command)
{
	char text[CONFIG_PATH_MAX], *words[WORDS_MAX + 1];
	struct command *c;

	snprintf(text, sizeof(text), "%s", command);
	split_words(text, words);
	if (words[0] == NULL)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		log_warn("broker_reload", log_text("failed", "out of memory"));
	else
		spawn(loop, c, words);
}

void
broker_reload(uv_loop_t *loop, const struct config *c)
{
	if (c->broker_reload[0] != '\0')
		reload_by_command(loop, c->broker_reload);
	else if (c->broker_pid_file[0] != '\0')
		reload_by_signal(c->broker_pid_file);
}
