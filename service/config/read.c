#include "service/config/read.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/config/settings.h"

#define FILE_MAX 65536

/*
 * libconfuse (3.3) counts a comment's line three times, and stops at the first
 * thing that it can't read. A setting is one line here, so each line is given
 * to it alone: the number is ours, and nothing hides what comes after it.
 * Its callbacks have no argument.
 */
static struct {
	struct check *check;
	struct config *out;
	int line;
} reading;

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

static void
tell(const char *message)
{
	struct check *c = reading.check;

	c->problem(c->arg, c->path, reading.line, message);
	c->problems++;
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	char text[256], message[300];
	size_t n = sizeof(unknown) - 1;

	(void)cfg;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (strncmp(text, unknown, n) == 0)
		snprintf(message, sizeof(message),
		    "%.*s: there is no such setting",
		    (int)strcspn(text + n, "'"), text + n);
	else
		snprintf(message, sizeof(message), "must be: name = value (%s)",
		    text);
	tell(message);
}

/* Each time that a setting is read. */
static int
on_setting(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting *s = setting_find(opt->name);
	const char *value = cfg_opt_getnstr(opt, 0);
	int *line = &reading.check->line[s - settings];
	struct err e = ERR_INIT;
	char text[128];

	(void)cfg;
	if (*line != 0) {
		snprintf(text, sizeof(text), "%s: is set already, on line %d",
		    s->name, *line);
		tell(text);
	}
	*line = reading.line;
	if (setting_set(s, value == NULL ? "" : value, reading.out, &e) != 0)
		tell(e.message);
	return 0;
}

static cfg_opt_t *
make_options(void)
{
	cfg_opt_t *opts = calloc(settings_count + 1, sizeof(*opts));
	cfg_opt_t end = CFG_END();

	if (opts == NULL)
		return NULL;
	for (size_t i = 0; i < settings_count; i++) {
		cfg_opt_t opt = CFG_STR(settings[i].name, NULL, CFGF_NONE);

		opts[i] = opt;
	}
	opts[settings_count] = end;
	return opts;
}

static cfg_t *
make_reader(void)
{
	cfg_opt_t *opts = make_options();
	cfg_t *cfg = opts == NULL ? NULL : cfg_init(opts, CFGF_NONE);

	if (cfg != NULL) {
		cfg_set_error_function(cfg, on_error);
		for (size_t i = 0; i < settings_count; i++)
			cfg_set_validate_func(
			    cfg, settings[i].name, on_setting);
	}
	free(opts); /* it has a copy */
	return cfg;
}

/* With a reader of its own: a quote that is not closed would leave the next
 * line inside it. */
static void
read_line(const char *line)
{
	unsigned before = reading.check->problems;
	cfg_t *cfg = make_reader();

	if (cfg == NULL)
		tell("out of memory");
	else if (cfg_parse_buf(cfg, line) != CFG_SUCCESS &&
		 reading.check->problems == before)
		tell("must be: name = value");
	cfg_free(cfg);
}

static void
read_lines(char *text)
{
	for (reading.line = 1; *text != '\0'; reading.line++) {
		char *end = text + strcspn(text, "\n");
		const char *first = text + strspn(text, " \t\r");

		if (*end == '\n')
			*end++ = '\0';
		if (*first != '\0' && *first != '#')
			read_line(text);
		text = end;
	}
}

/* From where it stands to its end. */
static int
read_descriptor(int fd, struct buf *out, struct err *e)
{
	uint8_t block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_append(out, block, (size_t)n);
	if (n < 0)
		return err_errno(e, "read", "the configuration");
	return buf_check(out, "the configuration", e);
}

static int
read_text(const struct check *c, struct buf *out, struct err *e)
{
	return c->fd < 0 ? file_read(c->path, out, e)
			 : read_descriptor(c->fd, out, e);
}

void
config_file_read(struct check *c, struct config *out)
{
	struct err e = ERR_INIT;
	struct buf text;

	memset(&reading, 0, sizeof(reading));
	reading.check = c;
	reading.out = out;
	buf_init(&text, FILE_MAX);
	if (read_text(c, &text, &e) != 0)
		tell(e.message);
	else if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		tell("holds a NUL byte");
	else if (text.len > 0)
		read_lines((char *)text.data);
	buf_clear(&text);
}
