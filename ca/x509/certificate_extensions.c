#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "ca/x509/certificate_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/digest.h"
#include "ca/x509/key_kind.h"
#include "ca/x509/oid.h"

/* 16 names of 253 bytes, their headers, the device URI. */
#define VALUE_MAX 6144

/* GeneralName, RFC 5280, 4.2.1.6 */
#define NAME_DNS 0x82
#define NAME_URI 0x86
#define NAME_IP  0x87
/* AuthorityKeyIdentifier, RFC 5280, 4.2.1.1 */
#define KEY_IDENTIFIER 0x80

int
certificate_key_id(
    const struct public_key *k, uint8_t id[KEY_ID_LEN], struct err *e)
{
	struct buf bits;
	uint8_t hash[EVP_MAX_MD_SIZE];
	int rc = -1;
	buf_init(&bits, KEY_BITS_MAX);
	public_key_bits(k, &bits);
	if (buf_check(&bits, "public key", e))
		goto out;
	if (!EVP_Digest(
		bits.data, bits.len, hash, NULL, digest_sha256(), NULL)) {
		err_openssl(e, "SHA-256");
		goto out;
	}
	memcpy(id, hash, KEY_ID_LEN);
	rc = 0;
out:
	buf_clear(&bits);
	return rc;
}

unsigned
certificate_usage_for(enum key_type t, unsigned usage)
{
	enum key_family family = key_kind(t)->family;
	if (family != KEY_FAMILY_RSA)
		usage &= ~USAGE_KEY_ENCIPHERMENT;
	if (family != KEY_FAMILY_EC)
		usage &= ~USAGE_KEY_AGREEMENT;
	return usage &
	       (USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT |
		   USAGE_KEY_AGREEMENT | USAGE_CERT_SIGN | USAGE_CRL_SIGN);
}

/* value is emptied for the next one. */
static int
add(X509 *x, int nid, bool critical, struct buf *value, struct err *e)
{
	X509_EXTENSION *extension = NULL;
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	int rc = -1;
	if (buf_check(value, "extension", e))
		goto out;
	if (octets &&
	    ASN1_OCTET_STRING_set(octets, value->data, (int)value->len))
		extension =
		    X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	if (!extension || !X509_add_ext(x, extension, -1)) {
		err_openssl(e, "a certificate's extension");
		goto out;
	}
	rc = 0;
out:
	buf_clear(value);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	return rc;
}

static int
add_basic_constraints(X509 *x, bool authority, struct buf *v, struct err *e)
{
	static const uint8_t ca[] = {
	    DER_BOOLEAN, 1, 0xff, DER_INTEGER, 1, 0 /* pathlen */};
	der_put(
	    v, DER_SEQUENCE, (struct bytes){ca, authority ? sizeof(ca) : 0});
	return add(x, NID_basic_constraints, true, v, e);
}

/* RFC 5280, 4.2.1.3: a named bit list, its trailing zeros left out. */
static int
add_key_usage(X509 *x, unsigned usage, struct buf *v, struct err *e)
{
	static const struct {
		unsigned usage;
		unsigned bit;
	} bits[] = {
	    {USAGE_DIGITAL_SIGNATURE, 0},
	    {USAGE_KEY_ENCIPHERMENT, 2},
	    {USAGE_KEY_AGREEMENT, 4},
	    {USAGE_CERT_SIGN, 5},
	    {USAGE_CRL_SIGN, 6},
	};
	uint8_t content[2] = {7, 0};
	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (!(usage & bits[i].usage))
			continue;
		content[0] = (uint8_t)(7 - bits[i].bit);
		content[1] |= (uint8_t)(0x80u >> bits[i].bit);
	}
	der_put(v, DER_BIT_STRING, (struct bytes){content, sizeof(content)});
	return add(x, NID_key_usage, true, v, e);
}

static int
add_extended_usage(X509 *x, unsigned usage, struct buf *v, struct err *e)
{
	struct buf list;
	buf_init(&list, 64);
	if (usage & EXTENDED_USAGE_SERVER)
		der_put(&list, DER_OID, oid_server_auth);
	if (usage & EXTENDED_USAGE_CLIENT)
		der_put(&list, DER_OID, oid_client_auth);
	der_put(v, DER_SEQUENCE, buf_bytes(&list));
	buf_clear(&list);
	return add(x, NID_ext_key_usage, false, v, e);
}

static int
add_key_ids(
    X509 *x, const struct certificate_ids *ids, struct buf *v, struct err *e)
{
	der_put(v, DER_OCTET_STRING, (struct bytes){ids->subject, KEY_ID_LEN});
	if (add(x, NID_subject_key_identifier, false, v, e))
		return -1;
	der_put_header(v, DER_SEQUENCE, 2 + KEY_ID_LEN);
	der_put(v, KEY_IDENTIFIER, (struct bytes){ids->issuer, KEY_ID_LEN});
	return add(x, NID_authority_key_identifier, false, v, e);
}

static void
put_name(struct buf *list, const struct san *san)
{
	uint8_t raw[16];
	if (san->type == SAN_DNS) {
		der_put(list, NAME_DNS, bytes_of_text(san->text));
		return;
	}
	bool v6 = strchr(san->text, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, san->text, raw) != 1) {
		list->failed = true;
		return;
	}
	der_put(list, NAME_IP, (struct bytes){raw, v6 ? 16 : 4});
}

/* Critical where the subject is empty (RFC 5280, 4.2.1.6). */
static int
add_names(
    X509 *x, const struct certificate_fields *f, struct buf *v, struct err *e)
{
	struct buf list;
	if (f->sans.count == 0 && !f->device_uri[0])
		return 0;
	buf_init(&list, VALUE_MAX);
	for (size_t i = 0; i < f->sans.count; i++)
		put_name(&list, &f->sans.item[i]);
	if (f->device_uri[0])
		der_put(&list, NAME_URI, bytes_of_text(f->device_uri));
	if (list.failed)
		v->failed = true;
	der_put(v, DER_SEQUENCE, buf_bytes(&list));
	buf_clear(&list);
	return add(x, NID_subject_alt_name,
	    certificate_subject_is_empty(&f->subject), v, e);
}

int
certificate_add_extensions(X509 *x, const struct certificate_fields *fields,
    const struct certificate_ids *ids, bool authority, struct err *e)
{
	struct buf v;
	unsigned usage = certificate_usage_for(fields->key.type, fields->usage);
	int rc = -1;
	buf_init(&v, VALUE_MAX);
	if (add_basic_constraints(x, authority, &v, e) ||
	    add_key_usage(x, usage, &v, e))
		goto out;
	if (fields->extended_usage &&
	    add_extended_usage(x, fields->extended_usage, &v, e))
		goto out;
	if (add_key_ids(x, ids, &v, e) || add_names(x, fields, &v, e))
		goto out;
	rc = 0;
out:
	buf_clear(&v);
	return rc;
}
