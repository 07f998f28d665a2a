/*
 * An HTTP/1.1 response as it comes in (RFC 9112): status line, Content-Length
 * or chunked. Enough for servers that are known; anything else is a fault.
 */
#ifndef LOAD_HTTP_ANSWER_H
#define LOAD_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_ANSWER_MAX 65536

struct http_answer {
	char *data; /* HTTP_ANSWER_MAX bytes; what came so far */
	size_t len;
	int status;
	char *body; /* in data */
	size_t body_len;
	bool closes; /* the server ends the connection after it */
};

/* len has grown. 1: complete, status to closes are filled; 0: more must come;
 * -1: it is no such response. */
int http_answer_parse(struct http_answer *a);

#endif
