/*
 * The intents that a crash left, by their request: when the same request comes
 * again (from the journal, a retry, a redelivery) it gets the serial and the
 * dates that were written down for it, never a second serial.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/work/job.h"
#include "topics/issue.h"

/* A validity that begins longer ago the signer refuses (ca/signer/checks.h). */
#define AGE_MAX_S 86000

int
pipeline_resume(
    struct pipeline *p, const struct ledger_intent *intent, struct err *e)
{
	void *item;

	if (p->intent_count == INTENTS_MAX)
		return 0; /* more than ever were under way at once */
	item =
	    realloc(p->intents, (p->intent_count + 1) * sizeof(p->intents[0]));
	if (item == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	p->intents = item;
	p->intents[p->intent_count++] = *intent;
	return 0;
}

/* The request came before its intent, or within the replay window after it. */
static bool
is_same_time(const struct job *j, const struct ledger_intent *i)
{
	int64_t since_s =
	    (j->arrived_ms - job_view(j)->replay_window_ms) / 1000;
	int64_t now_s = clock_now_ms() / 1000;

	return i->not_before_s + ISSUE_BACKDATE_S >= since_s &&
	       i->not_before_s > now_s - AGE_MAX_S;
}

void
job_take_intent(struct job *j)
{
	struct pipeline *p = j->p;

	for (size_t i = 0; i < p->intent_count; i++) {
		struct ledger_intent *one = &p->intents[i];

		if (memcmp(one->request, j->r.digest, LEDGER_DIGEST_LEN) != 0 ||
		    !is_same_time(j, one))
			continue;
		j->r.resumes = true;
		j->r.intent = *one;
		*one = p->intents[--p->intent_count];
		log_info("intent_resumed", log_text("id", j->r.id));
		return;
	}
}
