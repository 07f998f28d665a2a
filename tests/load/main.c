/*
 * msload: asks a certificate authority for many certificates, and checks every
 * one. Holds the passphrase that it was given, client keys, and the keys of
 * its own requests; talks to one server; writes nothing but its result.
 */
#include <signal.h>
#include <stdlib.h>

#include "tests/load/report.h"
#include "tests/load/run.h"
#include "tests/load/say.h"
#include "tests/load/verify.h"

enum { EXIT_RIGHT, EXIT_WRONG, EXIT_FAULT };

static int
judge(struct run *run)
{
	struct verdict verdict;
	struct report report = {run, &verdict, false};

	if (verify_all(run->o, run->plan, 0, &verdict) != 0)
		return EXIT_FAULT;
	report.good = verdict_is_good(&verdict) && run->differing == 0;
	report_print(&report);
	if (run->o->json != NULL &&
	    report_write_json(&report, run->o->json) != 0)
		return EXIT_FAULT;
	return report.good ? EXIT_RIGHT : EXIT_WRONG;
}

static int
load(struct options *o, struct plan *plan)
{
	struct run *run = malloc(sizeof(*run));
	int rc = EXIT_FAULT;

	if (run == NULL) {
		complain("out of memory");
		return EXIT_FAULT;
	}
	if (run_all(run, o, plan) == 0)
		rc = judge(run);
	run_free(run);
	free(run);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct plan plan;
	int rc = options_parse(argc, argv, &o);

	if (rc != 0)
		return rc > 0 ? EXIT_RIGHT : EXIT_FAULT;
	/* A connection that the server closed is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	rc = plan_make(&o, &plan) == 0 ? load(&o, &plan) : EXIT_FAULT;
	plan_free(&plan);
	return rc;
}
