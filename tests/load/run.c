#include "tests/load/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/say.h"

#define SECOND_NS 1000000000ull

static void phase_start(struct run *run, size_t first, size_t last);
static void phase_check_end(struct run *run);

/* What uv_hrtime and a timerfd share. */
static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static struct cpu_time
own_time(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (struct cpu_time){(uint64_t)u.ru_utime.tv_sec * 1000000u +
				     (uint64_t)u.ru_utime.tv_usec,
	    (uint64_t)u.ru_stime.tv_sec * 1000000u +
		(uint64_t)u.ru_stime.tv_usec};
}

static bool
time_is_up(const struct run *run)
{
	return !run->warming_up && run->closed_loop && run->o->seconds > 0 &&
	       now_ns() - run->start_ns >= run->o->seconds * SECOND_NS;
}

static void
send_item(struct run *run, int client, struct item *item, uint64_t due_ns)
{
	item->due_ns = due_ns;
	run->sent++;
	if (run->door->send(run, client, item) != 0)
		run_abort(run, "a request could not be sent");
}

/* The next one of this client's own, every N-th item. */
static void
send_next(struct run *run, int client)
{
	size_t i = run->next[client];

	if (i >= run->last || time_is_up(run)) {
		run->next[client] = SIZE_MAX;
		return;
	}
	run->next[client] = i + run->o->connections;
	send_item(run, client, &run->plan->items[i], now_ns());
}

static uint64_t
due_at(const struct run *run, size_t i)
{
	double after = (double)(i - run->first) / run->o->rate;

	return run->start_ns + (uint64_t)(after * (double)SECOND_NS);
}

/* Open loop: whatever is due goes out, as long as a client can take it. */
static void
send_due(struct run *run)
{
	struct item *item;
	int client;

	while (run->first + run->sent < run->due) {
		item = &run->plan->items[run->first + run->sent];
		client = run->door->client_for(run, item);
		if (client < 0)
			return;
		send_item(
		    run, client, item, due_at(run, run->first + run->sent));
	}
}

