/* One local entity's request, from its key to the pipeline. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "service/local/internal.h"
#include "topics/issue.h"

/* No door leads here: the service alone asks, and no passphrase is needed
 * while the key is open (the signer holds the profile to its one name). */
static const struct verb local_verb = {
    .word = "local",
    .needs = NEEDS_SIGNATURE,
};

/* What a verb's parse does for the requests of a door. The digest is one that
 * no other request has. */
static int
fill(struct local *l, enum local_entity n, struct request *r, struct err *e)
{
	const struct authority_view *v = pipeline_view(l->pipeline);

	r->rule = profile_find(&v->profiles, local_profile(n));
	if (r->rule == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "no profile \"%s\"",
		    local_profile(n));
	if (n == LOCAL_BROKER &&
	    san_list_add_all(&r->plan.sans, l->config->broker_names, e) != 0)
		return -1;
	if (public_key_of(l->key, &r->plan.key, e) != 0)
		return -1;
	r->days = l->config->local_days;
	if (RAND_bytes(r->digest, sizeof(r->digest)) != 1)
		return err_openssl(e, "random digest");
	return issue_plan(r, v, e);
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
	if (fill(l, n, &r, &e) != 0) {
		answered(l, &r, &e);
		request_clear(&r);
		return;
	}
	pipeline_submit_local(l->pipeline, &r, answered, l);
}
