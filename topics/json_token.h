/* The scanner's smallest pieces: strings, numbers, words. Internal. */
#ifndef TOPICS_JSON_TOKEN_H
#define TOPICS_JSON_TOKEN_H

#include "ca/base/buf.h"

/* Moves through a text; nothing is copied. */
struct token_reader {
	const uint8_t *start, *at, *end;
	struct err *e;
};

/* -1, ERR_BAD_JSON: where it stands, and what is wrong there. */
int token_fault(struct token_reader *t, const char *what);

/* The next byte; 0 at the end (a NUL is wrong wherever it stands). */
uint8_t token_peek(const struct token_reader *t);

void token_skip_blanks(struct token_reader *t);

/* Each reads one token that must stand here. content: between the quotes, its
 * escapes as they were written. */
MUST_USE int token_string(struct token_reader *t, struct bytes *content);
MUST_USE int token_number(struct token_reader *t);
MUST_USE int token_word(struct token_reader *t, const char *word);

#endif
