/*
 * Profiles: what a certificate of a kind may hold. The signer reads them at
 * its start and no message can change them; the service reads the same file
 * to refuse early and in better words.
 */
#ifndef CA_POLICY_PROFILE_H
#define CA_POLICY_PROFILE_H

#include <stdbool.h>

#include "ca/x509/certificate.h"

#define PROFILE_NAME_MAX  32
#define PROFILE_COUNT_MAX 32
#define PROFILE_DAYS_MAX  14610 /* 40 years: no authority lives longer */

struct profile {
	char name[PROFILE_NAME_MAX + 1];
	unsigned usage;          /* USAGE_… */
	unsigned extended_usage; /* EXTENDED_USAGE_… */
	unsigned days_max;
	unsigned key_types;   /* bit 1 << enum key_type */
	bool device_uri;      /* a MAC gets its RFC 9039 URI */
	bool cn_is_host;      /* cn: host name or address, copied to the SANs */
	bool san_allowed;     /* names asked for go in */
	unsigned csr_subject; /* attributes taken from a request's subject,
			       * bit 1 << enum subject_attribute */
	bool local;           /* the authority's own entities: no passphrase
			       * needed while the key is open, and never on
			       * request from a door */
};

struct profile_set {
	struct profile item[PROFILE_COUNT_MAX];
	size_t count;
};

/* The built-in ones: "collector", "server", and the local "broker" (server)
 * and "service" (client). */
void profile_set_init(struct profile_set *set);

/* By name; NULL if there is none. */
const struct profile *profile_find(
    const struct profile_set *set, const char *name);

/* The longest days_max of all that are not local. */
unsigned profile_days_max(const struct profile_set *set);

/*
 * Names that belong to the authority: `ca`, `ssl`, `broker`, the words of the
 * topic table and of HTTP paths, whatever their case. Nobody may ask for one,
 * neither as a name nor as a cn nor as a host: with Mosquitto's
 * use_identity_as_username the cn is a username, and "ssl" or "sign" would open
 * the service's topics.
 */
bool policy_name_is_protected(const char *name);

/* The local entity of a local profile: "broker" for broker, "ssl" for service;
 * NULL for others. */
const char *policy_local_name(const struct profile *p);

/* How far not_before may lie before the moment of asking, for clients whose
 * clock is slow: so much longer than days_max may a validity be. */
#define POLICY_BACKDATE_MAX_S 3600

/*
 * The law that both processes apply: fields (after policy_apply) against
 * profile. The service calls it to refuse in good words; the signer calls it
 * again because it trusts nobody. Checks dates against days_max and the
 * issuer's end (ERR_BAD_FIELD "days"), key and key type ("key_type"), names'
 * form, cn against the name, serial's form, usage bits, device URI. A protected
 * name, cn or host name is ERR_PROTECTED_NAME. A cn that is a MAC must be the
 * name itself; a client's cn holds none of '/', '+', '#'. A local profile takes
 * its own name and cn, and no other. Does not look at the clock.
 */
MUST_USE int policy_check(const struct profile *p, const struct name *name,
    const struct certificate_fields *fields, int64_t issuer_not_after_s,
    struct err *e);

/* Completes fields by the profile: usage bits (key encipherment for RSA keys
 * only), device URI, cn's host in the SANs. cn defaults to the name. Needs
 * fields->key. Applied twice is applied once. */
MUST_USE int policy_apply(const struct profile *p, const struct name *name,
    struct certificate_fields *fields, struct err *e);

#endif
