/*
 * One request, from the door to the answer: plain data that the steps fill.
 * It belongs to the loop's thread, but for the time of a worker's step.
 */
#ifndef TOPICS_REQUEST_H
#define TOPICS_REQUEST_H

#include "ca/ledger/intents.h"
#include "ca/base/secret.h"
#include "ca/policy/profile.h"
#include "ca/store/store.h"
#include "ca/x509/csr.h"

enum door { DOOR_MQTT, DOOR_HTTP, DOOR_LOCAL };
const char *door_word(enum door d); /* "mqtt", "http", "local" */

#define REQUEST_ID_LEN        17 /* 16 hex digits and NUL */
#define REQUEST_RETRY_KEY_MAX 256
#define REQUEST_BODY_MAX      16384

/* The fields of a request, for masks of those allowed and those present. */
enum request_field {
	FIELD_NAME,
	FIELD_DAYS,
	FIELD_PASS,
	FIELD_COUNTRY, /* the seven of enum subject_attribute, same order */
	FIELD_STATE,
	FIELD_LOCALITY,
	FIELD_ORG,
	FIELD_UNIT,
	FIELD_CN,
	FIELD_EMAIL,
	FIELD_CSR,
	FIELD_PROFILE,
	FIELD_KEY_TYPE,
	FIELD_SAN,
	FIELD_COUNT
};

/* What all requests share and none changes; replaced as a whole on reload and
 * when the authority's certificate is renewed. Counted: see service/work. */
struct authority_view {
	struct profile_set profiles;
	struct subject defaults; /* for create, where a field is left out */
	enum key_type default_key_type;
	unsigned char escrow_public_key[32];
	struct buf pem;      /* certificates, newest first */
	int64_t not_after_s; /* of the newest */
	int64_t replay_window_ms;
};

struct health {
	bool open; /* the CA key */
	bool broker_connected;
	bool broker_configured;
	bool ledger_healthy;
	bool store_healthy;
	bool signer_healthy;
	int64_t authority_not_after_s;
	int64_t local_not_after_s; /* the earliest of broker's and service's; 0:
				    * not known yet */
	uint64_t requests_waiting;
	uint64_t requests_kept; /* from the broker, not yet answered */
	uint64_t wrong_passphrases;
	struct store_counts counts;
	int64_t started_ms;
	const char *version;
};

/* "ok", "degraded" (no broker), "locked" or "failing". */
const char *health_word(const struct health *h);

struct verb;

struct request {
	/* set by the door */
	const struct verb *verb;
	enum door door;
	char id[REQUEST_ID_LEN];
	char peer[64]; /* address, for back-off; "" at the MQTT door */
	uint8_t retry_key[REQUEST_RETRY_KEY_MAX]; /* MQTT 5 correlation data or
						   * HTTP Idempotency-Key */
	size_t retry_key_len;

	/* set by the verb's parse */
	unsigned fields; /* those present: bit 1 << enum request_field */
	/* As the request wrote it (of a cn "host/info": the host), where an
	 * answer may be published to it; else "". Set as early as can be, also
	 * where the request is refused. */
	char answer_name[NAME_LEN_MAX + 1];
	struct name name;
	struct secret *pass; /* owned; NULL: none came; of length 0: an empty
			      * one came, which is never right */
	unsigned days;       /* 0: what came is no number of days */
	char days_text[24];  /* as it was written, cut; for messages */
	char profile[PROFILE_NAME_MAX + 1];
	enum key_type key_type;
	struct subject subject;
	struct san_list sans;
	struct buf csr_text;
	uint8_t digest[LEDGER_DIGEST_LEN];

	/* set by the pipeline from the store */
	bool known; /* the entity exists; last is its newest */
	struct store_certificate last;

	/* An intent of this request that a crash left: its serial and dates
	 * are used again. */
	bool resumes;
	struct ledger_intent intent;

	/* set by the verb's prepare */
	const struct profile *rule; /* into the view */
	struct certificate_fields plan;
	struct secret
	    *key_pem; /* owned; a key just made or opened; else NULL */
	struct store_certificate result; /* what will be or was stored */
	bool repeated; /* result is an earlier answer: 200, not 201 */
};

/* Zero and ready; frees and wipes all that it owns. */
void request_init(struct request *r);
void request_clear(struct request *r);

/* True if the field was in the request. */
bool request_has(const struct request *r, enum request_field f);

/*
 * Sets answer_name where text is topic-safe and neither protected nor a verb's
 * word; else leaves it. An answer to a request that calls itself "sign" would
 * come in as the next request, and be answered again, without an end.
 */
void request_set_answer_name(struct request *r, struct bytes text);

/* A new random id for the log. */
MUST_USE int request_make_id(char id[REQUEST_ID_LEN], struct err *e);

/* SHA-256 over verb, fields present, name, csr, days, profile, subject, names,
 * key type and retry key; never the passphrase, never the door. As asked for:
 * before the configuration's defaults are filled in. */
MUST_USE int request_digest(struct request *r, struct err *e);

#endif
