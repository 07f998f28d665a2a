#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "service/app.h"
#include "service/cli/cli.h"
#include "service/cli/problem.h"
#include "service/sandbox.h"
#include "service/wipe.h"

#define SECURE_HEAP (4u << 20)

/* A reload reads the same file with the same settings on top. */
static int
reread(void *arg, int fd, struct config *out)
{
	const struct cli_options *o = arg;

	return config_read_fd(o->config, fd, o->setting, o->settings, out,
	    cli_print_problem, NULL);
}

/* It sees passphrases: no core, no tracer, nothing left in buffers. */
static void
keep_secrets(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0)
		log_warn("hardening", log_text("missing", "undumpable"));
	wipe_tls_records();
}

int
cli_serve(int argc, char **argv)
{
	static struct config c;
	static struct cli_options o;
	struct app_options app = {.config = &c, .reread = reread, .arg = &o};
	struct err e = ERR_INIT;

	log_set_program("service");
	if (cli_options_parse(argc, argv, &o) != 0 || o.signer_fd < 0)
		return EXIT_USAGE;
	if (config_read(o.config, o.setting, o.settings, &c, cli_print_problem,
		NULL) != 0)
		return EXIT_CONFIG;
	log_set_level(c.log_level);
	keep_secrets();
	if (secret_heap_init(SECURE_HEAP, &e) != 0)
		log_warn("secure_heap", log_text("message", e.message));
	app.take_signer_fd = o.signer_fd;
	app.take_control_fd = o.control_fd;
	if (sandbox_enter(&c, o.config, &e) == 0 && app_run(&app, &e) == 0)
		return 0;
	log_error("failed", log_text("message", e.message));
	return 1;
}
