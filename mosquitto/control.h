/*
 * What the service says to the plugin: lines of words with one space between
 * them, each line ended by a line feed (the last one may go without). A
 * message is read whole before any of it is done.
 *
 *	request <id>                  first line only: comes back in the answer
 *	revoke <serial> [<username>]  refuse it; end its sessions, and those of
 *	                              the user name
 *	release <serial>              refuse it no longer
 *	sync begin <count>            the whole set follows, in any number of
 *	sync add <serial>             messages …
 *	sync end                      … and holds from here
 *	ping                          nothing; the answer says how things are
 */
#ifndef MOSQUITTO_CONTROL_H
#define MOSQUITTO_CONTROL_H

#include "mosquitto/state.h"

#define CONTROL_MESSAGE_MAX 65536
#define CONTROL_LINES_MAX   2000
#define CONTROL_REQUEST_MAX 32

enum control_verb {
	CONTROL_REVOKE,
	CONTROL_RELEASE,
	CONTROL_SYNC_BEGIN,
	CONTROL_SYNC_ADD,
	CONTROL_SYNC_END,
	CONTROL_PING
};

struct control_line {
	enum control_verb verb;
	struct revoked_serial serial;         /* revoke, release, sync add */
	char username[IDENTITY_NAME_MAX + 1]; /* revoke; "": none */
	uint32_t count;                       /* sync begin */
};

struct control {
	char request[CONTROL_REQUEST_MAX + 1]; /* "": none */
	struct control_line *line;
	size_t lines;
};

/* ERR_BAD_REQUEST names the line. Whatever it returns: control_clear; the
 * request's id is there even then, if it could be read. */
MUST_USE int control_parse(
    struct bytes message, struct control *out, struct err *e);
void control_clear(struct control *c);

/* Does all lines, in memory; the caller saves. ERR_BAD_REQUEST names the line
 * at which it stopped; those before it are done. */
MUST_USE int control_apply(
    const struct control *c, struct state *state, struct err *e);

/* True if a session of this identity ends because of the message. */
bool control_ends(const struct control *c, const struct state *state,
    const struct identity *identity);

#endif
