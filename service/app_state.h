/* What the files of the service process share: app.c (start), app_stop.c,
 * app_reload.c. */
#ifndef SERVICE_APP_STATE_H
#define SERVICE_APP_STATE_H

#include "service/app.h"
#include "service/control.h"
#include "service/door/http_door.h"
#include "service/door/mqtt_door.h"
#include "service/door/recovery.h"
#include "service/local/local.h"
#include "service/settle.h"

struct app {
	const struct app_options *options;
	struct config config; /* a copy: a reload replaces what it can */
	uv_loop_t loop;
	uv_signal_t term;
	uv_timer_t local_timer;
	uv_timer_t deadline; /* of the stop */

	struct control *control; /* NULL: no supervisor */
	struct mailbox *mailbox;
	struct workers *workers;
	struct limits *limits;
	struct ledger *ledger;
	struct settlement settlement; /* until the pipeline has it */
	struct committer *committer;
	struct channel *channel;
	struct pipeline *pipeline;
	struct local *local;
	struct http_server *http;
	struct journal *journal;
	struct mqtt_door *mqtt;
	struct recovery *recovery;

	unsigned asked; /* SIGTERMs */
	bool serving;   /* the doors are open */
	bool stopping;
	bool http_closed, idle; /* steps of the stop */
	bool failed;            /* err says why */
	struct err err;
};

/* Begins the stop; more calls are harmless. e: why, or NULL for a clean one. */
void app_stop(struct app *a, const struct err *e);

/* What the supervisor makes of SIGHUP: the configuration is read from fd. */
void app_reload(struct app *a, int fd);

#endif
