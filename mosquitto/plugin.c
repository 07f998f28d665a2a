/*
 * The broker's side of revocation, a plugin of Mosquitto 2.0 (interface
 * version 5). It runs in the broker's one thread and holds no key. A client's
 * user name is what its certificate says; a certificate whose serial number is
 * revoked does not get in, and a session that is up ends when the service says
 * so. Only the service may say so: the session whose certificate names it.
 */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "mosquitto/control.h"
#include "mosquitto/options.h"
#include "mosquitto/sessions.h"

#define CONTROL_TOPIC  "$CONTROL/ms_ssl/v1"
#define RESPONSE_TOPIC CONTROL_TOPIC "/response"
#define ANSWER_MAX     1024
#define EXPORTED       __attribute__((visibility("default")))

struct plugin {
	mosquitto_plugin_id_t *id;
	struct options options;
	struct state *state;
	struct sessions sessions;
	int64_t refreshed_ms; /* the service's last message, or the start */
	bool said_stale;
};

static int64_t
age_s(const struct plugin *p)
{
	return (clock_monotonic_ms() - p->refreshed_ms) / 1000;
}

static bool
is_stale(const struct plugin *p)
{
	return p->options.max_age_s > 0 && age_s(p) >= p->options.max_age_s;
}

/* Once for each time that it goes stale. */
static void
watch_age(struct plugin *p)
{
	if (p->said_stale || !is_stale(p))
		return;
	p->said_stale = true;
	mosquitto_log_printf(MOSQ_LOG_WARNING,
	    "ms_ssl: revocations are stale: nothing heard from \"%s\" for "
	    "%lld s",
	    p->options.service_name, (long long)age_s(p));
}

/*
 * On SIGHUP Mosquitto asks again about every session, also those that it keeps
 * for a client that is away, and damages its own lists if the answer is no.
 * They have no certificate, and what no client that just came in can have: no
 * address (kept over a restart), or subscriptions.
 */
static bool
is_away(const struct mosquitto *client)
{
	return mosquitto_client_address(client) == NULL ||
	       mosquitto_client_sub_count(client) > 0;
}

static int
refuse_client(const struct mosquitto *client, const char *who, const char *why)
{
	const char *address = mosquitto_client_address(client);

	mosquitto_log_printf(MOSQ_LOG_NOTICE, "ms_ssl: refused %s%sfrom %s: %s",
	    who, who[0] ? " " : "", address != NULL ? address : "-", why);
	return MOSQ_ERR_AUTH;
}

static int
admit(
    struct plugin *p, struct mosquitto *client, const struct identity *identity)
{
	char hex[SERIAL_HEX_LEN], why[64 + SERIAL_HEX_LEN];

	if (state_is_revoked(p->state, &identity->serial)) {
		serial_print(&identity->serial, hex);
		snprintf(why, sizeof(why), "certificate %s is revoked", hex);
		return refuse_client(client, identity->username, why);
	}
	/* Before the name: a session that is not known can't be ended. */
	if (sessions_add(&p->sessions, client, identity) != 0)
		return refuse_client(client, identity->username, "no memory");
	if (mosquitto_set_username(client, identity->username) !=
	    MOSQ_ERR_SUCCESS) {
		sessions_remove(&p->sessions, client);
		return refuse_client(
		    client, identity->username, "its user name");
	}
	return MOSQ_ERR_SUCCESS;
}

static int
on_basic_auth(int event, void *data, void *userdata)
{
	struct mosquitto_evt_basic_auth *ask = data;
	struct plugin *p = userdata;
	struct identity identity;
	struct err e = ERR_INIT;
	X509 *certificate = mosquitto_client_certificate(ask->client);
	int rc;

	(void)event;
	watch_age(p);
	if (certificate == NULL && is_away(ask->client))
		return MOSQ_ERR_SUCCESS;
	if (certificate == NULL)
		return refuse_client(ask->client, "", "no certificate");
	rc = identity_read(certificate, &identity, &e);
	X509_free(certificate);
	if (rc != 0)
		return refuse_client(ask->client, "", e.message);
	return admit(p, ask->client, &identity);
}

static int
on_disconnect(int event, void *data, void *userdata)
{
	struct mosquitto_evt_disconnect *gone = data;
	struct plugin *p = userdata;

	(void)event;
	sessions_remove(&p->sessions, gone->client);
	return MOSQ_ERR_SUCCESS;
}

