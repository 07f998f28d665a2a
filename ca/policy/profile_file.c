#include "ca/policy/profile_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"
#include "ca/policy/profile_file_internal.h"

#define FILE_MAX 65536

/* libconfuse takes the end of the file for a closing brace. So a last option is
 * put behind the text: it must turn up outside of all sections. */
#define END_NAME "end-of-file"
#define END_TEXT END_NAME " = yes\n"

struct reader {
	const char *path;
	struct profile_set *set;
	profile_problem_fn problem;
	void *arg;
	bool failed;
};

/* libconfuse's callbacks have no argument of ours. */
static struct reader *reader;

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void tell_list(int line, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

static void
tell_list(int line, const char *fmt, va_list ap)
{
	char message[256];

	vsnprintf(message, sizeof(message), fmt, ap);
	reader->failed = true;
	reader->problem(reader->arg, reader->path, line, message);
}

void
profile_file_tell(int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell_list(line, fmt, ap);
	va_end(ap);
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	tell_list(cfg->line, fmt, ap);
}

/* Every value is kept as text with its line and judged afterwards. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	size_t len = strlen(value) + 1;
	struct profile_word *w = malloc(sizeof(*w) + len);

	(void)opt;
	if (w == NULL) {
		profile_file_tell(cfg->line, "out of memory");
		return -1;
	}
	w->line = cfg->line;
	memcpy(w->text, value, len);
	*(void **)result = w;
	return 0;
}

const struct profile_word *
profile_file_word(const cfg_opt_t *opt, unsigned i)
{
	return opt->values[i]->ptr;
}

#define OPTION_ONE(name)  CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, on_value, free)
#define OPTION_MANY(name) CFG_PTR_LIST_CB(name, NULL, 0, on_value, free)

/* In the order of enum profile_option. */
static cfg_opt_t profile_options[] = {
    OPTION_ONE("days_max"),
    OPTION_MANY("usage"),
    OPTION_MANY("extended_usage"),
    OPTION_MANY("key_types"),
    OPTION_MANY("csr_subject"),
    OPTION_ONE("device_uri"),
    OPTION_ONE("cn_is_host"),
    OPTION_ONE("san_allowed"),
    OPTION_ONE(END_NAME), /* at OPTION_COUNT */
    CFG_END(),
};

static cfg_opt_t file_options[] = {
    CFG_SEC("profile", profile_options,
	CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    OPTION_ONE(END_NAME),
    CFG_END(),
};

/* Options that are not of the table were added by CFGF_KEYSTRVAL and told of
 * as unknown. */
static void
read_options(const cfg_t *section, struct profile *p)
{
	for (int n = 0; n < OPTION_COUNT; n++) {
		const cfg_opt_t *opt = &section->opts[n];
		int line = section->line;

		if ((opt->flags & CFGF_MODIFIED) == 0)
			continue;
		if (opt->nvalues > 0)
			line = profile_file_word(opt, 0)->line;
		if (p->local && n != OPTION_DAYS_MAX)
			profile_file_tell(line,
			    "%s: of the local profile \"%s\" days_max alone "
			    "can be changed",
			    opt->name, p->name);
		else
			profile_file_set(
			    section, opt, (enum profile_option)n, p);
	}
}

static void
check_closed(const cfg_t *section)
{
	const cfg_opt_t *end = &section->opts[OPTION_COUNT];

	if (end->nvalues > 0)
		profile_file_tell(profile_file_word(end, 0)->line - 1,
		    "profile \"%s\": its closing brace is missing",
		    section->title);
}

static bool
name_is_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n >= 1 && n <= PROFILE_NAME_MAX && name[n] == '\0';
}

static struct profile *
profile_of(const char *name)
{
	struct profile_set *set = reader->set;

	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->item[i].name, name) == 0)
			return &set->item[i];
	return NULL;
}

static struct profile *
profile_add(const cfg_t *section)
{
	struct profile_set *set = reader->set;
	struct profile *p;

	if (!name_is_valid(section->title)) {
		profile_file_tell(section->line,
		    "profile \"%s\": a name is 1 to %d of a-z, 0-9 and '-'",
		    section->title, PROFILE_NAME_MAX);
		return NULL;
	}
	if (set->count == PROFILE_COUNT_MAX) {
		profile_file_tell(section->line,
		    "profile \"%s\": more than %d profiles", section->title,
		    PROFILE_COUNT_MAX);
		return NULL;
	}
	p = &set->item[set->count++];
	*p = *profile_of("collector");
	snprintf(p->name, sizeof(p->name), "%s", section->title);
	return p;
}

static void
read_sections(cfg_t *cfg)
{
	cfg_opt_t *sections = cfg_getopt(cfg, "profile");
	struct profile ignored;

	for (unsigned i = 0; i < cfg_opt_size(sections); i++) {
		cfg_t *section = cfg_opt_getnsec(sections, i);
		struct profile *p;

		if (section == NULL || section->title == NULL)
			continue;
		p = profile_of(section->title);
		if (p == NULL)
			p = profile_add(section);
		if (p == NULL) { /* its options are judged all the same */
			memset(&ignored, 0, sizeof(ignored));
			p = &ignored;
		}
		read_options(section, p);
		check_closed(section);
	}
}

/* CFGF_KEYSTRVAL takes an unknown option in after it was told of, so that the
 * rest is read. Broken syntax ends the reading. */
static void
read_text(const char *text)
{
	cfg_t *cfg = cfg_init(file_options, CFGF_KEYSTRVAL);

	if (cfg == NULL) {
		profile_file_tell(0, "out of memory");
		return;
	}
	cfg_set_error_function(cfg, on_error);
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		read_sections(cfg);
	else if (!reader->failed)
		profile_file_tell(cfg->line, "cannot be read from here");
	if (cfg_num(cfg) != 2 && !reader->failed)
		profile_file_tell(0, "unknown option");
	cfg_free(cfg);
}

/* libconfuse (3.3) counts the line of a comment more than once: comments become
 * blanks before it sees them, and its numbers are right. */
static void
blank_comments(struct buf *text)
{
	char quote = '\0';
	bool comment = false;

	for (size_t i = 0; i < text->len; i++) {
		char c = (char)text->data[i];

		if (c == '\n')
			comment = false;
		else if (comment)
			text->data[i] = ' ';
		else if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '#') {
			comment = true;
			text->data[i] = ' ';
		}
	}
}

static int
append_end(struct buf *text, struct err *e)
{
	if (text->len == 0 || text->data[text->len - 1] != '\n')
		buf_append_text(text, "\n");
	buf_append_text(text, END_TEXT);
	return buf_check(text, "profiles", e);
}

int
profile_file_read(const char *path, struct profile_set *set,
    profile_problem_fn problem, void *arg)
{
	struct reader r = {path, set, problem, arg, false};
	struct err e = ERR_INIT;
	struct buf text;

	reader = &r;
	profile_set_init(set);
	buf_init(&text, FILE_MAX);
	if (file_read(path, &text, &e) != 0 || append_end(&text, &e) != 0)
		profile_file_tell(0, "%s", e.message);
	else if (memchr(text.data, '\0', text.len) != NULL)
		profile_file_tell(0, "holds a NUL byte");
	else {
		blank_comments(&text);
		read_text((const char *)text.data);
	}
	buf_clear(&text);
	reader = NULL;
	return r.failed ? -1 : 0;
}
