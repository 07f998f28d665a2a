/*
 * The system calls that a process may make from a point on (seccomp(2), by
 * libseccomp). A list is names; some calls are allowed by their arguments only,
 * the same for every process of ours:
 *
 *	mmap, mprotect  no memory that can be executed
 *	clone           threads only
 *	socket          the families that the process names
 *	prctl           naming a thread
 *	kill, tgkill    itself
 *
 * clone3 hides its arguments and "is not known" (ENOSYS); the C library then
 * asks with clone.
 */
#ifndef CA_SANDBOX_SYSCALLS_H
#define CA_SANDBOX_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "ca/base/err.h"

/* Built with a sanitizer, which needs calls that no list of ours has. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYSCALLS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SYSCALLS_SANITIZED 1
#endif
#endif
#ifndef SYSCALLS_SANITIZED
#define SYSCALLS_SANITIZED 0
#endif

struct syscalls {
	const char *const *allowed; /* names, closed by NULL */
	const int *families;        /* of socket and socketpair, closed by -1 */
	/* What is not allowed ends the process; else it "is not known", and
	 * only what can serve no end of ours but an intruder's ends it. */
	bool strict;
};

/* Before any other thread; for this process and its threads. Sets no_new_privs.
 * Where SYSCALLS_SANITIZED there is no filter: `missing` then says so, and is
 * "" else. */
MUST_USE int syscalls_restrict(
    const struct syscalls *s, const char **missing, struct err *e);

#endif
