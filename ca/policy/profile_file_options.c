/* The values of a profile's options: words, days, yes and no. */
#include <string.h>

#include "ca/policy/profile_file_internal.h"

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
		const struct profile_word *w = profile_file_word(opt, i);
		unsigned bit = bit_of(w->text);

		if (bit == 0)
			profile_file_tell(w->line, "%s: unknown word \"%s\"",
			    opt->name, w->text);
		bits |= bit;
	}
	*out = bits;
}

static void
set_bits_not_none(
    const cfg_t *section, const cfg_opt_t *opt, bit_fn bit_of, unsigned *out)
{
	if (opt->nvalues == 0)
		profile_file_tell(section->line,
		    "%s: must hold one word at least", opt->name);
	set_bits(opt, bit_of, out);
}

static void
set_days(const cfg_opt_t *opt, unsigned *out)
{
	const struct profile_word *w = profile_file_word(opt, 0);
	unsigned days = 0;
	size_t i;

	for (i = 0; w->text[i] >= '0' && w->text[i] <= '9' && i < 6; i++)
		days = days * 10 + (unsigned)(w->text[i] - '0');
	if (i == 0 || w->text[i] != '\0' || days < 1 || days > PROFILE_DAYS_MAX)
		profile_file_tell(w->line, "%s: must be 1 to %u, got \"%s\"",
		    opt->name, PROFILE_DAYS_MAX, w->text);
	*out = days;
}

static void
set_bool(const cfg_opt_t *opt, bool *out)
{
	const struct profile_word *w = profile_file_word(opt, 0);
	int value = cfg_parse_boolean(w->text);

	if (value < 0)
		profile_file_tell(w->line,
		    "%s: must be true or false, got \"%s\"", opt->name,
		    w->text);
	*out = value == 1;
}

void
profile_file_set(const cfg_t *section, const cfg_opt_t *opt,
    enum profile_option n, struct profile *p)
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
