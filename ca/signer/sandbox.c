/*
 * What the signer keeps: memory, its threads, the clock, randomness, its one
 * socket and the log. No file, no socket, no program, no other process.
 */
#include "ca/signer/sandbox.h"

#include <stddef.h>

#include "ca/base/log.h"
#include "ca/sandbox/landlock.h"
#include "ca/sandbox/syscalls.h"

static const char *const allowed[] = {
    /* the socket, and standard error for the log */
    "read", "write", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg",
    "shutdown", "poll", "ppoll", "close", "fstat",
    /* memory; mmap and mprotect go by their arguments */
    "munmap", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock",
    /* threads */
    "futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
    "rt_sigprocmask", "rt_sigaction", "rt_sigreturn", "sigaltstack",
    "restart_syscall", "exit", "exit_group", "gettid", "getpid",
    /* time and chance */
    "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday",
    "getrandom", NULL};

static const int no_family[] = {-1};

static void
tell(const char *missing)
{
	if (missing[0] != '\0')
		log_warn("hardening", log_text("missing", missing));
}

int
sandbox_enter(struct err *e)
{
	static const struct syscalls calls = {allowed, no_family, true};
	const char *no_landlock, *no_seccomp;
	struct landlock l;

	if (landlock_begin(&l, true, e) != 0 ||
	    landlock_enforce(&l, &no_landlock, e) != 0)
		return -1;
	tell(no_landlock);
	if (syscalls_restrict(&calls, &no_seccomp, e) != 0)
		return -1;
	tell(no_seccomp);
	return 0;
}
