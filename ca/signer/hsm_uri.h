/* Which PKCS #11 URIs (RFC 7512) may name the CA key. Internal to hsm.c. */
#ifndef CA_SIGNER_HSM_URI_H
#define CA_SIGNER_HSM_URI_H

#include <stddef.h>

#include "ca/base/err.h"

/* ERR_BAD_FIELD "ca_key" for what hsm_open does not take. */
MUST_USE int hsm_uri_check(const char *uri, size_t max, struct err *e);

#endif
