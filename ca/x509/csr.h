/*
 * Certificate signing requests (PKCS #10, RFC 2986) from outside.
 *
 * csr_parse walks the DER by hand: size, nothing trailing, allow-listed
 * algorithms, key sizes and string types, before OpenSSL sees any of it.
 * csr_verify proves possession of the key.
 */
#ifndef CA_X509_CSR_H
#define CA_X509_CSR_H

#include "ca/base/buf.h"
#include "ca/x509/key.h"
#include "ca/x509/name.h"

#define CSR_DER_MAX 8192

/* About 17 KB; belongs in the request that it is part of, not on a stack. */
struct csr {
	struct public_key key;
	struct subject
	    subject; /* attributes that we know; others are passed over */
	struct san_list sans; /* of its extension request: dns and ip only */
	int signature_nid;    /* of OpenSSL */
	struct bytes signed_part; /* views into der */
	struct bytes signature;
	size_t der_len;
	uint8_t der[CSR_DER_MAX];
};

/* text: PEM with exactly one block and nothing but blanks around it, or base
 * 64 of DER. ERR_BAD_CSR, field "csr", names what is wrong and the RFC. */
MUST_USE int csr_parse(struct bytes text, struct csr *out, struct err *e);

/* The same from DER. out holds views into itself: it must not be copied. */
MUST_USE int csr_parse_der(struct bytes der, struct csr *out, struct err *e);

/* RFC 2986, 4.2. ERR_BAD_CSR when the signature is not by the key in it.
 * Costs a public-key operation: on a worker thread. */
MUST_USE int csr_verify(const struct csr *csr, struct err *e);

#endif
