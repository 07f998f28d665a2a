#include "service/settle.h"

#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"

#define DAY_S 86400

static int
note(const struct settlement *s, enum ledger_kind kind, const char *verdict,
    const struct ledger_intent *i, struct err *e)
{
	struct ledger_entry entry = {
	    .kind = kind,
	    .door = "start",
	    .verdict = verdict,
	    .has_serial = true,
	    .serial = i->serial,
	    .not_before_s = i->not_before_s,
	    .not_after_s = i->not_after_s,
	    .has_request = true,
	};

	memcpy(entry.request, i->request, sizeof(entry.request));
	return ledger_note(s->ledger, &entry, e);
}

static int
keep(struct settlement *s, const struct ledger_intent *i, struct err *e)
{
	void *open = realloc(s->open, (s->count + 1) * sizeof(s->open[0]));

	if (open == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	s->open = open;
	s->open[s->count++] = *i;
	return 0;
}

static int
on_intent(void *arg, const struct ledger_intent *i, struct err *e)
{
	struct settlement *s = arg;
	struct store_certificate c;
	int found;

	store_certificate_init(&c);
	found = store_find_serial(s->store, &i->serial, &c, e);
	store_certificate_clear(&c);
	if (found < 0)
		return -1;
	if (found == 1) {
		s->stored++;
		return note(s, LEDGER_ISSUED, NULL, i, e);
	}
	if (i->not_before_s < clock_now_ms() / 1000 - DAY_S) {
		s->abandoned++;
		return note(s, LEDGER_FAILED, "abandoned", i, e);
	}
	return keep(s, i, e);
}

int
settle_intents(const char *ledger_path, struct ledger *ledger,
    struct store *store, struct settlement *out, struct err *e)
{
	int rc;

	*out = (struct settlement){.store = store, .ledger = ledger};
	rc = ledger_open_intents(ledger_path, on_intent, out, e);
	if (out->stored + out->abandoned + out->count > 0)
		log_info("intents_settled",
		    log_number("stored", (int64_t)out->stored),
		    log_number("abandoned", (int64_t)out->abandoned),
		    log_number("open", (int64_t)out->count));
	return rc;
}

int
settle_resume(struct settlement *s, struct pipeline *p, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->count; i++)
		rc = pipeline_resume(p, &s->open[i], e);
	free(s->open);
	s->open = NULL;
	s->count = 0;
	return rc;
}
