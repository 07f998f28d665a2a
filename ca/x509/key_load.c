#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "ca/x509/key_kind.h"

/* Made with every name written out: no decoder, no object identifiers. */
static EVP_PKEY *
load_params(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *
load_ec(const struct public_key *k, const struct key_kind *kind)
{
	char group[8] = "";
	uint8_t point[KEY_RAW_MAX];
	memcpy(group, kind->group, strlen(kind->group));
	memcpy(point, k->raw, k->len);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_PKEY_PARAM_PUB_KEY, point, k->len),
	    OSSL_PARAM_construct_end(),
	};
	return load_params("EC", params);
}

static EVP_PKEY *
load_rsa(const struct public_key *k)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	BIGNUM *n = BN_bin2bn(k->raw, k->len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (!n || !build ||
	    !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) ||
	    !OSSL_PARAM_BLD_push_uint32(
		build, OSSL_PKEY_PARAM_RSA_E, k->rsa_exponent))
		goto out;
	params = OSSL_PARAM_BLD_to_param(build);
	if (params)
		pkey = load_params("RSA", params);
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	return pkey;
}

/* The form was checked before, so only the point itself can be wrong. Where
 * memory ran out in the middle OpenSSL says that, too. */
int
key_load_blame(struct err *e)
{
	bool point = false, memory = false;
	unsigned long code;
	while ((code = ERR_get_error()) != 0) {
		int reason = ERR_GET_REASON(code);
		memory |= reason == ERR_R_MALLOC_FAILURE;
		point |= ERR_GET_LIB(code) == ERR_LIB_EC &&
			 (reason == EC_R_POINT_IS_NOT_ON_CURVE ||
			     reason == EC_R_INVALID_ENCODING);
	}
	if (point && !memory)
		return err_set(e, ERR_BAD_CSR, "csr",
		    "SEC 1, 3.2.2: the key is a point off its curve");
	return err_set(e, ERR_INTERNAL, "", "a public key can not be loaded");
}

int
public_key_load(const struct public_key *k, EVP_PKEY **out, struct err *e)
{
	*out = NULL;
	if (public_key_check(k, e))
		return -1;
	const struct key_kind *kind = key_kind(k->type);
	if (kind->family == KEY_FAMILY_EC)
		*out = load_ec(k, kind);
	else if (kind->family == KEY_FAMILY_RSA)
		*out = load_rsa(k);
	else
		*out = EVP_PKEY_new_raw_public_key_ex(
		    NULL, "ED25519", NULL, k->raw, k->len);
	if (*out)
		return 0;
	return key_load_blame(e);
}

/* A number of the key, as exactly len bytes; 0 for as many as it takes.
 * Returns the bytes written, or 0. */
static size_t
number_get(
    EVP_PKEY *pkey, const char *name, uint8_t *to, size_t len, size_t room)
{
	BIGNUM *n = NULL;
	size_t got = 0;
	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		return 0;
	size_t need = len > 0 ? len : (size_t)BN_num_bytes(n);
	if (need <= room && BN_bn2binpad(n, to, (int)need) > 0)
		got = need;
	BN_free(n);
	return got;
}

/* By its coordinates: the encoded point may be compressed where the key's file
 * said so. */
static int
read_ec(EVP_PKEY *pkey, struct public_key *out)
{
	char group[32] = "";
	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return -1;
	int nid = OBJ_txt2nid(group);
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++) {
		const struct key_kind *kind = key_kind((enum key_type)t);
		if (kind->family != KEY_FAMILY_EC || kind->curve_nid != nid)
			continue;
		size_t side = (size_t)(kind->raw_len - 1) / 2;
		out->type = (enum key_type)t;
		out->len = kind->raw_len;
		out->raw[0] = 4;
		bool ok = number_get(pkey, OSSL_PKEY_PARAM_EC_PUB_X,
			      out->raw + 1, side, side) == side &&
			  number_get(pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
			      out->raw + 1 + side, side, side) == side;
		return ok ? 0 : -1;
	}
	return -1;
}

static int
read_rsa(EVP_PKEY *pkey, struct public_key *out)
{
	uint8_t exponent[4];
	size_t len = number_get(
	    pkey, OSSL_PKEY_PARAM_RSA_N, out->raw, 0, sizeof(out->raw));
	if (len == 0 ||
	    !number_get(pkey, OSSL_PKEY_PARAM_RSA_E, exponent, 4, 4))
		return -1;
	out->len = (uint16_t)len;
	for (unsigned i = 0; i < 4; i++)
		out->rsa_exponent = out->rsa_exponent << 8 | exponent[i];
	return key_kind_of_rsa((size_t)EVP_PKEY_get_bits(pkey), &out->type);
}

static int
read_any(EVP_PKEY *pkey, struct public_key *out)
{
	size_t len = sizeof(out->raw);
	if (EVP_PKEY_is_a(pkey, "EC"))
		return read_ec(pkey, out);
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return read_rsa(pkey, out);
	if (!EVP_PKEY_is_a(pkey, "ED25519") ||
	    EVP_PKEY_get_raw_public_key(pkey, out->raw, &len) != 1)
		return -1;
	out->type = KEY_ED25519;
	out->len = (uint16_t)len;
	return 0;
}

/* A key of an engine (in a token) has not all of the parameters above, but an
 * encoding. */
static int
read_encoded(EVP_PKEY *pkey, struct public_key *out)
{
	struct err e = ERR_INIT;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		return -1;
	int rc = public_key_parse((struct bytes){der, (size_t)len}, out, &e);
	OPENSSL_free(der);
	return rc;
}

int
public_key_of(EVP_PKEY *pkey, struct public_key *out, struct err *e)
{
	struct err why = ERR_INIT;
	memset(out, 0, sizeof(*out));
	if (EVP_PKEY_get0_provider(pkey) ? read_any(pkey, out)
					 : read_encoded(pkey, out)) {
		ERR_clear_error();
		return err_set(
		    e, ERR_INTERNAL, "", "key: not of a type that we use");
	}
	if (public_key_check(out, &why))
		return err_set(e, ERR_INTERNAL, "", "%s", why.message);
	return 0;
}
