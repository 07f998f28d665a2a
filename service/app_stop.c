/*
 * The stop, in this order: no new requests, those under way end and are
 * answered, the answers are acknowledged, then everything is closed. A deadline
 * stands over all of it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "service/app_state.h"

static void
close_parts(struct app *a)
{
	uv_close((uv_handle_t *)&a->term, NULL);
	control_close(a->control);
	uv_close((uv_handle_t *)&a->local_timer, NULL);
	uv_close((uv_handle_t *)&a->deadline, NULL);
	workers_stop(a->workers);
	recovery_close(a->recovery);
	committer_stop(a->committer);
	ledger_close(a->ledger);
	local_close(a->local);
	channel_close(a->channel);
	journal_close(a->journal);
	mailbox_close(a->mailbox);
	pipeline_close(a->pipeline);
	limits_free(a->limits);
	free(a->settlement.open);
}

static void
on_mqtt_closed(void *arg)
{
	struct app *a = arg;

	a->mqtt = NULL;
	close_parts(a);
}

static void
close_mqtt(struct app *a)
{
	if (!a->idle || !a->http_closed)
		return;
	if (a->mqtt != NULL)
		mqtt_door_close(a->mqtt, a->config.drain_ms, on_mqtt_closed, a);
	else
		close_parts(a);
}

static void
on_idle(void *arg)
{
	struct app *a = arg;

	a->idle = true;
	close_mqtt(a);
}

static void
on_http_closed(void *arg)
{
	struct app *a = arg;

	a->http = NULL;
	a->http_closed = true;
	close_mqtt(a);
}

static void
on_deadline(uv_timer_t *timer)
{
	(void)timer;
	log_error("stop_late", log_text("why", "requests did not end in time"));
	_exit(1);
}

static void
close_http(struct app *a)
{
	if (a->http != NULL)
		http_server_stop(a->http, on_http_closed, a);
	else
		on_http_closed(a);
}

void
app_stop(struct app *a, const struct err *e)
{
	if (a->stopping)
		return;
	a->stopping = true;
	if (e != NULL) {
		a->failed = true;
		a->err = *e;
	}
	log_info("stopping", log_text("why", e != NULL ? e->message : "asked"));
	control_tell(a->control, CONTROL_STOPPING);
	uv_timer_start(&a->deadline, on_deadline,
	    2 * (uint64_t)a->config.drain_ms + 5000, 0);
	if (a->pipeline != NULL)
		pipeline_drain(a->pipeline, on_idle, a);
	else
		a->idle = true;
	close_http(a);
}
