#include "ca/policy/limits.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 96 /* "peer " and an address, "name " and a name */
#define NONE     UINT32_MAX

/*
 * An entry hangs in the chain of its bucket and in the order of last failures,
 * oldest first; one that has been given back hangs in the chain of the spare.
 */
struct entry {
	char key[KEY_SIZE];
	uint32_t chain;        /* next in the bucket */
	uint32_t older, newer; /* in the order of failures */
	unsigned failures;     /* in a row */
	int64_t wait_until_ms;
};

struct limits {
	struct limits_rule rule;
	uint64_t seed;  /* so that nobody can aim at one bucket */
	uint32_t used;  /* entries that were ever used */
	uint32_t spare; /* the first of those given back */
	uint32_t oldest, newest;
	uint32_t buckets;
	uint32_t *bucket;
	struct entry *entry;
};

int
limits_new(const struct limits_rule *rule, struct limits **out, struct err *e)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	l->rule = *rule;
	if (l->rule.entries == 0)
		l->rule.entries = 1;
	l->buckets = l->rule.entries;
	l->spare = l->oldest = l->newest = NONE;
	l->entry = calloc(l->rule.entries, sizeof(*l->entry));
	l->bucket = calloc(l->buckets, sizeof(*l->bucket));
	if (l->entry == NULL || l->bucket == NULL) {
		limits_free(l);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	for (uint32_t i = 0; i < l->buckets; i++)
		l->bucket[i] = NONE;
	if (RAND_bytes((unsigned char *)&l->seed, sizeof(l->seed)) != 1) {
		limits_free(l);
		return err_openssl(e, "random seed");
	}
	*out = l;
	return 0;
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	free(l->entry);
	free(l->bucket);
	free(l);
}

/* FNV-1a from a secret start. Should someone find collisions all the same, a
 * chain is at worst the whole table, which is small. */
static uint32_t *
bucket_of(struct limits *l, const char *key)
{
	uint64_t h = l->seed;

	for (size_t i = 0; key[i] != '\0' && i < KEY_SIZE - 1; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3u;
	return &l->bucket[(h ^ (h >> 32)) % l->buckets];
}

static uint32_t
entry_find(struct limits *l, const char *key)
{
	uint32_t i = *bucket_of(l, key);

	while (i != NONE && strncmp(l->entry[i].key, key, KEY_SIZE - 1) != 0)
		i = l->entry[i].chain;
	return i;
}

static void
order_remove(struct limits *l, uint32_t i)
{
	struct entry *n = &l->entry[i];

	if (n->older == NONE)
		l->oldest = n->newer;
	else
		l->entry[n->older].newer = n->newer;
	if (n->newer == NONE)
		l->newest = n->older;
	else
		l->entry[n->newer].older = n->older;
}

static void
order_append(struct limits *l, uint32_t i)
{
	struct entry *n = &l->entry[i];

	n->older = l->newest;
	n->newer = NONE;
	if (l->newest == NONE)
		l->oldest = i;
	else
		l->entry[l->newest].newer = i;
	l->newest = i;
}

static void
entry_drop(struct limits *l, uint32_t i)
{
	uint32_t *at = bucket_of(l, l->entry[i].key);

	while (*at != i)
		at = &l->entry[*at].chain;
	*at = l->entry[i].chain;
	order_remove(l, i);
	l->entry[i].chain = l->spare;
	l->spare = i;
}

static uint32_t
entry_take_free(struct limits *l)
{
	uint32_t i;

	if (l->spare == NONE && l->used < l->rule.entries)
		return l->used++;
	if (l->spare == NONE)
		entry_drop(l, l->oldest);
	i = l->spare;
	l->spare = l->entry[i].chain;
	return i;
}

static uint32_t
entry_add(struct limits *l, const char *key)
{
	uint32_t i = entry_take_free(l);
	uint32_t *bucket = bucket_of(l, key);
	struct entry *n = &l->entry[i];

	memset(n, 0, sizeof(*n));
	snprintf(n->key, sizeof(n->key), "%s", key);
	n->chain = *bucket;
	*bucket = i;
	order_append(l, i);
	return i;
}

int
limits_check(struct limits *l, const char *key, int64_t now_ms, struct err *e)
{
	uint32_t i = entry_find(l, key);
	int64_t left_ms;

	if (i == NONE || l->entry[i].wait_until_ms <= now_ms)
		return 0;
	left_ms = l->entry[i].wait_until_ms - now_ms;
	err_set(e, ERR_SLOW_DOWN, NULL,
	    "too many wrong passphrases; wait before the next try");
	e->retry_after_s = (unsigned)((left_ms + 999) / 1000);
	return -1;
}

/* 1 s, 2 s, 4 s … for each failure past the free ones. */
static unsigned
wait_s(const struct limits *l, unsigned failures)
{
	unsigned past, s;

	if (failures <= l->rule.free_failures)
		return 0;
	past = failures - l->rule.free_failures - 1;
	s = past < 31 ? 1u << past : l->rule.wait_max_s;
	return s < l->rule.wait_max_s ? s : l->rule.wait_max_s;
}

void
limits_failed(struct limits *l, const char *key, int64_t now_ms)
{
	uint32_t i = entry_find(l, key);
	struct entry *n;

	if (i == NONE) {
		i = entry_add(l, key);
	} else {
		order_remove(l, i);
		order_append(l, i);
	}
	n = &l->entry[i];
	if (n->failures < UINT32_MAX)
		n->failures++;
	n->wait_until_ms = now_ms + (int64_t)wait_s(l, n->failures) * 1000;
}

void
limits_passed(struct limits *l, const char *key)
{
	uint32_t i = entry_find(l, key);

	if (i != NONE)
		entry_drop(l, i);
}
