/* What the service process gives up before it opens anything to the outside. */
#ifndef SERVICE_SANDBOX_H
#define SERVICE_SANDBOX_H

#include "service/config/config.h"

/*
 * Becomes the configured user (where root started it), then sees only the files
 * that it needs (Landlock) and makes only the system calls that it needs
 * (seccomp). What the system cannot refuse, or the configuration switched off,
 * is logged. Before any thread.
 */
MUST_USE int sandbox_enter(
    const struct config *c, const char *config_path, struct err *e);

#endif
