#include "tests/load/cpu.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/load/say.h"

static int
name_is_plain(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return 0;
	return len > 0 && len < CPU_NAME_SIZE;
}

int
cpu_list_add(struct cpu_list *list, const char *text)
{
	struct cpu_process *p = &list->processes[list->count];
	const char *equals = strchr(text, '=');
	char *end;
	long pid;

	if (list->count == CPU_MAX)
		return complain("--pid: at most %d", CPU_MAX);
	if (equals == NULL || !name_is_plain(text, (size_t)(equals - text)))
		return complain("--pid: must be NAME=PID, got \"%s\"", text);
	pid = strtol(equals + 1, &end, 10);
	if (end == equals + 1 || *end != '\0' || pid <= 0 || pid > INT32_MAX)
		return complain("--pid: must be NAME=PID, got \"%s\"", text);
	memset(p, 0, sizeof(*p));
	memcpy(p->name, text, (size_t)(equals - text));
	p->pid = (int)pid;
	list->count++;
	return 0;
}

/* The 14th and 15th field; the second, in brackets, may hold blanks. */
static int
parse_stat(const char *text, struct cpu_time *out)
{
	uint64_t tick_us = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	const char *after = strrchr(text, ')');
	uint64_t user, kernel;

	if (after == NULL ||
	    sscanf(after + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
		" %" SCNu64,
		&user, &kernel) != 2)
		return -1;
	*out = (struct cpu_time){user * tick_us, kernel * tick_us};
	return 0;
}

static int
read_time(const struct cpu_process *p, struct cpu_time *out)
{
	char path[64], text[1024];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", p->pid);
	f = fopen(path, "re");
	if (f == NULL)
		return complain(
		    "--pid %s=%d: no such process", p->name, p->pid);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	if (parse_stat(text, out) != 0)
		return complain("%s: cannot be read", path);
	return 0;
}

int
cpu_list_start(struct cpu_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (read_time(
			&list->processes[i], &list->processes[i].before) != 0)
			return -1;
	return 0;
}

int
cpu_list_stop(struct cpu_list *list)
{
	struct cpu_time now;
	struct cpu_process *p;
	int rc = 0;

	for (size_t i = 0; i < list->count; i++) {
		p = &list->processes[i];
		if (read_time(p, &now) != 0) {
			rc = -1;
			continue;
		}
		p->used.user_us = now.user_us - p->before.user_us;
		p->used.system_us = now.system_us - p->before.system_us;
	}
	return rc;
}
