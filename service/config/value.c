/* One setting's value: from text to struct config. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/config/settings.h"

const struct setting *
setting_find(const char *name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static int
parse_number(
    const struct setting *s, const char *value, unsigned *out, struct err *e)
{
	unsigned long n;
	char *end;

	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < s->min ||
	    n > s->max)
		return err_set(e, ERR_BAD_FIELD, s->name,
		    "must be %u to %u, got \"%s\"", s->min, s->max, value);
	*out = (unsigned)n;
	return 0;
}

static int
parse_flag(const struct setting *s, const char *value, bool *out, struct err *e)
{
	*out = strcmp(value, "true") == 0;
	if (*out || strcmp(value, "false") == 0)
		return 0;
	return err_set(e, ERR_BAD_FIELD, s->name,
	    "must be true or false, got \"%s\"", value);
}

static int
parse_text(const struct setting *s, const char *value, char *out, struct err *e)
{
	size_t n = strlen(value);

	if (n >= s->size)
		return err_set(e, ERR_BAD_FIELD, s->name,
		    "must be at most %zu bytes", s->size - 1);
	memset(out, 0, s->size);
	memcpy(out, value, n);
	return 0;
}

static int
parse_level(const char *value, enum log_level *out, struct err *e)
{
	if (log_level_parse(value, out) == 0)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "log_level",
	    "must be debug, info, warn or error, got \"%s\"", value);
}

static int
parse_subject(enum subject_attribute a, const char *value, struct subject *out,
    struct err *e)
{
	out->value[a][0] = '\0';
	return value[0] == '\0' ? 0
				: subject_set(out, a, bytes_of_text(value), e);
}

/* What parsed it knows it by its name in a request. */
static int
name_setting(const struct setting *s, struct err *e)
{
	char text[sizeof(e->message)];

	snprintf(text, sizeof(text), "%s",
	    e->field[0] == '\0' ? e->message
				: e->message + strlen(e->field) + 2);
	return err_set(e, ERR_BAD_FIELD, s->name, "%s", text);
}

int
setting_set(
    const struct setting *s, const char *value, struct config *c, struct err *e)
{
	char *at = (char *)c + s->offset;
	unsigned n;
	int rc;

	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
		return parse_text(s, value, at, e);
	case SETTING_NUMBER:
		return parse_number(s, value, (unsigned *)(void *)at, e);
	case SETTING_SIZE:
		if (parse_number(s, value, &n, e) != 0)
			return -1;
		*(size_t *)(void *)at = n;
		return 0;
	case SETTING_FLAG:
		return parse_flag(s, value, (bool *)(void *)at, e);
	case SETTING_LEVEL:
		return parse_level(value, &c->log_level, e);
	case SETTING_KEY:
		rc = key_type_parse(
		    bytes_of_text(value), &c->default_key_type, e);
		return rc == 0 ? 0 : name_setting(s, e);
	case SETTING_SUBJECT:
		rc = parse_subject(
		    (enum subject_attribute)s->offset, value, &c->defaults, e);
		return rc == 0 ? 0 : name_setting(s, e);
	}
	return -1;
}

int
config_set(struct config *c, const char *name, const char *value, struct err *e)
{
	const struct setting *s = setting_find(name);

	if (s == NULL)
		return err_set(e, ERR_BAD_FIELD, name, "is not a setting");
	return setting_set(s, value, c, e);
}
