#include "service/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "service/app_state.h"
#include "service/view.h"

#define DAY_MS            86400000
#define WORKER_QUEUE_MAX  4096
#define LEDGER_QUEUE_MAX  8192
#define STORE_QUEUE_MAX   8192
#define CHANNEL_CALLS_MAX 256

static size_t
requests_kept(const struct app *a)
{
	struct journal_status s = {.pending = 0};

	if (a->journal != NULL)
		journal_status(a->journal, &s);
	return s.pending;
}

static void
on_health(void *arg, struct health *h)
{
	struct app *a = arg;

	h->broker_configured = a->config.mqtt_enabled;
	h->broker_connected = a->mqtt != NULL && mqtt_door_is_up(a->mqtt);
	h->local_not_after_s = local_not_after_s(a->local);
	h->requests_kept = requests_kept(a);
	h->version = MS_VERSION;
}

/* What an earlier life of this process left in the journal. */
static void
take_up(struct app *a)
{
	if (a->recovery != NULL && channel_is_open(a->channel))
		recovery_start(a->recovery);
}

static void
on_unlocked(void *arg)
{
	struct app *a = arg;

	local_check(a->local);
	take_up(a);
}

static void
on_local_timer(uv_timer_t *timer)
{
	struct app *a = timer->data;

	local_check(a->local);
}

static void
on_signer_lost(void *arg)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_INTERNAL, NULL, "the signer is gone");
	app_stop(arg, &e);
}

static void
on_broker_changed(void *arg)
{
	struct app *a = arg;

	control_tell(a->control, CONTROL_BROKER);
}

static void
on_service_changed(void *arg)
{
	struct app *a = arg;

	if (a->mqtt != NULL)
		mqtt_door_reconnect(a->mqtt);
}

static void
on_authority_changed(void *arg)
{
	struct app *a = arg;

	on_broker_changed(a);
	if (a->mqtt != NULL)
		mqtt_door_announce(a->mqtt);
}

static int
open_http(struct app *a)
{
	struct http_handler h = http_door(a->pipeline);

	if (!a->config.http_enabled)
		return 0;
	if (http_server_start(
		&a->loop, &a->config.http, &h, &a->http, &a->err) != 0)
		return -1;
	log_info("http_listening", log_text("host", a->config.http.host),
	    log_number("port", http_server_port(a->http)));
	return 0;
}

static int
open_mqtt(struct app *a)
{
	struct journal_handler take = {.on_entry = mqtt_door_take_kept};

	if (!a->config.mqtt_enabled)
		return 0;
	if (journal_open(a->config.journal,
		pipeline_view(a->pipeline)->escrow_public_key,
		&a->config.journal_limits, &a->journal, &a->err) != 0 ||
	    mqtt_door_open(a->mailbox, &a->config.mqtt, a->config.topic_prefix,
		a->pipeline, a->journal, &a->mqtt, &a->err) != 0)
		return -1;
	take.arg = a->mqtt;
	return recovery_open(
	    &a->loop, a->journal, a->channel, &take, &a->recovery, &a->err);
}

/* After the first look at the local entities: the broker and the MQTT client
 * need their certificates before the doors open. */
static void
open_doors(struct app *a)
{
	a->serving = true;
	if (open_http(a) != 0 || open_mqtt(a) != 0) {
		app_stop(a, &a->err);
		return;
	}
	take_up(a);
	log_info("ready", log_text("version", MS_VERSION),
	    log_text("key", channel_is_open(a->channel) ? "open" : "locked"));
	control_tell(a->control, CONTROL_READY);
}

static void
on_checked(void *arg, const struct err *e)
{
	struct app *a = arg;

	if (a->options->once_local)
		app_stop(a, e);
	else if (!a->serving && !a->stopping)
		open_doors(a);
}

/* The signer answers once its keys are read and, with a passphrase file, open.
 */
static void
on_signer_status(void *arg, const struct signer_reply *reply)
{
	struct app *a = arg;

	if (reply->err.kind != ERR_NONE)
		return; /* on_signer_lost has ended us */
	local_check(a->local);
}

static unsigned
worker_count(const struct app *a)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (a->config.workers > 0)
		return a->config.workers;
	return n > 0 ? (unsigned)n : 1;
}

