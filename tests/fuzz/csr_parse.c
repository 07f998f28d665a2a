/* Certificate signing requests, as PEM or base 64 and as DER. */
#include "ca/x509/csr.h"
#include "tests/fuzz/fuzz.h"

/* What was accepted is in form, and is read the same way again. */
static void
check(const struct csr *csr)
{
	static struct csr again;
	struct err e = ERR_INIT;

	CLAIM(public_key_check(&csr->key, &e) == 0);
	CLAIM(subject_check(&csr->subject, &e) == 0);
	CLAIM(san_list_check(&csr->sans, &e) == 0);
	CLAIM(csr->der_len <= CSR_DER_MAX);
	CLAIM(csr_parse_der(
		  (struct bytes){csr->der, csr->der_len}, &again, &e) == 0);
	CLAIM(memcmp(&again.key, &csr->key, sizeof(again.key)) == 0);
	CLAIM(csr_verify(csr, &e) == 0 || e.kind == ERR_BAD_CSR);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct csr csr;
	struct err e = ERR_INIT;

	if (csr_parse((struct bytes){data, size}, &csr, &e) == 0)
		check(&csr);
	else
		CLAIM(e.kind == ERR_BAD_CSR);
	e = (struct err)ERR_INIT;
	if (csr_parse_der((struct bytes){data, size}, &csr, &e) == 0)
		check(&csr);
	else
		CLAIM(e.kind == ERR_BAD_CSR);
	return 0;
}
