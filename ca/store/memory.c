/* The store for tests: a list in memory, with the same promises but the one
 * of outliving the process. */
#include <stdlib.h>
#include <string.h>

#include "ca/store/backend.h"

struct memory_store {
	struct store store;
	struct store_certificate *item; /* in order of entry */
	size_t count, cap;
	size_t committed; /* what a rollback goes back to */
};

static struct memory_store *
own(struct store *s)
{
	return (struct memory_store *)(void *)s;
}

static int
memory_open(const char *rest, struct store **out, struct err *e)
{
	struct memory_store *s = calloc(1, sizeof(*s));

	(void)rest;
	if (s == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	s->store.backend = &store_memory;
	*out = &s->store;
	return 0;
}

static void
memory_rollback(struct store *store)
{
	struct memory_store *s = own(store);

	while (s->count > s->committed)
		store_certificate_clear(&s->item[--s->count]);
}

static void
memory_close(struct store *store)
{
	struct memory_store *s = own(store);

	s->committed = 0;
	memory_rollback(store);
	free(s->item);
	free(s);
}

static int
memory_begin(struct store *s, struct err *e)
{
	(void)e;
	own(s)->committed = own(s)->count;
	return 0;
}

static int
memory_commit(struct store *s, struct err *e)
{
	return memory_begin(s, e);
}

static int
copy(struct store_certificate *to, const struct store_certificate *from,
    struct err *e)
{
	store_certificate_clear(to);
	struct buf der = to->der, sealed = to->sealed_key;
	*to = *from;
	to->der = der;
	to->sealed_key = sealed;
	buf_append(&to->der, from->der.data, from->der.len);
	buf_append(
	    &to->sealed_key, from->sealed_key.data, from->sealed_key.len);
	return buf_check(&to->der, "certificate", e);
}

static int
grow(struct memory_store *s)
{
	size_t cap = s->cap == 0 ? 16 : 2 * s->cap;
	void *item = realloc(s->item, cap * sizeof(s->item[0]));

	if (item == NULL)
		return -1;
	s->item = item;
	s->cap = cap;
	return 0;
}

static bool
same_serial(const struct serial *a, const struct serial *b)
{
	return memcmp(a->bytes, b->bytes, SERIAL_LEN) == 0;
}

/* The newest before end that matches; the sealed key comes from the key's
 * first certificate. */
static int
give(struct memory_store *s, size_t at, struct store_certificate *out,
    struct err *e)
{
	const struct store_certificate *c = &s->item[at];

	if (copy(out, c, e) != 0)
		return -1;
	for (size_t i = 0;
	     i < s->count && !same_serial(&c->serial, &c->key_serial); i++) {
		const struct store_certificate *k = &s->item[i];

		if (!same_serial(&k->serial, &c->key_serial))
			continue;
		buf_clear(&out->sealed_key);
		buf_append(
		    &out->sealed_key, k->sealed_key.data, k->sealed_key.len);
	}
	return 1;
}

static int
memory_put(
    struct store *store, const struct store_certificate *c, struct err *e)
{
	struct memory_store *s = own(store);

	for (size_t i = 0; i < s->count; i++)
		if (same_serial(&s->item[i].serial, &c->serial))
			return err_set(e, ERR_INTERNAL, NULL,
			    "the store: this serial number is taken");
	if (s->count == s->cap && grow(s) != 0)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	store_certificate_init(&s->item[s->count]);
	if (copy(&s->item[s->count], c, e) != 0)
		return -1;
	s->count++;
	return 0;
}

static int
memory_find_last(struct store *store, const struct name *name,
    struct store_certificate *out, struct err *e)
{
	struct memory_store *s = own(store);

	for (size_t i = s->count; i-- > 0;)
		if (strcmp(s->item[i].name.text, name->text) == 0)
			return give(s, i, out, e);
	return 0;
}

static int
memory_find_serial(struct store *store, const struct serial *serial,
    struct store_certificate *out, struct err *e)
{
	struct memory_store *s = own(store);

	for (size_t i = s->count; i-- > 0;)
		if (same_serial(&s->item[i].serial, serial))
			return give(s, i, out, e);
	return 0;
}

static int
memory_find_request(struct store *store, const uint8_t *request,
    int64_t since_ms, struct store_certificate *out, struct err *e)
{
	struct memory_store *s = own(store);

	for (size_t i = s->count; i-- > 0;)
		if (memcmp(s->item[i].request, request, LEDGER_DIGEST_LEN) ==
			0 &&
		    s->item[i].created_ms >= since_ms)
			return give(s, i, out, e);
	return 0;
}

static bool
name_is_new(const struct memory_store *s, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(s->item[i].name.text, s->item[at].name.text) == 0)
			return false;
	return true;
}

static int
memory_count(
    struct store *store, int64_t now_s, struct store_counts *out, struct err *e)
{
	struct memory_store *s = own(store);
	int64_t soon = now_s + 30 * 86400;

	(void)e;
	*out = (struct store_counts){.certificates = s->count};
	for (size_t i = 0; i < s->count; i++) {
		int64_t end = s->item[i].not_after_s;

		out->valid += end > now_s;
		out->ending += end > now_s && end <= soon;
		out->entities += name_is_new(s, i);
	}
	return 0;
}

static int
memory_each(struct store *store, store_each_fn fn, void *arg, struct err *e)
{
	struct memory_store *s = own(store);
	struct store_certificate c;
	int rc = 0;

	store_certificate_init(&c);
	for (size_t i = 0; rc == 0 && i < s->count; i++)
		rc = give(s, i, &c, e) == 1 ? fn(arg, &c, e) : -1;
	store_certificate_clear(&c);
	return rc;
}

static int
memory_version(struct store *s, int *out, struct err *e)
{
	(void)s;
	(void)e;
	*out = 1;
	return 0;
}

const struct store_backend store_memory = {
    .scheme = "memory:",
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .put = memory_put,
    .find_last = memory_find_last,
    .find_serial = memory_find_serial,
    .find_request = memory_find_request,
    .count = memory_count,
    .each = memory_each,
    .version = memory_version,
};
