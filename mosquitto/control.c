#include "mosquitto/control.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX  3
#define COUNT_MAX_ 7 /* digits */

struct words {
	struct bytes word[WORDS_MAX];
	size_t count;
};

static int
refuse(struct err *e, size_t number, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "", "line %zu: %s", number, what);
}

/* Exactly one space between words, none around them. */
static int
split(struct bytes line, struct words *out)
{
	out->count = 0;
	for (;;) {
		const uint8_t *space =
		    line.len > 0 ? memchr(line.data, ' ', line.len) : NULL;
		size_t len = space ? (size_t)(space - line.data) : line.len;

		if (len == 0 || out->count == WORDS_MAX)
			return -1;
		out->word[out->count++] = (struct bytes){line.data, len};
		if (space == NULL)
			return 0;
		line = (struct bytes){space + 1, line.len - len - 1};
	}
}

static bool
is(struct bytes word, const char *text)
{
	return bytes_equal(word, bytes_of_text(text));
}

static int
parse_name(struct bytes word, char *out, size_t max)
{
	if (!identity_name_is_valid(word) || word.len > max)
		return -1;
	memcpy(out, word.data, word.len);
	out[word.len] = '\0';
	return 0;
}

static int
parse_count(struct bytes word, uint32_t *out)
{
	uint32_t n = 0;

	if (word.len == 0 || word.len > COUNT_MAX_ ||
	    (word.len > 1 && word.data[0] == '0'))
		return -1;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return -1;
		n = 10 * n + (uint32_t)(word.data[i] - '0');
	}
	*out = n;
	return n <= SERIALS_MAX ? 0 : -1;
}

static int
parse_sync(const struct words *w, struct control_line *out)
{
	if (w->count == 3 && is(w->word[1], "begin")) {
		out->verb = CONTROL_SYNC_BEGIN;
		return parse_count(w->word[2], &out->count);
	}
	if (w->count == 3 && is(w->word[1], "add")) {
		out->verb = CONTROL_SYNC_ADD;
		return serial_parse(w->word[2], &out->serial);
	}
	out->verb = CONTROL_SYNC_END;
	return w->count == 2 && is(w->word[1], "end") ? 0 : -1;
}

static int
parse_revoke(const struct words *w, struct control_line *out)
{
	out->verb = CONTROL_REVOKE;
	if (w->count < 2 || serial_parse(w->word[1], &out->serial) != 0)
		return -1;
	if (w->count == 2)
		return 0;
	return parse_name(w->word[2], out->username, IDENTITY_NAME_MAX);
}

static int
parse_line(const struct words *w, struct control_line *out)
{
	memset(out, 0, sizeof(*out));
	if (is(w->word[0], "revoke"))
		return parse_revoke(w, out);
	if (is(w->word[0], "sync"))
		return parse_sync(w, out);
	if (is(w->word[0], "release")) {
		out->verb = CONTROL_RELEASE;
		return w->count == 2 ? serial_parse(w->word[1], &out->serial)
				     : -1;
	}
	out->verb = CONTROL_PING;
	return w->count == 1 && is(w->word[0], "ping") ? 0 : -1;
}

/* Takes the next line off text, without its line feed. */
static struct bytes
next_line(struct bytes *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	size_t len = end ? (size_t)(end - text->data) : text->len;
	size_t used = end ? len + 1 : len;
	struct bytes line = {text->data, len};

	*text = (struct bytes){text->data + used, text->len - used};
	return line;
}

static int
parse_lines(struct bytes text, struct control *out, struct err *e)
{
	struct words w;
	size_t number;

	for (number = 1; text.len > 0; number++) {
		if (split(next_line(&text), &w) != 0)
			return refuse(e, number,
			    "must be 1 to 3 words, one space between them");
		if (number == 1 && is(w.word[0], "request")) {
			if (w.count != 2 || parse_name(w.word[1], out->request,
						CONTROL_REQUEST_MAX) != 0)
				return refuse(e, number, "request: the id");
			continue;
		}
		if (out->lines == CONTROL_LINES_MAX)
			return refuse(e, number, "too many lines");
		if (parse_line(&w, &out->line[out->lines]) != 0)
			return refuse(
			    e, number, "not a command, or not as it should be");
		out->lines++;
	}
	if (out->lines == 0)
		return refuse(e, number, "a command is missing");
	return 0;
}

int
control_parse(struct bytes message, struct control *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (message.len == 0 || message.len > CONTROL_MESSAGE_MAX)
		return err_set(e, ERR_BAD_REQUEST, "",
		    "a message has 1 to %d bytes", CONTROL_MESSAGE_MAX);
	out->line = calloc(CONTROL_LINES_MAX, sizeof(*out->line));
	if (out->line == NULL)
		return err_set(e, ERR_INTERNAL, "", "no memory");
	return parse_lines(message, out, e);
}

void
control_clear(struct control *c)
{
	free(c->line);
	memset(c, 0, sizeof(*c));
}

static int
apply_line(const struct control_line *l, struct state *state)
{
	switch (l->verb) {
	case CONTROL_REVOKE:
		return state_revoke(state, &l->serial);
	case CONTROL_RELEASE:
		return state_release(state, &l->serial);
	case CONTROL_SYNC_BEGIN:
		return state_sync_begin(state, l->count);
	case CONTROL_SYNC_ADD:
		return state_sync_add(state, &l->serial);
	case CONTROL_SYNC_END:
		return state_sync_end(state);
	case CONTROL_PING:
		return 0;
	}
	return -1;
}

int
control_apply(const struct control *c, struct state *state, struct err *e)
{
	for (size_t i = 0; i < c->lines; i++) {
		if (apply_line(&c->line[i], state) != 0)
			return refuse(e, i + (c->request[0] ? 2 : 1),
			    "out of order, another number than sync begin "
			    "said, or no room");
	}
	return 0;
}

bool
control_ends(const struct control *c, const struct state *state,
    const struct identity *identity)
{
	if (state_is_revoked(state, &identity->serial))
		return true;
	for (size_t i = 0; i < c->lines; i++) {
		if (c->line[i].username[0] &&
		    strcmp(c->line[i].username, identity->username) == 0)
			return true;
	}
	return false;
}
