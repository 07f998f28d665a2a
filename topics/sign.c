/*
 * Sign: the next certificate of an entity that is known, for the key that it
 * has; or one for the key of a request (csr), which enters an entity that is
 * new. Subject and names stay the entity's own.
 */
#include <stdlib.h>
#include <string.h>

#include "topics/issue.h"
#include "topics/verbs.h"

#define ALLOWED                                                                \
	(1u << FIELD_NAME | 1u << FIELD_DAYS | 1u << FIELD_PASS |              \
	    1u << FIELD_CSR | 1u << FIELD_PROFILE)

int
sign_parse(struct request *r, const struct authority_view *v, struct bytes body,
    struct bytes path_name, struct err *e)
{
	unsigned days_max;

	(void)path_name;
	if (issue_parse(r, v, body, ALLOWED, e) != 0)
		return -1;
	/* Without a profile it is the entity's, which is looked up later. */
	days_max = request_has(r, FIELD_PROFILE)
		       ? r->rule->days_max
		       : profile_days_max(&v->profiles);
	if (issue_check_days(r, days_max, e) != 0)
		return -1;
	return request_digest(r, e);
}

/* An entity keeps its profile; a request may only repeat it. */
static int
keep_profile(struct request *r, const struct authority_view *v, struct err *e)
{
	if (request_has(r, FIELD_PROFILE) &&
	    strcmp(r->profile, r->last.profile) != 0)
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "\"%s\" has the profile \"%s\"", r->name.text,
		    r->last.profile);
	r->rule = profile_find(&v->profiles, r->last.profile);
	if (r->rule == NULL)
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "the entity's profile \"%s\" is gone from the "
		    "configuration",
		    r->last.profile);
	return 0;
}

/* The attributes of a new entity that its profile takes from a request. */
static void
take_subject(struct request *r, const struct csr *csr)
{
	for (int a = 0; a < SUBJECT_COUNT; a++)
		if (r->rule->csr_subject & 1u << a)
			memcpy(r->plan.subject.value[a], csr->subject.value[a],
			    sizeof(csr->subject.value[a]));
	if (r->rule->san_allowed)
		r->plan.sans = csr->sans;
}

static int
take_csr(struct request *r, struct csr *csr, struct err *e)
{
	if (csr_parse(buf_bytes(&r->csr_text), csr, e) != 0)
		return -1;
	if (!(r->rule->key_types & 1u << csr->key.type))
		return err_set(e, ERR_BAD_CSR, "csr",
		    "profile \"%s\" does not take keys of type %s",
		    r->rule->name, key_type_word(csr->key.type));
	if (csr_verify(csr, e) != 0)
		return -1;
	r->plan.key = csr->key;
	if (!r->known)
		take_subject(r, csr);
	return 0;
}

static int
key_of_csr(struct request *r, struct err *e)
{
	struct csr *csr = malloc(sizeof(*csr)); /* too large for a stack */
	int rc;

	if (csr == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	rc = take_csr(r, csr, e);
	free(csr);
	return rc;
}

static int
key_of_last(struct request *r, struct err *e)
{
	struct certificate_summary s;

	if (certificate_summarize(buf_bytes(&r->last.der), &s, e) != 0)
		return -1;
	r->plan.key = s.key;
	return 0;
}

/* Where a policy refuses what came in the csr, the csr is at fault: the request
 * has no such field. */
static int
blame_csr(const struct request *r, struct err *e)
{
	char message[sizeof(e->message)];

	if (r->known || e->kind != ERR_BAD_FIELD ||
	    strcmp(e->field, "days") == 0 || strcmp(e->field, "name") == 0)
		return -1;
	memcpy(message, e->message, sizeof(message));
	return err_set(e, ERR_BAD_CSR, "csr", "%s", message);
}

static int
find_rule(struct request *r, const struct authority_view *v, struct err *e)
{
	if (!r->known && !request_has(r, FIELD_CSR))
		return err_set(e, ERR_UNKNOWN_NAME, "name",
		    "\"%s\" was never created; send a csr", r->name.text);
	if (r->known && keep_profile(r, v, e) != 0)
		return -1;
	return issue_check_days(r, r->rule->days_max, e);
}

int
sign_prepare(struct request *r, const struct authority_view *v, struct err *e)
{
	if (find_rule(r, v, e) != 0)
		return -1;
	if (r->known) {
		r->plan.subject = r->last.subject;
		r->plan.sans = r->last.sans;
	}
	if ((request_has(r, FIELD_CSR) ? key_of_csr(r, e)
				       : key_of_last(r, e)) != 0)
		return -1;
	if (issue_plan(r, v, e) != 0)
		return blame_csr(r, e);
	if (!request_has(r, FIELD_CSR))
		r->result.key_serial = r->last.key_serial;
	return 0;
}
