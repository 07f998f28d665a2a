/*
 * What an intruder would try in a process of ours, each in a child that has
 * entered the sandbox: the attempt must fail, or the child must die of it. And
 * what the process needs, which must go on working.
 */
#ifndef TESTS_UNIT_REFUSALS_H
#define TESTS_UNIT_REFUSALS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/sandbox/syscalls.h"

/* What an attempt ended in: its child's exit status, or DIED. */
enum outcome { FAILED = 0, SUCCEEDED = 1, DIED = 2, NOT_ENTERED = 3 };

/* Each returns true where it got what it was after. */
struct attempt {
	const char *name;
	bool (*run)(void);
	bool landlock; /* refused even where a sanitizer leaves no filter */
};

/* The test's own: enters the sandbox; 0: it is in. */
static int enter(void);

static enum outcome
outcome_of(bool (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (enter() != 0)
			_exit(NOT_ENTERED);
		_exit(run() ? SUCCEEDED : FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? DIED : NOT_ENTERED;
	return (enum outcome)WEXITSTATUS(status);
}

static void
expect_refused(const struct attempt *list)
{
	for (; list->name != NULL; list++) {
		enum outcome o;

		if (SYSCALLS_SANITIZED && !list->landlock)
			continue;
		o = outcome_of(list->run);
		if (o != FAILED && o != DIED)
			fail_msg("%s: outcome %d", list->name, (int)o);
	}
}

static void
expect_works(const struct attempt *list)
{
	for (; list->name != NULL; list++) {
		enum outcome o = outcome_of(list->run);

		if (o != SUCCEEDED)
			fail_msg("%s: outcome %d", list->name, (int)o);
	}
}

static bool
can_open(const char *path, int flags)
{
	return open(path, flags, 0600) >= 0;
}

static inline bool
try_read_a_system_file(void)
{
	return can_open("/etc/passwd", O_RDONLY);
}

static inline bool
try_make_a_file(void)
{
	return can_open("/tmp/refusals", O_WRONLY | O_CREAT);
}

static inline bool
try_read_the_parents_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return can_open(path, O_RDONLY);
}

/* /bin/false ends with 1: SUCCEEDED. */
static inline bool
try_exec_to_the_end(void)
{
	execl("/bin/false", "false", (char *)NULL);
	return false;
}

static inline bool
try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static inline bool
try_vfork(void)
{
	return syscall(SYS_fork) >= 0;
}

static inline bool
try_map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static inline bool
try_make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static inline bool
try_trace_the_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static inline bool
try_copy_the_parents_memory(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {(void *)(uintptr_t)&environ, 1};

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0) == 1;
}

static inline bool
try_signal_the_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static inline bool
try_raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static inline bool
try_internet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static inline bool
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static inline bool
try_namespace(void)
{
	return syscall(SYS_unshare, 0x10000000) == 0;
}

static inline bool
try_become_root(void)
{
	return syscall(SYS_setuid, 0) == 0;
}

/* What neither process may. */
static const struct attempt attempts_of_an_intruder[] = {
    {"read a file", try_read_a_system_file, true},
    {"make a file", try_make_a_file, true},
    {"open another's memory", try_read_the_parents_memory, true},
    {"exec", try_exec_to_the_end, true},
    {"fork", try_fork, false},
    {"fork, the old way", try_vfork, false},
    {"map executable memory", try_map_executable, false},
    {"make memory executable", try_make_executable, false},
    {"ptrace", try_trace_the_parent, false},
    {"read another's memory", try_copy_the_parents_memory, false},
    {"signal another", try_signal_the_parent, false},
    {"a local socket", try_unix_socket, false},
    {"a packet socket", try_raw_socket, false},
    {"a namespace", try_namespace, false},
    {"setuid", try_become_root, false},
    {NULL, NULL, false},
};

static void *
thread_main(void *arg)
{
	*(int *)arg = 1;
	return arg;
}

static inline bool
use_thread(void)
{
	pthread_t t;
	int ran = 0;

	return pthread_create(&t, NULL, thread_main, &ran) == 0 &&
	       pthread_join(t, NULL) == 0 && ran == 1;
}

static inline bool
use_memory(void)
{
	void *p = malloc((size_t)8 << 20);

	if (p == NULL)
		return false;
	memset(p, 1, (size_t)8 << 20);
	free(p);
	return true;
}

#endif
