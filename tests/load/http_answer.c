#include "tests/load/http_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a header field, up to its line's end; NULL: it is not there. */
static const char *
field(const char *head, const char *end, const char *name)
{
	size_t n = strlen(name);
	const char *line = memchr(head, '\n', (size_t)(end - head));

	while (line != NULL && ++line < end) {
		if ((size_t)(end - line) > n && line[n] == ':' &&
		    strncasecmp(line, name, n) == 0)
			return line + n + 1 + strspn(line + n + 1, " ");
		line = memchr(line, '\n', (size_t)(end - line));
	}
	return NULL;
}

/* One chunk's size and its line's end. 0: not all there; -1: no chunk. */
static int
chunk_head(char *at, char *end, size_t *size, char **data)
{
	char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
	char *stop;

	if (line_end == NULL)
		return 0;
	*size = strtoul(at, &stop, 16);
	if (stop == at || *size > HTTP_ANSWER_MAX)
		return -1;
	*data = line_end + 2;
	return 1;
}

/* Only when the last chunk is there is anything moved. */
static int
chunks_are_complete(char *at, char *end)
{
	size_t size;
	char *data;
	int rc;

	while ((rc = chunk_head(at, end, &size, &data)) == 1) {
		if ((size_t)(end - data) < size + 2)
			return 0;
		if (size == 0)
			return 1;
		at = data + size + 2;
	}
	return rc;
}

static int
parse_chunks(struct http_answer *a)
{
	char *at = a->body, *end = a->data + a->len, *data;
	size_t size, len = 0;
	int rc = chunks_are_complete(at, end);

	if (rc != 1)
		return rc;
	while (chunk_head(at, end, &size, &data) == 1 && size > 0) {
		memmove(a->body + len, data, size);
		len += size;
		at = data + size + 2;
	}
	a->body_len = len;
	return 1;
}

static int
parse_body(struct http_answer *a, const char *head_end)
{
	const char *length = field(a->data, head_end, "content-length");
	const char *coding = field(a->data, head_end, "transfer-encoding");
	size_t there = a->len - (size_t)(a->body - a->data);

	if (coding != NULL)
		return parse_chunks(a);
	if (length == NULL)
		return -1;
	a->body_len = strtoul(length, NULL, 10);
	if (a->body_len > HTTP_ANSWER_MAX || there > a->body_len)
		return -1;
	return there == a->body_len;
}

int
http_answer_parse(struct http_answer *a)
{
	const char *end, *connection;

	/* Number parsing stops here at the latest. */
	if (a->len >= HTTP_ANSWER_MAX)
		return -1;
	a->data[a->len] = '\0';
	end = memmem(a->data, a->len, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	if (strncmp(a->data, "HTTP/1.1 ", 9) != 0)
		return -1;
	a->status = (int)strtoul(a->data + 9, NULL, 10);
	a->body = a->data + (end - a->data) + 4;
	connection = field(a->data, end, "connection");
	a->closes =
	    connection != NULL && strncasecmp(connection, "close", 5) == 0;
	return parse_body(a, end);
}
