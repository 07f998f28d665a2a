/* Health: 200 while certificates can be issued, 503 with the reasons if not. */
#include "topics/json.h"
#include "topics/verbs.h"

const char *
health_word(const struct health *h)
{
	if (!h->ledger_healthy || !h->store_healthy || !h->signer_healthy)
		return "failing";
	if (!h->open)
		return "locked";
	return h->broker_configured && !h->broker_connected ? "degraded" : "ok";
}

/* Degraded still signs, for whoever comes by the other door. */
static bool
can_sign(const struct health *h)
{
	return h->ledger_healthy && h->store_healthy && h->signer_healthy &&
	       h->open;
}

int
health_answer(const struct request *r, const struct authority_view *v,
    const struct health *h, struct answer *a, struct err *e)
{
	(void)r, (void)v;
	a->status = can_sign(h) ? 200 : 503;
	json_write_health(h, &a->body);
	return buf_check(&a->body, "answer", e);
}
