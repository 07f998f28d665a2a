/* What a run came to: a table for a reader, JSON for a program. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "tests/load/run.h"
#include "tests/load/verify.h"

struct report {
	const struct run *run;
	const struct verdict *verdict;
	bool good;
};

void report_print(const struct report *r);

/* -1 after a complaint. */
int report_write_json(const struct report *r, const char *file);

#endif
