/*
 * What can be asked: the one table that both doors look up in.
 *
 * A verb is data and up to three functions without side effects on anything
 * but the request; service/work runs the steps between them, the same way for
 * every verb and door:
 *
 *	parse    loop    the body or path into the request
 *	-                passphrase (NEEDS_PASS), earlier answer and entity
 *	                 (NEEDS_ENTITY)
 *	prepare  worker  proof of possession, keys, the plan of the certificate
 *	-                intent, signature, commit (NEEDS_SIGNATURE)
 *	answer   loop    the body
 */
#ifndef TOPICS_TABLE_H
#define TOPICS_TABLE_H

#include "topics/request.h"

#define NEEDS_PASS      0x01u
#define NEEDS_ENTITY    0x02u /* look up the entity; it may be absent */
#define NEEDS_SIGNATURE 0x04u /* ledger, signer, store */
#define NEEDS_HEALTH    0x08u

struct answer {
	unsigned status; /* HTTP's; MQTT has the body alone */
	const char *content_type;
	unsigned retry_after_s; /* 0: none */
	struct buf body;        /* may hold a private key: wiped by clear */
};

void answer_init(struct answer *a);
void answer_clear(struct answer *a);

struct verb {
	const char *word; /* "sign": the MQTT topic below the prefix, the log */
	const char *method; /* HTTP: "GET" or "POST" */
	const char *path; /* HTTP: exact, or with "<name>" in it; NULL: none */
	bool on_mqtt;
	size_t body_max;
	unsigned needs;

	/* body: JSON at both doors; path_name: what stood for <name>, else
	 * empty. Fills r->digest too where NEEDS_SIGNATURE. */
	int (*parse)(struct request *r, const struct authority_view *v,
	    struct bytes body, struct bytes path_name, struct err *e);
	/* NULL: nothing to prepare. On a worker thread. */
	int (*prepare)(
	    struct request *r, const struct authority_view *v, struct err *e);
	/* Fills a for a request that succeeded. */
	int (*answer)(const struct request *r, const struct authority_view *v,
	    const struct health *h, struct answer *a, struct err *e);
};

/* All verbs; ends with a verb whose word is NULL. */
extern const struct verb verb_table[];

/* MQTT: the topic's last level ("sign"); NULL: none. */
const struct verb *verb_find_topic(struct bytes word);

/*
 * HTTP: path without its query; nothing is percent-decoded, and no name has a
 * '%'. name gets a view of what stands for <name>. HEAD is as GET: its answer
 * has a body, which the door leaves out (RFC 9110, 9.3.2).
 * NULL: e has ERR_NO_ROUTE, or ERR_BAD_METHOD where the path is right; allow
 * (at least 32 bytes) then lists the methods for the Allow header, else "".
 */
const struct verb *verb_find_path(struct bytes method, struct bytes path,
    struct bytes *name, char *allow, size_t allow_size, struct err *e);

/* The JSON of a refusal, at both doors. */
void answer_refuse(
    const struct err *e, const struct request *r, struct answer *a);

#endif