static void
pace_set(struct run *run)
{
	uint64_t at = run->due < run->last ? due_at(run, run->due) : 0;
	struct itimerspec t = {
	    .it_value = {(time_t)(at / SECOND_NS), (long)(at % SECOND_NS)}};

	/* All zero disarms it. */
	timerfd_settime(run->pace_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
on_pace(uv_poll_t *handle, int status, int events)
{
	struct run *run = handle->data;
	uint64_t now = now_ns(), expirations;

	(void)status;
	(void)events;
	if (read(run->pace_fd, &expirations, sizeof(expirations)) < 0 &&
	    errno != EAGAIN)
		run_abort(run, "timerfd: %s", strerror(errno));
	while (run->due < run->last && due_at(run, run->due) <= now)
		run->due++;
	pace_set(run);
	send_due(run);
	phase_check_end(run);
}

static bool
all_is_sent(const struct run *run)
{
	if (!run->closed_loop)
		return run->first + run->sent == run->last;
	for (unsigned c = 0; c < run->o->connections; c++)
		if (run->next[c] != SIZE_MAX)
			return false;
	return true;
}

/* Open loop: what was due and never found a client counts as asked. */
static void
mark_due(struct run *run)
{
	for (size_t i = run->first + run->sent; i < run->due; i++)
		run->plan->items[i].due_ns = due_at(run, i);
}

static void
finish(struct run *run)
{
	struct cpu_time now = own_time();

	if (run->finished)
		return;
	run->finished = true;
	if (!run->closed_loop)
		mark_due(run);
	run->generator.user_us = now.user_us - run->generator.user_us;
	run->generator.system_us = now.system_us - run->generator.system_us;
	run->end_ns = run->last_event_ns;
	if (cpu_list_stop(&run->o->cpu) != 0)
		run->aborted = true;
	run->door->close(run);
	uv_close((uv_handle_t *)&run->pace, NULL);
	uv_close((uv_handle_t *)&run->tick, NULL);
}

static void
phase_check_end(struct run *run)
{
	if (run->finished || run->ended != run->sent || !all_is_sent(run))
		return;
	if (run->warming_up)
		phase_start(run, run->last, run->plan->count);
	else
		finish(run);
}

static void
closed_start(struct run *run)
{
	/* First all of them, then send: an item that is lost at once ends. */
	for (unsigned c = 0; c < run->o->connections; c++)
		run->next[c] = run->first + c;
	for (unsigned c = 0; c < run->o->connections; c++)
		send_next(run, (int)c);
	phase_check_end(run);
}

static void
phase_start(struct run *run, size_t first, size_t last)
{
	run->first = first;
	run->last = last;
	run->due = first;
	run->sent = run->ended = run->told = 0;
	run->warming_up = first == 0 && run->o->warm_up > 0;
	run->closed_loop = run->warming_up || !(run->o->rate > 0);
	if (!run->warming_up && cpu_list_start(&run->o->cpu) != 0) {
		run_abort(run, "nothing to measure");
		return;
	}
	run->generator = own_time();
	run->start_ns = run->last_event_ns = now_ns();
	if (run->closed_loop)
		closed_start(run);
	else
		pace_set(run);
}

void
run_opened(struct run *run)
{
	bool warm = run->o->warm_up > 0;

	progress("%u connections are open", run->o->connections);
	phase_start(run, 0, warm ? run->o->warm_up : run->plan->count);
}

void
run_abort(struct run *run, const char *format, ...)
{
	char text[256];
	va_list ap;

	if (run->aborted)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	complain("%s", text);
	run->aborted = true;
	finish(run);
}

static void
go_on(struct run *run, int client)
{
	if (run->finished)
		return;
	if (run->closed_loop)
		send_next(run, client);
	else
		send_due(run);
	phase_check_end(run);
}

static void
keep_answer(struct run *run, struct item *item, int status, const char *body,
    size_t len)
{
	item->done_ns = now_ns();
	item->status = status;
	item->answer = malloc(len + 1);
	if (item->answer == NULL) {
		run_abort(run, "out of memory");
		return;
	}
	memcpy(item->answer, body, len);
	item->answer[len] = '\0';
	item->answer_len = len;
	run->last_event_ns = item->done_ns;
	if (!run->warming_up)
		histogram_add(&run->latency, item->done_ns - item->due_ns);
}

void
run_answered(struct run *run, int client, struct item *item, int status,
    const char *body, size_t len)
{
	if (item->answer != NULL) {
		run->surplus++;
		if (len != item->answer_len ||
		    memcmp(body, item->answer, len) != 0)
			run->differing++;
		return;
	}
	if (item->lost != NULL || run->finished)
		return;
	run->ended++;
	keep_answer(run, item, status, body, len);
	go_on(run, client);
}

void
run_lost(struct run *run, int client, struct item *item, const char *why)
{
	if (item->lost != NULL || item->answer != NULL || run->finished)
		return;
	item->lost = why;
	run->ended++;
	go_on(run, client);
}

void
run_idle(struct run *run)
{
	if (!run->finished && !run->closed_loop)
		send_due(run);
}

static void
on_tick(uv_timer_t *timer)
{
	struct run *run = timer->data;
	uint64_t now = now_ns();

	if (now - run->last_event_ns > run->o->timeout_s * SECOND_NS) {
		complain("no answer for %u s", run->o->timeout_s);
		finish(run);
		return;
	}
	if (run->start_ns == 0)
		return;
	progress("%s%3.0f s  sent %zu  answered %zu  %zu/s  p99 %.1f ms",
	    run->warming_up ? "warm-up " : "",
	    (double)(now - run->start_ns) / 1e9, run->sent, run->ended,
	    run->ended - run->told,
	    (double)histogram_value_at(&run->latency, 0.99) / 1e6);
	run->told = run->ended;
}

static int
start_handles(struct run *run)
{
	run->pace_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (run->pace_fd < 0)
		return complain("timerfd: %s", strerror(errno));
	if (uv_loop_init(&run->loop) != 0)
		return complain("no loop");
	run->pace.data = run->tick.data = run;
	uv_timer_init(&run->loop, &run->tick);
	uv_timer_start(&run->tick, on_tick, 1000, 1000);
	if (uv_poll_init(&run->loop, &run->pace, run->pace_fd) != 0 ||
	    uv_poll_start(&run->pace, UV_READABLE, on_pace) != 0)
		return complain("no poll");
	return 0;
}

int
run_all(struct run *run, struct options *o, struct plan *plan)
{
	memset(run, 0, sizeof(*run));
	run->o = o;
	run->plan = plan;
	run->pace_fd = -1;
	run->door = o->door == DOOR_MQTT ? &mqtt_door : &http_door;
	run->next = calloc(o->connections, sizeof(*run->next));
	if (run->next == NULL)
		return complain("out of memory");
	run->last_event_ns = now_ns();
	if (start_handles(run) != 0)
		return -1;
	if (run->door->open(run) != 0) {
		run->aborted = true;
		finish(run);
	}
	uv_run(&run->loop, UV_RUN_DEFAULT);
	progress_end();
	if (uv_loop_close(&run->loop) != 0)
		return complain("a handle was left open");
	return run->aborted ? -1 : 0;
}

void
run_free(struct run *run)
{
	if (run->door != NULL)
		run->door->free(run);
	free(run->next);
	if (run->pace_fd >= 0)
		close(run->pace_fd);
}
