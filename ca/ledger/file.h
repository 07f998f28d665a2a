/* The ledger's file and the end of its chain. Internal. */
#ifndef CA_LEDGER_FILE_H
#define CA_LEDGER_FILE_H

#include <sys/types.h>

#include "ca/ledger/line.h"

struct ledger_file {
	int fd;
	off_t len;       /* of whole, flushed lines */
	uint64_t number; /* of the last line; 0: none */
	char hash[LINE_HASH_LEN + 1];
};

/* Fills len, number and hash from the file's end; cuts a torn last line. */
MUST_USE int ledger_recover(struct ledger_file *f, struct err *e);

#endif
