#include "mosquitto/identity.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "ca/base/hex.h"

#define URI_PREFIX "urn:dev:mac:"
#define EUI64_LEN  8
#define MAC_LEN    6

static int
refuse(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "", "%s", what);
}

/* Not isalnum: what a letter is must not hang on the broker's locale. */
static bool
is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-' ||
	       c == ':';
}

bool
identity_name_is_valid(struct bytes name)
{
	if (name.len == 0 || name.len > IDENTITY_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_plain(name.data[i]))
			return false;
	}
	return true;
}

static int
serial_set(struct revoked_serial *out, const uint8_t *data, size_t len)
{
	while (len > 0 && data[0] == 0) {
		data++;
		len--;
	}
	if (len == 0 || len > SERIAL_MAX)
		return -1;
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, data, len);
	out->len = (uint8_t)len;
	return 0;
}

int
serial_parse(struct bytes hex, struct revoked_serial *out)
{
	uint8_t bytes[SERIAL_MAX];
	size_t len = hex.len / 2;

	if (len == 0 || len > SERIAL_MAX || hex_decode(hex, bytes, len) != 0)
		return -1;
	return serial_set(out, bytes, len);
}

void
serial_print(const struct revoked_serial *s, char out[SERIAL_HEX_LEN])
{
	hex_encode(s->bytes, s->len, out);
}

static int
read_serial(X509 *certificate, struct revoked_serial *out, struct err *e)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(certificate);

	if (n != NULL && ASN1_STRING_type(n) == V_ASN1_INTEGER &&
	    serial_set(out, ASN1_STRING_get0_data(n),
		(size_t)ASN1_STRING_length(n)) == 0)
		return 0;
	return refuse(e, "the serial number is not positive, or too long");
}

static bool
is_device_uri(const GENERAL_NAME *name, struct bytes *text)
{
	size_t prefix = strlen(URI_PREFIX);

	if (name->type != GEN_URI)
		return false;
	*text = (struct bytes){
	    ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
	    (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier)};
	return text->len >= prefix &&
	       memcmp(text->data, URI_PREFIX, prefix) == 0;
}

static int
mac_of_uri(struct bytes uri, struct identity *out, struct err *e)
{
	uint8_t eui64[EUI64_LEN], mac[MAC_LEN];
	size_t prefix = strlen(URI_PREFIX);
	struct bytes hex = {uri.data + prefix, uri.len - prefix};

	if (hex_decode(hex, eui64, EUI64_LEN) != 0 || eui64[3] != 0xff ||
	    eui64[4] != 0xff)
		return refuse(e, "the device URI is not that of a MAC");
	memcpy(mac, eui64, 3);
	memcpy(mac + 3, eui64 + 5, 3);
	hex_encode(mac, MAC_LEN, out->username);
	for (char *c = out->username; *c; c++) {
		if (*c >= 'a' && *c <= 'f')
			*c = (char)(*c - 'a' + 'A');
	}
	return 0;
}

/* 1 if a device URI gave the name, 0 if there is none, -1 if it is refused. */
static int
read_device_uri(X509 *certificate, struct identity *out, struct err *e)
{
	int critical, found = 0;
	struct bytes uri;
	GENERAL_NAMES *names = X509_get_ext_d2i(
	    certificate, NID_subject_alt_name, &critical, NULL);

	/* -1: there is no such extension; else there are two, or it is
	 * broken. */
	if (names == NULL)
		return critical == -1 ? 0 : refuse(e, "the alternative names");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!is_device_uri(sk_GENERAL_NAME_value(names, i), &uri))
			continue;
		if (found == 1) {
			found = refuse(e, "two device URIs");
			break;
		}
		if (mac_of_uri(uri, out, e) != 0) {
			found = -1;
			break;
		}
		found = 1;
	}
	GENERAL_NAMES_free(names);
	return found;
}

static int
read_common_name(X509 *certificate, struct identity *out, struct err *e)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at < 0 ||
	    X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return refuse(
		    e, "neither a device URI nor exactly one common name");
	const ASN1_STRING *text =
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	struct bytes name = {
	    ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)};
	if (!identity_name_is_valid(name))
		return refuse(e, "the common name: must be 1 to 64 of letters, "
				 "digits, '.', '_', '-', ':'");
	memcpy(out->username, name.data, name.len);
	out->username[name.len] = '\0';
	return 0;
}

int
identity_read(X509 *certificate, struct identity *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (read_serial(certificate, &out->serial, e) != 0)
		return -1;
	switch (read_device_uri(certificate, out, e)) {
	case 1:
		return 0;
	case 0:
		return read_common_name(certificate, out, e);
	default:
		return -1;
	}
}