static int
open_record(struct app *a)
{
	struct store *store;

	if (ledger_open(
		a->config.ledger, LEDGER_QUEUE_MAX, &a->ledger, &a->err) != 0 ||
	    store_open(a->config.store, &store, &a->err) != 0)
		return -1;
	if (settle_intents(a->config.ledger, a->ledger, store, &a->settlement,
		&a->err) != 0) {
		store_close(store);
		return -1;
	}
	return committer_start(
	    store, STORE_QUEUE_MAX, a->mailbox, &a->committer, &a->err);
}

static int
open_pipeline(struct app *a)
{
	struct authority_view *view;
	struct pipeline_parts parts = {
	    .ledger = a->ledger,
	    .committer = a->committer,
	    .workers = a->workers,
	    .channel = a->channel,
	    .limits = a->limits,
	    .mailbox = a->mailbox,
	    .requests_max = a->config.requests_max,
	    .health = on_health,
	    .on_unlocked = on_unlocked,
	    .arg = a,
	};
	struct local_handler h = {
	    .on_checked = on_checked,
	    .on_broker_changed = on_broker_changed,
	    .on_service_changed = on_service_changed,
	    .on_authority_changed = on_authority_changed,
	    .arg = a,
	};

	if (view_load(&a->config, &view, &a->err) != 0 ||
	    pipeline_open(&parts, view, &a->pipeline, &a->err) != 0 ||
	    settle_resume(&a->settlement, a->pipeline, &a->err) != 0)
		return -1;
	return local_open(&a->config, a->pipeline, a->channel, a->ledger,
	    a->mailbox, &h, &a->local, &a->err);
}

static void
on_reload(void *arg, int fd)
{
	app_reload(arg, fd);
}

static int
open_control(struct app *a)
{
	if (a->options->take_control_fd < 0)
		return 0;
	return control_open(&a->loop, a->options->take_control_fd, on_reload, a,
	    &a->control, &a->err);
}

static int
open_parts(struct app *a)
{
	if (open_control(a) != 0 ||
	    mailbox_open(&a->loop, &a->mailbox, &a->err) != 0 ||
	    limits_new(&a->config.limits, &a->limits, &a->err) != 0 ||
	    workers_start(worker_count(a), WORKER_QUEUE_MAX, a->mailbox,
		&a->workers, &a->err) != 0 ||
	    open_record(a) != 0 ||
	    channel_open(&a->loop, a->options->take_signer_fd,
		CHANNEL_CALLS_MAX, a->config.signer_timeout_ms, on_signer_lost,
		a, &a->channel, &a->err) != 0)
		return -1;
	return open_pipeline(a);
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct app *a = handle->data;

	(void)signum;
	if (++a->asked > 1)
		_exit(1); /* asked twice: at once */
	app_stop(a, NULL);
}

static void
open_handles(struct app *a)
{
	uv_signal_init(&a->loop, &a->term);
	a->term.data = a;
	uv_signal_start(&a->term, on_signal, SIGTERM);
	uv_timer_init(&a->loop, &a->local_timer);
	uv_timer_init(&a->loop, &a->deadline);
	a->local_timer.data = a;
	a->deadline.data = a;
	uv_timer_start(&a->local_timer, on_local_timer, DAY_MS, DAY_MS);
}

static void
start(struct app *a)
{
	struct signer_request m = {.op = SIGNER_STATUS};

	open_handles(a);
	if (open_parts(a) != 0 ||
	    channel_call(a->channel, &m, on_signer_status, a, &a->err) != 0)
		app_stop(a, &a->err);
}

int
app_run(const struct app_options *o, struct err *e)
{
	struct app *a = calloc(1, sizeof(*a));
	int rc = 0;

	if (a == NULL || uv_loop_init(&a->loop) != 0) {
		free(a);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	a->options = o;
	a->config = *o->config;
	a->config.http.drain_ms = a->config.drain_ms;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the terminal's; the supervisor asks us */
	signal(SIGHUP, SIG_IGN); /* likewise */
	start(a);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&a->loop) != 0)
		log_error("loop_busy", log_text("why", "a handle is left"));
	if (a->failed) {
		*e = a->err;
		rc = -1;
	}
	log_info("stopped", log_number("failed", a->failed));
	free(a);
	return rc;
}
