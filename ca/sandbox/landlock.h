/*
 * Landlock (landlock(7)): from a point on this process sees only the files it
 * was given, whatever its user may. It needs no root, and cannot be undone.
 *
 *	landlock_begin(&l);
 *	landlock_allow(&l, "/etc/hosts", LANDLOCK_READ);
 *	landlock_enforce(&l, &missing, e);
 *
 * What the running kernel does not know is left out and told in missing.
 */
#ifndef CA_SANDBOX_LANDLOCK_H
#define CA_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "ca/base/err.h"

enum landlock_right {
	LANDLOCK_READ = 1, /* a file, or all files below a folder */
	LANDLOCK_LIST,     /* names of a folder, and of those below it */
	LANDLOCK_WRITE,    /* read, write, make, rename, remove below it */
};

struct landlock {
	int fd;       /* of the ruleset; -1: no Landlock here */
	int abi;      /* 0: none */
	uint64_t all; /* what this kernel can refuse */
	bool tcp;     /* binding and connecting, too */
};

/* Every file is refused from the enforcement on; tcp: every TCP bind and
 * connect, too. No Landlock at all is not an error. */
MUST_USE int landlock_begin(struct landlock *l, bool tcp, struct err *e);

/* A path that is not there is left out. */
MUST_USE int landlock_allow(struct landlock *l, const char *path,
    enum landlock_right right, struct err *e);

/* No effect where the kernel does not know it. */
MUST_USE int landlock_allow_bind(
    struct landlock *l, unsigned port, struct err *e);
MUST_USE int landlock_allow_connect(
    struct landlock *l, unsigned port, struct err *e);

/* For this thread and those it starts. missing: "" or what this kernel cannot
 * refuse, for the log. Sets no_new_privs. */
MUST_USE int landlock_enforce(
    struct landlock *l, const char **missing, struct err *e);

#endif
