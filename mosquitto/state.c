#include "mosquitto/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/file.h"

#define FIRST_LINE "ms_ssl_mosquitto 1\n"
#define LINE_MAX_  (1 + 2 * SERIAL_MAX + 1)
/* Twice what the serials need: the rest are lines that are past. */
#define FILE_MAX (2 * (size_t)SERIALS_MAX * LINE_MAX_)
/* Lines that may be past before the file is written anew. */
#define PAST_MAX 1000

struct state {
	char *path;
	struct serials now;
	struct serials next; /* of a sync that is under way */
	bool syncing;
	size_t sync_left;
	struct buf fresh; /* lines that are not on disk */
	size_t lines;     /* in the file */
	bool rewrite;     /* the file is not what it should be */
};

bool
state_is_revoked(const struct state *s, const struct revoked_serial *n)
{
	return serials_has(&s->now, n);
}

size_t
state_count(const struct state *s)
{
	return s->now.count;
}

static void
put_line(struct buf *out, char sign, const struct revoked_serial *n)
{
	char hex[SERIAL_HEX_LEN];

	serial_print(n, hex);
	buf_printf(out, "%c%s\n", sign, hex);
}

/* Lines for the file; if they are too many, it is written anew. */
static void
note(struct state *s, char sign, const struct revoked_serial *n)
{
	put_line(&s->fresh, sign, n);
	s->lines++;
	if (s->fresh.failed)
		s->rewrite = true;
}

int
state_revoke(struct state *s, const struct revoked_serial *n)
{
	bool known = serials_has(&s->now, n);

	if (s->syncing && serials_add(&s->next, n) != 0)
		return -1;
	if (serials_add(&s->now, n) != 0)
		return -1;
	if (!known)
		note(s, '+', n);
	return 0;
}

int
state_release(struct state *s, const struct revoked_serial *n)
{
	if (s->syncing)
		serials_remove(&s->next, n);
	if (serials_remove(&s->now, n))
		note(s, '-', n);
	return 0;
}

int
state_sync_begin(struct state *s, size_t count)
{
	if (count > SERIALS_MAX)
		return -1;
	serials_clear(&s->next);
	s->syncing = true;
	s->sync_left = count;
	return 0;
}

int
state_sync_add(struct state *s, const struct revoked_serial *n)
{
	if (!s->syncing || s->sync_left == 0)
		return -1;
	s->sync_left--;
	return serials_add(&s->next, n);
}

int
state_sync_end(struct state *s)
{
	bool whole = s->syncing && s->sync_left == 0;

	s->syncing = false;
	if (!whole) {
		serials_clear(&s->next);
		return -1;
	}
	serials_clear(&s->now);
	s->now = s->next;
	serials_init(&s->next); /* transferred */
	s->rewrite = true;
	return 0;
}

bool
state_sync_is_open(const struct state *s)
{
	return s->syncing;
}

static int
write_anew(struct state *s, struct err *e)
{
	const struct revoked_serial *n;
	struct buf all;
	size_t at = 0;
	int rc;

	buf_init(&all, FILE_MAX);
	buf_append_text(&all, FIRST_LINE);
	while ((n = serials_next(&s->now, &at)) != NULL)
		put_line(&all, '+', n);
	rc = buf_check(&all, "the state", e);
	if (rc == 0)
		rc = file_write(s->path, buf_bytes(&all), 0600, e);
	buf_clear(&all);
	if (rc == 0)
		s->lines = s->now.count;
	return rc;
}

/* A line that was written in part is past mending here: the whole file is
 * written next. */
static int
append(struct state *s, struct err *e)
{
	int fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return err_errno(e, "open", s->path);
	ok = write(fd, s->fresh.data, s->fresh.len) == (ssize_t)s->fresh.len &&
	     fdatasync(fd) == 0;
	if (!ok)
		err_errno(e, "write", s->path);
	close(fd);
	return ok ? 0 : -1;
}

int
state_save(struct state *s, struct err *e)
{
	int rc = 0;

	if (s->rewrite || s->lines > 2 * s->now.count + PAST_MAX)
		rc = write_anew(s, e);
	else if (s->fresh.len > 0)
		rc = append(s, e);
	buf_clear(&s->fresh);
	s->rewrite = rc != 0;
	return rc;
}

static int
read_line(struct state *s, struct bytes line)
{
	struct revoked_serial n;
	struct bytes hex = {line.data + 1, line.len - 1};

	if (line.len < 2 || serial_parse(hex, &n) != 0)
		return -1;
	if (line.data[0] == '+')
		return serials_add(&s->now, &n);
	if (line.data[0] != '-')
		return -1;
	serials_remove(&s->now, &n);
	return 0;
}

static int
read_lines(struct state *s, struct bytes text, struct err *e)
{
	size_t number = 1;

	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);

		number++;
		if (end == NULL) {
			s->rewrite = true;
			return 0;
		}
		size_t len = (size_t)(end - text.data);
		if (read_line(s, (struct bytes){text.data, len}) != 0)
			return err_set(e, ERR_INTERNAL, "",
			    "%s, line %zu: not \"+\" or \"-\" and a serial",
			    s->path, number);
		s->lines++;
		text = (struct bytes){end + 1, text.len - len - 1};
	}
	return 0;
}

static int
load(struct state *s, struct err *e)
{
	size_t first = strlen(FIRST_LINE);
	struct buf text;
	int rc;

	buf_init(&text, FILE_MAX);
	rc = file_read(s->path, &text, e);
	if (rc == 0 &&
	    (text.len < first || memcmp(text.data, FIRST_LINE, first) != 0))
		rc = err_set(e, ERR_INTERNAL, "",
		    "%s: does not begin with \"ms_ssl_mosquitto 1\"", s->path);
	if (rc == 0)
		rc = read_lines(
		    s, (struct bytes){text.data + first, text.len - first}, e);
	buf_clear(&text);
	return rc;
}

int
state_open(const char *path, struct state **out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	int rc = 0;

	*out = NULL;
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return err_set(e, ERR_INTERNAL, "", "no memory");
	}
	buf_init(&s->fresh, (size_t)1 << 20);
	/* Only a file that is not there is no fault. */
	if (access(path, F_OK) == 0 || errno != ENOENT)
		rc = load(s, e);
	else
		s->rewrite = true;
	/* So that a folder that can't be written is known now. */
	if (rc == 0)
		rc = state_save(s, e);
	if (rc != 0) {
		state_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	serials_clear(&s->now);
	serials_clear(&s->next);
	buf_clear(&s->fresh);
	free(s->path);
	free(s);
}
