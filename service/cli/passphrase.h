/* Where init's passphrase comes from. */
#ifndef SERVICE_CLI_PASSPHRASE_H
#define SERVICE_CLI_PASSPHRASE_H

#include "ca/base/secret.h"

/* From a file; one line end at its end does not count. */
MUST_USE int passphrase_from_file(
    const char *path, struct secret **out, struct err *e);
/* Asked for twice on the terminal, without echo. */
MUST_USE int passphrase_from_terminal(struct secret **out, struct err *e);
/* Once, for one that is set already. */
MUST_USE int passphrase_ask(
    const char *prompt, struct secret **out, struct err *e);
/* 160 random bits, in hex. */
MUST_USE int passphrase_generate(struct secret **out, struct err *e);

/* At least 12 characters (UTF-8), at most 1024 bytes. */
MUST_USE int passphrase_check(const struct secret *pass, struct err *e);

/* A descriptor (kept over exec) that reads it; closed by the caller. */
MUST_USE int passphrase_memory_file(
    const struct secret *pass, int *fd, struct err *e);

#endif
