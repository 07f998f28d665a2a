#include "ca/x509/key_kind.h"

#include "ca/x509/oid.h"

static const struct key_kind kinds[KEY_TYPE_COUNT] = {
    [KEY_EC_P256] = {"ec:P-256", KEY_FAMILY_EC, true, 65, 0, &oid_p256,
	NID_X9_62_prime256v1, "P-256"},
    [KEY_EC_P384] = {"ec:P-384", KEY_FAMILY_EC, true, 97, 0, &oid_p384,
	NID_secp384r1, "P-384"},
    [KEY_EC_P521] = {"ec:P-521", KEY_FAMILY_EC, false, 133, 0, &oid_p521,
	NID_secp521r1, "P-521"},
    [KEY_ED25519] = {"ed25519", KEY_FAMILY_ED25519, true, 32, 0, NULL, 0, NULL},
    [KEY_RSA_2048] = {"rsa:2048", KEY_FAMILY_RSA, true, 0, 2048, NULL, 0, NULL},
    [KEY_RSA_3072] = {"rsa:3072", KEY_FAMILY_RSA, true, 0, 3072, NULL, 0, NULL},
    [KEY_RSA_4096] = {"rsa:4096", KEY_FAMILY_RSA, true, 0, 4096, NULL, 0, NULL},
};

const struct key_kind *
key_kind(enum key_type t)
{
	return (unsigned)t < KEY_TYPE_COUNT ? &kinds[t] : NULL;
}

const char *
key_type_word(enum key_type t)
{
	const struct key_kind *kind = key_kind(t);
	return kind ? kind->word : "";
}

int
key_type_parse(struct bytes word, enum key_type *out, struct err *e)
{
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++) {
		if (kinds[t].made &&
		    bytes_equal(word, bytes_of_text(kinds[t].word))) {
			*out = (enum key_type)t;
			return 0;
		}
	}
	return err_set(e, ERR_BAD_FIELD, "key_type",
	    "must be \"ec:P-256\", \"ec:P-384\", \"ed25519\", \"rsa:2048\", "
	    "\"rsa:3072\" or \"rsa:4096\"");
}

int
key_kind_of_rsa(size_t bits, enum key_type *out)
{
	if (bits < 2048 || bits > 4096)
		return -1;
	*out = bits < 3072   ? KEY_RSA_2048
	       : bits < 4096 ? KEY_RSA_3072
			     : KEY_RSA_4096;
	return 0;
}
