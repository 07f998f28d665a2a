#include "ca/signer/checks.h"
#include "ca/signer/ops.h"

/* The authority's own entities need no passphrase while the key is open:
 * nobody is there to give one when their certificates run out. */
static int
check_pass(struct signer *s, const struct profile *p,
    const struct signer_request *m, struct err *e)
{
	return p->local ? 0 : authority_unlock(s->authority, m->pass, e);
}

static int
check_fields(const struct profile *p, const struct issuer *issuer,
    const struct name *name, struct certificate_fields *fields, struct err *e)
{
	int64_t issuer_not_after_s;

	if (issuer_not_after(issuer, &issuer_not_after_s, e) != 0 ||
	    check_start(fields->not_before_s, e) != 0 ||
	    policy_apply(p, name, fields, e) != 0)
		return -1;
	return policy_check(p, name, fields, issuer_not_after_s, e);
}

static int
issue(const struct issuer *issuer, const struct certificate_fields *fields,
    struct buf *out, struct err *e)
{
	if (certificate_issue(issuer, fields, out, e) != 0)
		return -1;
	if (!EVP_PKEY_is_a(issuer->key, "RSA"))
		return 0;
	return check_signature(buf_bytes(out), issuer, e);
}

int
op_issue(struct signer *s, const struct signer_request *m, struct buf *payload,
    struct err *e)
{
	const struct profile *p = profile_find(&s->profiles, m->profile);
	struct certificate_fields fields = m->fields;
	struct issuer issuer;
	int rc = -1;

	if (p == NULL)
		return err_set(e, ERR_BAD_FIELD, "profile", "is not known");
	if (check_pass(s, p, m, e) != 0 ||
	    authority_issuer(s->authority, &issuer, e) != 0)
		return -1;
	if (check_fields(p, &issuer, &m->name, &fields, e) == 0)
		rc = issue(&issuer, &fields, payload, e);
	issuer_release(&issuer);
	return rc;
}
