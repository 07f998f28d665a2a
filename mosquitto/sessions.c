#include "mosquitto/sessions.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS_FIRST 64

void
sessions_init(struct sessions *s)
{
	memset(s, 0, sizeof(*s));
}

void
sessions_clear(struct sessions *s)
{
	for (size_t i = 0; i < s->chains; i++) {
		while (s->chain[i] != NULL) {
			struct session *gone = s->chain[i];

			s->chain[i] = gone->next;
			free(gone);
		}
	}
	free(s->chain);
	sessions_init(s);
}

static struct session **
chain_of(const struct sessions *s, const struct mosquitto *client)
{
	uint64_t h = (uint64_t)(uintptr_t)client * 0x9e3779b97f4a7c15u;

	return &s->chain[(size_t)(h >> 32) & (s->chains - 1)];
}

/* The pointer that points to the client's entry, or to the NULL at the end. */
static struct session **
find(const struct sessions *s, const struct mosquitto *client)
{
	struct session **at = chain_of(s, client);

	while (*at != NULL && (*at)->client != client)
		at = &(*at)->next;
	return at;
}

static int
grow(struct sessions *s)
{
	struct sessions next = {
	    NULL, s->chains ? 2 * s->chains : CHAINS_FIRST, s->count};

	next.chain = calloc(next.chains, sizeof(*next.chain));
	if (next.chain == NULL)
		return -1;
	for (size_t i = 0; i < s->chains; i++) {
		while (s->chain[i] != NULL) {
			struct session *moved = s->chain[i];
			struct session **to = chain_of(&next, moved->client);

			s->chain[i] = moved->next;
			moved->next = *to;
			*to = moved;
		}
	}
	free(s->chain);
	*s = next;
	return 0;
}

int
sessions_add(struct sessions *s, struct mosquitto *client,
    const struct identity *identity)
{
	struct session **at;

	if (s->count >= s->chains && grow(s) != 0)
		return -1;
	at = find(s, client);
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return -1;
		(*at)->client = client;
		s->count++;
	}
	(*at)->identity = *identity;
	return 0;
}

void
sessions_remove(struct sessions *s, const struct mosquitto *client)
{
	struct session **at, *gone;

	if (s->chains == 0)
		return;
	at = find(s, client);
	gone = *at;
	if (gone == NULL)
		return;
	*at = gone->next;
	free(gone);
	s->count--;
}

const struct session *
sessions_find(const struct sessions *s, const struct mosquitto *client)
{
	return s->chains == 0 ? NULL : *find(s, client);
}

int
sessions_select(const struct sessions *s, session_match_fn *match, void *arg,
    struct mosquitto ***out, size_t *count)
{
	struct mosquitto **all = NULL;

	*out = NULL;
	*count = 0;
	if (s->count == 0)
		return 0;
	all = calloc(s->count, sizeof(struct mosquitto *));
	if (all == NULL)
		return -1;
	for (size_t i = 0; i < s->chains; i++) {
		for (struct session *x = s->chain[i]; x != NULL; x = x->next) {
			if (match(arg, &x->identity))
				all[(*count)++] = x->client;
		}
	}
	*out = all;
	return 0;
}
