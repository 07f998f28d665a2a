/*
 * What went wrong, in the caller's own memory.
 *
 * A function that can fail returns 0 or -1, is marked MUST_USE and takes a
 * struct err as its last parameter. The message may be shown to a client: it
 * names the field and the rule, and never holds a secret. What only an
 * operator may know (OpenSSL's queue, a path, errno) goes to the log.
 */
#ifndef CA_BASE_ERR_H
#define CA_BASE_ERR_H

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* kind, the word in the JSON answer, the HTTP status */
#define ERR_KINDS(X)                                                           \
	X(ERR_NONE, "none", 200)                                               \
	X(ERR_BAD_JSON, "bad_json", 400)                                       \
	X(ERR_BAD_REQUEST, "bad_request", 400)                                 \
	X(ERR_BAD_FIELD, "bad_field", 422)                                     \
	X(ERR_BAD_CSR, "bad_csr", 422)                                         \
	X(ERR_WRONG_PASS, "wrong_pass", 403)                                   \
	X(ERR_PROTECTED_NAME, "protected_name", 403)                           \
	X(ERR_UNKNOWN_NAME, "unknown_name", 404)                               \
	X(ERR_NO_ROUTE, "no_route", 404)                                       \
	X(ERR_BAD_METHOD, "bad_method", 405)                                   \
	X(ERR_TIMEOUT, "timeout", 408)                                         \
	X(ERR_TOO_LARGE, "too_large", 413)                                     \
	X(ERR_BAD_TYPE, "bad_type", 415)                                       \
	X(ERR_SLOW_DOWN, "slow_down", 429)                                     \
	X(ERR_INTERNAL, "internal", 500)                                       \
	X(ERR_LOCKED, "locked", 503)                                           \
	X(ERR_BUSY, "busy", 503)

enum err_kind {
#define X(kind, word, status) kind,
	ERR_KINDS(X)
#undef X
};

struct err {
	enum err_kind kind;
	unsigned retry_after_s; /* slow_down and busy; else 0 */
	char field[32];         /* the field at fault, or "" */
	char message[256];      /* "days: must be 1 to 3650, got \"0\"" */
};

/* No error yet; use to initialise. */
#define ERR_INIT                                                               \
	{                                                                      \
		ERR_NONE, 0, "", ""                                            \
	}

/*
 * Fills e and returns -1, so that a check reads `return err_set(e, …);`.
 * With a field the message is preceded by "field: ". A message too long is cut
 * at a character's end. e must not be NULL.
 */
int err_set(struct err *e, enum err_kind kind, const char *field,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* As err_set for ERR_INTERNAL, with strerror(errno) in the log, not in e:
 * what is "open" or "write", where the path or object. */
int err_errno(struct err *e, const char *what, const char *where);

/* As err_set for ERR_INTERNAL; drains OpenSSL's error queue into the log. */
int err_openssl(struct err *e, const char *what);

/* The word of the JSON answer ("bad_field") and the HTTP status of a kind. */
const char *err_word(enum err_kind kind);
unsigned err_status(enum err_kind kind);

#endif
