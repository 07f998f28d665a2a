/*
 * A whole packet, done by a signer whose key is open: whatever is asked, what
 * comes back is a reply, and a certificate in it is no authority's. The input
 * is that of message_request; its dates count from DATES_FROM, so that a
 * corpus does not grow old.
 */
#include <openssl/x509v3.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/file.h"
#include "ca/base/log.h"
#include "ca/signer/ops.h"
#include "tests/fuzz/fuzz.h"

#define PASS       "correct horse battery"
#define DATES_FROM 1767225600 /* 2026-01-01 */
#define FILE_MAX   512

static struct signer signer = {.check_ec = 1};

/* The authority lives in memory from here on. */
static void
remove_files(const char *dir)
{
	static const char *const names[] = {
	    "ca.key", "ca.crt", "escrow.key", "escrow.pub"};
	char path[FILE_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLAIM(file_path(path, sizeof(path), dir, names[i]) == 0);
		CLAIM(unlink(path) == 0);
	}
	CLAIM(rmdir(dir) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char dir[] = "/tmp/fuzz-authority-XXXXXX";
	struct authority_plan plan = {
	    .dir = dir, .key_type = KEY_EC_P256, .days = 4000};
	struct secret *pass = secret_new(PASS, strlen(PASS));
	struct err e = ERR_INIT;

	(void)argc, (void)argv;
	log_set_level(LOG_LEVEL_ERROR);
	CLAIM(pass != NULL && mkdtemp(dir) != NULL);
	CLAIM(authority_create(&plan, pass, &e) == 0);
	CLAIM(authority_load(dir, &signer.authority, &e) == 0);
	CLAIM(authority_unlock(signer.authority, secret_bytes(pass), &e) == 0);
	profile_set_init(&signer.profiles);
	remove_files(dir);
	secret_free(pass);
	return 0;
}

/* Wraps around like the wire's unsigned numbers do. */
static int64_t
move_date(int64_t seconds)
{
	uint64_t by = (uint64_t)(clock_now_ms() / 1000 - DATES_FROM);

	return (int64_t)((uint64_t)seconds + by);
}

static void
check_issued(struct bytes der)
{
	const unsigned char *at = der.data;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	CLAIM(x != NULL && at == der.data + der.len);
	CLAIM(X509_check_ca(x) == 0);
	CLAIM((X509_get_key_usage(x) &
		  (X509v3_KU_KEY_CERT_SIGN | X509v3_KU_CRL_SIGN)) == 0);
	CLAIM(X509_get0_pubkey(x) != NULL);
	X509_free(x);
}

static void
handle(const struct signer_request *m)
{
	static struct signer_reply r;
	struct err e = ERR_INIT;
	struct buf packet, reply;

	buf_init(&packet, MESSAGE_MAX);
	buf_init(&reply, MESSAGE_MAX);
	CLAIM(message_request_encode(m, &packet, &e) == 0);
	CLAIM(ops_handle(&signer, buf_bytes(&packet), &reply) == 0);
	CLAIM(message_reply_decode(buf_bytes(&reply), &r) == 0);
	CLAIM(r.id == m->id && r.open);
	CLAIM(r.err.kind == ERR_NONE || r.payload.len == 0);
	if (m->op == SIGNER_ISSUE && r.err.kind == ERR_NONE)
		check_issued(r.payload);
	buf_clear(&reply);
	buf_clear(&packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct signer_request m;

	if (message_request_decode((struct bytes){data, size}, &m) != 0)
		return 0;
	m.fields.not_before_s = move_date(m.fields.not_before_s);
	m.fields.not_after_s = move_date(m.fields.not_after_s);
	handle(&m);
	return 0;
}
