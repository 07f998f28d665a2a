/*
 * Strict RFC 8259, before cJSON sees anything: one object, UTF-8, no NUL or
 * bare control character, no name twice, a few levels, a few values, numbers
 * by the grammar, nothing behind the end.
 */
#include <string.h>

#include "topics/json.h"
#include "topics/json_token.h"

#define DEPTH_MAX  4
#define VALUES_MAX 128
#define NAMES_MAX  64 /* in one object */

struct scan {
	struct token_reader t;
	unsigned depth, values;
};

/* The names of one object. */
struct names {
	struct bytes item[NAMES_MAX];
	size_t count;
};

static int scan_value(struct scan *s);

/* Behind a value of a list: a comma, or its end. */
static int
scan_separator(struct scan *s, uint8_t close, const char *fault, bool *is_last)
{
	uint8_t c;

	token_skip_blanks(&s->t);
	c = token_peek(&s->t);
	if (c != close && c != ',')
		return token_fault(&s->t, fault);
	*is_last = c == close;
	s->t.at++;
	return 0;
}

/* An object or array of nothing; else the reader stands at its first thing. */
static bool
scan_empty(struct scan *s, uint8_t close)
{
	s->t.at++;
	token_skip_blanks(&s->t);
	if (token_peek(&s->t) != close)
		return false;
	s->t.at++;
	return true;
}

static int
scan_array(struct scan *s)
{
	bool is_last = scan_empty(s, ']');

	while (!is_last)
		if (scan_value(s) != 0 ||
		    scan_separator(
			s, ']', "a comma or ] must stand here", &is_last) != 0)
			return -1;
	return 0;
}

/* Names are compared as they were written. An escaped spelling would get past
 * this comparison, and past the eye of whoever reads a log: they are refused.
 */
static int
names_add(struct scan *s, struct names *names, struct bytes name)
{
	if (name.len > 0 && memchr(name.data, '\\', name.len) != NULL)
		return token_fault(&s->t, "an escape in a field's name");
	if (names->count == NAMES_MAX)
		return token_fault(&s->t, "too many fields");
	for (size_t i = 0; i < names->count; i++)
		if (bytes_equal(names->item[i], name))
			return token_fault(
			    &s->t, "a field that was there before");
	names->item[names->count++] = name;
	return 0;
}

static int
scan_member(struct scan *s, struct names *names)
{
	struct bytes name;

	token_skip_blanks(&s->t);
	if (token_string(&s->t, &name) != 0 || names_add(s, names, name) != 0)
		return -1;
	token_skip_blanks(&s->t);
	if (token_peek(&s->t) != ':')
		return token_fault(&s->t, "a colon must stand here");
	s->t.at++;
	return scan_value(s);
}

static int
scan_object(struct scan *s)
{
	struct names names;
	bool is_last = scan_empty(s, '}');

	names.count = 0;
	while (!is_last)
		if (scan_member(s, &names) != 0 ||
		    scan_separator(
			s, '}', "a comma or } must stand here", &is_last) != 0)
			return -1;
	return 0;
}

static int
scan_nested(struct scan *s, int (*scan)(struct scan *s))
{
	int rc;

	if (s->depth == DEPTH_MAX)
		return token_fault(&s->t, "nested too deep");
	s->depth++;
	rc = scan(s);
	s->depth--;
	return rc;
}

static int
scan_value(struct scan *s)
{
	struct bytes content;

	token_skip_blanks(&s->t);
	if (++s->values > VALUES_MAX)
		return token_fault(&s->t, "too many values");
	switch (token_peek(&s->t)) {
	case '{':
		return scan_nested(s, scan_object);
	case '[':
		return scan_nested(s, scan_array);
	case '"':
		return token_string(&s->t, &content);
	case 't':
		return token_word(&s->t, "true");
	case 'f':
		return token_word(&s->t, "false");
	case 'n':
		return token_word(&s->t, "null");
	default:
		return token_number(&s->t);
	}
}

int
json_scan(struct bytes text, struct err *e)
{
	struct scan s = {.depth = 0};

	if (text.len == 0)
		return err_set(e, ERR_BAD_JSON, NULL, "the body is empty");
	s.t = (struct token_reader){
	    text.data, text.data, text.data + text.len, e};
	token_skip_blanks(&s.t);
	if (token_peek(&s.t) != '{')
		return token_fault(&s.t, "an object must stand here");
	if (scan_value(&s) != 0)
		return -1;
	token_skip_blanks(&s.t);
	if (s.t.at < s.t.end)
		return token_fault(&s.t, "something behind the end");
	return 0;
}
