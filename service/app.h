/*
 * The service process: one loop, the doors, the pipeline, the local entities,
 * wired together. Holds the network, the store and the requests; never a
 * private key of the authority.
 */
#ifndef SERVICE_APP_H
#define SERVICE_APP_H

#include "service/config/config.h"

struct app_options {
	const struct config *config; /* borrowed while it runs */
	int take_signer_fd;          /* the socket to the signer */
	int take_control_fd;         /* to the supervisor; -1: there is none */
	/* Reads the configuration again, from fd. */
	int (*reread)(void *arg, int fd, struct config *out);
	void *arg;
	/* Doors closed: makes the local entities and ends (`init`). */
	bool once_local;
};

/* Runs until SIGTERM, or until the signer is lost. 0 after a clean
 * stop. Secret heap and log must be set up. */
MUST_USE int app_run(const struct app_options *o, struct err *e);

#endif
