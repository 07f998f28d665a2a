#include "ca/policy/profile_file.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"

#define FILE_MAX 65536

/* A value as it was written, and where. */
struct word {
	int line;
	char text[];
};

struct reader {
	const char *path;
	struct profile_set *set;
	profile_problem_fn problem;
	void *arg;
	bool failed;
};

/* libconfuse's callbacks have no argument of ours. */
static struct reader *reader;

static void tell(int line, const char *fmt, ...) PRINTF_LIKE(2, 3);
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

static void
tell(int line, const char *fmt, ...)
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
	struct word *w = malloc(sizeof(*w) + len);

	(void)opt;
	if (w == NULL) {
		tell(cfg->line, "out of memory");
		return -1;
	}
	w->line = cfg->line;
	memcpy(w->text, value, len);
	*(void **)result = w;
	return 0;
}

static const struct word *
option_word(const cfg_opt_t *opt, unsigned i)
{
	return opt->values[i]->ptr;
}

struct bit_word {
	const char *word;
	unsigned bit;
};

static const struct bit_word usage_words[] = {
    {"digital_signature", USAGE_DIGITAL_SIGNATURE},
    {"key_encipherment", USAGE_KEY_ENCIPHERMENT},
    {"key_agreement", USAGE_KEY_AGREEMENT},
    {NULL, 0},
};

static const struct bit_word extended_usage_words[] = {
    {"client", EXTENDED_USAGE_CLIENT},
    {"server", EXTENDED_USAGE_SERVER},
    {NULL, 0},
};

/* The bit of a word; 0 if it is none. */
typedef unsigned (*bit_fn)(const char *word);

static unsigned
table_bit(const struct bit_word *table, const char *word)
{
	for (; table->word != NULL; table++)
		if (strcmp(table->word, word) == 0)
			return table->bit;
	return 0;
}

static unsigned
usage_bit(const char *word)
{
	return table_bit(usage_words, word);
}

static unsigned
extended_usage_bit(const char *word)
{
	return table_bit(extended_usage_words, word);
}

static unsigned
key_type_bit(const char *word)
{
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++)
		if (strcmp(key_type_word((enum key_type)t), word) == 0)
			return 1u << t;
	return 0;
}

static unsigned
attribute_bit(const char *word)
{
	for (unsigned a = 0; a < SUBJECT_COUNT; a++)
		if (strcmp(subject_attribute_word((enum subject_attribute)a),
			word) == 0)
			return 1u << a;
	return 0;
}

static void
set_bits(const cfg_opt_t *opt, bit_fn bit_of, unsigned *out)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < opt->nvalues; i++) {
		const struct word *w = option_word(opt, i);
		unsigned bit = bit_of(w->text);

		if (bit == 0)
			tell(w->line, "%s: unknown word \"%s\"", opt->name,
			    w->text);
		bits |= bit;
	}
	*out = bits;
}

static void
set_bits_not_none(
    const cfg_t *section, const cfg_opt_t *opt, bit_fn bit_of, unsigned *out)
{
	if (opt->nvalues == 0)
		tell(section->line, "%s: must hold one word at least",
		    opt->name);
	set_bits(opt, bit_of, out);
}

static void
set_days(const cfg_opt_t *opt, unsigned *out)
{
	const struct word *w = option_word(opt, 0);
	unsigned days = 0;
	size_t i;

	for (i = 0; w->text[i] >= '0' && w->text[i] <= '9' && i < 6; i++)
		days = days * 10 + (unsigned)(w->text[i] - '0');
	if (i == 0 || w->text[i] != '\0' || days < 1 || days > PROFILE_DAYS_MAX)
		tell(w->line, "%s: must be 1 to %u, got \"%s\"", opt->name,
		    PROFILE_DAYS_MAX, w->text);
	*out = days;
}

static void
set_bool(const cfg_opt_t *opt, bool *out)
{
	const struct word *w = option_word(opt, 0);
	int value = cfg_parse_boolean(w->text);

	if (value < 0)
		tell(w->line, "%s: must be true or false, got \"%s\"",
		    opt->name, w->text);
	*out = value == 1;
}

