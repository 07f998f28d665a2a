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

/* Nobody vouches for what the service says of its own: its names are those that
 * the signer read at its start. */
static int
check_local_names(const struct signer *s, const struct profile *p,
    const struct certificate_fields *fields, struct err *e)
{
	for (size_t i = 0; p->local && i < fields->sans.count; i++)
		if (!san_list_has(&s->local_names, &fields->sans.item[i]))
			return err_set(e, ERR_BAD_FIELD, "san",
			    "\"%s\" is none of the configured names",
			    fields->sans.item[i].text);
	return 0;
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
	if (policy_check(p, name, fields, issuer_not_after_s, e) != 0)
		return -1;
	return public_key_check_point(&fields->key, e);
}

/* One faulty signature gives an RSA key away. With ECDSA it takes more than
 * one, so that a sample is enough to find a machine that errs. */
static bool
is_to_be_checked(struct signer *s, const struct issuer *issuer)
{
	if (EVP_PKEY_is_a(issuer->key, "RSA") || atomic_load(&s->erred))
		return true;
	return s->check_ec > 0 &&
	       atomic_fetch_add(&s->issued, 1) % s->check_ec == 0;
}

static int
issue(struct signer *s, const struct issuer *issuer,
    const struct certificate_fields *fields, struct buf *out, struct err *e)
{
	if (certificate_issue(issuer, fields, out, e) != 0)
		return -1;
	if (!is_to_be_checked(s, issuer) ||
	    check_signature(buf_bytes(out), issuer, e) == 0)
		return 0;
	atomic_store(&s->erred, true);
	return -1;
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
	    check_local_names(s, p, &fields, e) != 0 ||
	    authority_issuer(s->authority, &issuer, e) != 0)
		return -1;
	if (check_fields(p, &issuer, &m->name, &fields, e) == 0)
		rc = issue(s, &issuer, &fields, payload, e);
	issuer_release(&issuer);
	return rc;
}
