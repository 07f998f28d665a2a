/*
 * What the signer keeps: memory, its threads, the clock, randomness, its one
 * socket and the log. No file, no socket, no program, no other process.
 */
#include "ca/signer/sandbox.h"

#include <stddef.h>

#include "ca/base/log.h"
#include "ca/sandbox/landlock.h"
#include "ca/sandbox/syscalls.h"

/* The socket, and standard error for the log. */
#define CALLS_IO                                                               \
	"read", "write", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg", \
	    "shutdown", "poll", "ppoll", "close", "fstat"

/* mmap and mprotect go by their arguments. */
#define CALLS_MEMORY                                                           \
	"munmap", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock"

/* clone goes by its arguments. */
#define CALLS_THREADS                                                          \
	"futex", "set_robust_list", "rseq", "sched_yield",                     \
	    "sched_getaffinity", "rt_sigprocmask", "rt_sigaction",             \
	    "rt_sigreturn", "sigaltstack", "restart_syscall", "exit",          \
	    "exit_group", "gettid", "getpid"

#define CALLS_TIME_AND_CHANCE                                                  \
	"clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday",       \
	    "getrandom"

#define CALLS CALLS_IO, CALLS_MEMORY, CALLS_THREADS, CALLS_TIME_AND_CHANCE

static const char *const allowed[] = {CALLS, NULL};

/* With a token, too: its files, and the descriptors that its module has. */
static const char *const allowed_hsm[] = {CALLS, "openat", "newfstatat",
    "lseek", "ftruncate", "getdents64", "fcntl", "ioctl", "fsync", "select",
    "pselect6", "epoll_wait", "getuid", "geteuid", NULL};

static const int no_family[] = {-1};

static void
tell(const char *missing)
{
	if (missing[0] != '\0')
		log_warn("hardening", log_text("missing", missing));
}

int
sandbox_enter(const char *token_folder, struct err *e)
{
	const struct syscalls calls = {
	    .allowed = token_folder == NULL ? allowed : allowed_hsm,
	    .families = no_family,
	    .strict = token_folder == NULL,
	};
	const char *no_landlock, *no_seccomp;
	struct landlock l;

	if (landlock_begin(&l, true, e) != 0 ||
	    (token_folder != NULL &&
		landlock_allow(&l, token_folder, LANDLOCK_WRITE, e) != 0) ||
	    landlock_enforce(&l, &no_landlock, e) != 0)
		return -1;
	tell(no_landlock);
	if (syscalls_restrict(&calls, &no_seccomp, e) != 0)
		return -1;
	tell(no_seccomp);
	return 0;
}
