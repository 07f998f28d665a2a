/* What several operations check before a signature is made or leaves. */
#ifndef CA_SIGNER_CHECKS_H
#define CA_SIGNER_CHECKS_H

#include "ca/x509/certificate.h"

/*
 * A validity begins about now, by the signer's own clock: at most a day ago (a
 * request that is taken up again after a crash keeps the dates of its intent),
 * at most ten minutes ahead. So nobody who took over the service can make a
 * certificate for next year, or one that looks older than it is.
 */
#define START_PAST_MAX_S   86400
#define START_FUTURE_MAX_S 600
MUST_USE int check_start(int64_t not_before_s, struct err *e);

/* That the certificate is signed by the issuer's key. A fault while an RSA
 * signature was computed with the CRT would give the key away. */
MUST_USE int check_signature(
    struct bytes der, const struct issuer *issuer, struct err *e);

#endif
