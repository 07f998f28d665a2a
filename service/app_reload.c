/*
 * SIGHUP: what can change while running. The log's level, the defaults and
 * replay window of new requests, the TLS files of the HTTP door and of the MQTT
 * link, the days of the local entities. Everything else waits for a restart;
 * the profiles, because the signer reads them only once.
 */
#include <string.h>

#include "service/app_state.h"
#include "service/view.h"

static void
reload_view(struct app *a)
{
	struct authority_view *v;
	struct err e = ERR_INIT;

	if (view_reload(&a->config, pipeline_view(a->pipeline), &v, &e) != 0 ||
	    pipeline_replace_view(a->pipeline, v, &e) != 0)
		log_error("reload", log_text("message", e.message));
}

static void
reload_config(struct app *a, const struct config *c)
{
	log_set_level(c->log_level);
	a->config.log_level = c->log_level;
	a->config.defaults = c->defaults;
	a->config.default_key_type = c->default_key_type;
	a->config.replay_window_s = c->replay_window_s;
	a->config.local_days = c->local_days;
	a->config.local_renew_days = c->local_renew_days;
}

void
app_reload(struct app *a, int fd)
{
	struct config c;
	struct err e = ERR_INIT;

	if (a->stopping || !a->serving)
		return;
	control_tell(a->control, CONTROL_RELOADING);
	if (a->options->reread(a->options->arg, fd, &c) == 0)
		reload_config(a, &c);
	reload_view(a);
	if (a->http != NULL && http_server_reload_tls(a->http, &e) != 0)
		log_error("reload", log_text("message", e.message));
	if (a->mqtt != NULL)
		mqtt_door_reconnect(a->mqtt);
	local_check(a->local);
	log_info("reloaded", log_text("log_level", "set"));
	control_tell(a->control, CONTROL_READY);
}
