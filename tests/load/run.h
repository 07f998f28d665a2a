/*
 * One run: the requests of a plan through one door, at a pace.
 *
 * Open loop: request i is due at start + i / rate, whatever has been answered
 * by then, and its latency counts from that moment; so a slow server is seen
 * as slow, and does not slow its own measurement down. Closed loop: each client
 * sends its next request when it has its answer.
 *
 * First the warm-up runs, always as a closed loop, then the clock starts.
 * Everything is on one thread and one libuv loop.
 */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include <uv.h>

#include "tests/load/histogram.h"
#include "tests/load/options.h"
#include "tests/load/plan.h"

struct run;

/* A door has as many clients as there are connections, numbered from 0. */
struct door {
	/* Connects all clients; run_opened() or run_abort() is called later.
	 * -1 after a complaint. */
	int (*open)(struct run *run);
	/* The client that may send this item now, or -1: none is idle. */
	int (*client_for)(struct run *run, const struct item *item);
	/* -1: it cannot be sent; the run is over. */
	int (*send)(struct run *run, int client, struct item *item);
	/* Closes every handle; the loop runs on until they are. */
	void (*close)(struct run *run);
	void (*free)(struct run *run);
};

extern const struct door http_door; /* and cfssl's */
extern const struct door mqtt_door;

struct run {
	struct options *o;
	struct plan *plan;
	uv_loop_t loop;
	const struct door *door;
	void *clients; /* the door's */

	/* The phase: items first to last - 1. */
	bool warming_up;
	bool closed_loop;
	bool finished;
	bool aborted;
	size_t first, last;
	size_t due;         /* open loop: items whose time has come are below */
	size_t *next;       /* closed loop: each client's next item */
	size_t sent, ended; /* of this phase; lost ones have ended */
	uint64_t start_ns, end_ns, last_event_ns;

	/* Of the phase that counts. */
	struct histogram latency;
	struct cpu_time generator;
	size_t surplus;   /* answers to what had been answered */
	size_t differing; /* of them: not the same as the first */

	uv_poll_t pace; /* a timerfd: libuv's timers know milliseconds only */
	int pace_fd;
	uv_timer_t tick;
	size_t told; /* ended at the last progress line */
};

/* 0 when it has run to its end, whatever was answered; -1 after a complaint. */
int run_all(struct run *run, struct options *o, struct plan *plan);
void run_free(struct run *run);

/* For doors. */
void run_opened(struct run *run);
__attribute__((format(printf, 2, 3))) void run_abort(
    struct run *run, const char *format, ...);
/* The client is idle again. The bytes are copied. */
void run_answered(struct run *run, int client, struct item *item, int status,
    const char *body, size_t len);
/* why: a literal. */
void run_lost(struct run *run, int client, struct item *item, const char *why);
/* A client that had nothing under way can send (again). */
void run_idle(struct run *run);

#endif
