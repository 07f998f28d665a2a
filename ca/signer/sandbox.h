/* What the signer gives up before it serves. */
#ifndef CA_SIGNER_SANDBOX_H
#define CA_SIGNER_SANDBOX_H

#include "ca/base/err.h"

/* From here on: no file, no new socket, no program, no other process (Landlock,
 * seccomp; sandbox.c has the list). What the system cannot refuse is logged.
 * Before any thread. */
MUST_USE int sandbox_enter(struct err *e);

#endif
