/* OpenSSL 3 calls its engine interface deprecated, but on Debian 12 PKCS #11
 * has no other way in: this file alone uses it. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ca/signer/hsm.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/log.h"
#include "ca/signer/hsm_uri.h"

#define URI_MAX 512

/* What libp11 calls the module's own answers in OpenSSL's queue; their reason
 * is the CKR_… value (PKCS #11 2.40, 5.1). */
#define MODULE_ERRORS "PKCS#11 module"
enum answer {
	CKR_PIN_INCORRECT = 0xa0,
	CKR_PIN_INVALID = 0xa1,
	CKR_PIN_LEN_RANGE = 0xa2,
	CKR_PIN_EXPIRED = 0xa3,
	CKR_PIN_LOCKED = 0xa4
};

struct hsm {
	ENGINE *engine;
	bool initialized;  /* the engine: holds a functional reference */
	UI_METHOD *no_one; /* whom the engine may ask for a PIN */
	bool asked;        /* it would have */
	unsigned wrong_pins;
	EVP_PKEY *key; /* a reference to what hsm_login gave */
	char uri[URI_MAX];
};

/* The engine asks for a PIN once it has found the token, and only there. */
static int
refuse_to_ask(UI *ui)
{
	*(bool *)UI_get0_user_data(ui) = true;
	return 0;
}

/* Into the log. Returns what the module itself answered; 0: nothing. */
static int
drain_errors(const char *what)
{
	char text[256];
	unsigned long code;
	int answer = 0;

	while ((code = ERR_get_error()) != 0) {
		const char *library = ERR_lib_error_string(code);

		if (library != NULL && strcmp(library, MODULE_ERRORS) == 0)
			answer = ERR_GET_REASON(code);
		ERR_error_string_n(code, text, sizeof(text));
		log_warn(
		    "pkcs11", log_text("what", what), log_text("error", text));
	}
	return answer;
}

static int
command(ENGINE *engine, const char *name, const char *value)
{
	return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1 ? 0 : -1;
}

/* Not ENGINE_by_id("pkcs11"): that keeps the engine, with the PIN that it
 * remembers, and would show that to the token when it is opened again. And not
 * from where the environment says. */
static ENGINE *
find_engine(void)
{
	ENGINE *engine;

	ENGINE_load_dynamic();
	engine = ENGINE_by_id("dynamic");
	if (engine == NULL)
		return NULL;
	if (command(engine, "ID", "pkcs11") == 0 &&
	    command(engine, "DIR_LOAD", "2") == 0 &&
	    command(engine, "DIR_ADD",
		OPENSSL_info(OPENSSL_INFO_ENGINES_DIR)) == 0 &&
	    command(engine, "LOAD", NULL) == 0)
		return engine;
	ENGINE_free(engine);
	return NULL;
}

static int
start_engine(struct hsm *h, const char *module)
{
	/* Its messages would go to the log, and be no lines of it. */
	if (command(h->engine, "QUIET", NULL) != 0 ||
	    (module != NULL && module[0] != '\0' &&
		command(h->engine, "MODULE_PATH", module) != 0) ||
	    ENGINE_init(h->engine) != 1)
		return -1;
	h->initialized = true;
	return ENGINE_ctrl(h->engine, ENGINE_CTRL_SET_USER_INTERFACE, 0,
		   h->no_one, NULL) == 1
		   ? 0
		   : -1;
}

static int
load_engine(struct hsm *h, const char *module, struct err *e)
{
	h->engine = find_engine();
	if (h->engine == NULL) {
		(void)drain_errors("engine");
		return err_set(e, ERR_INTERNAL, "ca_key",
		    "OpenSSL has no engine pkcs11 (Debian: "
		    "libengine-pkcs11-openssl)");
	}
	h->no_one = UI_create_method("no one");
	if (h->no_one == NULL ||
	    UI_method_set_opener(h->no_one, refuse_to_ask) != 0 ||
	    start_engine(h, module) != 0)
		return err_openssl(e, "engine pkcs11");
	return 0;
}

/* Keys hold the engine and the engine its keys: so neither would ever end, nor
 * the login. */
