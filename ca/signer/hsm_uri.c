#include "ca/signer/hsm_uri.h"

#include <string.h>

#include "ca/signer/hsm.h"

#define SCHEME "pkcs11:"

bool
hsm_uri_is(const char *uri)
{
	return strncmp(uri, SCHEME, sizeof(SCHEME) - 1) == 0;
}

/* Those of RFC 7512, 2.3, that the engine knows. A PIN (pin-value, pin-source)
 * is the passphrase's to bring, a module (module-path) pkcs11_module's. */
static bool
attribute_is_allowed(const char *at, size_t len, bool *names_key)
{
	static const char *const names[] = {"object=", "id=", "token=",
	    "serial=", "model=", "manufacturer=", "type="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (len <= n || strncmp(at, names[i], n) != 0)
			continue;
		*names_key = *names_key || i < 2;
		return true;
	}
	return false;
}

int
hsm_uri_check(const char *uri, size_t max, struct err *e)
{
	bool names_key = false;
	const char *at;

	if (!hsm_uri_is(uri))
		return err_set(
		    e, ERR_BAD_FIELD, "ca_key", "must begin with " SCHEME);
	if (strlen(uri) > max)
		return err_set(e, ERR_BAD_FIELD, "ca_key",
		    "must be at most %zu bytes", max);
	at = uri + sizeof(SCHEME) - 1;
	for (;;) {
		size_t len = strcspn(at, ";?&");

		if (!attribute_is_allowed(at, len, &names_key))
			return err_set(e, ERR_BAD_FIELD, "ca_key",
			    "may hold token, serial, model, manufacturer, "
			    "object, id and type, each with a value");
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	if (names_key)
		return 0;
	return err_set(
	    e, ERR_BAD_FIELD, "ca_key", "must name the key: object or id");
}
