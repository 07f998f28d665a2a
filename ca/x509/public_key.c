#include <string.h>

#include "ca/x509/der.h"
#include "ca/x509/digest.h"
#include "ca/x509/key_kind.h"
#include "ca/x509/oid.h"

/* A SubjectPublicKeyInfo of RSA with 4096 bits takes 550. */
#define SPKI_MAX 1024

static int
refuse(struct err *e, const char *law)
{
	return err_set(e, ERR_BAD_CSR, "csr", "%s", law);
}

static size_t
bit_length(struct bytes magnitude)
{
	size_t bits = 8 * magnitude.len;
	unsigned top = magnitude.len > 0 ? magnitude.data[0] : 0;
	for (unsigned mask = 0x80; mask != 0 && !(top & mask); mask >>= 1)
		bits--;
	return bits;
}

static int
set_raw(struct public_key *out, struct bytes raw, struct err *e)
{
	if (raw.len > sizeof(out->raw))
		return refuse(e, "the key is too large");
	memcpy(out->raw, raw.data, raw.len);
	out->len = (uint16_t)raw.len;
	return 0;
}

/* RFC 8017, A.1.1. */
static int
parse_rsa(struct bytes bits, struct public_key *out, struct err *e)
{
	struct bytes seq, modulus, exponent;
	if (der_take(&bits, DER_SEQUENCE, &seq) || bits.len > 0 ||
	    der_take_unsigned(&seq, &modulus) ||
	    der_take_unsigned(&seq, &exponent) || seq.len > 0)
		return refuse(e, "RFC 8017, A.1.1: not an RSA public key");
	if (key_kind_of_rsa(bit_length(modulus), &out->type))
		return refuse(e, "an RSA key must have 2048 to 4096 bits");
	if (exponent.len > sizeof(out->rsa_exponent))
		return refuse(e, "the RSA exponent must be below 2^32");
	for (size_t i = 0; i < exponent.len; i++)
		out->rsa_exponent = out->rsa_exponent << 8 | exponent.data[i];
	return set_raw(out, modulus, e);
}

/* RFC 5480, 2.1.1: namedCurve alone; explicit parameters have cost OpenSSL an
 * endless loop (CVE-2022-0778). */
static int
parse_ec(struct bytes params, struct bytes point, struct public_key *out,
    struct err *e)
{
	struct bytes curve;
	if (der_take(&params, DER_OID, &curve) || params.len > 0)
		return refuse(e, "RFC 5480, 2.1.1: only named curves");
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++) {
		const struct key_kind *kind = key_kind((enum key_type)t);
		if (kind->curve && bytes_equal(curve, *kind->curve)) {
			out->type = (enum key_type)t;
			return set_raw(out, point, e);
		}
	}
	return refuse(e, "only the curves P-256, P-384 and P-521");
}

static int
parse_by_algorithm(struct bytes algorithm, struct bytes bits,
    struct public_key *out, struct err *e)
{
	struct bytes oid, null;
	if (der_take(&algorithm, DER_OID, &oid))
		return refuse(e, "RFC 5280, 4.1.1.2: no key algorithm");
	if (bytes_equal(oid, oid_ec_public_key))
		return parse_ec(algorithm, bits, out, e);
	if (bytes_equal(oid, oid_ed25519)) {
		out->type = KEY_ED25519;
		if (algorithm.len > 0)
			return refuse(
			    e, "RFC 8410, 3: parameters with Ed25519");
		return set_raw(out, bits, e);
	}
	if (bytes_equal(oid, oid_rsa_encryption)) {
		if (der_take(&algorithm, DER_NULL, &null) || null.len > 0 ||
		    algorithm.len > 0)
			return refuse(
			    e, "RFC 3279, 2.3.1: RSA parameters are not NULL");
		return parse_rsa(bits, out, e);
	}
	return refuse(e, "the key must be RSA, EC or Ed25519");
}

int
public_key_parse(struct bytes spki, struct public_key *out, struct err *e)
{
	struct bytes seq, algorithm, bits;
	memset(out, 0, sizeof(*out));
	if (der_take(&spki, DER_SEQUENCE, &seq) || spki.len > 0 ||
	    der_take(&seq, DER_SEQUENCE, &algorithm) ||
	    der_take_bits(&seq, &bits) || seq.len > 0)
		return refuse(
		    e, "RFC 5280, 4.1.2.7: malformed subject public key");
	if (parse_by_algorithm(algorithm, bits, out, e))
		return -1;
	return public_key_check(out, e);
}

