/* What the store knows: an earlier answer to the same request, the entity. */
#include "ca/base/clock.h"
#include "service/work/job.h"

static struct job *
job_of(struct store_job *s)
{
	return QUEUE_ITEM(s, struct job, store);
}

static int
lookup_earlier(struct job *j, struct store *s, struct err *e)
{
	int64_t since = j->arrived_ms - job_view(j)->replay_window_ms;
	int rc;

	if (!(j->r.verb->needs & NEEDS_SIGNATURE))
		return 0;
	rc = store_find_request(s, j->r.digest, since, &j->r.result, e);
	j->r.repeated = rc == 1;
	return rc;
}

static int
lookup_run(struct store_job *sj, struct store *s, struct err *e)
{
	struct job *j = job_of(sj);
	int rc;

	if (j->r.verb->needs & NEEDS_HEALTH)
		return store_count(s, clock_now_ms() / 1000, &j->counts, e);
	rc = lookup_earlier(j, s, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = store_find_last(s, &j->r.name, &j->r.last, e);
	j->r.known = rc == 1;
	return rc < 0 ? -1 : 0;
}

static void
on_looked_up(struct store_job *sj)
{
	struct job *j = job_of(sj);

	/* Health is told all the better when the store fails. */
	if (j->r.verb->needs & NEEDS_HEALTH) {
		if (sj->err.kind == ERR_NONE) {
			j->p->counts = j->counts;
			j->p->counted_ms = clock_monotonic_ms();
		}
		step_answer(j);
		return;
	}
	if (sj->err.kind != ERR_NONE) {
		j->err = sj->err;
		job_refuse(j);
	} else if (j->r.repeated)
		step_open_key(j);
	else {
		job_take_intent(j);
		step_prepare(j);
	}
}

static bool
lookup_is_needed(const struct job *j)
{
	int64_t counted = j->p->counted_ms;

	if (j->r.verb->needs & NEEDS_ENTITY)
		return true;
	return (j->r.verb->needs & NEEDS_HEALTH) &&
	       (counted == 0 || clock_monotonic_ms() - counted > COUNTS_AGE_MS);
}

void
step_lookup(struct job *j)
{
	if (!lookup_is_needed(j)) {
		step_prepare(j);
		return;
	}
	j->store.run = lookup_run;
	j->store.reads = true;
	j->store.done = on_looked_up;
	if (committer_submit(j->p->parts.committer, &j->store, &j->err) != 0)
		job_refuse(j);
}
