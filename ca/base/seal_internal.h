/* The parts of seal.c that the test vectors of RFC 9180 look into. */
#ifndef CA_BASE_SEAL_INTERNAL_H
#define CA_BASE_SEAL_INTERNAL_H

#include "ca/base/seal.h"

/* As seal(), with the ephemeral key pair given instead of made. */
MUST_USE int seal_with(const struct seal_key *ephemeral,
    const uint8_t public_key[SEAL_KEY_LEN], struct bytes info, struct bytes aad,
    struct bytes plain, struct buf *out, struct err *e);

#endif
