/* The certificate goes to the store before its answer leaves. */
#include "service/work/job.h"

static struct job *
job_of(struct store_job *s)
{
	return QUEUE_ITEM(s, struct job, store);
}

static int
commit_run(struct store_job *sj, struct store *s, struct err *e)
{
	return store_put(s, &job_of(sj)->r.result, e);
}

static void
on_committed(struct store_job *sj)
{
	struct job *j = job_of(sj);

	if (sj->err.kind != ERR_NONE) {
		j->err = sj->err;
		job_refuse(j);
		return;
	}
	job_note(j, LEDGER_ISSUED);
	step_answer(j);
}

void
step_commit(struct job *j)
{
	j->store.run = commit_run;
	j->store.reads = false;
	j->store.done = on_committed;
	if (committer_submit(j->p->parts.committer, &j->store, &j->err) != 0)
		job_refuse(j);
}
