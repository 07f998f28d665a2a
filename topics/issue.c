#include "topics/issue.h"

#include <stdio.h>
#include <string.h>

#include "ca/base/clock.h"
#include "topics/json.h"

/* Clients' clocks are slow: valid from a little before now. */
#define BACKDATE_S 300
#define DAY_S      86400

static const char default_profile[] = "collector";

static int
find_profile(struct request *r, const struct authority_view *v, struct err *e)
{
	if (r->profile[0] == '\0')
		memcpy(r->profile, default_profile, sizeof(default_profile));
	r->rule = profile_find(&v->profiles, r->profile);
	if (r->rule == NULL || r->rule->local)
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "there is no profile \"%s\"", r->profile);
	return 0;
}

/* A server may leave out its name: cn "host" or "host/info" gives it. */
static int
find_name(struct request *r, struct err *e)
{
	const char *cn = r->subject.value[SUBJECT_CN];
	struct bytes host = bytes_of_text(cn);
	const char *slash = strchr(cn, '/');

	if (r->fields & (1u << FIELD_NAME))
		return 0;
	if (!r->rule->cn_is_host || cn[0] == '\0')
		return err_set(e, ERR_BAD_FIELD, "name", "is required");
	if (slash != NULL)
		host.len = (size_t)(slash - cn);
	if (name_parse(host, &r->name, e) != 0)
		return err_set(e, ERR_BAD_FIELD, "cn",
		    "\"host/info\" must begin with a host name");
	memcpy(r->answer_name, r->name.text, sizeof(r->answer_name));
	return 0;
}

static int
check_name(const struct request *r, struct err *e)
{
	if (!policy_name_is_protected(r->name.text))
		return 0;
	return err_set(e, ERR_PROTECTED_NAME, "name",
	    "\"%s\" is the authority's own", r->name.text);
}

static int
check_days(const struct request *r, struct err *e)
{
	if (!(r->fields & (1u << FIELD_DAYS)))
		return err_set(e, ERR_BAD_FIELD, "days", "is required");
	if (r->days >= 1 && r->days <= r->rule->days_max)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "days", "must be 1 to %u, got \"%u\"",
	    r->rule->days_max, r->days);
}

int
issue_parse(struct request *r, const struct authority_view *v,
    struct bytes body, unsigned allowed, struct err *e)
{
	if (json_read_request(body, allowed, r, e) != 0 ||
	    find_profile(r, v, e) != 0 || find_name(r, e) != 0 ||
	    check_name(r, e) != 0 || check_days(r, e) != 0)
		return -1;
	return request_digest(r, e);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
plan_fields(struct request *r, const struct authority_view *v, struct err *e)
{
	struct certificate_fields *f = &r->plan;
	int64_t now = clock_now_ms() / 1000;

	if (serial_new(&f->serial, e) != 0)
		return -1;
	f->not_before_s = now - BACKDATE_S;
	f->not_after_s =
	    earlier(now + (int64_t)r->days * DAY_S, v->not_after_s);
	if (policy_apply(r->rule, &r->name, f, e) != 0)
		return -1;
	return policy_check(r->rule, &r->name, f, v->not_after_s, e);
}

static int
fill_result(struct request *r, struct err *e)
{
	struct store_certificate *c = &r->result;
	const struct certificate_fields *f = &r->plan;

	c->name = r->name;
	c->serial = f->serial;
	c->key_serial = f->serial;
	c->not_before_s = f->not_before_s;
	c->not_after_s = f->not_after_s;
	c->created_ms = clock_now_ms();
	snprintf(c->profile, sizeof(c->profile), "%s", r->rule->name);
	snprintf(c->door, sizeof(c->door), "%s", door_word(r->door));
	c->subject = f->subject;
	c->sans = f->sans;
	memcpy(c->request, r->digest, sizeof(c->request));
	return public_key_hash(&f->key, c->key_hash, e);
}

int
issue_plan(struct request *r, const struct authority_view *v, struct err *e)
{
	if (plan_fields(r, v, e) != 0)
		return -1;
	return fill_result(r, e);
}

int
issue_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e)
{
	struct bytes key = {NULL, 0};

	(void)h;
	if (r->key_pem != NULL)
		key = secret_bytes(r->key_pem);
	a->status = r->repeated ? 200 : 201;
	json_write_issued(
	    buf_bytes(&v->pem), key, buf_bytes(&r->result.der), r, &a->body);
	return buf_check(&a->body, "answer", e);
}
