#include "ca/signer/sealed_key.h"

#include <string.h>

#include "ca/base/seal.h"

/* The name with its NUL, then the serial: no name is another's beginning. */
struct associated {
	uint8_t data[NAME_LEN_MAX + 1 + SERIAL_LEN];
	size_t len;
};

static struct associated
associated_data(const struct name *name, const struct serial *serial)
{
	size_t name_size = bytes_of_text(name->text).len + 1;
	struct associated a;

	memcpy(a.data, name->text, name_size);
	memcpy(a.data + name_size, serial->bytes, SERIAL_LEN);
	a.len = name_size + SERIAL_LEN;
	return a;
}

int
sealed_key_make(const uint8_t escrow_public_key[], const struct name *name,
    const struct serial *serial, const struct secret *pem, struct buf *out,
    struct err *e)
{
	struct associated a = associated_data(name, serial);

	return seal(escrow_public_key, bytes_of_text(SEAL_INFO_KEY),
	    (struct bytes){a.data, a.len}, secret_bytes(pem), out, e);
}

int
sealed_key_open(const struct seal_key *escrow, const struct name *name,
    const struct serial *serial, struct bytes sealed, struct buf *out,
    struct err *e)
{
	struct associated a = associated_data(name, serial);

	return seal_open(escrow, bytes_of_text(SEAL_INFO_KEY),
	    (struct bytes){a.data, a.len}, sealed, out, e);
}
