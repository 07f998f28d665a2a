/* The user that a process of ours gives up root for. */
#ifndef CA_SANDBOX_ACCOUNT_H
#define CA_SANDBOX_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "ca/base/err.h"

#define ACCOUNT_NAME_MAX 64

struct account {
	uid_t uid;
	gid_t gid;
};

/* By name, or by number ("61001": user and group of that number, which no file
 * has to know). Never root. ERR_BAD_FIELD names field. */
MUST_USE int account_find(
    const char *name, const char *field, struct account *out, struct err *e);

/*
 * For good: all user and group ids, no supplementary groups, no capabilities.
 * Afterwards the process is undumpable again (the kernel forgets it) and, where
 * parent is not 0, still dies with it. -1 unless all of it came about. Before
 * any other thread.
 */
MUST_USE int account_become(
    const struct account *a, pid_t parent, struct err *e);

#endif
