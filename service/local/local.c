#include "service/local/local.h"

#include <stdlib.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/local/internal.h"

#define DAY_S 86400

static const struct {
	const char *name;
	const char *profile;
} entities[LOCAL_COUNT] = {
    [LOCAL_BROKER] = {"broker", "broker"},
    [LOCAL_SERVICE] = {"ssl", "service"},
};

const char *
local_name(enum local_entity n)
{
	return entities[n].name;
}

const char *
local_profile(enum local_entity n)
{
	return entities[n].profile;
}

static void
check_end(struct local *l, const struct err *e)
{
	EVP_PKEY_free(l->key);
	l->key = NULL;
	l->checking = false;
	if (e != NULL)
		log_warn("local_check", log_text("name", local_name(l->at)),
		    log_text("error", err_word(e->kind)),
		    log_text("message", e->message));
	l->handler.on_checked(l->handler.arg, e);
}

static void check_entity(struct local *l);

static void
check_next(struct local *l)
{
	EVP_PKEY_free(l->key);
	l->key = NULL;
	if (++l->at == LOCAL_COUNT) {
		l->at = LOCAL_BROKER;
		check_end(l, NULL);
		return;
	}
	check_entity(l);
}

static int
entity_save(struct local *l, const struct request *r, struct err *e)
{
	if (l->key_is_new && local_key_save(l, l->at, l->key, e) != 0)
		return -1;
	return local_certificate_save(l, l->at, buf_bytes(&r->result.der), e);
}

static void
on_issued(void *arg, struct request *r, const struct err *e)
{
	struct local *l = arg;
	struct err local_err = ERR_INIT;

	if (e == NULL && entity_save(l, r, &local_err) != 0)
		e = &local_err;
	if (e != NULL) {
		check_end(l, e);
		return;
	}
	l->not_after_s[l->at] = r->result.not_after_s;
	log_info("local_renewed", log_text("name", local_name(l->at)));
	if (l->at == LOCAL_BROKER)
		l->handler.on_broker_changed(l->handler.arg);
	else
		l->handler.on_service_changed(l->handler.arg);
	check_next(l);
}

static void
check_entity(struct local *l)
{
	int64_t now = clock_now_ms() / 1000;
	int64_t margin = (int64_t)l->config->local_renew_days * DAY_S;
	struct err e = ERR_INIT;

	if (local_key_load(l, l->at, &l->key, &l->key_is_new, &e) != 0) {
		check_end(l, &e);
		return;
	}
	l->not_after_s[l->at] = local_certificate_end(l, l->at, l->key);
	if (l->not_after_s[l->at] - now >= margin)
		check_next(l);
	else
		local_renew(l, l->at, on_issued);
}

static void
on_authority(struct local *l, const struct err *e)
{
	if (e != NULL)
		log_warn("authority_renewal", log_text("message", e->message));
	else
		l->handler.on_authority_changed(l->handler.arg);
	check_entity(l);
}

void
local_check(struct local *l)
{
	if (l->checking)
		return;
	l->checking = true;
	l->at = LOCAL_BROKER;
	if (channel_is_open(l->channel) && local_authority_is_due(l))
		local_authority_renew(l, on_authority);
	else
		check_entity(l);
}

int64_t
local_not_after_s(const struct local *l)
{
	int64_t a = l->not_after_s[LOCAL_BROKER];
	int64_t b = l->not_after_s[LOCAL_SERVICE];

	return a < b ? a : b;
}

int
local_open(const struct config *c, struct pipeline *p, struct channel *channel,
    struct ledger *ledger, struct mailbox *mailbox,
    const struct local_handler *h, struct local **out, struct err *e)
{
	struct local *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	l->config = c;
	l->pipeline = p;
	l->channel = channel;
	l->ledger = ledger;
	l->mailbox = mailbox;
	l->handler = *h;
	*out = l;
	return 0;
}

void
local_close(struct local *l)
{
	if (l == NULL)
		return;
	EVP_PKEY_free(l->key);
	free(l);
}