static int
check_rsa(const struct public_key *k, struct err *e)
{
	enum key_type t;
	struct bytes modulus = {k->raw, k->len};
	if (k->raw[0] == 0 || key_kind_of_rsa(bit_length(modulus), &t))
		return refuse(e, "an RSA key must have 2048 to 4096 bits");
	if (t != k->type)
		return refuse(e, "the RSA key is not of its type's size");
	if (!(k->raw[k->len - 1] & 1))
		return refuse(e, "the RSA modulus is even");
	if (!(k->rsa_exponent & 1) || k->rsa_exponent < RSA_EXPONENT_MIN)
		return refuse(
		    e, "the RSA exponent must be odd, and 65537 or more");
	return 0;
}

int
public_key_check(const struct public_key *k, struct err *e)
{
	const struct key_kind *kind = key_kind(k->type);
	if (!kind || k->len < 1 || k->len > sizeof(k->raw))
		return refuse(e, "not a key of ours");
	if (kind->family == KEY_FAMILY_RSA)
		return check_rsa(k, e);
	if (k->rsa_exponent != 0)
		return refuse(e, "an RSA exponent with a key that is not RSA");
	bool compressed =
	    kind->family == KEY_FAMILY_EC && (k->raw[0] == 2 || k->raw[0] == 3);
	if (compressed)
		return refuse(e, "RFC 5480, 2.2: a compressed point; "
				 "send it uncompressed");
	if (k->len != kind->raw_len)
		return refuse(e, "the key's length does not fit its type");
	if (kind->family == KEY_FAMILY_EC && k->raw[0] != 4)
		return refuse(e, "RFC 5480, 2.2: not an uncompressed point");
	return 0;
}

/* AlgorithmIdentifier: an object identifier, then parameters as DER. */
static void
put_algorithm(struct buf *out, struct bytes oid, struct bytes params)
{
	der_put_header(out, DER_SEQUENCE, 2 + oid.len + params.len);
	der_put(out, DER_OID, oid);
	buf_append(out, params.data, params.len);
}

static void
put_rsa(const struct public_key *k, struct buf *out)
{
	uint8_t exponent[4];
	for (unsigned i = 0; i < 4; i++)
		exponent[i] = (uint8_t)(k->rsa_exponent >> (24 - 8 * i));
	struct buf inner;
	buf_init(&inner, SPKI_MAX);
	der_put_unsigned(&inner, (struct bytes){k->raw, k->len});
	der_put_unsigned(&inner, (struct bytes){exponent, sizeof(exponent)});
	if (inner.failed)
		out->failed = true;
	der_put(out, DER_SEQUENCE, buf_bytes(&inner));
	buf_clear(&inner);
}

void
public_key_bits(const struct public_key *k, struct buf *out)
{
	if (key_kind(k->type)->family == KEY_FAMILY_RSA)
		put_rsa(k, out);
	else
		buf_append(out, k->raw, k->len);
}

void
public_key_encode(const struct public_key *k, struct buf *out)
{
	static const uint8_t null[] = {DER_NULL, 0};
	const struct key_kind *kind = key_kind(k->type);
	struct buf spki, bits;
	buf_init(&spki, SPKI_MAX);
	buf_init(&bits, SPKI_MAX);
	if (kind->family == KEY_FAMILY_EC) {
		der_put(&bits, DER_OID, *kind->curve);
		put_algorithm(&spki, oid_ec_public_key, buf_bytes(&bits));
	} else if (kind->family == KEY_FAMILY_ED25519) {
		put_algorithm(&spki, oid_ed25519, (struct bytes){NULL, 0});
	} else {
		put_algorithm(&spki, oid_rsa_encryption,
		    (struct bytes){null, sizeof(null)});
	}
	buf_clear(&bits);
	buf_append_byte(&bits, 0); /* unused bits */
	public_key_bits(k, &bits);
	der_put(&spki, DER_BIT_STRING, buf_bytes(&bits));
	if (spki.failed || bits.failed)
		out->failed = true;
	der_put(out, DER_SEQUENCE, buf_bytes(&spki));
	buf_clear(&bits);
	buf_clear(&spki);
}

int
public_key_hash(
    const struct public_key *k, uint8_t hash[KEY_HASH_LEN], struct err *e)
{
	struct buf spki;
	int rc = -1;
	buf_init(&spki, SPKI_MAX);
	if (public_key_check(k, e))
		goto out;
	public_key_encode(k, &spki);
	if (buf_check(&spki, "public key", e))
		goto out;
	if (!EVP_Digest(spki.data, spki.len, hash, NULL, digest_sha256(), NULL))
		err_openssl(e, "SHA-256");
	else
		rc = 0;
out:
	buf_clear(&spki);
	return rc;
}
