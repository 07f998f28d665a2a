/* The CPU time of other processes and of this one (proc(5), /proc/PID/stat):
 * in steps of the kernel's tick, usually 10 ms, so it wants long runs. */
#ifndef LOAD_CPU_H
#define LOAD_CPU_H

#include <stddef.h>
#include <stdint.h>

#define CPU_MAX       8
#define CPU_NAME_SIZE 24

struct cpu_time {
	uint64_t user_us;
	uint64_t system_us;
};

struct cpu_process {
	char name[CPU_NAME_SIZE];
	int pid;
	struct cpu_time before, used;
};

/* All zero is an empty one. */
struct cpu_list {
	size_t count;
	struct cpu_process processes[CPU_MAX];
};

/* text: NAME=PID; the name of letters, digits, "-" and "_". -1 after a
 * complaint. */
int cpu_list_add(struct cpu_list *list, const char *text);

/* The clock starts: remembers. -1 after a complaint (no such process). */
int cpu_list_start(struct cpu_list *list);

/* The clock stops: fills used. A process that is gone makes it -1. */
int cpu_list_stop(struct cpu_list *list);

#endif
