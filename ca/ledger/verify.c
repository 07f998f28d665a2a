/* The whole ledger, from its first line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ledger/line.h"

struct verify {
	uint64_t number;
	char hash[LINE_HASH_LEN + 1];
	ledger_line_fn fn;
	void *arg;
};

static int
verify_line(struct verify *v, char *line, size_t len, struct err *e)
{
	struct bytes whole = {(uint8_t *)line, len}, text;
	uint64_t found;

	if (len == 0 || line[len - 1] != '\n')
		return err_set(e, ERR_INTERNAL, NULL,
		    "ledger: line %llu is cut off",
		    (unsigned long long)v->number + 1);
	whole.len--;
	if (line_check(whole, v->number + 1, v->hash, &found, &text, e) != 0)
		return -1;
	v->number = found;
	return v->fn == NULL ? 0 : v->fn(v->arg, found, text, e);
}

int
ledger_verify(const char *path, ledger_line_fn fn, void *arg, struct err *e)
{
	struct verify v = {.fn = fn, .arg = arg};
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int rc = 0;

	if (f == NULL)
		return err_errno(e, "open", path);
	line_hash_start(v.hash);
	while (rc == 0 && (n = getline(&line, &cap, f)) > 0)
		rc = verify_line(&v, line, (size_t)n, e);
	free(line);
	fclose(f);
	return rc;
}
