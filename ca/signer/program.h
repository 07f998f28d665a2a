/* The parts of the program ms_ssl_signer. */
#ifndef CA_SIGNER_PROGRAM_H
#define CA_SIGNER_PROGRAM_H

#include "ca/signer/ops.h"

#define PROGRAM_SECURE_HEAP ((size_t)1 << 20)

/* What the operating system is told before anything secret is read (harden.c).
 * What the system refuses is logged and left. */
void harden_process(void);
/* Ignores what is not meant for the signer alone. */
void harden_signals(void);
/* Closes all descriptors but standard ones and this. */
MUST_USE int harden_descriptors(int keep_fd, struct err *e);
/* No page of ours goes to a swap device. */
void harden_memory(bool root_will_go);

/* Issues under a key of this type that is thrown away, once for each family of
 * clients' keys, so that OpenSSL has fetched all that it needs while it may. */
MUST_USE int warm_up(enum key_type authority_type, struct err *e);

/* Serves the socket with so many threads until the other side ends: 0. -1 when
 * something came that is not one of its messages. */
MUST_USE int serve(struct signer *s, int fd, unsigned threads, struct err *e);

/* `ms_ssl_signer init …`: makes an authority; the program's exit status. */
int init_main(int argc, char **argv);
void init_usage(void);

/* `ms_ssl_signer change-passphrase …`, likewise. */
int change_passphrase_main(int argc, char **argv);
void change_passphrase_usage(void);

/* A passphrase as it stands in a file or comes out of a pipe: all of it, less
 * one line end. */
MUST_USE int passphrase_read_file(
    const char *path, struct secret **out, struct err *e);
MUST_USE int passphrase_read_fd(int fd, struct secret **out, struct err *e);

/* 1 to max from digits alone; -1 for anything else. */
MUST_USE int number_parse(const char *text, unsigned max, unsigned *out);

#endif
