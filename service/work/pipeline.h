/*
 * The way of a request: the steps between the functions of a verb, the same
 * for every verb and every door (DESIGN: "The way of a request").
 *
 *	parse -> passphrase -> earlier answer, entity -> prepare -> intent
 *	-> signature -> commit -> answer
 *
 * All functions: the loop's thread.
 */
#ifndef SERVICE_WORK_PIPELINE_H
#define SERVICE_WORK_PIPELINE_H

#include "ca/policy/limits.h"
#include "service/loop/workers.h"
#include "service/signer/channel.h"
#include "service/store/committer.h"
#include "topics/table.h"

struct pipeline;

/* What it works with; all borrowed, alive until pipeline_close's callback. */
struct pipeline_parts {
	struct ledger *ledger;
	struct committer *committer;
	struct workers *workers;
	struct channel *channel;
	struct limits *limits;
	struct mailbox *mailbox;
	size_t requests_max;
	/* Fills what the pipeline does not know of the health. */
	void (*health)(void *arg, struct health *h);
	/* The CA key has just been opened by a request. */
	void (*on_unlocked)(void *arg);
	void *arg;
};

/* What a door hands in. Views are good during the call. */
struct arrival {
	enum door door;
	const struct verb *verb;
	struct bytes body;
	struct bytes path_name; /* HTTP; else empty */
	struct bytes retry_key;
	const char *peer;   /* "" where unknown */
	int64_t arrived_ms; /* since 1970; 0: now */
	/* Once, now or later; answer and request are good during the call.
	 * request->answer_name is "" where nobody can be answered. Both are
	 * NULL when there was no memory even for that. */
	void (*answered)(
	    void *arg, const struct request *r, const struct answer *a);
	void *arg;
};

MUST_USE int pipeline_open(const struct pipeline_parts *parts,
    struct authority_view *take_view, struct pipeline **out, struct err *e);

/* An intent that a crash left without an end; copied. When its request comes
 * again it is used. Before the first arrival. */
MUST_USE int pipeline_resume(
    struct pipeline *p, const struct ledger_intent *intent, struct err *e);

/* Every arrival is answered, if only by a refusal. */
void pipeline_submit(struct pipeline *p, const struct arrival *a);

/*
 * A request of the authority's own (local entities): r->name, profile's name,
 * days, sans and key_type set; goes through intent, signature and commit as any
 * other, needs the key to be open. key_pem and result are in the request that
 * `answered` gets. Takes over what r owns.
 */
void pipeline_submit_local(struct pipeline *p, struct request *take_request,
    void (*answered)(void *arg, struct request *r, const struct err *e),
    void *arg);

/* The view in use; borrowed until the next replace. */
const struct authority_view *pipeline_view(const struct pipeline *p);
/* For requests from now on; those under way keep the old. */
MUST_USE int pipeline_replace_view(
    struct pipeline *p, struct authority_view *take_view, struct err *e);

/* Less than half of requests_max are under way, and it is not draining. */
bool pipeline_has_much_room(const struct pipeline *p);

/* Requests under way. */
size_t pipeline_pending(const struct pipeline *p);

/* No new requests (they get ERR_BUSY); on_idle when none is under way. */
void pipeline_drain(struct pipeline *p, void (*on_idle)(void *arg), void *arg);
void pipeline_close(struct pipeline *p);

#endif
