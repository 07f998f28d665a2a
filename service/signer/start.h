/* Starting the program that holds the key. */
#ifndef SERVICE_SIGNER_START_H
#define SERVICE_SIGNER_START_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ca/base/err.h"

struct signer_start {
	const char
	    *program; /* path, or "": beside this program or in libexec */
	const char *dir;
	const char *profiles;
	const char *ca_key;          /* "": dir's ca.key; else a pkcs11: URI */
	const char *pkcs11_module;   /* "": OpenSSL's engine chooses */
	const char *passphrase_file; /* "": none */
	const char *user;            /* whom it becomes; "": stays */
	bool sandbox;
	unsigned threads;
	const char *local_names; /* of the local entities: "dns:…,ip:…" */
	unsigned check_ec; /* verifies one EC signature in so many; 0: none */
	const char *log_level;
};

/*
 * Forks and execs ms_ssl_signer with its end of a socket pair at descriptor 3;
 * *fd is the other end (close-on-exec). It dies with the thread that calls
 * this. Only while the process has no other thread, no loop, no OpenSSL key.
 */
MUST_USE int signer_start(
    const struct signer_start *s, int *fd, pid_t *pid, struct err *e);

/* Where ms_ssl_signer is: program where that is not "", else what was found. */
MUST_USE int signer_program_find(
    const char *program, char *out, size_t size, struct err *e);

/* The path of the program that runs. */
MUST_USE int own_program_find(char out[PATH_MAX]);

/* In a child after fork: dies with its parent, a process group of its own,
 * signals as at the start. */
void child_prepare(pid_t parent);

/* In a child: a at number 3 and b, where it is not -1, at 4, kept over exec.
 * -1: cannot be. */
MUST_USE int child_take_fds(int a, int b);

#endif
