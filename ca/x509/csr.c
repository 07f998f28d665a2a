#include "ca/x509/csr.h"

#include <string.h>

#include "ca/base/hex.h"
#include "ca/x509/csr_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/pem.h"

#define ATTRIBUTES_TAG 0xa0

int
csr_refuse(struct err *e, const char *law)
{
	return err_set(e, ERR_BAD_CSR, "csr", "%s", law);
}

int
csr_blame(struct err *e)
{
	char message[sizeof(e->message)];
	if (e->kind == ERR_BAD_CSR)
		return -1;
	memcpy(message, e->message, sizeof(message));
	return csr_refuse(e, message);
}

/* CertificationRequestInfo (RFC 2986, 4.1), all of it. */
static int
read_info(struct bytes info, struct csr *out, struct err *e)
{
	struct bytes version, subject, spki, attributes, content;
	uint8_t tag;
	if (der_take_unsigned(&info, &version))
		return csr_refuse(e, "RFC 2986, 4.1: no version");
	if (version.len != 1 || version.data[0] != 0)
		return csr_refuse(e, "RFC 2986, 4.1: the version must be 0");
	if (der_take(&info, DER_SEQUENCE, &subject))
		return csr_refuse(e, "RFC 2986, 4.1: no subject");
	if (der_take_any(&info, &tag, &content, &spki))
		return csr_refuse(e, "RFC 2986, 4.1: no public key");
	if (der_take(&info, ATTRIBUTES_TAG, &attributes))
		return csr_refuse(e, "RFC 2986, 4.1: no attributes");
	if (info.len > 0)
		return csr_refuse(
		    e, "RFC 2986, 4.1: more after the attributes");
	if (public_key_parse(spki, &out->key, e) ||
	    csr_read_subject(subject, &out->subject, e) ||
	    csr_read_attributes(attributes, &out->sans, e))
		return -1;
	return 0;
}

/* CertificationRequest (RFC 2986, 4.2). */
static int
read_request(struct bytes der, struct csr *out, struct err *e)
{
	struct bytes request, info, algorithm;
	uint8_t tag;
	if (der_take(&der, DER_SEQUENCE, &request) ||
	    der_peek(request) != DER_SEQUENCE ||
	    der_take_any(&request, &tag, &info, &out->signed_part) ||
	    der_take(&request, DER_SEQUENCE, &algorithm) ||
	    der_take_bits(&request, &out->signature) || request.len > 0)
		return csr_refuse(
		    e, "RFC 2986, 4.2: not a certification request");
	if (read_info(info, out, e))
		return -1;
	if (csr_read_signature_algorithm(
		algorithm, &out->key, &out->signature_nid, e))
		return -1;
	return csr_check_signature_form(out->signature, &out->key, e);
}

int
csr_parse_der(struct bytes der, struct csr *out, struct err *e)
{
	struct bytes content, left = der;
	memset(out, 0, sizeof(*out));
	if (der.len > CSR_DER_MAX)
		return err_set(e, ERR_BAD_CSR, "csr",
		    "must be at most %d bytes of DER", CSR_DER_MAX);
	if (der_take(&left, DER_SEQUENCE, &content))
		return csr_refuse(e, "X.690: not DER, or cut short");
	if (left.len > 0)
		return csr_refuse(e, "bytes after the request");
	if (!der_is_well_formed(der))
		return csr_refuse(e, "X.690, 10 and 11: not DER");
	memcpy(out->der, der.data, der.len);
	out->der_len = der.len;
	return read_request((struct bytes){out->der, out->der_len}, out, e);
}

static struct bytes
trim(struct bytes text)
{
	static const char blanks[] = " \t\r\n";
	while (text.len > 0 && memchr(blanks, text.data[0], 4))
		text = (struct bytes){text.data + 1, text.len - 1};
	while (text.len > 0 && memchr(blanks, text.data[text.len - 1], 4))
		text.len--;
	return text;
}

static int
decode_pem(struct bytes text, struct buf *der, struct err *e)
{
	/* the second is an old spelling (RFC 7468, 7) */
	static const char *const labels[] = {
	    "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"};
	struct bytes before;
	for (unsigned i = 0; i < 2; i++) {
		if (!pem_begin(&text, labels[i], &before))
			continue;
		if (before.len > 0)
			return csr_refuse(e, "text before the PEM block");
		if (pem_body(&text, labels[i], der))
			return csr_refuse(e, "RFC 7468, 3: a broken PEM block, "
					     "or one that is too large");
		if (text.len > 0)
			return csr_refuse(e, "text after the PEM block");
		return 0;
	}
	return csr_refuse(
	    e, "RFC 7468, 7: no PEM block \"CERTIFICATE REQUEST\"");
}

int
csr_parse(struct bytes text, struct csr *out, struct err *e)
{
	struct buf der;
	int rc = -1;
	memset(out, 0, sizeof(*out));
	buf_init(&der, CSR_DER_MAX);
	text = trim(text);
	if (text.len > 0 && memchr(text.data, '-', text.len)) {
		if (decode_pem(text, &der, e))
			goto out;
	} else if (base64_decode(text, &der)) {
		csr_refuse(e, "neither PEM nor base 64, or too large");
		goto out;
	}
	rc = csr_parse_der(buf_bytes(&der), out, e);
out:
	buf_clear(&der);
	return rc;
}
