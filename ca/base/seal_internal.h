/* The parts of sealing that test vectors look into; RFC 9180's words. */
#ifndef CA_BASE_SEAL_INTERNAL_H
#define CA_BASE_SEAL_INTERNAL_H

#include "ca/base/seal.h"

#define SEAL_AES_LEN   32
#define SEAL_NONCE_LEN 12

/* What is agreed on: the Diffie-Hellman result and the two public keys. */
struct seal_shared {
	uint8_t dh[SEAL_KEY_LEN];
	uint8_t enc[SEAL_KEY_LEN];
	uint8_t recipient[SEAL_KEY_LEN];
};

/* A context of one message: the nonce is that of sequence number 0. */
struct seal_context {
	uint8_t key[SEAL_AES_LEN];
	uint8_t nonce[SEAL_NONCE_LEN];
};

/* ExtractAndExpand (4.1), then KeySchedule in mode base (5.1). */
MUST_USE int seal_schedule(const struct seal_shared *shared, struct bytes info,
    struct seal_context *out);

/* X25519 into s->dh; -1 if it is all zeros (7.1.4). */
MUST_USE int seal_agree(const struct seal_key *own,
    const uint8_t peer[SEAL_KEY_LEN], struct seal_shared *s);

/* As seal(), with the ephemeral key pair given instead of made. */
MUST_USE int seal_with(const struct seal_key *ephemeral,
    const uint8_t public_key[SEAL_KEY_LEN], struct bytes info, struct bytes aad,
    struct bytes plain, struct buf *out, struct err *e);

#endif
