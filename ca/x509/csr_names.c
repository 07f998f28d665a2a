#include <arpa/inet.h>
#include <string.h>

#include "ca/x509/csr_parts.h"
#include "ca/x509/der.h"

/* GeneralName (RFC 5280, 4.2.1.6): its choices by tag. */
#define NAME_OTHER         0xa0
#define NAME_EMAIL         0x81
#define NAME_DNS           0x82
#define NAME_X400          0xa3
#define NAME_DIRECTORY     0xa4
#define NAME_EDI           0xa5
#define NAME_URI           0x86
#define NAME_IP            0x87
#define NAME_REGISTERED_ID 0x88

static int
put_typed(
    struct san_list *out, const char *type, struct bytes text, struct err *e)
{
	char typed[4 + SAN_TEXT_MAX];
	size_t type_len = strlen(type);
	if (text.len > sizeof(typed) - type_len)
		return csr_refuse(e, "a subject alternative name is too long");
	memcpy(typed, type, type_len);
	memcpy(typed + type_len, text.data, text.len);
	struct bytes all = {(const uint8_t *)typed, type_len + text.len};
	return san_list_add(out, all, e) ? csr_blame(e) : 0;
}

static int
put_address(struct san_list *out, struct bytes raw, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	if (raw.len != 4 && raw.len != 16)
		return csr_refuse(
		    e, "RFC 5280, 4.2.1.6: an address of 4 or 16 bytes");
	int family = raw.len == 4 ? AF_INET : AF_INET6;
	if (!inet_ntop(family, raw.data, text, sizeof(text)))
		return csr_refuse(e, "an address that can not be written");
	return put_typed(out, "ip:", bytes_of_text(text), e);
}

int
csr_read_names(struct bytes names, struct san_list *out, struct err *e)
{
	if (names.len == 0)
		return csr_refuse(e, "RFC 5280, 4.2.1.6: no names");
	while (names.len > 0) {
		struct bytes value;
		uint8_t tag;
		int rc = 0;
		if (der_take_any(&names, &tag, &value, NULL))
			return csr_refuse(
			    e, "RFC 5280, 4.2.1.6: malformed names");
		switch (tag) {
		case NAME_DNS:
			rc = put_typed(out, "dns:", value, e);
			break;
		case NAME_IP:
			rc = put_address(out, value, e);
			break;
		case NAME_OTHER:
		case NAME_EMAIL:
		case NAME_X400:
		case NAME_DIRECTORY:
		case NAME_EDI:
		case NAME_URI:
		case NAME_REGISTERED_ID:
			break; /* never put in a certificate */
		default:
			return csr_refuse(
			    e, "RFC 5280, 4.2.1.6: malformed names");
		}
		if (rc)
			return -1;
	}
	return 0;
}
