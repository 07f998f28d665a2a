/*
 * All that is ever said between service and signer, and how it is encoded
 * (ca/base/wire.h): one message is one packet. There is no message that
 * carries a digest to sign, a certificate to sign, or a private key of the
 * authority.
 *
 * Both sides: encode into a buf with message_…_encode, decode what came with
 * message_…_decode. A packet that does not decode is a bug or an attack: the
 * signer ends, the service gives up its signer.
 */
#ifndef CA_SIGNER_MESSAGE_H
#define CA_SIGNER_MESSAGE_H

#include "ca/base/seal.h"
#include "ca/policy/profile.h"

#define MESSAGE_MAX    32768
#define PASSPHRASE_MAX 1024 /* bytes */
/* A journal's session key, sealed: the one length that is decoded. */
#define MESSAGE_JOURNAL_KEY (32 + SEAL_OVERHEAD)

enum signer_op {
	SIGNER_STATUS = 1,      /* -> open or locked */
	SIGNER_UNLOCK,          /* pass -> open, or ERR_WRONG_PASS */
	SIGNER_ISSUE,           /* pass, profile, name, fields -> certificate */
	SIGNER_OPEN_KEY,        /* pass, name, serial, sealed -> PKCS #8 PEM */
	SIGNER_RENEW_AUTHORITY, /* serial, dates -> the authority's next
				 * certificate: same key, same name */
	SIGNER_OPEN_JOURNAL,    /* sealed -> the key of a journal's session */
	SIGNER_OP_COUNT
};

/* What each operation uses of it stands beside it in enum signer_op; the rest
 * is empty and encodes to nothing. */
struct signer_request {
	enum signer_op op;
	uint64_t id;       /* comes back in the reply */
	struct bytes pass; /* borrowed; len 0: none came */
	char profile[PROFILE_NAME_MAX + 1];
	struct name name;
	/* serial, dates, subject, sans, key; usages and device URI are not
	 * sent: they are the profile's */
	struct certificate_fields fields;
	struct bytes sealed; /* borrowed */
};

struct signer_reply {
	uint64_t id;
	bool open;            /* the authority's key is open */
	struct err err;       /* kind ERR_NONE: it was done */
	struct bytes payload; /* certificate DER or key PEM; view */
};

MUST_USE int message_request_encode(
    const struct signer_request *m, struct buf *out, struct err *e);
/* Views in *out point into packet. */
MUST_USE int message_request_decode(
    struct bytes packet, struct signer_request *out);
MUST_USE int message_reply_encode(
    const struct signer_reply *m, struct buf *out, struct err *e);
MUST_USE int message_reply_decode(
    struct bytes packet, struct signer_reply *out);

/*
 * A key that the authority made for an entity, as it is stored: sealed (HPKE)
 * with the entity's name and the serial of the key's first certificate as
 * associated data, so a row moved to another entity does not open.
 */
MUST_USE int sealed_key_make(const uint8_t escrow_public_key[],
    const struct name *name, const struct serial *serial,
    const struct secret *pem, struct buf *out, struct err *e);

#endif
