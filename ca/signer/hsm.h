/*
 * The CA key in a hardware security module (PKCS #11), through OpenSSL's
 * engine "pkcs11" (Debian: libengine-pkcs11-openssl). The key never leaves the
 * token: what hsm_login gives is an EVP_PKEY whose signatures the token makes.
 *
 * A token locks itself after a few wrong PINs, often three. So a PIN goes to
 * the token only where the caller has reason to think it right (authority.c
 * opens the escrow key with it first), each call of hsm_login shows it at most
 * once, and after HSM_WRONG_PINS_MAX refusals no further one is shown until the
 * process is started again.
 *
 * The PIN that was right stays in libp11's memory (not on the secure heap)
 * until hsm_close. Not supported: tokens with a keypad of their own, and keys
 * that ask for the PIN at each signature (CKA_ALWAYS_AUTHENTICATE).
 *
 * What a sandbox must leave open, by strace of SoftHSM 2.6.1 with libp11
 * 0.4.12. Engine, module and their configuration are loaded in hsm_open, before
 * it. Afterwards, at the login and at each signature, beside what a signer
 * without a token does:
 *
 *	openat		TOKEN/generation, TOKEN/token.object, TOKEN/….object:
 *			O_RDONLY. After a PIN that the token refused, and at
 *			the first right one then, token.object O_RDWR|O_CREAT
 *			and token.lock O_WRONLY|O_CREAT|O_TRUNC
 *	fcntl		F_GETFL, F_SETLK, F_SETLKW: file locks
 *	newfstatat	with AT_EMPTY_PATH (fstat)
 *	lseek, ftruncate, and read, write, close
 *	getdents64	of TOKEN, where TOKEN/generation says that another
 *			process changed the token
 *	getpid		libp11 and SoftHSM look for a fork
 *	socket		AF_UNIX, for syslog(3) to /dev/log: of a refused PIN
 *			only. It may fail, but must not end the process: that
 *			would be started again, and show the token the PIN again
 *
 * TOKEN is a folder within hsm_folder(): to be read, written and made in, by
 * the user that the signer becomes. No program, no thread, no network. The
 * module of a device or of a network uses the descriptors that hsm_open left
 * (so it comes after harden_descriptors): recvmsg, sendmsg, poll, ioctl.
 */
#ifndef CA_SIGNER_HSM_H
#define CA_SIGNER_HSM_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "ca/base/buf.h"

#define HSM_WRONG_PINS_MAX 1   /* shown to the token by one process */
#define HSM_PIN_MAX        255 /* bytes */

struct hsm;

/* Whether uri is meant for hsm_open: it begins with "pkcs11:". */
bool hsm_uri_is(const char *uri);

/*
 * Loads the engine and the module (its path; NULL or "": the engine's own
 * choice, p11-kit) and finds the one token that the URI (RFC 7512) means.
 * Logs in nowhere, and shows no PIN to any token. Before the sandbox, before
 * any thread, and after OpenSSL is set up. One at a time in a process: a login
 * is the process's.
 *
 * The URI names the token (token, serial, model, manufacturer) and the key in
 * it (object, id; one at least). ERR_BAD_FIELD "ca_key" for one that says
 * anything else: no PIN stands in a URI, and no module.
 */
MUST_USE int hsm_open(
    const char *module, const char *uri, struct hsm **out, struct err *e);
/* Logs out. After EVP_PKEY_free of the key; NULL is fine. */
void hsm_close(struct hsm *h);

/*
 * Logs in and finds the private key. ERR_WRONG_PASS "pass" where the token
 * refuses the PIN, or would not be asked any more; ERR_INTERNAL where there is
 * no such key or the token has locked the PIN. The key is the caller's, good
 * until hsm_close, and signs in several threads at once. Not thread-safe
 * itself.
 */
MUST_USE int hsm_login(
    struct hsm *h, struct bytes pin, EVP_PKEY **key, struct err *e);

/* How many PINs the token has refused since hsm_open. */
unsigned hsm_wrong_pins(const struct hsm *h);

/*
 * The folder in which SoftHSM keeps its tokens, by its configuration
 * ($SOFTHSM2_CONF, else /etc/softhsm/softhsm2.conf); "" for any other module,
 * which keeps none of ours. For the sandbox's rule.
 */
MUST_USE int hsm_folder(
    const char *module, char *out, size_t size, struct err *e);

#endif