static int
on_tick(int event, void *data, void *userdata)
{
	(void)event;
	(void)data;
	watch_age(userdata);
	return MOSQ_ERR_SUCCESS;
}

/* What on_control knows while it works. */
struct command {
	struct plugin *plugin;
	struct control control;
	size_t ended;
};

static bool
match_ended(void *arg, const struct identity *identity)
{
	const struct command *c = arg;

	return control_ends(&c->control, c->plugin->state, identity);
}

/* Without its last will: it has nothing to say any more. Each kick comes back
 * through on_disconnect, so the list is made first. */
static int
end_sessions(struct command *c, struct err *e)
{
	struct mosquitto **clients;
	size_t count;

	if (sessions_select(
		&c->plugin->sessions, match_ended, c, &clients, &count) != 0)
		return err_set(e, ERR_INTERNAL, "", "no memory");
	for (size_t i = 0; i < count; i++) {
		const char *id = mosquitto_client_id(clients[i]);

		/* With NULL Mosquitto would end every session there is. */
		if (id != NULL && mosquitto_kick_client_by_clientid(
				      id, false) == MOSQ_ERR_SUCCESS)
			c->ended++;
	}
	free(clients);
	return 0;
}

/* Memory first, then the sessions (nobody who is ended comes back), then the
 * disk, which may take its time. All three, whichever fails. */
static int
carry_out(struct command *c, struct err *e)
{
	struct err first = ERR_INIT, second = ERR_INIT, third = ERR_INIT;
	int applied = control_apply(&c->control, c->plugin->state, &first);
	int ended = end_sessions(c, &second);
	int saved = state_save(c->plugin->state, &third);

	if (applied != 0)
		*e = first;
	else if (ended != 0)
		*e = second;
	else if (saved != 0)
		return err_set(
		    e, ERR_INTERNAL, "", "the state file could not be written");
	return applied != 0 || ended != 0 ? -1 : 0;
}

static void
format_answer(const struct command *c, int64_t age, bool stale, int rc,
    const struct err *e, struct buf *out)
{
	const struct plugin *p = c->plugin;

	buf_append_text(out, rc == 0 ? "ok" : "error");
	if (c->control.request[0])
		buf_printf(out, " request=%s", c->control.request);
	buf_printf(out, " ended=%zu revoked=%zu age_s=%lld stale=%s sync=%s",
	    c->ended, state_count(p->state), (long long)age,
	    stale ? "yes" : "no",
	    state_sync_is_open(p->state) ? "open" : "none");
	if (rc != 0)
		buf_printf(out, " message=%s", e->message);
}

static void
answer(const char *client_id, const struct buf *text)
{
	if (client_id == NULL || text->failed ||
	    mosquitto_broker_publish_copy(client_id, RESPONSE_TOPIC,
		(int)text->len, text->data, 1, false, NULL) != MOSQ_ERR_SUCCESS)
		mosquitto_log_printf(
		    MOSQ_LOG_ERR, "ms_ssl: a command was not answered");
}

static bool
is_service(const struct plugin *p, const struct mosquitto *client)
{
	const struct session *s = sessions_find(&p->sessions, client);

	return s != NULL &&
	       strcmp(s->identity.username, p->options.service_name) == 0;
}

static void
run_command(struct plugin *p, struct bytes message, const char *client_id)
{
	struct command c = {p, {"", NULL, 0}, 0};
	struct err e = ERR_INIT;
	struct buf text;
	bool stale = is_stale(p);
	int64_t age = age_s(p);
	int rc = control_parse(message, &c.control, &e);

	if (rc == 0)
		rc = carry_out(&c, &e);
	if (rc == 0) {
		p->refreshed_ms = clock_monotonic_ms();
		p->said_stale = false;
	} else {
		mosquitto_log_printf(
		    MOSQ_LOG_WARNING, "ms_ssl: command: %s", e.message);
	}
	if (c.ended > 0)
		mosquitto_log_printf(
		    MOSQ_LOG_NOTICE, "ms_ssl: ended %zu sessions", c.ended);
	buf_init(&text, ANSWER_MAX);
	format_answer(&c, age, stale, rc, &e, &text);
	answer(client_id, &text);
	buf_clear(&text);
	control_clear(&c.control);
}

