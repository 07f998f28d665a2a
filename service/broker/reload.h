/* Telling Mosquitto that a file of its has changed: the supervisor's part. */
#ifndef SERVICE_BROKER_RELOAD_H
#define SERVICE_BROKER_RELOAD_H

#include <sys/types.h>

#include "service/config/config.h"

/* A command that runs longer is to be killed. */
#define BROKER_COMMAND_MS 5000

/*
 * By SIGHUP to the process in broker_pid_file, where that is a Mosquitto, or by
 * the command broker_reload (run without a shell, its words split at blanks,
 * nothing in its environment but PATH). Returns at once: the command's process,
 * for the caller to reap, or 0. What became of it is in the log. SIGHUP takes
 * effect for new connections; those that are up stay up.
 */
pid_t broker_reload(const struct config *c);

/* For the log: how the command ended (waitpid's status). */
void broker_reload_ended(int status);

#endif
