/* Create: a key made here, a certificate for it, both in the answer. The key is
 * kept sealed: only the signer can open it again. */
#include <string.h>

#include "ca/signer/message.h"
#include "topics/issue.h"
#include "topics/verbs.h"

#define ALLOWED ((1u << FIELD_COUNT) - 1 - (1u << FIELD_CSR))

static void
fill_defaults(struct request *r, const struct authority_view *v)
{
	for (int a = 0; a < SUBJECT_COUNT; a++)
		if (r->subject.value[a][0] == '\0')
			memcpy(r->subject.value[a], v->defaults.value[a],
			    sizeof(v->defaults.value[a]));
	if (!request_has(r, FIELD_KEY_TYPE))
		r->key_type = v->default_key_type;
}

static int
check_key_type(const struct request *r, struct err *e)
{
	if (r->rule->key_types & 1u << r->key_type)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "key_type",
	    "profile \"%s\" does not take keys of type %s", r->rule->name,
	    key_type_word(r->key_type));
}

static int
check_san(const struct request *r, struct err *e)
{
	if (r->rule->san_allowed || r->sans.count == 0)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "san", "profile \"%s\" takes no names",
	    r->rule->name);
}

int
create_parse(struct request *r, const struct authority_view *v,
    struct bytes body, struct bytes path_name, struct err *e)
{
	(void)path_name;
	if (issue_parse(r, v, body, ALLOWED, e) != 0 ||
	    issue_check_days(r, r->rule->days_max, e) != 0 ||
	    request_digest(r, e) != 0)
		return -1;
	fill_defaults(r, v);
	if (check_key_type(r, e) != 0)
		return -1;
	return check_san(r, e);
}

static int
seal_key(struct request *r, const struct authority_view *v, EVP_PKEY *key,
    struct err *e)
{
	if (private_key_pem(key, &r->key_pem, e) != 0)
		return -1;
	return sealed_key_make(v->escrow_public_key, &r->name, &r->plan.serial,
	    r->key_pem, &r->result.sealed_key, e);
}

int
create_prepare(struct request *r, const struct authority_view *v, struct err *e)
{
	EVP_PKEY *key = NULL;
	int rc;

	r->plan.subject = r->subject;
	r->plan.sans = r->sans;
	if (private_key_new(r->key_type, &key, e) != 0)
		return -1;
	rc = public_key_of(key, &r->plan.key, e);
	if (rc == 0)
		rc = issue_plan(r, v, e);
	if (rc == 0)
		rc = seal_key(r, v, key, e);
	EVP_PKEY_free(key);
	return rc;
}