static int
on_control(int event, void *data, void *userdata)
{
	struct mosquitto_evt_control *ask = data;
	struct plugin *p = userdata;
	struct bytes message = {ask->payload, ask->payloadlen};
	const char *id = mosquitto_client_id(ask->client);
	char *client_id;

	(void)event;
	/* Mosquitto acknowledges it all the same, then ends the session. */
	if (!is_service(p, ask->client)) {
		mosquitto_log_printf(MOSQ_LOG_WARNING,
		    "ms_ssl: a command of a client that is not \"%s\" was "
		    "refused",
		    p->options.service_name);
		return MOSQ_ERR_ACL_DENIED;
	}
	/* A copy: the command may end this very session. */
	client_id = id != NULL ? strdup(id) : NULL;
	run_command(p, message, client_id);
	free(client_id);
	return MOSQ_ERR_SUCCESS;
}

static int
read_options(struct options *out, const struct mosquitto_opt *option, int count,
    struct err *e)
{
	options_init(out);
	for (int i = 0; i < count; i++) {
		if (options_set(out, option[i].key, option[i].value, e) != 0)
			return -1;
	}
	return options_check(out, e);
}

static int
register_all(struct plugin *p)
{
	if (mosquitto_callback_register(
		p->id, MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL, p) ||
	    mosquitto_callback_register(
		p->id, MOSQ_EVT_DISCONNECT, on_disconnect, NULL, p) ||
	    mosquitto_callback_register(
		p->id, MOSQ_EVT_CONTROL, on_control, CONTROL_TOPIC, p))
		return -1;
	return mosquitto_callback_register(
	    p->id, MOSQ_EVT_TICK, on_tick, NULL, p);
}

static void
unregister_all(struct plugin *p)
{
	mosquitto_callback_unregister(
	    p->id, MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL);
	mosquitto_callback_unregister(
	    p->id, MOSQ_EVT_DISCONNECT, on_disconnect, NULL);
	mosquitto_callback_unregister(
	    p->id, MOSQ_EVT_CONTROL, on_control, CONTROL_TOPIC);
	mosquitto_callback_unregister(p->id, MOSQ_EVT_TICK, on_tick, NULL);
}

static void
plugin_free(struct plugin *p)
{
	state_close(p->state);
	sessions_clear(&p->sessions);
	free(p);
}

static int
plugin_start(struct plugin *p, const struct mosquitto_opt *option, int count,
    struct err *e)
{
	if (read_options(&p->options, option, count, e) != 0 ||
	    state_open(p->options.state_file, &p->state, e) != 0)
		return -1;
	p->refreshed_ms = clock_monotonic_ms();
	if (register_all(p) == MOSQ_ERR_SUCCESS)
		return 0;
	unregister_all(p);
	return err_set(e, ERR_INTERNAL, "", "the broker refuses a callback");
}

EXPORTED int
mosquitto_plugin_version(
    int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++) {
		if (supported_versions[i] == MOSQ_PLUGIN_VERSION)
			return MOSQ_PLUGIN_VERSION;
	}
	return -1;
}

EXPORTED int
mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
    struct mosquitto_opt *options, int option_count)
{
	struct plugin *p = calloc(1, sizeof(*p));
	struct err e = ERR_INIT;

	*userdata = NULL;
	if (p == NULL)
		return MOSQ_ERR_NOMEM;
	log_set_program("ms_ssl_mosquitto");
	p->id = identifier;
	sessions_init(&p->sessions);
	if (plugin_start(p, options, option_count, &e) != 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "ms_ssl: %s", e.message);
		plugin_free(p);
		return MOSQ_ERR_INVAL;
	}
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "ms_ssl: %zu certificates are refused; commands come from \"%s\"",
	    state_count(p->state), p->options.service_name);
	*userdata = p;
	return MOSQ_ERR_SUCCESS;
}

EXPORTED int
mosquitto_plugin_cleanup(
    void *userdata, struct mosquitto_opt *options, int option_count)
{
	struct plugin *p = userdata;

	(void)options;
	(void)option_count;
	if (p == NULL)
		return MOSQ_ERR_SUCCESS;
	unregister_all(p);
	plugin_free(p);
	return MOSQ_ERR_SUCCESS;
}
