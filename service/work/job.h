/*
 * One request on its way: what the steps of the pipeline share. Internal to
 * service/work. Everything runs on the loop's thread but what is marked.
 *
 * A step either goes on to the next one itself, or starts something that calls
 * back once; at its end a job is answered or refused, exactly once.
 */
#ifndef SERVICE_WORK_JOB_H
#define SERVICE_WORK_JOB_H

#include "service/work/pipeline.h"

#define SAME_BUCKETS  1024
#define UNLOCKS_MAX   16 /* different passphrases being tried at once */
#define COUNTS_AGE_MS 2000
#define INTENTS_MAX   65536

/* The view that a job began with, however often it is replaced meanwhile. */
struct shared_view {
	struct authority_view *view;
	unsigned references;
};

struct job {
	struct pipeline *p;
	struct job *next, **at; /* all jobs under way */
	struct request r;
	struct err err;
	struct shared_view *view;
	int64_t started_ms; /* monotonic */
	int64_t arrived_ms; /* since 1970 */

	/* where the answer goes: a door's arrival, or local */
	void (*answered)(
	    void *arg, const struct request *r, const struct answer *a);
	void (*local_answered)(
	    void *arg, struct request *r, const struct err *e);
	void *arg;

	struct job *same_next; /* the next leader in its bucket */
	bool leads;            /* it stands in the table of requests */
	struct job *followers; /* the same request, come in meanwhile */
	struct job *follower_next;

	struct job *unlock_next; /* waits for the same passphrase */

	struct work work;
	struct store_job store;
	struct store_counts counts; /* of this look-up */
	struct ledger_append append;
	struct letter appended;
};

/* Jobs that wait for one answer of the signer about one passphrase. */
struct unlock {
	struct unlock *next;
	struct pipeline *p;
	unsigned char tag[SECRET_TAG_LEN];
	bool was_open;
	struct job *waiting;
};

struct pipeline {
	struct pipeline_parts parts;
	struct shared_view *view;
	struct job *jobs;
	size_t count;
	bool draining;
	void (*on_idle)(void *arg);
	void *on_idle_arg;

	bool has_tag; /* of the passphrase that the signer last accepted */
	unsigned char tag[SECRET_TAG_LEN];
	struct unlock *unlocks;
	uint64_t wrong_passphrases; /* since the start */
	size_t unlock_count;

	struct job *same[SAME_BUCKETS]; /* by the request's digest */

	struct ledger_intent *intents; /* that a crash left */
	size_t intent_count;

	struct store_counts counts;
	int64_t counted_ms; /* monotonic; 0: never */
	int64_t started_ms;
};

/* The steps, in order. */
void step_pass(struct job *j);     /* pass.c */
void step_join(struct job *j);     /* same.c: the same request under way */
void step_lookup(struct job *j);   /* lookup.c: earlier answer, entity */
void step_prepare(struct job *j);  /* prepare.c */
void step_open_key(struct job *j); /* sign.c: a created key, sealed */
void step_intent(struct job *j);   /* sign.c */
void step_sign(struct job *j);     /* sign.c */
void step_commit(struct job *j);   /* commit.c */
void step_answer(struct job *j);   /* pipeline.c */

/* Where a crash left an intent of this request: takes it (intents.c). */
void job_take_intent(struct job *j);

/* Ends a job with j->err. */
void job_refuse(struct job *j);

/* The end of a leader: its followers get what it got. */
void same_leave(struct job *j);

/* The view's data. */
const struct authority_view *job_view(const struct job *j);

/* Notes what became of j in the ledger; nobody waits for it. */
void job_note(struct job *j, enum ledger_kind kind);
void job_fill_entry(
    const struct job *j, enum ledger_kind kind, struct ledger_entry *entry);

#endif
