/*
 * The process that `run` is: starts the signer and the service, and both again
 * when either dies. Holds nothing: no key, no socket, no request.
 */
#ifndef SERVICE_SUPERVISOR_H
#define SERVICE_SUPERVISOR_H

#include "service/cli/cli.h"
#include "service/config/config.h"

/* Until SIGTERM or SIGINT (forwarded: the service answers what is under way),
 * or until they cannot be kept running. SIGHUP is forwarded. Returns the exit
 * status. */
int supervisor_run(const struct config *c, const struct cli_options *o);

/* What the signer is started with. */
struct signer_start;
void supervisor_signer_settings(
    const struct config *c, struct signer_start *out);

#endif
