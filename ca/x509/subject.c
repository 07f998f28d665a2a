#include <string.h>

#include "ca/x509/name.h"

/* RFC 5280, appendix A.1: upper bounds, in characters. */
static const struct {
	const char *word;
	size_t max;
} attributes[SUBJECT_COUNT] = {
    [SUBJECT_COUNTRY] = {"country", 2},
    [SUBJECT_STATE] = {"state", 128},
    [SUBJECT_LOCALITY] = {"locality", 128},
    [SUBJECT_ORG] = {"org", 64},
    [SUBJECT_UNIT] = {"unit", 64},
    [SUBJECT_CN] = {"cn", 64},
    [SUBJECT_EMAIL] = {"email", 255},
};

const char *
subject_attribute_word(enum subject_attribute a)
{
	return a < SUBJECT_COUNT ? attributes[a].word : "";
}

static bool
is_country(struct bytes v)
{
	bool ok = v.len == 2;
	for (size_t i = 0; ok && i < v.len; i++)
		ok = v.data[i] >= 'A' && v.data[i] <= 'Z';
	return ok;
}

/* An IA5String without blanks and control characters. */
static bool
is_email(struct bytes v)
{
	bool ok = v.len >= 1 && v.len <= attributes[SUBJECT_EMAIL].max;
	for (size_t i = 0; ok && i < v.len; i++)
		ok = v.data[i] > ' ' && v.data[i] < 0x7f;
	return ok;
}

static int
check_text(enum subject_attribute a, struct bytes v, struct err *e)
{
	const char *word = attributes[a].word;
	size_t characters = 0;
	if (!utf8_is_printable(v, &characters))
		return err_set(e, ERR_BAD_FIELD, word,
		    "must be UTF-8 without control characters");
	if (characters < 1 || characters > attributes[a].max)
		return err_set(e, ERR_BAD_FIELD, word,
		    "must be 1 to %zu characters, got %zu", attributes[a].max,
		    characters);
	if (v.data[0] == ' ' || v.data[v.len - 1] == ' ')
		return err_set(e, ERR_BAD_FIELD, word,
		    "must not begin or end with a blank");
	return 0;
}

static int
check_value(enum subject_attribute a, struct bytes v, struct err *e)
{
	if (a == SUBJECT_COUNTRY && !is_country(v))
		return err_set(
		    e, ERR_BAD_FIELD, "country", "must be two letters");
	if (a == SUBJECT_EMAIL && !is_email(v))
		return err_set(e, ERR_BAD_FIELD, "email",
		    "must be 1 to 255 ASCII characters without blanks");
	return check_text(a, v, e);
}

int
subject_set(struct subject *s, enum subject_attribute a, struct bytes value,
    struct err *e)
{
	char text[SUBJECT_VALUE_MAX + 1];
	if (a >= SUBJECT_COUNT)
		return err_set(e, ERR_INTERNAL, "", "no such attribute");
	if (value.len == 0 || value.len > SUBJECT_VALUE_MAX)
		return err_set(e, ERR_BAD_FIELD, attributes[a].word,
		    "must be 1 to %zu characters", attributes[a].max);
	memcpy(text, value.data, value.len);
	text[value.len] = 0;
	if (a == SUBJECT_COUNTRY) {
		for (size_t i = 0; i < value.len; i++)
			if (text[i] >= 'a' && text[i] <= 'z')
				text[i] = (char)(text[i] - 'a' + 'A');
	}
	struct bytes folded = {(const uint8_t *)text, value.len};
	if (check_value(a, folded, e))
		return -1;
	memcpy(s->value[a], text, value.len + 1);
	return 0;
}

int
subject_check(const struct subject *s, struct err *e)
{
	for (unsigned a = 0; a < SUBJECT_COUNT; a++) {
		size_t len = strnlen(s->value[a], sizeof(s->value[a]));
		if (len > SUBJECT_VALUE_MAX)
			return err_set(e, ERR_BAD_FIELD, attributes[a].word,
			    "is not terminated");
		struct bytes v = {(const uint8_t *)s->value[a], len};
		if (len > 0 && check_value((enum subject_attribute)a, v, e))
			return -1;
	}
	return 0;
}