enum option {
	OPTION_DAYS_MAX,
	OPTION_USAGE,
	OPTION_EXTENDED_USAGE,
	OPTION_KEY_TYPES,
	OPTION_CSR_SUBJECT,
	OPTION_DEVICE_URI,
	OPTION_CN_IS_HOST,
	OPTION_SAN_ALLOWED,
	OPTION_COUNT
};

#define OPTION_ONE(name)  CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, on_value, free)
#define OPTION_MANY(name) CFG_PTR_LIST_CB(name, NULL, 0, on_value, free)

/* In the order of enum option. */
static cfg_opt_t profile_options[] = {
    OPTION_ONE("days_max"),
    OPTION_MANY("usage"),
    OPTION_MANY("extended_usage"),
    OPTION_MANY("key_types"),
    OPTION_MANY("csr_subject"),
    OPTION_ONE("device_uri"),
    OPTION_ONE("cn_is_host"),
    OPTION_ONE("san_allowed"),
    CFG_END(),
};

static cfg_opt_t file_options[] = {
    CFG_SEC("profile", profile_options,
	CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_END(),
};

static void
set_option(const cfg_t *section, const cfg_opt_t *opt, enum option n,
    struct profile *p)
{
	switch (n) {
	case OPTION_DAYS_MAX:
		set_days(opt, &p->days_max);
		break;
	case OPTION_USAGE:
		set_bits_not_none(section, opt, usage_bit, &p->usage);
		break;
	case OPTION_EXTENDED_USAGE:
		set_bits_not_none(
		    section, opt, extended_usage_bit, &p->extended_usage);
		break;
	case OPTION_KEY_TYPES:
		set_bits_not_none(section, opt, key_type_bit, &p->key_types);
		break;
	case OPTION_CSR_SUBJECT:
		set_bits(opt, attribute_bit, &p->csr_subject);
		break;
	case OPTION_DEVICE_URI:
		set_bool(opt, &p->device_uri);
		break;
	case OPTION_CN_IS_HOST:
		set_bool(opt, &p->cn_is_host);
		break;
	case OPTION_SAN_ALLOWED:
		set_bool(opt, &p->san_allowed);
		break;
	case OPTION_COUNT:
		break;
	}
}

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
			line = option_word(opt, 0)->line;
		if (p->local && n != OPTION_DAYS_MAX)
			tell(line,
			    "%s: of the local profile \"%s\" days_max alone "
			    "can be changed",
			    opt->name, p->name);
		else
			set_option(section, opt, (enum option)n, p);
	}
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
		tell(section->line,
		    "profile \"%s\": a name is 1 to %d of a-z, 0-9 and '-'",
		    section->title, PROFILE_NAME_MAX);
		return NULL;
	}
	if (set->count == PROFILE_COUNT_MAX) {
		tell(section->line, "profile \"%s\": more than %d profiles",
		    section->title, PROFILE_COUNT_MAX);
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
	}
}

/* CFGF_KEYSTRVAL takes an unknown option in after it was told of, so that the
 * rest is read. */
static void
read_text(const char *text)
{
	cfg_t *cfg = cfg_init(file_options, CFGF_KEYSTRVAL);

	if (cfg == NULL) {
		tell(0, "out of memory");
		return;
	}
	cfg_set_error_function(cfg, on_error);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS && !reader->failed)
		tell(cfg->line, "cannot be read from here");
	if (cfg_num(cfg) != 1 && !reader->failed)
		tell(0, "unknown option");
	read_sections(cfg);
	cfg_free(cfg);
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
	if (file_read(path, &text, &e) != 0)
		tell(0, "%s", e.message);
	else if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		tell(0, "holds a NUL byte");
	else if (text.len > 0)
		read_text((const char *)text.data);
	buf_clear(&text);
	reader = NULL;
	return r.failed ? -1 : 0;
}
