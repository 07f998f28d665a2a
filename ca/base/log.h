/*
 * One line an event on stderr:
 *
 *	2026-11-22T01:33:00.123Z info  service request_done id=8f2c… door=mqtt
 *ms=3
 *
 * Values with anything but plain characters are quoted and escaped, so a line
 * stays a line whatever a client sent. A secret never comes here: there is no
 * way to log a struct secret. Thread-safe: a line is one write.
 */
#ifndef CA_BASE_LOG_H
#define CA_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "ca/base/buf.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

struct log_field {
	const char *key;
	const char *text; /* NULL: number is the value */
	size_t len;
	int64_t number;
};

/* "service", "signer": the third word of each line. Borrowed for ever. */
void log_set_program(const char *program);
void log_set_level(enum log_level level);
/* "debug", "info", "warn", "error"; -1 for any other word. */
MUST_USE int log_level_parse(const char *word, enum log_level *level);

struct log_field log_text(const char *key, const char *text);
struct log_field log_bytes(const char *key, struct bytes text);
struct log_field log_number(const char *key, int64_t number);

void log_event(enum log_level level, const char *event,
    const struct log_field *fields, size_t n);

#define LOG_FIELDS(...)                                                        \
	((const struct log_field[]){__VA_ARGS__}),                             \
	    sizeof((const struct log_field[]){__VA_ARGS__}) /                  \
		sizeof(struct log_field)
#define log_debug(event, ...)                                                  \
	log_event(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...)                                                   \
	log_event(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)                                                   \
	log_event(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...)                                                  \
	log_event(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))

#endif
