#include "topics/issue.h"

#include <stdio.h>
#include <string.h>

#include "ca/base/clock.h"
#include "topics/json.h"

#define DAY_S 86400

static const char default_profile[] = "collector";

static int
find_profile(struct request *r, const struct authority_view *v, struct err *e)
{
	if (!request_has(r, FIELD_PROFILE))
		memcpy(r->profile, default_profile, sizeof(default_profile));
	r->rule = profile_find(&v->profiles, r->profile);
	if (r->rule == NULL || r->rule->local)
		return err_set(e, ERR_BAD_FIELD, "profile",
		    "there is no profile \"%s\"", r->profile);
	return 0;
}

/* A server may leave out its name: the host of its cn, "host" or "host/info",
 * is the name then, where it can be one. */
static void
take_name_of_cn(struct request *r)
{
	struct bytes host = bytes_of_text(r->subject.value[SUBJECT_CN]);
	struct err ignored = ERR_INIT;
	const uint8_t *slash;

	if (request_has(r, FIELD_NAME) || !r->rule->cn_is_host || host.len == 0)
		return;
	slash = memchr(host.data, '/', host.len);
	if (slash != NULL)
		host.len = (size_t)(slash - host.data);
	if (name_parse(host, &r->name, &ignored) == 0)
		request_set_answer_name(r, host);
}

static int
find_name(struct request *r, struct err *e)
{
	take_name_of_cn(r);
	if (r->name.text[0] == '\0')
		return err_set(e, ERR_BAD_FIELD, "name", "is required");
	if (policy_name_is_protected(r->name.text))
		return err_set(e, ERR_PROTECTED_NAME, "name",
		    "\"%s\" is the authority's own", r->name.text);
	return 0;
}

/* Whom the refusal of a field is for, if the others tell. */
static void
find_addressee(struct request *r, const struct authority_view *v)
{
	struct err ignored = ERR_INIT;

	if (find_profile(r, v, &ignored) == 0)
		take_name_of_cn(r);
}

int
issue_parse(struct request *r, const struct authority_view *v,
    struct bytes body, unsigned allowed, struct err *e)
{
	if (json_read_request(body, allowed, r, e) != 0) {
		find_addressee(r, v);
		return -1;
	}
	if (find_profile(r, v, e) != 0)
		return -1;
	return find_name(r, e);
}

int
issue_check_days(const struct request *r, unsigned max, struct err *e)
{
	if (!request_has(r, FIELD_DAYS))
		return err_set(e, ERR_BAD_FIELD, "days", "is required");
	if (r->days >= 1 && r->days <= max)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "days", "must be 1 to %u, got \"%s\"",
	    max, r->days_text);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
set_serial_and_dates(struct request *r, const struct authority_view *v,
    int64_t now, struct err *e)
{
	struct certificate_fields *f = &r->plan;

	if (r->resumes) {
		f->serial = r->intent.serial;
		f->not_before_s = r->intent.not_before_s;
		f->not_after_s = r->intent.not_after_s;
		return 0;
	}
	f->not_before_s = now - ISSUE_BACKDATE_S;
	/* The last second counts (RFC 5280, 4.1.2.5). */
	f->not_after_s =
	    earlier(now + (int64_t)r->days * DAY_S - 1, v->not_after_s);
	return serial_new(&f->serial, e);
}

static int
plan_fields(struct request *r, const struct authority_view *v, struct err *e)
{
	struct certificate_fields *f = &r->plan;
	int64_t now = clock_now_ms() / 1000;

	if (v->not_after_s <= now)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the authority's certificate has ended");
	if (set_serial_and_dates(r, v, now, e) != 0)
		return -1;
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