static void
release_key(EVP_PKEY *key)
{
	if (key != NULL)
		(void)EVP_PKEY_set1_engine(key, NULL);
	EVP_PKEY_free(key);
}

/* The engine loads its module at the first object that is asked for. The
 * public key may be found without a PIN or not: the token is there if it was,
 * or if a PIN was asked for. */
static int
find_token(struct hsm *h, struct err *e)
{
	EVP_PKEY *public_key =
	    ENGINE_load_public_key(h->engine, h->uri, h->no_one, &h->asked);
	bool found = public_key != NULL || h->asked;

	release_key(public_key);
	if (found) {
		ERR_clear_error();
		return 0;
	}
	(void)drain_errors("token");
	return err_set(e, ERR_INTERNAL, "ca_key",
	    "the module cannot be loaded, or not one token is what the URI "
	    "says");
}

int
hsm_open(const char *module, const char *uri, struct hsm **out, struct err *e)
{
	struct hsm *h;

	if (hsm_uri_check(uri, URI_MAX - 1, e) != 0)
		return -1;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	memcpy(h->uri, uri, strlen(uri));
	if (load_engine(h, module, e) != 0 || find_token(h, e) != 0) {
		hsm_close(h);
		return -1;
	}
	*out = h;
	return 0;
}

void
hsm_close(struct hsm *h)
{
	if (h == NULL)
		return;
	release_key(h->key);
	if (h->initialized)
		ENGINE_finish(h->engine);
	ENGINE_free(h->engine);
	if (h->no_one != NULL)
		UI_destroy_method(h->no_one);
	free(h);
}

unsigned
hsm_wrong_pins(const struct hsm *h)
{
	return h->wrong_pins;
}

static int
refuse_pin(struct hsm *h, struct err *e)
{
	h->wrong_pins++;
	log_warn("wrong_pin", log_number("count", h->wrong_pins));
	return err_set(
	    e, ERR_WRONG_PASS, "pass", "is not the PIN of the token");
}

static int
explain(struct hsm *h, struct err *e)
{
	switch (drain_errors("login")) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return refuse_pin(h, e);
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
		return err_set(e, ERR_INTERNAL, NULL,
		    "the token does not take its PIN any more: expired or "
		    "locked");
	default:
		return err_set(e, ERR_INTERNAL, NULL,
		    "the token has no private key of that URI, or failed");
	}
}

/* As the engine takes it: NUL-terminated. */
static int
set_pin(struct hsm *h, struct bytes pin, struct err *e)
{
	char *text = OPENSSL_secure_zalloc(pin.len + 1);
	int rc;

	if (text == NULL)
		return err_set(e, ERR_BUSY, NULL, "no secure memory left");
	memcpy(text, pin.data, pin.len);
	rc = command(h->engine, "PIN", text);
	OPENSSL_secure_clear_free(text, pin.len + 1);
	return rc == 0 ? 0 : err_openssl(e, "the token's PIN");
}

int
hsm_login(struct hsm *h, struct bytes pin, EVP_PKEY **key, struct err *e)
{
	*key = NULL;
	if (h->wrong_pins >= HSM_WRONG_PINS_MAX)
		return err_set(e, ERR_WRONG_PASS, "pass",
		    "the token has refused the PIN: none is tried until the "
		    "signer is started again");
	if (pin.len == 0 || pin.len > HSM_PIN_MAX ||
	    memchr(pin.data, '\0', pin.len) != NULL)
		return err_set(
		    e, ERR_WRONG_PASS, "pass", "is not the PIN of the token");
	/* Without FORCE_LOGIN a key that the token shows to everybody would
	 * be found with any PIN. */
	if (command(h->engine, "FORCE_LOGIN", NULL) != 0)
		return err_openssl(e, "the token's PIN");
	if (set_pin(h, pin, e) != 0)
		return -1;
	*key = ENGINE_load_private_key(h->engine, h->uri, h->no_one, &h->asked);
	(void)!command(h->engine, "PIN", ""); /* wipes one of its two copies */
	if (*key == NULL)
		return explain(h, e);
	if (h->key == NULL && EVP_PKEY_up_ref(*key) == 1)
		h->key = *key;
	return 0;
}
