/* Shared by the files of service/local. */
#ifndef SERVICE_LOCAL_INTERNAL_H
#define SERVICE_LOCAL_INTERNAL_H

#include "service/local/local.h"

enum local_entity { LOCAL_BROKER, LOCAL_SERVICE, LOCAL_COUNT };

struct local {
	const struct config *config;
	struct pipeline *pipeline;
	struct channel *channel;
	struct ledger *ledger;
	struct mailbox *mailbox;
	struct local_handler handler;
	bool checking;
	enum local_entity at; /* the one that is being looked at */
	EVP_PKEY *key;        /* its key */
	bool key_is_new;
	int64_t not_after_s[LOCAL_COUNT];
	struct ledger_append append; /* of a renewal of the authority */
	struct letter appended;
	struct err append_err;
	void (*authority_done)(struct local *l, const struct err *e);
};

/* "broker", "ssl": the entity's name and its files' stem; its profile. */
const char *local_name(enum local_entity n);
const char *local_profile(enum local_entity n);

/* files.c: the entity's key and certificate in the installation's folder. */

/* The key, or a new one (is_new) where there is none. The caller frees. */
MUST_USE int local_key_load(const struct local *l, enum local_entity n,
    EVP_PKEY **out, bool *is_new, struct err *e);
/* When the certificate ends, or 0 where it has to be made anew: missing, not
 * ours, not this key's. */
int64_t local_certificate_end(
    const struct local *l, enum local_entity n, EVP_PKEY *key);
MUST_USE int local_key_save(
    const struct local *l, enum local_entity n, EVP_PKEY *key, struct err *e);
MUST_USE int local_certificate_save(const struct local *l, enum local_entity n,
    struct bytes der, struct err *e);
MUST_USE int local_authority_save(
    const struct local *l, struct bytes pem, struct err *e);

/* renew.c: one entity's request. */
void local_renew(struct local *l, enum local_entity n,
    void (*answered)(void *arg, struct request *r, const struct err *e));

/* authority.c: the authority's own certificate; then goes on. */
bool local_authority_is_due(const struct local *l);
void local_authority_renew(
    struct local *l, void (*done)(struct local *l, const struct err *e));

#endif
