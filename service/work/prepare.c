/* The verb's own work, on a worker: proof of possession, keys, the plan. */
#include "service/work/job.h"

static struct job *
job_of(struct work *w)
{
	return QUEUE_ITEM(w, struct job, work);
}

static void
on_run(struct work *w)
{
	struct job *j = job_of(w);

	if (j->r.verb->prepare(&j->r, job_view(j), &j->err) != 0 &&
	    j->err.kind == ERR_NONE)
		err_set(&j->err, ERR_INTERNAL, NULL, "the preparation failed");
}

static void
prepared(struct job *j)
{
	if (j->err.kind != ERR_NONE)
		job_refuse(j);
	else if (j->r.verb->needs & NEEDS_SIGNATURE)
		step_open_key(j);
	else
		step_answer(j);
}

static void
on_done(struct work *w)
{
	prepared(job_of(w));
}

void
step_prepare(struct job *j)
{
	if (j->r.verb->prepare == NULL) {
		prepared(j);
		return;
	}
	j->work.run = on_run;
	j->work.done = on_done;
	if (workers_submit(j->p->parts.workers, &j->work, &j->err) != 0)
		job_refuse(j);
}
