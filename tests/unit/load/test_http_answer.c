#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/load/http_answer.h"

static char space[HTTP_ANSWER_MAX];

/* As if the text came byte by byte: the result of the last one; none before it
 * may be complete. */
static int
parse(const char *text, struct http_answer *a)
{
	int rc = 0;

	*a = (struct http_answer){.data = space};
	for (size_t i = 0; text[i] != '\0'; i++) {
		assert_int_equal(rc, 0);
		space[a->len++] = text[i];
		rc = http_answer_parse(a);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static void
a_length_says_where_it_ends(void **state)
{
	struct http_answer a;

	(void)state;
	assert_int_equal(parse("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n"
			       "\r\n{}",
			     &a),
	    1);
	assert_int_equal(a.status, 201);
	assert_int_equal(a.body_len, 2);
	assert_memory_equal(a.body, "{}", 2);
	assert_false(a.closes);
}

static void
chunks_are_put_together(void **state)
{
	struct http_answer a;

	(void)state;
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			       "\r\nConnection: close\r\n\r\n"
			       "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
			     &a),
	    1);
	assert_int_equal(a.body_len, 3);
	assert_memory_equal(a.body, "abc", 3);
	assert_true(a.closes);
}

static void
what_is_short_is_waited_for(void **state)
{
	struct http_answer a;

	(void)state;
	assert_int_equal(
	    parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", &a), 0);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			       "\r\n\r\n2\r\nab\r\n",
			     &a),
	    0);
}

static void
what_is_no_response_is_refused(void **state)
{
	struct http_answer a;

	(void)state;
	assert_int_equal(parse("SSH-2.0-OpenSSH\r\n\r\n", &a), -1);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\n\r\n", &a), -1);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			       "\r\n\r\nzz\r\n",
			     &a),
	    -1);
}

static void
more_than_was_announced_is_refused(void **state)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab";
	struct http_answer a = {.data = space, .len = sizeof(text) - 1};

	(void)state;
	memcpy(space, text, sizeof(text));
	assert_int_equal(http_answer_parse(&a), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_length_says_where_it_ends),
	    cmocka_unit_test(chunks_are_put_together),
	    cmocka_unit_test(what_is_short_is_waited_for),
	    cmocka_unit_test(what_is_no_response_is_refused),
	    cmocka_unit_test(more_than_was_announced_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
