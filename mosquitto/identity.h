/* Who a client is, by its certificate. */
#ifndef MOSQUITTO_IDENTITY_H
#define MOSQUITTO_IDENTITY_H

#include <openssl/x509.h>

#include "ca/base/buf.h"

#define IDENTITY_NAME_MAX 64
#define SERIAL_MAX        20 /* RFC 5280, 4.1.2.2 */

struct revoked_serial {
	uint8_t len;               /* 1 to SERIAL_MAX */
	uint8_t bytes[SERIAL_MAX]; /* big-endian, first byte not 0; rest 0 */
};

struct identity {
	char username[IDENTITY_NAME_MAX + 1];
	struct revoked_serial serial;
};

/*
 * The user name is the MAC in the certificate's device URI (RFC 9039, 4.1;
 * "urn:dev:mac:" and an EUI-64 with ffff in its middle), upper case and bare,
 * whatever the common name says; without a device URI it is the common name.
 *
 * Refused (-1, e says why): two device URIs or one of another form, no common
 * name or two, and a name with anything but letters, digits, '.', '_', '-' and
 * ':', for it becomes a part of topics.
 */
MUST_USE int identity_read(
    X509 *certificate, struct identity *out, struct err *e);

/* Letters, digits, '.', '_', '-', ':', 1 to IDENTITY_NAME_MAX of them. */
bool identity_name_is_valid(struct bytes name);

/* An even number of hex digits, 2 to 40; not all zero. Leading zero bytes
 * go. */
MUST_USE int serial_parse(struct bytes hex, struct revoked_serial *out);

#define SERIAL_HEX_LEN (2 * SERIAL_MAX + 1)
void serial_print(const struct revoked_serial *s, char out[SERIAL_HEX_LEN]);

#endif
