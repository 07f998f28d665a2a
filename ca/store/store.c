/* Which back end, and what all have in common. */
#include "ca/store/store.h"

#include <string.h>

#include "ca/store/backend.h"

#define SEALED_MAX 8192

static const struct store_backend *const backends[] = {
    &store_sqlite,
    &store_memory,
};

void
store_certificate_init(struct store_certificate *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->der, CERTIFICATE_DER_MAX);
	buf_init(&c->sealed_key, SEALED_MAX);
}

void
store_certificate_clear(struct store_certificate *c)
{
	buf_clear(&c->der);
	buf_clear(&c->sealed_key);
	store_certificate_init(c);
}

int
store_open(const char *url, struct store **out, struct err *e)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		size_t n = strlen(backends[i]->scheme);

		if (strncmp(url, backends[i]->scheme, n) == 0)
			return backends[i]->open(url + n, out, e);
	}
	return err_set(e, ERR_INTERNAL, NULL,
	    "store: must be \"sqlite:PATH\" or \"memory:\", got \"%s\"", url);
}

void
store_close(struct store *s)
{
	if (s != NULL)
		s->backend->close(s);
}

int
store_begin(struct store *s, struct err *e)
{
	return s->backend->begin(s, e);
}

int
store_commit(struct store *s, struct err *e)
{
	return s->backend->commit(s, e);
}

void
store_rollback(struct store *s)
{
	s->backend->rollback(s);
}

int
store_put(struct store *s, const struct store_certificate *c, struct err *e)
{
	return s->backend->put(s, c, e);
}

int
store_find_last(struct store *s, const struct name *name,
    struct store_certificate *out, struct err *e)
{
	return s->backend->find_last(s, name, out, e);
}

int
store_find_serial(struct store *s, const struct serial *serial,
    struct store_certificate *out, struct err *e)
{
	return s->backend->find_serial(s, serial, out, e);
}

int
store_find_request(struct store *s, const uint8_t request[LEDGER_DIGEST_LEN],
    int64_t since_ms, struct store_certificate *out, struct err *e)
{
	return s->backend->find_request(s, request, since_ms, out, e);
}

int
store_count(
    struct store *s, int64_t now_s, struct store_counts *out, struct err *e)
{
	return s->backend->count(s, now_s, out, e);
}

int
store_each(struct store *s, store_each_fn fn, void *arg, struct err *e)
{
	return s->backend->each(s, fn, arg, e);
}

int
store_version(struct store *s, int *out, struct err *e)
{
	return s->backend->version(s, out, e);
}
