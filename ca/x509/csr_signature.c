#include <openssl/err.h>

#include "ca/x509/csr_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/digest.h"
#include "ca/x509/key_kind.h"
#include "ca/x509/oid.h"

static const struct {
	const struct bytes *oid;
	enum key_family family;
	int nid;
	const EVP_MD *(*digest)(void); /* NULL: of the algorithm itself */
} algorithms[] = {
    {&oid_ecdsa_sha256, KEY_FAMILY_EC, NID_ecdsa_with_SHA256, digest_sha256},
    {&oid_ecdsa_sha384, KEY_FAMILY_EC, NID_ecdsa_with_SHA384, digest_sha384},
    {&oid_ecdsa_sha512, KEY_FAMILY_EC, NID_ecdsa_with_SHA512, digest_sha512},
    {&oid_rsa_sha256, KEY_FAMILY_RSA, NID_sha256WithRSAEncryption,
	digest_sha256},
    {&oid_rsa_sha384, KEY_FAMILY_RSA, NID_sha384WithRSAEncryption,
	digest_sha384},
    {&oid_rsa_sha512, KEY_FAMILY_RSA, NID_sha512WithRSAEncryption,
	digest_sha512},
    {&oid_ed25519, KEY_FAMILY_ED25519, NID_ED25519, NULL},
};

#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

/* Absent (RFC 5758, 3.2; RFC 8410, 3), with RSA also NULL (RFC 4055, 5). */
static bool
parameters_are_valid(struct bytes params, enum key_family family)
{
	struct bytes null;
	if (params.len == 0)
		return true;
	return family == KEY_FAMILY_RSA &&
	       der_take(&params, DER_NULL, &null) == 0 && null.len == 0 &&
	       params.len == 0;
}

int
csr_read_signature_algorithm(struct bytes algorithm,
    const struct public_key *key, int *nid, struct err *e)
{
	struct bytes oid;
	if (der_take(&algorithm, DER_OID, &oid))
		return csr_refuse(
		    e, "RFC 5280, 4.1.1.2: no signature algorithm");
	if (bytes_equal(oid, oid_rsa_pss))
		return csr_refuse(e, "signatures by RSASSA-PSS are not taken; "
				     "use sha256WithRSAEncryption");
	for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
		if (!bytes_equal(oid, *algorithms[i].oid))
			continue;
		if (!parameters_are_valid(algorithm, algorithms[i].family))
			return csr_refuse(e, "RFC 5280, 4.1.1.2: wrong "
					     "signature parameters");
		if (key_kind(key->type)->family != algorithms[i].family)
			return csr_refuse(e, "the signature's algorithm is "
					     "not of the key's kind");
		*nid = algorithms[i].nid;
		return 0;
	}
	return csr_refuse(e, "the signature must be by ECDSA or RSA with "
			     "SHA-256, SHA-384 or SHA-512, or by Ed25519");
}

/* Ecdsa-Sig-Value (RFC 3279, 2.2.3); side is the curve's length in bytes. */
static bool
is_ecdsa_signature(struct bytes v, size_t side)
{
	struct bytes seq, r, s;
	if (der_take(&v, DER_SEQUENCE, &seq) || v.len > 0 ||
	    der_take_unsigned(&seq, &r) || der_take_unsigned(&seq, &s) ||
	    seq.len > 0)
		return false;
	return r.len <= side && s.len <= side && r.data[0] != 0 &&
	       s.data[0] != 0;
}

int
csr_check_signature_form(
    struct bytes signature, const struct public_key *key, struct err *e)
{
	bool ok = false;
	switch (key_kind(key->type)->family) {
	case KEY_FAMILY_EC:
		ok = is_ecdsa_signature(signature, (key->len - 1u) / 2);
		break;
	case KEY_FAMILY_RSA:
		ok = signature.len == key->len;
		break;
	case KEY_FAMILY_ED25519:
		ok = signature.len == 64;
		break;
	}
	return ok ? 0 : csr_refuse(e, "RFC 2986, 4.2: a malformed signature");
}

/* -1 if OpenSSL can't start; else 0 and whether the signature is right. */
static int
verify(const struct csr *csr, EVP_PKEY *key, bool *right)
{
	const EVP_MD *md = NULL;
	for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
		if (algorithms[i].nid == csr->signature_nid &&
		    algorithms[i].digest)
			md = algorithms[i].digest();
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -1;
	if (ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1) {
		*right = EVP_DigestVerify(ctx, csr->signature.data,
			     csr->signature.len, csr->signed_part.data,
			     csr->signed_part.len) == 1;
		rc = 0;
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* A signature may be wrong in ways that OpenSSL calls errors; memory that ran
 * out is none of them. */
static int
blame(struct err *e)
{
	bool memory = false;
	unsigned long code;
	while ((code = ERR_get_error()) != 0)
		memory |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	if (memory)
		return err_set(e, ERR_INTERNAL, "", "out of memory");
	return csr_refuse(e, "RFC 2986, 4.2: bad self-signature");
}

int
csr_verify(const struct csr *csr, struct err *e)
{
	EVP_PKEY *key = NULL;
	bool right = false;
	if (public_key_load(&csr->key, &key, e))
		return -1;
	int rc = verify(csr, key, &right);
	EVP_PKEY_free(key);
	if (rc)
		return err_openssl(e, "verification of a request");
	if (right)
		return 0;
	return blame(e);
}
