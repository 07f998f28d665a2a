#include "service/config/read.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/config/settings.h"

#define UNKNOWN_MAX  32
#define PROBLEMS_MAX 64
#define NAME_MAX_LEN 64

struct problem {
	int line;
	char text[256];
};

/*
 * libconfuse stops at the first name that it does not know, and hands its
 * callbacks no argument. So the file is read again, with that name made known
 * as an unknown one, until all are found; problems count from the last reading.
 */
static struct {
	struct check *check;
	struct config *out;
	char unknown[UNKNOWN_MAX][NAME_MAX_LEN];
	size_t unknowns;
	struct problem problem[PROBLEMS_MAX];
	size_t problems;
	bool again;
} reading;

static void
add_problem(int line, const char *text)
{
	struct problem *p = &reading.problem[reading.problems];

	if (reading.problems == PROBLEMS_MAX)
		return;
	p->line = line;
	snprintf(p->text, sizeof(p->text), "%s", text);
	reading.problems++;
}

static bool
add_unknown(const char *text)
{
	static const char words[] = "no such option '";
	const char *name = strstr(text, words);
	size_t n;

	if (name == NULL || reading.unknowns == UNKNOWN_MAX)
		return false;
	name += sizeof(words) - 1;
	n = strcspn(name, "'");
	if (n >= NAME_MAX_LEN)
		return false;
	snprintf(reading.unknown[reading.unknowns++], NAME_MAX_LEN, "%.*s",
	    (int)n, name);
	reading.again = true;
	return true;
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (!add_unknown(text))
		add_problem(cfg == NULL ? 0 : cfg->line, text);
}

/* Each time that a setting is read. */
static int
on_setting(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting *s = setting_find(opt->name);
	const char *value = cfg_opt_getnstr(opt, 0);
	struct err e = ERR_INIT;
	char text[256];

	if (s == NULL) {
		snprintf(text, sizeof(text), "%s: there is no such setting",
		    opt->name);
		add_problem(cfg->line, text);
		return 0;
	}
	if (reading.check->line[s - settings] != 0) {
		snprintf(text, sizeof(text), "%s: is set twice", opt->name);
		add_problem(cfg->line, text);
	}
	reading.check->line[s - settings] = cfg->line;
	if (setting_set(s, value == NULL ? "" : value, reading.out, &e) != 0)
		add_problem(cfg->line, e.message);
	return 0;
}

static cfg_opt_t *
make_options(void)
{
	size_t n = settings_count + reading.unknowns;
	cfg_opt_t *opts = calloc(n + 1, sizeof(*opts));
	cfg_opt_t end = CFG_END();

	if (opts == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *name = i < settings_count
				       ? settings[i].name
				       : reading.unknown[i - settings_count];
		cfg_opt_t opt = CFG_STR(name, NULL, CFGF_NONE);

		opts[i] = opt;
	}
	opts[n] = end;
	return opts;
}

static void
read_once(void)
{
	cfg_opt_t *opts = make_options();
	cfg_t *cfg = opts == NULL ? NULL : cfg_init(opts, CFGF_NONE);

	reading.again = false;
	reading.problems = 0;
	memset(reading.check->line, 0, sizeof(reading.check->line));
	if (cfg == NULL) {
		add_problem(0, "out of memory");
		free(opts);
		return;
	}
	cfg_set_error_function(cfg, on_error);
	for (cfg_opt_t *o = opts; o->name != NULL; o++)
		cfg_set_validate_func(cfg, o->name, on_setting);
	if (cfg_parse(cfg, reading.check->path) == CFG_FILE_ERROR)
		add_problem(0, "cannot be read");
	cfg_free(cfg);
	free(opts);
}

void
config_file_read(struct check *c, struct config *out)
{
	memset(&reading, 0, sizeof(reading));
	reading.check = c;
	reading.out = out;
	do
		read_once();
	while (reading.again);
	for (size_t i = 0; i < reading.problems; i++)
		c->problem(c->arg, c->path, reading.problem[i].line,
		    reading.problem[i].text);
	c->problems += (unsigned)reading.problems;
}
