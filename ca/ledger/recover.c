/* The end of the ledger: where the chain goes on. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "ca/ledger/file.h"

#define TAIL_MAX (3 * LEDGER_LINE_MAX)

/* The last line of text, taken off with its line end; or -1. */
static int
take_last_line(struct bytes *text, struct bytes *line)
{
	const uint8_t *start;

	if (text->len == 0 || text->data[text->len - 1] != '\n')
		return -1;
	text->len--;
	start = memrchr(text->data, '\n', text->len);
	start = start == NULL ? text->data : start + 1;
	*line = (struct bytes){start, (size_t)(text->data + text->len - start)};
	text->len -= line->len;
	return 0;
}

static int
recover_chain(struct ledger_file *f, struct bytes tail, struct err *e)
{
	struct bytes last, before, text;

	if (tail.len == 0)
		return 0;
	if (take_last_line(&tail, &last) != 0)
		return err_set(
		    e, ERR_INTERNAL, NULL, "ledger: its last line is too long");
	if (take_last_line(&tail, &before) == 0) {
		if (before.len < LINE_HASH_LEN)
			return err_set(e, ERR_INTERNAL, NULL,
			    "ledger: the line before the last is not of its "
			    "form");
		memcpy(f->hash, before.data + before.len - LINE_HASH_LEN,
		    LINE_HASH_LEN);
	}
	return line_check(last, 0, f->hash, &f->number, &text, e);
}

/* A line without an end was being written when the power went. */
static int
cut_torn_line(struct ledger_file *f, struct bytes *tail, struct err *e)
{
	const uint8_t *end = memrchr(tail->data, '\n', tail->len);
	size_t good = end == NULL ? 0 : (size_t)(end - tail->data) + 1;
	size_t torn = tail->len - good;

	if (torn == 0)
		return 0;
	log_warn("ledger_torn_line", log_number("bytes", (int64_t)torn));
	f->len -= (off_t)torn;
	tail->len = good;
	if (ftruncate(f->fd, f->len) != 0 || fdatasync(f->fd) != 0)
		return err_errno(e, "truncate", "ledger");
	return 0;
}

int
ledger_recover(struct ledger_file *f, struct err *e)
{
	struct stat st;
	uint8_t *data;
	struct bytes tail;
	ssize_t n;
	int rc;

	line_hash_start(f->hash);
	f->number = 0;
	if (fstat(f->fd, &st) != 0)
		return err_errno(e, "stat", "ledger");
	f->len = st.st_size;
	data = malloc(TAIL_MAX);
	if (data == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	n = pread(
	    f->fd, data, TAIL_MAX, f->len > TAIL_MAX ? f->len - TAIL_MAX : 0);
	tail = (struct bytes){data, n > 0 ? (size_t)n : 0};
	if (n < 0)
		rc = err_errno(e, "read", "ledger");
	else
		rc = cut_torn_line(f, &tail, e);
	if (rc == 0)
		rc = recover_chain(f, tail, e);
	free(data);
	return rc;
}
