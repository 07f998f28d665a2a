/* Judges the answers, with OpenSSL and none of the code under test. */
#ifndef LOAD_VERIFY_H
#define LOAD_VERIFY_H

#include "tests/load/options.h"
#include "tests/load/plan.h"

#define WORD_SIZE 32
#define WORDS_MAX 16

/* How often an answer was the error of that word. */
struct word_count {
	char word[WORD_SIZE];
	size_t count;
};

struct verdict {
	size_t asked;        /* sent, of all items */
	size_t certificates; /* right ones */
	size_t expected;     /* errors that were expected */
	size_t wrong;        /* anything else that came */
	size_t missing;      /* nothing came */
	size_t same_serial;  /* of the right ones: not the first with it */
	struct word_count words[WORDS_MAX];
	char first_wrong[256]; /* of one item, for a human */
};

/* items first to count - 1. Says how far it is. -1 after a complaint: nothing
 * could be judged. */
int verify_all(const struct options *o, const struct plan *plan, size_t first,
    struct verdict *v);

/* Every answer is there, right, and what was expected. */
bool verdict_is_good(const struct verdict *v);

#endif
