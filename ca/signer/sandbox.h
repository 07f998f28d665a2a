/* What the signer gives up before it serves. */
#ifndef CA_SIGNER_SANDBOX_H
#define CA_SIGNER_SANDBOX_H

#include "ca/base/err.h"

/*
 * From here on: no file, no new socket, no program, no other process (Landlock,
 * seccomp; sandbox.c has the lists). What the system cannot refuse is logged.
 * Before any thread.
 *
 * With the CA key in a token (token_folder not NULL; hsm.h says what of) it is
 * wider: the module may use the descriptors that it has opened, and the files
 * of that folder ("": none); a call that is not on the list fails, and ends the
 * process only where it is an intruder's.
 */
MUST_USE int sandbox_enter(const char *token_folder, struct err *e);

#endif
