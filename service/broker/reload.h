/* Telling Mosquitto that a certificate of its has changed. */
#ifndef SERVICE_BROKER_RELOAD_H
#define SERVICE_BROKER_RELOAD_H

#include <uv.h>

#include "service/config/config.h"

/*
 * By SIGHUP to the process in broker_pid_file, where that is a Mosquitto, or by
 * the command broker_reload (run without a shell, its words split at blanks,
 * nothing in its environment but PATH; killed after five seconds). Returns at
 * once; what became of it is in the log. The loop must run until the command
 * has ended. SIGHUP takes effect for new connections; those that are up stay
 * up.
 */
void broker_reload(uv_loop_t *loop, const struct config *c);

#endif
