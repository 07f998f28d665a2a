#include "mosquitto/serials.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64
#define REMOVED     0xff /* a len that no serial has */

void
serials_init(struct serials *s)
{
	memset(s, 0, sizeof(*s));
}

void
serials_clear(struct serials *s)
{
	free(s->slot);
	serials_init(s);
}

/* FNV-1a. The serials are our own authority's: nobody chooses them. */
static size_t
hash(const struct revoked_serial *n)
{
	uint64_t h = 14695981039346656037u;

	for (unsigned i = 0; i < n->len; i++)
		h = (h ^ n->bytes[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static bool
same(const struct revoked_serial *a, const struct revoked_serial *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Where n is, or the unused slot that ends the search; there is always one. */
static struct revoked_serial *
find(const struct serials *s, const struct revoked_serial *n)
{
	size_t at = hash(n) & (s->slots - 1);

	while (s->slot[at].len != 0 && !same(&s->slot[at], n))
		at = (at + 1) & (s->slots - 1);
	return &s->slot[at];
}

/* At most half of the slots are in use afterwards. */
static int
grow(struct serials *s)
{
	struct serials next;
	const struct revoked_serial *n;
	size_t at = 0;

	serials_init(&next);
	next.slots = SLOTS_FIRST;
	while (next.slots < 4 * (s->count + 1))
		next.slots *= 2;
	next.slot = calloc(next.slots, sizeof(*next.slot));
	if (next.slot == NULL)
		return -1;
	while ((n = serials_next(s, &at)) != NULL) {
		*find(&next, n) = *n;
		next.count++;
	}
	next.used = next.count;
	free(s->slot);
	*s = next;
	return 0;
}

int
serials_add(struct serials *s, const struct revoked_serial *n)
{
	struct revoked_serial *slot;

	if (serials_has(s, n))
		return 0;
	if (s->count >= SERIALS_MAX)
		return -1;
	if (2 * (s->used + 1) > s->slots && grow(s) != 0)
		return -1;
	slot = find(s, n);
	*slot = *n;
	s->used++;
	s->count++;
	return 0;
}

bool
serials_remove(struct serials *s, const struct revoked_serial *n)
{
	if (!serials_has(s, n))
		return false;
	find(s, n)->len = REMOVED;
	s->count--;
	return true;
}

bool
serials_has(const struct serials *s, const struct revoked_serial *n)
{
	return s->slots > 0 && find(s, n)->len != 0;
}

const struct revoked_serial *
serials_next(const struct serials *s, size_t *at)
{
	while (*at < s->slots) {
		const struct revoked_serial *n = &s->slot[(*at)++];

		if (n->len != 0 && n->len != REMOVED)
			return n;
	}
	return NULL;
}
