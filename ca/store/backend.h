/* What a back end fills; internal to ca/store. */
#ifndef CA_STORE_BACKEND_H
#define CA_STORE_BACKEND_H

#include "ca/store/store.h"

struct store_backend {
	const char *scheme; /* "sqlite:" */
	int (*open)(const char *rest, struct store **out, struct err *e);
	void (*close)(struct store *s);
	int (*begin)(struct store *s, struct err *e);
	int (*commit)(struct store *s, struct err *e);
	void (*rollback)(struct store *s);
	int (*put)(
	    struct store *s, const struct store_certificate *c, struct err *e);
	int (*find_last)(struct store *s, const struct name *name,
	    struct store_certificate *out, struct err *e);
	int (*find_serial)(struct store *s, const struct serial *serial,
	    struct store_certificate *out, struct err *e);
	int (*find_request)(struct store *s, const uint8_t *request,
	    int64_t since_ms, struct store_certificate *out, struct err *e);
	int (*count)(struct store *s, int64_t now_s, struct store_counts *out,
	    struct err *e);
	int (*each)(
	    struct store *s, store_each_fn fn, void *arg, struct err *e);
	int (*version)(struct store *s, int *out, struct err *e);
};

/* A back end's own struct begins with this. */
struct store {
	const struct store_backend *backend;
};

extern const struct store_backend store_sqlite;
extern const struct store_backend store_memory;

/* The subject and the names as one blob each (ca/base/wire). */
void store_subject_encode(const struct subject *s, struct buf *out);
MUST_USE int store_subject_decode(struct bytes in, struct subject *s);
void store_sans_encode(const struct san_list *l, struct buf *out);
MUST_USE int store_sans_decode(struct bytes in, struct san_list *l);

#endif
