/* One local entity's request, from its key to the pipeline. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "ca/base/clock.h"
#include "service/local/internal.h"

#define BACKDATE_S 300
#define DAY_S      86400

/* No door leads here: the service alone asks, and no passphrase is needed
 * while the key is open (the signer holds the profile to its one name). */
static const struct verb local_verb = {
    .word = "local",
    .needs = NEEDS_SIGNATURE,
};

/* "dns:localhost,ip:127.0.0.1" */
static int
add_names(const char *list, struct san_list *sans, struct err *e)
{
	const char *at = list;

	while (*at != '\0') {
		size_t n = strcspn(at, ",");

		if (n > 0 &&
		    san_list_add(
			sans, (struct bytes){(const uint8_t *)at, n}, e) != 0)
			return -1;
		at += n + (at[n] == ',');
	}
	return 0;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
plan(struct local *l, enum local_entity n, struct request *r, struct err *e)
{
	const struct authority_view *v = pipeline_view(l->pipeline);
	struct certificate_fields *f = &r->plan;
	int64_t now = clock_now_ms() / 1000;

	r->rule = profile_find(&v->profiles, local_profile(n));
	if (r->rule == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "no profile \"%s\"",
		    local_profile(n));
	if (n == LOCAL_BROKER &&
	    add_names(l->config->broker_names, &f->sans, e) != 0)
		return -1;
	if (serial_new(&f->serial, e) != 0 ||
	    public_key_of(l->key, &f->key, e) != 0)
		return -1;
	f->not_before_s = now - BACKDATE_S;
	f->not_after_s =
	    earlier(now + (int64_t)l->config->local_days * DAY_S - BACKDATE_S,
		v->not_after_s);
	if (policy_apply(r->rule, &r->name, f, e) != 0)
		return -1;
	return policy_check(r->rule, &r->name, f, v->not_after_s, e);
}

/* What the store will hold; a digest that no other request has. */
static int
fill_result(struct request *r, struct err *e)
{
	struct store_certificate *c = &r->result;

	if (RAND_bytes(r->digest, sizeof(r->digest)) != 1)
		return err_openssl(e, "random digest");
	c->name = r->name;
	c->serial = c->key_serial = r->plan.serial;
	c->not_before_s = r->plan.not_before_s;
	c->not_after_s = r->plan.not_after_s;
	c->created_ms = clock_now_ms();
	snprintf(c->profile, sizeof(c->profile), "%s", r->rule->name);
	snprintf(c->door, sizeof(c->door), "%s", door_word(DOOR_LOCAL));
	c->subject = r->plan.subject;
	c->sans = r->plan.sans;
	memcpy(c->request, r->digest, sizeof(c->request));
	return public_key_hash(&r->plan.key, c->key_hash, e);
}

void
local_renew(struct local *l, enum local_entity n,
    void (*answered)(void *arg, struct request *r, const struct err *e))
{
	struct request r;
	struct err e = ERR_INIT;

	request_init(&r);
	r.verb = &local_verb;
	r.door = DOOR_LOCAL;
	snprintf(r.name.text, sizeof(r.name.text), "%s", local_name(n));
	if (plan(l, n, &r, &e) != 0 || fill_result(&r, &e) != 0) {
		answered(l, &r, &e);
		request_clear(&r);
		return;
	}
	pipeline_submit_local(l->pipeline, &r, answered, l);
}
