#include <string.h>

#include "ca/x509/csr_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/oid.h"

static const struct bytes *const attribute_oids[SUBJECT_COUNT] = {
    [SUBJECT_COUNTRY] = &oid_country,
    [SUBJECT_STATE] = &oid_state,
    [SUBJECT_LOCALITY] = &oid_locality,
    [SUBJECT_ORG] = &oid_org,
    [SUBJECT_UNIT] = &oid_unit,
    [SUBJECT_CN] = &oid_cn,
    [SUBJECT_EMAIL] = &oid_email,
};

/* SUBJECT_COUNT where it is none of ours. */
static enum subject_attribute
attribute_of(struct bytes oid)
{
	unsigned a = 0;
	while (a < SUBJECT_COUNT && !bytes_equal(oid, *attribute_oids[a]))
		a++;
	return (enum subject_attribute)a;
}

/* X.680, 41.4. */
static bool
is_printable_string(struct bytes v)
{
	static const char others[] = " '()+,-./:=?";
	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.data[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') ||
			  memchr(others, c, sizeof(others) - 1);
		if (!ok)
			return false;
	}
	return true;
}

/* BMPString, TeletexString and their like are not read at all: their
 * conversion has been a hole more than once. */
static int
check_string(
    enum subject_attribute a, uint8_t tag, struct bytes value, struct err *e)
{
	if (tag == DER_UTF8_STRING)
		return 0;
	if (tag == DER_IA5_STRING && a == SUBJECT_EMAIL)
		return 0;
	if (tag != DER_PRINTABLE || a == SUBJECT_EMAIL)
		return err_set(e, ERR_BAD_CSR, "csr",
		    "RFC 5280, 4.1.2.4: %s must be %s",
		    subject_attribute_word(a),
		    a == SUBJECT_EMAIL ? "an IA5String"
				       : "a UTF8String or PrintableString");
	if (!is_printable_string(value))
		return err_set(e, ERR_BAD_CSR, "csr",
		    "X.680, 41.4: %s is not a PrintableString",
		    subject_attribute_word(a));
	return 0;
}

static int
read_attribute(struct bytes pair, struct subject *out, struct err *e)
{
	struct bytes oid, value;
	uint8_t tag;
	if (der_take(&pair, DER_OID, &oid) ||
	    der_take_any(&pair, &tag, &value, NULL) || pair.len > 0)
		return csr_refuse(
		    e, "RFC 5280, 4.1.2.4: a malformed subject attribute");
	enum subject_attribute a = attribute_of(oid);
	if (a == SUBJECT_COUNT)
		return 0;
	if (out->value[a][0])
		return err_set(e, ERR_BAD_CSR, "csr",
		    "the subject has %s twice", subject_attribute_word(a));
	if (check_string(a, tag, value, e))
		return -1;
	return subject_set(out, a, value, e) ? csr_blame(e) : 0;
}

int
csr_read_subject(struct bytes rdns, struct subject *out, struct err *e)
{
	while (rdns.len > 0) {
		struct bytes set, pair;
		if (der_take(&rdns, DER_SET, &set) ||
		    der_take(&set, DER_SEQUENCE, &pair))
			return csr_refuse(
			    e, "RFC 5280, 4.1.2.4: a malformed subject");
		if (set.len > 0)
			return csr_refuse(
			    e, "the subject has two attributes in one RDN");
		if (read_attribute(pair, out, e))
			return -1;
	}
	return 0;
}
